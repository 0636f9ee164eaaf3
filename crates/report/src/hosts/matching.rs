//! Which host a span ran on.

use super::label::{ABSENT, Label};
use super::read::Hosts;
use crate::notes::NoteCode;
use std::collections::BTreeSet;

/// The rules: hosts are the same if both sides name one and it is the same name; if a side names
/// none, the only host of the capture is meant; else nobody can tell.
pub(crate) struct Matching<'h> {
    names: &'h Label,
    /// Those that sent samples, perhaps without a name.
    sampled: BTreeSet<u32>,
    /// The one that is meant where a side names none.
    only: Option<u32>,
}

impl<'h> Matching<'h> {
    /// `spans` are the hosts that spans name.
    pub(crate) fn new(hosts: &'h Hosts, spans: &Label) -> Self {
        let levels = hosts.levels.iter().flat_map(|of_hosts| of_hosts.keys());
        let sampled: BTreeSet<u32> = hosts.busy.keys().chain(levels).copied().collect();
        let names = &hosts.names;
        let named = sampled.iter().filter_map(|number| names.text(*number));
        let named: BTreeSet<&str> = named.chain(spans.texts()).collect();
        let only = sampled
            .first()
            .filter(|_| sampled.len() == 1 && named.len() <= 1);
        Self {
            names,
            only: only.copied(),
            sampled,
        }
    }

    /// The host of a span that names this one, or none; else why nobody can tell.
    pub(crate) fn host(&self, name: Option<&str>) -> Result<u32, NoteCode> {
        let Some(name) = name else {
            return self.only.ok_or(match self.sampled.is_empty() {
                true => NoteCode::NoSamples,
                false => NoteCode::AmbiguousHost,
            });
        };
        let named = self.names.number(name);
        let sampled = named.filter(|number| self.sampled.contains(number));
        sampled
            .or_else(|| self.only.filter(|number| *number == ABSENT))
            .ok_or(NoteCode::UnknownHost)
    }
}
