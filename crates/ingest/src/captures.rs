//! Which captures a lake has already: the reader's checkpoints in the words of the ledger.

use std::collections::BTreeSet;
use std::path::Path;

use otolith_capture::{Checkpoint, Head, InputFormat, JsonState, ReadError, ReadOptions, Source};
use otolith_lake::{Capture, KnownCaptures};
use serde::{Deserialize, Serialize};

use crate::error::ConvertError;

/// What a checkpoint has beside what the ledger asks for.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    format: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    array_depth: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    after_element: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    broken_after: Option<u64>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The entry of the ledger for a capture that was read up to a checkpoint.
pub(crate) fn to_capture(file: &str, checkpoint: &Checkpoint) -> Capture {
    let state = State {
        format: checkpoint.format.map(|format| format.as_str().to_owned()),
        array_depth: checkpoint.json.array_depth,
        after_element: checkpoint.json.after_element,
        broken_after: checkpoint.broken_after,
    };
    Capture {
        file: file.to_owned(),
        len_bytes: checkpoint.offset,
        content: checkpoint.hash,
        head_bytes: checkpoint.head.len,
        head: checkpoint.head.hash,
        frames: checkpoint.frame,
        state: serde_json::to_value(state).expect("a state has text keys"),
    }
}

/// The checkpoint of an entry; none if the entry is of a version that told other things.
pub(crate) fn to_checkpoint(capture: &Capture) -> Option<Checkpoint> {
    let state = State::deserialize(&capture.state).ok()?;
    let format: Option<InputFormat> = match state.format {
        None => None,
        Some(word) => Some(word.parse().ok()?),
    };
    Some(Checkpoint {
        offset: capture.len_bytes,
        frame: capture.frames,
        hash: capture.content,
        head: Head {
            len: capture.head_bytes,
            hash: capture.head,
        },
        format,
        json: JsonState {
            array_depth: state.array_depth,
            after_element: state.after_element,
        },
        broken_after: state.broken_after,
    })
}

/// The checkpoints of captures that begin like these bytes.
pub(crate) fn beginning_with(known: &KnownCaptures, bytes: &[u8]) -> Vec<Checkpoint> {
    let lengths = known.head_lengths().map(|len| len as usize);
    lengths
        .take_while(|len| *len <= bytes.len())
        .flat_map(|len| {
            let head = Head::of(&bytes[..len]);
            known.with_head(head.len, head.hash)
        })
        .filter_map(|(_, capture)| to_checkpoint(capture))
        .collect()
}

/// The runs that have read any of these sources before, to be replaced by one that reads them all
/// anew.
///
/// # Errors
///
/// If a source cannot be read, or not twice, or if one of the runs has read something else too,
/// which would be lost.
pub(crate) fn runs_of(
    known: &KnownCaptures,
    sources: &[Source],
    options: &ReadOptions,
    spool: &Path,
) -> Result<BTreeSet<u64>, ConvertError> {
    let mut found = BTreeSet::new();
    for source in sources {
        if source.is_read_once() {
            return Err(ConvertError::ReadOnce {
                file: source.name().to_string(),
            });
        }
        // From the longest to the shortest: what a growing capture was at each run.
        let mut limit = u64::MAX;
        while let Some(checkpoint) = longest_below(known, source, options, spool, limit)? {
            limit = checkpoint.offset;
            found.insert((checkpoint.offset, checkpoint.hash));
        }
    }
    let is_ours = |capture: &Capture| found.contains(&(capture.len_bytes, capture.content));
    let ours = known.all().filter(|(_, capture)| is_ours(capture));
    let runs: BTreeSet<u64> = ours.map(|(run, _)| run).collect();
    let others = known.all();
    let others = others.filter(|(run, capture)| runs.contains(run) && !is_ours(capture));
    // Captures are not kept in an order: the first by number and name is the same every time.
    match others.min_by_key(|(run, capture)| (*run, capture.file.clone())) {
        None => Ok(runs),
        Some((run, capture)) => Err(ConvertError::Shared {
            run,
            file: capture.file.clone(),
        }),
    }
}

fn longest_below(
    known: &KnownCaptures,
    source: &Source,
    options: &ReadOptions,
    spool: &Path,
    limit: u64,
) -> Result<Option<Checkpoint>, ReadError> {
    let candidates = |bytes: &[u8]| {
        let mut all = beginning_with(known, bytes);
        all.retain(|checkpoint| checkpoint.offset < limit);
        all
    };
    let opened = source.open_after(options, &candidates, spool)?;
    Ok(opened.resumed)
}

/// A capture that a run has read, and where it began to.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// Number of the source, from 0.
    pub source: usize,
    /// Decoded bytes that were known before.
    pub from_bytes: u64,
    pub capture: Capture,
}

/// The file of a capture that this run has read and that other runs have read as well, further
/// than it was known when this run began.
pub(crate) fn overlap(
    progress: &[Progress],
    sources: &[Source],
    options: &ReadOptions,
    spool: &Path,
    theirs: &[Capture],
) -> Option<String> {
    let mut known = KnownCaptures::default();
    theirs
        .iter()
        .for_each(|capture| known.learn(capture.clone()));
    let overlaps = |ours: &&Progress| {
        let source = &sources[ours.source];
        if source.is_read_once() {
            // Whether one is the beginning of the other cannot be told any more.
            let capture = &ours.capture;
            return known
                .with_head(capture.head_bytes, capture.head)
                .next()
                .is_some();
        }
        match longest_below(&known, source, options, spool, u64::MAX) {
            Ok(resumed) => resumed.is_some_and(|theirs| theirs.offset > ours.from_bytes),
            // What cannot be compared is not risked.
            Err(_) => true,
        }
    };
    let ours = progress.iter().find(overlaps)?;
    Some(ours.capture.file.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: Option<InputFormat>, json: JsonState, broken_after: Option<u64>) {
        let checkpoint = Checkpoint {
            offset: 7_000,
            frame: 3,
            hash: u128::MAX - 1,
            head: Head { len: 4096, hash: 5 },
            format,
            json,
            broken_after,
        };
        let capture = to_capture("x.jsonl", &checkpoint);
        assert_eq!(to_checkpoint(&capture), Some(checkpoint));
    }

    #[test]
    fn checkpoints_are_read_back() {
        let state = JsonState {
            array_depth: 2,
            after_element: true,
        };
        check(None, JsonState::default(), None);
        check(Some(InputFormat::Json), state, Some(9));
        for format in InputFormat::ALL {
            check(Some(format), JsonState::default(), None);
        }
    }

    #[test]
    fn what_is_not_understood_is_not_known() {
        let mut capture = to_capture(
            "x",
            &Checkpoint {
                offset: 1,
                frame: 1,
                hash: 1,
                head: Head { len: 1, hash: 1 },
                format: None,
                json: JsonState::default(),
                broken_after: None,
            },
        );
        capture.state = serde_json::json!({"format": "later"});
        assert_eq!(to_checkpoint(&capture), None);
        capture.state = serde_json::Value::Null;
        assert_eq!(to_checkpoint(&capture), None);
    }
}
