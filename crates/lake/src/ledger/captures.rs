//! Which captures are in the lake, and how far: known by content, not by name.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::record::{Action, Record, hex};

/// How far a capture was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// The file as it was named then. For people: content alone tells captures apart.
    pub file: String,
    /// Bytes that were read, without compression.
    pub len_bytes: u64,
    /// XXH3-128 of these bytes.
    #[serde(with = "hex")]
    pub content: u128,
    /// How many of the first bytes `head` is the hash of.
    pub head_bytes: u32,
    /// XXH3-128 of the first bytes.
    #[serde(with = "hex")]
    pub head: u128,
    /// Frames that were cut, bad ones included.
    pub frames: u64,
    /// What the reader needs to go on, in its own words.
    pub state: serde_json::Value,
}

/// The captures of a lake, to be found by their first bytes.
#[derive(Clone, Debug, Default)]
pub struct KnownCaptures {
    by_head: HashMap<(u32, u128), Vec<Entry>>,
    /// Lengths of heads, so that a new capture's heads can be hashed.
    lengths: BTreeSet<u32>,
}

#[derive(Clone, Debug)]
struct Entry {
    /// Number of the run that read it, 0 for the run that is not committed yet.
    run: u64,
    capture: Capture,
}

impl KnownCaptures {
    pub(crate) fn add(&mut self, run: u64, capture: Capture) {
        self.lengths.insert(capture.head_bytes);
        self.by_head
            .entry((capture.head_bytes, capture.head))
            .or_default()
            .push(Entry { run, capture });
    }

    /// Adds a capture that the present run has read.
    pub fn learn(&mut self, capture: Capture) {
        self.add(0, capture);
    }

    /// Takes in a record that stands in the ledger under a number.
    pub(crate) fn apply(&mut self, run: u64, record: &Record) {
        if record.action != Action::Convert {
            return;
        }
        if !record.replaces.is_empty() {
            for entries in self.by_head.values_mut() {
                entries.retain(|entry| !record.replaces.contains(&entry.run));
            }
        }
        for capture in &record.captures {
            self.add(run, capture.clone());
        }
    }

    /// The same without what some runs have read.
    #[must_use]
    pub fn without(mut self, runs: &BTreeSet<u64>) -> Self {
        for entries in self.by_head.values_mut() {
            entries.retain(|entry| !runs.contains(&entry.run));
        }
        self
    }

    /// Lengths of the heads that are known, ascending.
    pub fn head_lengths(&self) -> impl Iterator<Item = u32> {
        self.lengths.iter().copied()
    }

    /// The captures with such a head, with the numbers of the runs that read them: 0 is the present
    /// run.
    pub fn with_head(&self, head_bytes: u32, head: u128) -> impl Iterator<Item = (u64, &Capture)> {
        let entries = self.by_head.get(&(head_bytes, head));
        let entries = entries.into_iter().flatten();
        entries.map(|entry| (entry.run, &entry.capture))
    }

    /// The captures that committed runs have read, with the numbers of the runs.
    pub fn all(&self) -> impl Iterator<Item = (u64, &Capture)> {
        let entries = self.by_head.values().flatten();
        entries.map(|entry| (entry.run, &entry.capture))
    }
}
