//! Spans with what places them: when, where, in which trace.

use crate::data::{Column, Database, Piece};
use crate::error::ReportError;
use crate::hosts::{HOST, Keys, Label};
use crate::notes::{NoteCode, Notes};
use crate::query::{Duplicates, Selection, Signal};
use hashbrown::HashSet;
use otolith_lake::LakeError;
use otolith_tables::AttributePlace::{Item, Resource};
use otolith_tables::{Field, Part, Table};

/// The session or conversation of a span, as the agents call it.
pub(crate) const SESSION: Keys = &[
    (Item, "session.id"),
    (Item, "conversation.id"),
    (Item, "gen_ai.conversation.id"),
    (Resource, "session.id"),
];

/// A span.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) trace_id: String,
    pub(crate) span_id: String,
    pub(crate) is_root: bool,
    pub(crate) name: String,
    pub(crate) service: String,
    /// In nanoseconds.
    pub(crate) start: i64,
    /// In nanoseconds; none if it is missing or before the start.
    pub(crate) end: Option<i64>,
    /// Number of the host that it names.
    pub(crate) host: u32,
    /// Number of the session that it names.
    pub(crate) session: u32,
    /// Those of trace and span as numbers.
    ids: (u128, u128),
}

/// Spans in order of start, then ids, each once.
pub(crate) struct Spans {
    pub(crate) spans: Vec<Span>,
    /// The hosts that spans name.
    pub(crate) hosts: Label,
    /// The sessions that spans name.
    pub(crate) sessions: Label,
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

const COLUMNS: [&str; 8] = [
    "trace_id",
    "span_id",
    "parent_span_id",
    "span_name",
    "service_name",
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
            let read = |piece: Piece<'_>| Self::of(&piece, &table.fields, which, selection);
            table.read_pieces(read, |later| found.append(later))?;
        }
        found.order(selection, notes);
        Ok(found)
    }

    fn none() -> Self {
        Self {
            spans: Vec::new(),
            hosts: Label::new(HOST),
            sessions: Label::new(SESSION),
        }
    }

    fn append(&mut self, mut later: Self) {
        let hosts = self.hosts.adopt(&later.hosts);
        let sessions = self.sessions.adopt(&later.sessions);
        for span in &mut later.spans {
            span.host = hosts.of(span.host);
            span.session = sessions.of(span.session);
        }
        self.spans.append(&mut later.spans);
    }

    /// The spans of a piece.
    fn of(
        piece: &Piece<'_>,
        fields: &[Field],
        which: Which<'_>,
        selection: &Selection,
    ) -> Result<Self, LakeError> {
        let mut found = Self::none();
        let deciding = piece.columns(&["trace_id", "parent_span_id"])?;
        let chosen = choose(&deciding, which);
        if !chosen.contains(&true) {
            return Ok(found);
        }
        let mut columns: Vec<&str> = COLUMNS.to_vec();
        columns.extend(found.hosts.columns(fields));
        columns.extend(found.sessions.columns(fields));
        let read = piece.rows(deciding, &columns, &chosen)?;
        let part = read.part.as_ref();
        let hosts = found.hosts.numbers(part, &read.rows);
        let sessions = found.sessions.numbers(part, &read.rows);
        let cells = COLUMNS.map(|name| Column::of(part, name));
        let [trace, span, parent, name, service, micros, exact, end] = cells;
        let labels = hosts.into_iter().zip(sessions);
        for (row, (host, session)) in read.rows.into_iter().zip(labels) {
            let row = row as usize;
            let text = |column: Option<Column<'_>>| {
                let text = column.and_then(|column| column.text(row));
                text.unwrap_or_default().to_owned()
            };
            let int = |column: Option<Column<'_>>| column?.int(row).filter(|nanos| *nanos > 0);
            let start = int(exact).or_else(|| int(micros)?.checked_mul(1_000));
            let Some(start) = start.filter(|start| selection.holds_time(*start)) else {
                continue;
            };
            let service = text(service);
            let services = selection.services.as_ref();
            if services.is_some_and(|glob| !glob.matches(&service)) {
                continue;
            }
            let (trace_id, span_id) = (text(trace), text(span));
            found.spans.push(Span {
                ids: (id(&trace_id), id(&span_id)),
                trace_id,
                span_id,
                is_root: parent.is_none_or(|parent| parent.text(row).is_none()),
                name: text(name),
                service,
                start,
                end: int(end).filter(|end| *end >= start),
                host,
                session,
            });
        }
        Ok(found)
    }

    /// Puts spans in order and removes those that were sent twice.
    fn order(&mut self, selection: &Selection, notes: &mut Notes) {
        self.spans.sort_by_key(|span| (span.start, span.ids));
        let mut seen = HashSet::with_capacity(self.spans.len());
        let all = self.spans.len();
        let mut is_new = |span: &Span| span.span_id.is_empty() || seen.insert(span.ids);
        match selection.duplicates {
            Duplicates::Remove => {
                self.spans.retain(is_new);
                let removed = all - self.spans.len();
                notes.add(NoteCode::DuplicatesRemoved, removed as u64);
            }
            Duplicates::Keep => {
                let repeated = self.spans.iter().filter(|span| !is_new(span)).count();
                notes.add(NoteCode::DuplicatesKept, repeated as u64);
            }
        }
    }
}

/// An id of the lake, which is hex digits, as a number.
fn id(hex: &str) -> u128 {
    u128::from_str_radix(hex, 16).unwrap_or_default()
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
