//! Spans with what places them: when, where, in which trace.

use crate::data::{Column, Database, Piece, Rows};
use crate::error::ReportError;
use crate::hosts::{HOST, Keys, Label};
use crate::notes::{NoteCode, Notes};
use crate::query::{Duplicates, Selection, Signal};
use hashbrown::DefaultHashBuilder;
use hashbrown::hash_table::{Entry, HashTable};
use otolith_lake::LakeError;
use otolith_tables::AttributePlace::{Item, Resource};
use otolith_tables::{Field, Part, Table};
use std::hash::BuildHasher as _;

/// The session or conversation of a span, as the agents call it.
pub(crate) const SESSION: Keys = &[
    (Item, "session.id"),
    (Item, "conversation.id"),
    (Item, "gen_ai.conversation.id"),
    (Resource, "session.id"),
];

/// A span. Its texts are beside it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// In nanoseconds.
    pub(crate) start: i64,
    /// In nanoseconds; none if it is missing or before the start.
    pub(crate) end: Option<i64>,
    pub(crate) is_root: bool,
    /// Number of its name.
    pub(crate) name: u32,
    /// Number of its service.
    pub(crate) service: u32,
    /// Number of the host that it names.
    pub(crate) host: u32,
    /// Number of the session that it names.
    pub(crate) session: u32,
    /// Those of trace and span as numbers.
    ids: (u128, u128),
    /// Where their texts are.
    texts: Place,
}

/// Where texts of ids are: those of the trace and of the span one after the other.
#[derive(Clone, Copy, Debug)]
struct Place {
    piece: u32,
    start: u32,
    trace_len: u32,
    span_len: u32,
}

/// Spans in order of start, then ids, each once.
pub(crate) struct Spans {
    pub(crate) spans: Vec<Span>,
    /// The names of spans.
    pub(crate) names: Label,
    /// The services of spans.
    pub(crate) services: Label,
    /// The hosts that spans name.
    pub(crate) hosts: Label,
    /// The sessions that spans name.
    pub(crate) sessions: Label,
    /// Ids by piece.
    texts: Vec<String>,
}

/// Which spans are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which<'a> {
    All,
    Roots,
    /// Those of a trace, by its id as the lake has it.
    OfTrace {
        id: &'a str,
        roots: bool,
    },
}

/// So many spans are made room for before they are read, at most: 24 MiB.
const MOST_AHEAD: usize = 1 << 18;
/// What the ids of a span take, as a rule.
const IDS_LEN: usize = 48;

const COLUMNS: [&str; 6] = [
    "trace_id",
    "span_id",
    "parent_span_id",
    "time",
    "time_unix_nano",
    "end_time_unix_nano",
];

impl Spans {
    /// Reads spans that start in the selected time, of the selected services.
    pub(crate) fn read(
        databases: &[Database<'_>],
        which: Which<'_>,
        selection: &Selection,
        notes: &mut Notes,
    ) -> Result<Self, ReportError> {
        let mut found = Self::none();
        let is_wanted = selection.signal.is_none_or(|s| s == Signal::Traces);
        let tables = databases.iter().flat_map(|database| &database.tables);
        for table in tables.filter(|data| is_wanted && data.table == Table::Traces) {
            // Pages of what is not used are never there, while each time that it grows it is copied.
            found.spans.reserve(table.row_count().min(MOST_AHEAD));
            let read = |piece: Piece<'_>| Self::of(&piece, &table.fields, which, selection);
            table.read_pieces(read, |later| found.append(later))?;
        }
        found.order(selection, notes);
        Ok(found)
    }

    fn none() -> Self {
        Self {
            spans: Vec::new(),
            names: Label::or_base(&[], Some("span_name")),
            services: Label::or_base(&[], Some("service_name")),
            hosts: Label::new(HOST),
            sessions: Label::new(SESSION),
            texts: Vec::new(),
        }
    }

    fn append(&mut self, mut later: Self) {
        let names = self.names.adopt(&later.names);
        let services = self.services.adopt(&later.services);
        let hosts = self.hosts.adopt(&later.hosts);
        let sessions = self.sessions.adopt(&later.sessions);
        let pieces = count(self.texts.len());
        for span in &mut later.spans {
            span.name = names.of(span.name);
            span.service = services.of(span.service);
            span.host = hosts.of(span.host);
            span.session = sessions.of(span.session);
            span.texts.piece += pieces;
        }
        self.spans.append(&mut later.spans);
        self.texts.append(&mut later.texts);
    }

    /// The id of the trace of a span.
    pub(crate) fn trace_id(&self, span: &Span) -> &str {
        let start = span.texts.start as usize;
        &self.texts[span.texts.piece as usize][start..start + span.texts.trace_len as usize]
    }

    /// The id of a span.
    pub(crate) fn span_id(&self, span: &Span) -> &str {
        let start = span.texts.start as usize + span.texts.trace_len as usize;
        &self.texts[span.texts.piece as usize][start..start + span.texts.span_len as usize]
    }

    /// The spans of a piece.
    fn of(
        piece: &Piece<'_>,
        fields: &[Field],
        which: Which<'_>,
        selection: &Selection,
    ) -> Result<Self, LakeError> {
        let mut found = Self::none();
        let mut deciding = vec!["parent_span_id"];
        if let Which::OfTrace { .. } = which {
            deciding.push("trace_id");
        }
        let deciding = piece.columns(&deciding)?;
        let chosen = choose(&deciding, which);
        if !chosen.contains(&true) {
            return Ok(found);
        }
        let mut columns: Vec<&str> = COLUMNS.to_vec();
        for label in found.labels() {
            columns.extend(label.columns(fields));
        }
        let count = chosen.iter().filter(|chosen| **chosen).count();
        let mut texts = String::with_capacity(count * IDS_LEN);
        for batch in piece.batches(&columns, Some(&chosen))? {
            let Rows { part, rows } = batch?;
            found.add(&part, &rows, &mut texts, selection);
        }
        found.texts.push(texts);
        Ok(found)
    }

    fn labels(&mut self) -> [&mut Label; 4] {
        [
            &mut self.names,
            &mut self.services,
            &mut self.hosts,
            &mut self.sessions,
        ]
    }

    /// Adds the spans of some rows, and their ids to `texts`.
    fn add(&mut self, part: &Part, rows: &[u32], texts: &mut String, selection: &Selection) {
        let cells = COLUMNS.map(|name| Column::of(part, name));
        let [trace, span, parent, micros, exact, end] = cells;
        let [names, services, hosts, sessions] =
            self.labels().map(|label| label.numbers(part, rows));
        self.spans.reserve(rows.len());
        for (at, row) in rows.iter().enumerate() {
            let row = *row as usize;
            let int = |column: Option<Column<'_>>| column?.int(row).filter(|nanos| *nanos > 0);
            let start = int(exact).or_else(|| int(micros)?.checked_mul(1_000));
            let Some(start) = start.filter(|start| selection.holds_time(*start)) else {
                continue;
            };
            let service = services[at];
            if let Some(glob) = &selection.services
                && !glob.matches(self.services.text(service).unwrap_or_default())
            {
                continue;
            }
            let ids = [trace, span].map(|column| column.and_then(|column| column.text(row)));
            let [trace_id, span_id] = ids.map(Option::unwrap_or_default);
            let place = Place {
                piece: 0,
                start: count(texts.len()),
                trace_len: count(trace_id.len()),
                span_len: count(span_id.len()),
            };
            texts.push_str(trace_id);
            texts.push_str(span_id);
            self.spans.push(Span {
                start,
                end: int(end).filter(|end| *end >= start),
                is_root: parent.is_none_or(|parent| parent.text(row).is_none()),
                name: names[at],
                service,
                host: hosts[at],
                session: sessions[at],
                ids: (id(trace_id), id(span_id)),
                texts: place,
            });
        }
    }

    /// Puts spans in order and removes those that were sent twice.
    fn order(&mut self, selection: &Selection, notes: &mut Notes) {
        self.spans.sort_by_key(|span| (span.start, span.ids));
        let is_new = first_of_their_ids(&self.spans);
        let all = self.spans.len();
        match selection.duplicates {
            Duplicates::Remove => {
                let mut is_new = is_new.into_iter();
                self.spans.retain(|_| is_new.next() == Some(true));
                let removed = all - self.spans.len();
                notes.add(NoteCode::DuplicatesRemoved, removed as u64);
            }
            Duplicates::Keep => {
                let repeated = is_new.into_iter().filter(|is_new| !is_new).count();
                notes.add(NoteCode::DuplicatesKept, repeated as u64);
            }
        }
    }
}

/// By span, whether none before has the same ids; spans without an id of their own are always new.
fn first_of_their_ids(spans: &[Span]) -> Vec<bool> {
    // Places instead of ids: so the table fits the cache.
    let mut seen: HashTable<u32> = HashTable::with_capacity(spans.len());
    let hasher = DefaultHashBuilder::default();
    let hash = |place: &u32| hasher.hash_one(spans[*place as usize].ids);
    let mut is_new = |(place, span): (u32, &Span)| {
        if span.texts.span_len == 0 {
            return true;
        }
        let is_same = |other: &u32| spans[*other as usize].ids == span.ids;
        match seen.entry(hash(&place), is_same, hash) {
            Entry::Occupied(_) => false,
            Entry::Vacant(entry) => {
                entry.insert(place);
                true
            }
        }
    };
    (0..).zip(spans).map(&mut is_new).collect()
}

/// An id of the lake, which is hex digits, as a number.
fn id(hex: &str) -> u128 {
    // Of any length up to the half of a trace's at once: a number of 128 bits takes several times as
    // long.
    let (high, low) = hex.as_bytes().split_at(hex.len().saturating_sub(16));
    match (high.len(), digits(high), digits(low)) {
        (..=16, Some(high), Some(low)) => u128::from(high) << 64 | u128::from(low),
        _ => u128::from_str_radix(hex, 16).unwrap_or_default(),
    }
}

/// The number of up to 16 hex digits.
fn digits(hex: &[u8]) -> Option<u64> {
    let (mut number, mut all) = (0, 0);
    for byte in hex {
        let digit = DIGITS[usize::from(*byte)];
        all |= digit;
        number = number << 4 | u64::from(digit & 0xf);
    }
    (all <= 0xf).then_some(number)
}

/// By byte what it is as a hex digit; more than that if it is none.
const DIGITS: [u8; 256] = {
    let mut digits = [0xff; 256];
    let mut digit = 0;
    while digit < 16 {
        digits[b"0123456789abcdef"[digit] as usize] = digit as u8;
        digits[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
};

fn count(len: usize) -> u32 {
    u32::try_from(len).expect("ids of a piece take less than 4 GiB")
}

fn choose(part: &Part, which: Which<'_>) -> Vec<bool> {
    let rows = 0..part.row_count;
    let parent = Column::of(part, "parent_span_id");
    let is_root = |row: usize| parent.is_none_or(|parent| parent.text(row).is_none());
    match which {
        Which::All => vec![true; part.row_count],
        Which::Roots => rows.map(is_root).collect(),
        Which::OfTrace { id, roots } => {
            let trace = Column::of(part, "trace_id");
            let is_its = |row: usize| trace.and_then(|trace| trace.text(row)) == Some(id);
            rows.map(|row| is_its(row) && (!roots || is_root(row)))
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_numbers_of_hex_digits() {
        let all = "0123456789abcdefABCDEF0123456789";
        for len in 1..=all.len() {
            let expected = u128::from_str_radix(&all[..len], 16).unwrap();
            assert_eq!(id(&all[..len]), expected, "{len}");
        }
        let longer = format!("{}{all}", "0".repeat(9));
        assert_eq!(id(&longer), id(all));
        for other in ["", "xyz", "0x12", "\u{e4}\u{e4}", &format!("1{all}")] {
            assert_eq!(id(other), 0, "{other}");
        }
    }
}
