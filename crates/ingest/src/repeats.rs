//! Requests that were seen before in a run.

use std::collections::HashSet;

use otolith_otlp::NoteCode;

use crate::identity::RequestHash;

/// Different requests that are remembered. As many hashes take about 75 MB.
const REMEMBERED: usize = 3_500_000;

/// A request came after so many different ones that it is unknown whether it repeats one.
pub(crate) const REPEATS_NOT_TRACKED: NoteCode = NoteCode("repeats_not_tracked");

/// Remembers requests up to a bound.
#[derive(Debug)]
pub(crate) struct Repeats {
    seen: HashSet<RequestHash>,
    bound: usize,
    /// Requests that were neither known nor remembered.
    pub untracked: u64,
    /// Requests that were known.
    pub repeated: u64,
}

impl Repeats {
    pub fn new() -> Self {
        Self::with_bound(REMEMBERED)
    }

    fn with_bound(bound: usize) -> Self {
        Self {
            seen: HashSet::new(),
            bound,
            untracked: 0,
            repeated: 0,
        }
    }

    /// Whether the request was seen before.
    pub fn is_repeat(&mut self, request: RequestHash) -> bool {
        let is_repeat = if self.seen.len() < self.bound {
            !self.seen.insert(request)
        } else {
            let known = self.seen.contains(&request);
            self.untracked += u64::from(!known);
            known
        };
        self.repeated += u64::from(is_repeat);
        is_repeat
    }
}

#[cfg(test)]
mod tests {
    use super::Repeats;

    #[test]
    fn repeats_are_told_up_to_the_bound() {
        let mut repeats = Repeats::with_bound(2);
        let told = [1, 1, 2, 3, 3, 2].map(|request| repeats.is_repeat(request));
        assert_eq!(told, [false, true, false, false, false, true]);
        assert_eq!((repeats.repeated, repeats.untracked), (2, 2));
    }
}
