//! Chosen items into bytes.

use super::form::{Amount, ROLES};
use super::rules::rules;
use super::varint::{put, put_signed, put_text};
use super::{NOTES, OUTCOMES};
use crate::notes::Notes;
use crate::parallel;
use crate::query::Selection;
use crate::usage::authority::{self, Among, Groups};
use crate::usage::item::{Item, Told};
use crate::usage::mapping::Mapping;
use hashbrown::HashMap;
use std::sync::Arc;

/// What is kept of items, read at all times with timed notes. None if a note has no place in it.
pub(super) fn make(items: &[Item], mapping: &Mapping, reading: Notes) -> Option<Vec<u8>> {
    let everything = Selection::default();
    let of_groups = (items, &Groups::of(items));
    let chosen = parallel::all(ROLES.to_vec(), |role| {
        let mut notes = Notes::timed();
        let chosen = authority::chosen(
            of_groups,
            mapping,
            role,
            Among::All,
            &everything,
            &mut notes,
        );
        (chosen, notes)
    });
    let mut roles = vec![0_u8; items.len()];
    let mut bytes = rules().to_le_bytes().to_vec();
    put_notes(reading, &mut bytes)?;
    for (role, (chosen, notes)) in chosen.into_iter().enumerate() {
        put_notes(notes, &mut bytes)?;
        for item in chosen {
            roles[item] |= 1 << role;
        }
    }
    let mut texts = Texts::default();
    let mut told = ToldOnce::default();
    let chosen = items.iter().zip(roles).filter(|(_, roles)| *roles != 0);
    let mut chosen: Vec<(usize, u8, &Item)> = chosen
        .map(|(item, roles)| (told.place(item), roles, item))
        .collect();
    // In the reading order where times are the same.
    chosen.sort_by_key(|(told, _, item)| (*told, item.time));
    let mut runs = Vec::new();
    let mut amounts = Vec::new();
    for run in chosen.chunk_by(|a, b| a.0 == b.0) {
        let begin = amounts.len();
        let mut before = 0;
        for (_, roles, item) in run {
            amount(*roles, item).put(before, &mut amounts);
            before = item.time;
        }
        let (.., first) = run[0];
        put_told(&first.told, &mut texts, &mut runs);
        put(run.len() as u64, &mut runs);
        put((amounts.len() - begin) as u64, &mut runs);
    }
    put(texts.all.len() as u64, &mut bytes);
    texts.all.iter().for_each(|text| put_text(text, &mut bytes));
    put(told.count as u64, &mut bytes);
    bytes.extend(runs);
    bytes.extend(amounts);
    Some(bytes)
}

fn amount(roles: u8, item: &Item) -> Amount {
    Amount {
        time: item.time,
        roles,
        tokens: item.tokens,
        cost: item.cost,
        calls: item.calls,
        duration: item.duration,
        active: item.active,
    }
}

fn put_notes(notes: Notes, to: &mut Vec<u8>) -> Option<()> {
    let (counts, times) = notes.into_timed();
    put(counts.len() as u64, to);
    for ((code, subject), count) in counts {
        NOTES.contains(&code).then_some(())?;
        put_text(code.as_str(), to);
        put_text(&subject, to);
        put(count, to);
    }
    put(times.len() as u64, to);
    for ((code, subject), times) in times {
        NOTES.contains(&code).then_some(())?;
        put_text(code.as_str(), to);
        put_text(&subject, to);
        put(times.len() as u64, to);
        let mut before = 0;
        for time in times {
            put_signed(time.wrapping_sub(before), to);
            before = time;
        }
    }
    Some(())
}

/// What an item tells besides amounts, as far as it is kept, in the order of the bytes.
fn kept_texts(told: &Told) -> [Option<&Arc<str>>; 8] {
    [
        Some(&told.agent_name),
        Some(&told.service),
        told.session.as_ref(),
        told.user.as_ref(),
        told.model.as_ref(),
        told.provider.as_ref(),
        told.tier.as_ref(),
        told.host.as_ref(),
    ]
}

fn put_told<'a>(told: &'a Told, texts: &mut Texts<'a>, to: &mut Vec<u8>) {
    put(told.agent as u64, to);
    put(told.source as u64, to);
    let outcome = OUTCOMES.iter().position(|outcome| *outcome == told.outcome);
    put(outcome.expect("all outcomes are there") as u64, to);
    for text in kept_texts(told) {
        let place = text.map_or(0, |text| texts.place(text) + 1);
        put(place as u64, to);
    }
}

/// Numbers what items tell, the same once.
#[derive(Default)]
struct ToldOnce<'a> {
    known: HashMap<Kept<'a>, usize>,
    last: Option<(&'a Arc<Told>, usize)>,
    count: usize,
}

/// Agent, source, outcome and texts.
type Kept<'a> = (usize, usize, Option<u8>, [Option<&'a Arc<str>>; 8]);

impl<'a> ToldOnce<'a> {
    fn place(&mut self, item: &'a Item) -> usize {
        let told = &item.told;
        if let Some((_, place)) = self.last.filter(|(last, _)| Arc::ptr_eq(last, told)) {
            return place;
        }
        let outcome = told.outcome.map(|outcome| outcome as u8);
        let kept = (told.agent, told.source, outcome, kept_texts(told));
        let place = *self.known.entry(kept).or_insert(self.count);
        self.count = self.known.len();
        self.last = Some((told, place));
        place
    }
}

/// Texts, each once.
#[derive(Default)]
struct Texts<'a> {
    places: HashMap<&'a str, usize>,
    all: Vec<&'a str>,
}

impl<'a> Texts<'a> {
    fn place(&mut self, text: &'a str) -> usize {
        let next = self.all.len();
        let place = *self.places.entry(text).or_insert(next);
        if place == next {
            self.all.push(text);
        }
        place
    }
}
