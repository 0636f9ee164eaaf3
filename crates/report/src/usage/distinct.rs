//! Tells items apart: repeats of one item, and spans that sum up their children.

use super::eval::Subject;
use super::item::{Item, SpanPlace, Tokens};
use super::mapping::{KeyId, Mapping, Source};
use crate::money::NanoDollars;
use crate::notes::{NoteCode, Notes};
use crate::query::{Duplicates, Selection};
use hashbrown::HashSet;
use std::sync::Arc;

/// What tells an event apart from others of its agent, source and service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Identity {
    /// The values of the keys by which its source names it.
    Named(Box<str>),
    /// All that it tells, and its time, where it has no name.
    Content(Box<Content>),
}

/// See [`Identity::Content`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Content {
    time: i64,
    texts: [Option<Arc<str>>; 4],
    tokens: Tokens,
    cost: Option<NanoDollars>,
    duration: Option<i64>,
}

impl Identity {
    pub(super) fn of(item: &Item, source: &Source, subject: &Subject<'_>) -> Self {
        let named = source.identity.iter();
        let mut named = named.filter_map(|keys| name(keys, subject));
        match named.next() {
            Some(name) => Self::Named(name.into()),
            None => Self::Content(Box::new(Content {
                time: item.time,
                texts: [&item.session, &item.model, &item.tool, &item.event].map(Clone::clone),
                tokens: item.tokens,
                cost: item.cost,
                duration: item.duration,
            })),
        }
    }
}

/// The values of keys, if all are there.
fn name(keys: &[KeyId], subject: &Subject<'_>) -> Option<String> {
    let mut name = String::new();
    for key in keys {
        let part = subject.key_text(*key)?;
        // A separator that texts hardly hold keeps ("a", "bc") and ("ab", "c") apart.
        if !name.is_empty() {
            name.push('\u{1f}');
        }
        name.push_str(&part);
    }
    Some(name)
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
