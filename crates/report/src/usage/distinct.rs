//! Tells items apart: repeats of one item, and spans that sum up their children.

use super::eval::Subject;
use super::item::{Item, SpanPlace, Tokens};
use super::mapping::{KeyId, Mapping, Source};
use crate::money::NanoDollars;
use crate::notes::{NoteCode, Notes};
use crate::query::{Duplicates, Selection};
use hashbrown::{DefaultHashBuilder, HashSet, HashTable};
use std::hash::BuildHasher as _;
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

/// An identity, and a hash of all that must be equal.
#[derive(Clone, Debug)]
pub(crate) struct Identified {
    hash: u64,
    identity: Identity,
}

impl Identified {
    pub(super) fn new(item: &Item, identity: Identity, hashes: &DefaultHashBuilder) -> Self {
        let all = (item.agent, item.source, &*item.service, &identity);
        Self {
            hash: hashes.hash_one(all),
            identity,
        }
    }
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

/// Keeps the first item of each identity within agent, source and service.
pub(super) fn without_duplicates(
    items: &mut Vec<Item>,
    mapping: &Mapping,
    selection: &Selection,
    notes: &mut Notes,
) {
    let mut first: HashTable<usize> = HashTable::with_capacity(items.len());
    let mut repeats = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let Some(Identified { hash, identity }) = &item.identity else {
            continue;
        };
        let is_same = |other: &usize| {
            let other = &items[*other];
            let its_identity = other.identity.as_ref().map(|of_other| &of_other.identity);
            its_identity == Some(identity)
                && (item.agent, item.source) == (other.agent, other.source)
                && item.service == other.service
        };
        if first.find(*hash, is_same).is_some() {
            repeats.push(place);
        } else {
            let hash_of = |other: &usize| items[*other].identity.as_ref().map_or(0, |i| i.hash);
            first.insert_unique(*hash, place, hash_of);
        }
    }
    let code = match selection.duplicates {
        Duplicates::Remove => NoteCode::DuplicatesRemoved,
        Duplicates::Keep => NoteCode::DuplicatesKept,
    };
    for place in &repeats {
        // Which item is the first does not depend on the selected time, but notes are about it.
        let item = &items[*place];
        let agent = &mapping.agents[item.agent];
        let subject = format!("{}, {}", agent.name, agent.sources[item.source].name);
        notes.add_at((code, &subject), selection, &[item.time]);
    }
    if selection.duplicates == Duplicates::Remove {
        let mut repeats = repeats.into_iter().peekable();
        let mut place = 0..;
        items.retain(|_| {
            let place = place.next();
            repeats.next_if(|repeat| Some(*repeat) == place).is_none()
        });
    }
}

/// Drops spans of leaf sources that have a child with tokens in the same source.
pub(super) fn without_roll_ups(items: &mut Vec<Item>, mapping: &Mapping) {
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
    if !parents.is_empty() {
        items.retain(|item| !is_roll_up(item));
    }
}
