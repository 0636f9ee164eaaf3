//! Which spans have parents that are nowhere.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::scan::Seen;

/// Trace and span.
type Id = (u128, u64);

/// The spans of all services, and who names which parent.
#[derive(Default)]
pub(super) struct Parents {
    spans: HashSet<Id>,
    /// By the span: service, parent and time, for spans of the selection. A span that comes twice
    /// is one.
    children: HashMap<Id, (usize, Id, i64)>,
}

impl Parents {
    /// Takes a span, whether it is selected or not: it may be the parent of one that is.
    pub(super) fn span(&mut self, trace: &str, span: &str) {
        if let Some(id) = id(trace, span) {
            self.spans.insert(id);
        }
    }

    /// Takes a selected span with a parent.
    pub(super) fn child(&mut self, service: usize, [trace, span, parent]: [&str; 3], time: i64) {
        if let (Some(own), Some(parent)) = (id(trace, span), id(trace, parent)) {
            self.children.insert(own, (service, parent, time));
        }
    }

    /// The orphans by service.
    pub(super) fn orphans(&self) -> BTreeMap<usize, Seen> {
        let mut found: BTreeMap<usize, Seen> = BTreeMap::new();
        for (service, parent, time) in self.children.values() {
            if !self.spans.contains(parent) {
                found.entry(*service).or_default().add(*time);
            }
        }
        found
    }
}

/// Ids as the lake has them, in hex digits; none where one is absent.
fn id(trace: &str, span: &str) -> Option<Id> {
    let trace = u128::from_str_radix(trace, 16).ok()?;
    Some((trace, u64::from_str_radix(span, 16).ok()?))
}
