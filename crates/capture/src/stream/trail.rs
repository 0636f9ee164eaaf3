//! The trail: the hash of all bytes that were consumed, and of those up to a mark.

use twox_hash::XxHash3_128;

use crate::checkpoint::Head;

/// Hashes the bytes of a stream as the window drops them, so that they are hashed once and in
/// large pieces. Bytes that are consumed but not dropped yet are called pending.
#[derive(Clone)]
pub(super) struct Trail {
    head: Vec<u8>,
    /// None before anything was hashed: most of many files are hashed at once, without it.
    hasher: Option<XxHash3_128>,
    /// How many bytes went into the hasher.
    hashed: u64,
    /// Never further than the hashed bytes and the pending ones behind them.
    mark: u64,
    /// The hash at the mark, where bytes beyond the mark are hashed.
    marked: u128,
}

impl Trail {
    pub fn new() -> Self {
        Self {
            head: Vec::new(),
            hasher: None,
            hashed: 0,
            mark: 0,
            marked: 0,
        }
    }

    pub fn hashed(&self) -> u64 {
        self.hashed
    }

    pub fn mark(&self) -> u64 {
        self.mark
    }

    /// Moves the mark, which must not move back.
    pub fn set_mark(&mut self, offset: u64) {
        self.mark = offset;
    }

    /// Takes the pending bytes.
    pub fn pass(&mut self, pending: &[u8]) {
        let room = Head::MAX_BYTES - self.head.len();
        self.head.extend(&pending[..pending.len().min(room)]);
        let hasher = self.hasher.get_or_insert_with(XxHash3_128::new);
        let mut rest = pending;
        if let Some(until_mark) = self.mark.checked_sub(self.hashed) {
            let (before, after) = pending.split_at(pending.len().min(until_mark as usize));
            hasher.write(before);
            if !after.is_empty() {
                self.marked = hasher.finish_128();
            }
            rest = after;
        }
        hasher.write(rest);
        self.hashed += pending.len() as u64;
    }

    /// The hash of all bytes, when none is pending.
    pub fn hash(&self) -> u128 {
        match &self.hasher {
            Some(hasher) => hasher.finish_128(),
            None => XxHash3_128::oneshot(&[]),
        }
    }

    /// The hash and the head of the bytes up to the mark.
    pub fn at_mark(&self, pending: &[u8]) -> (u128, Head) {
        let Some(hasher) = &self.hasher else {
            // So it is with small files, of which there may be many.
            let bytes = &pending[..self.mark as usize];
            return (XxHash3_128::oneshot(bytes), Head::of(bytes));
        };
        let until_mark = self.mark.checked_sub(self.hashed);
        let hash = match until_mark {
            None => self.marked,
            Some(len) => {
                let mut hasher = hasher.clone();
                hasher.write(&pending[..len as usize]);
                hasher.finish_128()
            }
        };
        let mut head = self.head.clone();
        head.extend(pending.iter().take(Head::MAX_BYTES - head.len()));
        head.truncate(usize::try_from(self.mark).unwrap_or(usize::MAX));
        (hash, Head::of(&head))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use xxhash_rust::xxh3::xxh3_128;

    use super::Trail;
    use crate::checkpoint::Head;

    proptest! {
        #[test]
        fn the_mark_is_hashed_wherever_the_bytes_are(
            steps in prop::collection::vec((0..3000_usize, any::<bool>(), any::<bool>()), 0..12),
        ) {
            let bytes: Vec<u8> = (0..40_000_u32).map(|n| (n * n / 7) as u8).collect();
            let mut trail = Trail::new();
            let (mut at, mut mark) = (0, 0);
            for (len, marks, drops) in steps {
                at += len;
                if marks {
                    mark = at;
                    trail.set_mark(at as u64);
                }
                let pending = &bytes[trail.hashed() as usize..at];
                if drops {
                    trail.pass(pending);
                    prop_assert_eq!(trail.hash(), xxh3_128(&bytes[..at]));
                }
                let pending = &bytes[trail.hashed() as usize..at];
                let expected = (xxh3_128(&bytes[..mark]), Head::of(&bytes[..mark]));
                prop_assert_eq!(trail.at_mark(pending), expected);
            }
        }
    }
}
