//! What an interrupted run leaves behind, so that another one goes on where it ended.

mod progress;

pub(crate) use progress::Progress;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write as _};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::ReplayError;
use crate::index::Index;
use crate::outcome::Earlier;
use crate::plan::RunPlan;
use crate::retry::mix;
use crate::schedule::{Due, Turn};

/// What a run that did not come to its end leaves in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Of the format.
    version: u32,
    /// Tells other captures apart.
    captures: u64,
    /// Which requests have begun.
    begun: Begun,
    /// How much those are.
    begun_amount: RunPlan,
    /// Parts of requests that are to be sent again.
    pub(crate) again: Vec<Again>,
    /// What became of the runs so far.
    earlier: Earlier,
    /// What was added to all times, if they were moved as one.
    pub(crate) shift_nanos: Option<i64>,
    /// Key of fresh ids.
    pub(crate) ids: u64,
}

/// Parts of a request that did not get so far that it is known what became of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Again {
    pub(crate) turn: Turn,
    /// Numbers of items.
    pub(crate) items: Vec<Range<u64>>,
}

/// Which requests have begun: all below a number, and some beyond.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Begun {
    next: u64,
    beyond: BTreeSet<u64>,
}

impl Begun {
    /// A request by its number in the run, from 0.
    pub(crate) fn insert(&mut self, number: u64) {
        self.beyond.insert(number);
        while self.beyond.remove(&self.next) {
            self.next += 1;
        }
    }

    pub(crate) fn contains(&self, number: u64) -> bool {
        number < self.next || self.beyond.contains(&number)
    }
}

/// Version of the format of [`State`].
const VERSION: u32 = 1;

/// Longest file that is read: 65,536 requests on their way take a twentieth of it.
const MAX_STATE_BYTES: u64 = 256 << 20;

impl State {
    /// Nothing has begun.
    pub(crate) fn new(index: &Index) -> Result<Self, ReplayError> {
        Ok(Self {
            version: VERSION,
            captures: fingerprint(index).map_err(ReplayError::Spool)?,
            begun: Begun::default(),
            begun_amount: RunPlan::default(),
            again: Vec::new(),
            earlier: Earlier::default(),
            shift_nanos: None,
            ids: 0,
        })
    }

    /// What a run of these captures left in the file; nothing if there is none.
    pub(crate) fn load(path: &Path, index: &Index) -> Result<Self, ReplayError> {
        let failed = |source| ReplayError::Resume {
            path: path.to_owned(),
            source,
        };
        let invalid = |text: String| failed(io::Error::new(io::ErrorKind::InvalidData, text));
        let new = Self::new(index)?;
        let text = match std::fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(new),
            Err(error) => return Err(failed(error)),
            Ok(metadata) if metadata.len() > MAX_STATE_BYTES => {
                return Err(invalid(format!(
                    "expected at most {MAX_STATE_BYTES} bytes, found {}",
                    metadata.len()
                )));
            }
            Ok(_) => std::fs::read(path).map_err(failed)?,
        };
        let state: Self = serde_json::from_slice(&text)
            .map_err(|error| invalid(format!("it is not what a replay leaves: {error}")))?;
        if state.version != VERSION {
            let text = format!("expected version {VERSION}, found {}", state.version);
            return Err(invalid(text));
        }
        if state.captures != new.captures || !state.fits(index) {
            return Err(invalid(
                "it is of a run over other captures, or with another --multiply".to_owned(),
            ));
        }
        Ok(state)
    }

    /// Whether what it names is there.
    fn fits(&self, index: &Index) -> bool {
        self.again.iter().all(|again| {
            let request = again.turn.request;
            let is_there = u64::from(request) < index.len();
            let entry = is_there.then(|| index.get(request).ok()).flatten();
            let fits = |items: &Range<u64>| {
                let end = entry.map_or(0, |entry| u64::from(entry.items));
                items.start < items.end && items.end <= end
            };
            !again.items.is_empty() && again.items.iter().all(fits)
        })
    }

    /// What became of the runs so far, if there were any.
    pub(crate) fn earlier(&self) -> Option<Earlier> {
        Some(self.earlier).filter(|earlier| earlier.runs > 0)
    }

    /// Whether a request has begun, by its number in the run.
    pub(crate) fn has_begun(&self, number: u64) -> bool {
        self.begun.contains(number)
    }

    /// All requests of lower numbers have begun.
    pub(crate) fn begun_below(&self) -> u64 {
        self.begun.next
    }

    /// How much is to be sent again.
    pub(crate) fn again_amount(&self, index: &Index) -> Result<RunPlan, ReplayError> {
        let mut amount = RunPlan::default();
        for again in &self.again {
            let entry = index.get(again.turn.request).map_err(ReplayError::Spool)?;
            amount.requests += 1;
            amount.items += count_items(&again.items);
            amount.bytes += u64::from(entry.len_bytes);
        }
        Ok(amount)
    }

    /// What is left of a run that sends so much in all.
    pub(crate) fn left_of(&self, planned: RunPlan, index: &Index) -> Result<RunPlan, ReplayError> {
        let again = self.again_amount(index)?;
        let begun = self.begun_amount;
        // Another number of loops or requests may be wanted this time.
        Ok(RunPlan {
            requests: planned.requests.saturating_sub(begun.requests) + again.requests,
            items: planned.items.saturating_sub(begun.items) + again.items,
            bytes: planned.bytes.saturating_sub(begun.bytes) + again.bytes,
        })
    }

    /// Puts it in the place of the file, so that there is always a whole one.
    pub(crate) fn save(&self, path: &Path) -> Result<(), ReplayError> {
        let failed = |source| ReplayError::Resume {
            path: path.to_owned(),
            source,
        };
        let dir = match path.parent() {
            Some(dir) if dir != Path::new("") => dir,
            _ => Path::new("."),
        };
        let text = serde_json::to_vec(self).map_err(|error| failed(error.into()))?;
        let mut file = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
        file.write_all(&text).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(path).map_err(|error| failed(error.error))?;
        File::open(dir)
            .and_then(|dir| dir.sync_all())
            .map_err(failed)
    }

    /// Takes the file away when there is nothing left to go on with.
    pub(crate) fn remove(path: &Path) -> Result<(), ReplayError> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ReplayError::Resume {
                path: path.to_owned(),
                source: error,
            }),
            _ => Ok(()),
        }
    }
}

/// The schedule of a run that goes on with what an earlier one left: it stands still until the first
/// request that has not begun is due, and begins there.
#[derive(Debug)]
pub(crate) struct Rest<'a> {
    left: Option<&'a State>,
    in_loop: u64,
    /// When the run begins, in its schedule; known from the first request on.
    from: Option<Duration>,
}

impl<'a> Rest<'a> {
    /// Of all if nothing is left of an earlier run; `in_loop` requests are in a loop.
    pub(crate) fn new(left: Option<&'a State>, in_loop: u64) -> Self {
        let is_whole = left.is_none_or(|left| left.begun_below() == 0);
        Self {
            left,
            in_loop,
            from: is_whole.then_some(Duration::ZERO),
        }
    }

    /// When a request is due, from the start of this run; `None` if it has begun before. To be asked in
    /// the order of the schedule.
    pub(crate) fn due(&mut self, due: &Due) -> Option<Duration> {
        let number = due.turn.number(self.in_loop);
        if self.left.is_some_and(|left| left.has_begun(number)) {
            return None;
        }
        let at = due.at.unwrap_or_default();
        Some(at.saturating_sub(*self.from.get_or_insert(at)))
    }
}

/// How many items these are.
pub(crate) fn count_items(ranges: &[Range<u64>]) -> u64 {
    ranges.iter().map(|items| items.end - items.start).sum()
}

/// Tells captures apart by times, lengths and counts; not made to withstand forgery.
fn fingerprint(index: &Index) -> io::Result<u64> {
    let mut hash = index.len();
    for entry in index.entries() {
        let entry = entry?;
        let sizes = u64::from(entry.len_bytes) << 32 | u64::from(entry.items);
        let kind = u64::from(entry.copy) << 8 | entry.signal as u64;
        hash = mix(mix(mix(hash ^ entry.time_unix_nano) ^ sizes) ^ kind);
    }
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_begun_is_remembered_in_any_order() {
        let mut begun = Begun::default();
        for number in [1, 0, 5, 3] {
            begun.insert(number);
        }
        assert_eq!((begun.next, begun.beyond.len()), (2, 2));
        let found: Vec<u64> = (0..8).filter(|n| begun.contains(*n)).collect();
        assert_eq!(found, [0, 1, 3, 5]);
        begun.insert(2);
        assert_eq!((begun.next, begun.beyond.len()), (4, 1));
    }

    #[test]
    fn files_that_are_no_state_are_refused() {
        let none = Index::Memory(Vec::new());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        assert_eq!(State::load(&path, &none).unwrap().earlier(), None);
        for text in ["", "{}", "[1]", "{\"version\":1}"] {
            std::fs::write(&path, text).unwrap();
            let error = State::load(&path, &none).unwrap_err();
            assert!(matches!(error, ReplayError::Resume { .. }), "{text}");
        }
        let mut state = State::new(&none).unwrap();
        state.save(&path).unwrap();
        assert_eq!(State::load(&path, &none).unwrap(), state);
        state.version = 2;
        state.save(&path).unwrap();
        assert!(State::load(&path, &none).is_err());
        state.version = VERSION;
        state.captures ^= 1;
        state.save(&path).unwrap();
        assert!(State::load(&path, &none).is_err());
        // A request that is not there.
        let mut state = State::new(&none).unwrap();
        state.again = Vec::from([Again {
            turn: Turn::default(),
            items: std::iter::once(0..1).collect(),
        }]);
        state.save(&path).unwrap();
        assert!(State::load(&path, &none).is_err());
    }
}
