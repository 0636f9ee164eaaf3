//! The usage of a whole lake, chosen once and kept beside its tables.
//!
//! Which source counts depends on everything that a lake holds, never on the selected time, and so on
//! nothing that changes from question to question unless a question leaves out services, signals or
//! duplicates. What was chosen is small beside the tables, and what has to be noted is kept with its
//! times, so that an answer from it is the answer from the rows.

mod form;
mod make;
mod rules;
#[cfg(test)]
mod tests;
mod varint;

use super::item::{Item, Told};
use super::mapping::{MAPPING, Mapping, Outcome, Role};
use super::model::{Items, SourceCounts, note_sources};
use crate::data::Data;
use crate::error::ReportError;
use crate::notes::{NoteCode, Notes};
use crate::query::{Duplicates, Selection};
use form::{Amount, ROLES};
use otolith_lake::Lake;
use std::sync::Arc;
use varint::Cursor;

/// Its name in the lake.
const NAME: &str = "usage";

/// The least that tells of a run: agent, source, outcome, eight texts, and two lengths.
const RUN_BYTES: usize = 13;

/// Outcomes by their numbers.
const OUTCOMES: [Option<Outcome>; 4] = [
    None,
    Some(Outcome::Success),
    Some(Outcome::Error),
    Some(Outcome::Rejected),
];

/// The notes of reading and choosing.
const NOTES: [NoteCode; 8] = [
    NoteCode::DuplicatesRemoved,
    NoteCode::NegativeClass,
    NoteCode::BadNumber,
    NoteCode::UnknownStart,
    NoteCode::EarlyStart,
    NoteCode::CounterReset,
    NoteCode::UnspecifiedTemporality,
    NoteCode::CoveredByBetterSource,
];

/// Reads the usage of a lake and keeps it there, so that the next questions about all of it need not
/// read its tables, until one of them changes: how many bytes that takes. None if the
/// lake has changed meanwhile, or its state cannot be told.
///
/// # Errors
/// When the lake cannot be read or written.
pub fn keep_usage(lake: &Lake) -> Result<Option<u64>, ReportError> {
    let Some(state) = lake.state()? else {
        return Ok(None);
    };
    let Some(bytes) = made(lake)? else {
        return Ok(None);
    };
    let is_kept = lake.keep_derived(NAME, state, &bytes)?;
    Ok(is_kept.then_some(bytes.len() as u64))
}

/// Whether the usage that is kept in a lake is what its tables tell. True if none is.
///
/// # Errors
/// When the lake cannot be read.
pub fn is_kept_usage_right(lake: &Lake) -> Result<bool, ReportError> {
    let Some(kept) = lake.derived(NAME)? else {
        return Ok(true);
    };
    // Of other rules it is not read.
    Ok(!is_of_these_rules(&kept) || made(lake)?.is_some_and(|made| made == kept))
}

fn made(lake: &Lake) -> Result<Option<Vec<u8>>, ReportError> {
    let mut notes = Notes::timed();
    let items = Items::read(Data::Lake(lake), &Selection::default(), &mut notes)?;
    Ok(make::make(items.all(), &MAPPING, notes))
}

fn is_of_these_rules(bytes: &[u8]) -> bool {
    bytes.starts_with(&rules::rules().to_le_bytes())
}

/// The usage of a lake in a selected time.
pub(super) struct Kept {
    /// Amounts, run after run.
    bytes: Vec<u8>,
    runs: Vec<Run>,
    /// What has to be noted of choosing for each of [`ROLES`].
    of_roles: Vec<Notes>,
}

/// Amounts that one told.
pub(super) struct Run {
    pub(super) told: Arc<Told>,
    /// How many amounts in the selected time were chosen for each of [`ROLES`].
    counts: [u64; ROLES.len()],
    /// Its bytes.
    begin: usize,
    end: usize,
}

impl Kept {
    /// What is kept of data, if that answers a question about a selection. Notes what has to be noted
    /// of reading.
    pub(super) fn read(
        data: Data<'_>,
        selection: &Selection,
        notes: &mut Notes,
    ) -> Result<Option<Self>, ReportError> {
        let Selection {
            services,
            signal,
            duplicates,
            ..
        } = selection;
        let is_about_all =
            services.is_none() && signal.is_none() && *duplicates == Duplicates::Remove;
        let Data::Lake(lake) = data else {
            return Ok(None);
        };
        if !is_about_all {
            return Ok(None);
        }
        let bytes = lake.derived(NAME)?;
        let bytes = bytes.filter(|bytes| is_of_these_rules(bytes));
        let read = bytes.and_then(|bytes| Self::of(bytes, &MAPPING, selection));
        Ok(read.map(|(kept, reading)| {
            notes.append(reading);
            kept
        }))
    }

    /// Reads the bytes of [`make::make`], all of them, so that no later step can fail.
    fn of(bytes: Vec<u8>, mapping: &Mapping, selection: &Selection) -> Option<(Self, Notes)> {
        let rest = bytes.get(size_of::<u64>()..)?;
        let mut cursor = Cursor(rest);
        let reading = notes(&mut cursor, selection)?;
        let of_roles = ROLES.iter().map(|_| notes(&mut cursor, selection));
        let of_roles: Option<Vec<Notes>> = of_roles.collect();
        let of_roles = of_roles?;
        let count = cursor.count(1)?;
        let mut texts: Vec<Arc<str>> = Vec::with_capacity(count);
        for _ in 0..count {
            texts.push(cursor.text()?.into());
        }
        let count = cursor.count(RUN_BYTES)?;
        let mut runs = Vec::with_capacity(count);
        for _ in 0..count {
            let told = told(&mut cursor, &texts, mapping)?;
            runs.push((told, cursor.number()?, cursor.count(1)?));
        }
        let mut begin = bytes.len() - cursor.0.len();
        let mut found = Vec::with_capacity(count);
        for (told, amounts, len) in runs {
            let end = begin.checked_add(len)?;
            let mut run = Run {
                told: Arc::new(told),
                counts: [0; ROLES.len()],
                begin,
                end,
            };
            let mut cursor = Cursor(bytes.get(begin..end)?);
            let mut before = 0;
            for _ in 0..amounts {
                let amount = Amount::read(before, &mut cursor)?;
                before = amount.time;
                if selection.holds_time(amount.time) {
                    for (role, count) in run.counts.iter_mut().enumerate() {
                        *count += u64::from(amount.is_for(role));
                    }
                }
            }
            if !cursor.0.is_empty() {
                return None;
            }
            begin = end;
            found.push(run);
        }
        (begin == bytes.len()).then_some(())?;
        let kept = Self {
            bytes,
            runs: found,
            of_roles,
        };
        Some((kept, reading))
    }

    /// The runs that were chosen for a role, or two.
    pub(super) fn runs<'k>(&'k self, roles: &[Role]) -> impl Iterator<Item = &'k Run> + use<'k> {
        let places: Vec<usize> = roles.iter().map(|role| place(*role)).collect();
        let is_for = move |run: &&Run| places.iter().any(|place| run.counts[*place] > 0);
        self.runs.iter().filter(is_for)
    }

    /// Notes what has to be noted of choosing for a role: the sources, and what they cover.
    pub(super) fn note(&self, role: Role, notes: &mut Notes) {
        notes.append(self.of_roles[place(role)].clone());
        let mut counts = SourceCounts::new();
        for run in self.runs(&[role]) {
            let key = (run.told.agent, run.told.source, &*run.told.agent_name);
            *counts.entry(key).or_default() += run.count(role);
        }
        note_sources(&MAPPING, role, counts, notes);
    }

    /// Hands out the items of a run in the selected time, in order of time, with whether each was
    /// chosen for some roles.
    pub(super) fn each<const N: usize>(
        &self,
        run: &Run,
        roles: [Role; N],
        selection: &Selection,
        mut take: impl FnMut(&Item, [bool; N]),
    ) {
        let places = roles.map(place);
        let mut item = Item::of(Arc::clone(&run.told));
        let mut cursor = Cursor(&self.bytes[run.begin..run.end]);
        let mut before = 0;
        while let Some(amount) = Amount::read(before, &mut cursor) {
            before = amount.time;
            let is_chosen = places.map(|place| amount.is_for(place));
            if is_chosen.contains(&true) && selection.holds_time(amount.time) {
                item.time = amount.time;
                item.start = amount.time;
                item.tokens = amount.tokens;
                item.cost = amount.cost;
                item.calls = amount.calls;
                item.duration = amount.duration;
                item.active = amount.active;
                take(&item, is_chosen);
            }
        }
    }
}

impl Run {
    /// How many of its items in the selected time were chosen for a role.
    pub(super) fn count(&self, role: Role) -> u64 {
        self.counts[place(role)]
    }
}

/// The place of a role among those that are kept.
fn place(role: Role) -> usize {
    let place = ROLES.iter().position(|kept| *kept == role);
    place.expect("only kept roles are asked for")
}

fn notes(cursor: &mut Cursor<'_>, selection: &Selection) -> Option<Notes> {
    let mut notes = Notes::default();
    for _ in 0..cursor.count(1)? {
        let (code, subject) = (code(cursor)?, cursor.text()?);
        notes.add_about(code, subject, cursor.number()?);
    }
    for _ in 0..cursor.count(1)? {
        let (code, subject) = (code(cursor)?, cursor.text()?);
        let mut times = Vec::new();
        let mut before = 0_i64;
        for _ in 0..cursor.count(1)? {
            before = before.wrapping_add(cursor.signed()?);
            times.push(before);
        }
        notes.add_at((code, subject), selection, &times);
    }
    Some(notes)
}

fn code(cursor: &mut Cursor<'_>) -> Option<NoteCode> {
    let word = cursor.text()?;
    NOTES.into_iter().find(|code| code.as_str() == word)
}

fn told(cursor: &mut Cursor<'_>, texts: &[Arc<str>], mapping: &Mapping) -> Option<Told> {
    let agent = cursor.place(mapping.agents.len())?;
    let source = cursor.place(mapping.agents[agent].sources.len())?;
    let outcome = OUTCOMES[cursor.place(OUTCOMES.len())?];
    let mut text = || {
        let place = cursor.place(texts.len() + 1)?;
        Some(place.checked_sub(1).map(|place| Arc::clone(&texts[place])))
    };
    Some(Told {
        agent_name: text()??,
        service: text()??,
        session: text()?,
        user: text()?,
        model: text()?,
        provider: text()?,
        tier: text()?,
        host: text()?,
        outcome,
        ..Told::nothing(agent, source)
    })
}
