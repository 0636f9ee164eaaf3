//! Tells items apart: repeats of one item, and spans that sum up their children.

use super::eval::Subject;
use super::item::{Item, SpanPlace};
use super::mapping::{Mapping, Source};
use crate::notes::{NoteCode, Notes};
use crate::query::{Duplicates, Selection};
use hashbrown::HashSet;
use std::sync::Arc;

/// The identity of an event by the keys of its source, if one list of them is complete.
pub(super) fn identity(source: &Source, subject: &Subject<'_>) -> Option<String> {
    source.identity.iter().find_map(|keys| {
        let mut identity = String::new();
        for key in keys {
            let part = subject.key_text(*key)?;
            // A separator that texts hardly hold keeps ("a", "bc") and ("ab", "c") apart.
            if !identity.is_empty() {
                identity.push('\u{1f}');
            }
            identity.push_str(&part);
        }
        Some(identity)
    })
}

/// What stands for the identity of an event that has none: all that it tells, and its time.
pub(super) fn content(item: &Item) -> String {
    format!(
        "{} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        item.time,
        item.session,
        item.model,
        item.tool,
        item.event,
        item.tokens,
        item.cost,
        item.duration
    )
}

/// Keeps the first item of each identity within agent, source and service, of the items of all tables.
pub(super) fn without_duplicates(
    of_tables: Vec<Vec<Item>>,
    mapping: &Mapping,
    selection: &Selection,
    notes: &mut Notes,
) -> Vec<Item> {
    let mut seen = HashSet::new();
    let mut kept = Vec::with_capacity(of_tables.iter().map(Vec::len).sum());
    for mut item in of_tables.into_iter().flatten() {
        // Nobody asks for it again.
        let identity = item.identity.take();
        let new = identity.is_none_or(|identity| {
            seen.insert((item.agent, item.source, Arc::clone(&item.service), identity))
        });
        if !new {
            // Which item is the first does not depend on the selected time, but notes are about it.
            let agent = &mapping.agents[item.agent];
            let subject = format!("{}, {}", agent.name, agent.sources[item.source].name);
            let code = match selection.duplicates {
                Duplicates::Remove => NoteCode::DuplicatesRemoved,
                Duplicates::Keep => NoteCode::DuplicatesKept,
            };
            notes.add_at((code, &subject), selection, &[item.time]);
            if code == NoteCode::DuplicatesRemoved {
                continue;
            }
        }
        kept.push(item);
    }
    kept
}

/// Drops spans of leaf sources that have a child with tokens in the same source.
pub(super) fn without_roll_ups(items: Vec<Item>, mapping: &Mapping) -> Vec<Item> {
    let mut parents = HashSet::new();
    for item in items.iter().filter(|item| item.tokens.any()) {
        if let Some(SpanPlace {
            trace,
            parent: Some(parent),
            ..
        }) = &item.span
        {
            parents.insert((
                item.agent,
                item.source,
                Arc::clone(trace),
                Arc::clone(parent),
            ));
        }
    }
    let is_roll_up = |item: &Item| {
        mapping.agents[item.agent].sources[item.source].leaf
            && item.span.as_ref().is_some_and(|span| {
                let own = (
                    item.agent,
                    item.source,
                    Arc::clone(&span.trace),
                    Arc::clone(&span.own),
                );
                parents.contains(&own)
            })
    };
    let mut items = items;
    items.retain(|item| !is_roll_up(item));
    items
}
