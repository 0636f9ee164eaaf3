//! Reads data through the mapping: rows into items.

use super::address::{Address, Detail};
use super::detect::{Detector, Evidence};
use super::distinct::{Identified, Identity, without_duplicates, without_roll_ups};
use super::eval::Subject;
use super::item::{Item, SpanPlace, Texts, Tokens, Told};
use super::mapping::{Expr, Mapping, NumberedSource, Outcome, Role, Source};
use super::rows::{Base, Rows};
use crate::data::{Data, TableData};
use crate::error::ReportError;
use crate::notes::{NoteCode, Notes};
use crate::parallel;
use crate::query::{Selection, Signal};
use hashbrown::DefaultHashBuilder;
use otolith_tables::{DatabaseName, Table};
use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// The tables that sources read, in the order of reading.
const TABLES: [Table; 4] = [
    Table::Logs,
    Table::Traces,
    Table::Metrics,
    Table::Histograms,
];

/// Reads every item of every source of some questions, duplicates and rolled-up spans already
/// removed. Tables are read on all processors, in their order.
///
/// The time range of the selection is not applied here: which source counts must not depend on it.
pub(crate) fn items(
    data: Data<'_>,
    mapping: &Mapping,
    roles: &[Role],
    selection: &Selection,
    (detail, idle): (Detail, Idle),
    notes: &mut Notes,
) -> Result<Vec<Item>, ReportError> {
    let databases = data.databases()?;
    let mut of_tables = Vec::new();
    for database in &databases {
        for table in TABLES {
            if selection.signal.is_some_and(|s| s != Signal::of(table)) {
                continue;
            }
            for data in database.tables.iter().filter(|data| data.table == table) {
                of_tables.push((database, data, mapping.sources_of(table, roles)));
            }
        }
    }
    let wanted = of_tables.iter().map(|(_, data, sources)| {
        let sources = sources.iter().map(|(_, _, source)| *source);
        (*data, sources.collect())
    });
    let wanted: Vec<(&TableData<'_>, Vec<&Source>)> = wanted.collect();
    let rows = Rows::read(&wanted, mapping, (detail, idle))?;
    let tables = of_tables.into_iter().zip(rows);
    let tables = tables.map(|((database, data, sources), rows)| TableRows {
        database: database.name.clone(),
        table: data.table,
        begin: database.capture_begin(),
        rows,
        sources,
    });
    let mut tables: Vec<(usize, TableRows<'_>)> = tables.enumerate().collect();
    // The largest first, so that none is left for one processor at the end.
    tables.sort_by_key(|(_, table)| Reverse(table.rows.len()));
    let rows = tables.iter().map(|(_, table)| &table.rows).collect();
    let (detector, evidence) = Detector::learn(mapping, rows);
    let hashes = DefaultHashBuilder::default();
    let read = |(place, table, evidence, rows): (usize, Arc<TableRows<'_>>, Arc<[Evidence]>, _)| {
        let mut reader = Reader {
            mapping,
            selection,
            detector: &detector,
            texts: Texts::default(),
            notes: notes.like(),
            idle,
            hashes: &hashes,
            items: Vec::new(),
        };
        reader.table(&table, &evidence, rows);
        (place, reader.items, reader.notes)
    };
    let mut tasks = Vec::new();
    for ((place, table), evidence) in tables.into_iter().zip(evidence) {
        let rows = table.rows.len();
        let pieces = match table.table {
            // What a point counted depends on those before it.
            Table::Metrics | Table::Histograms => pieces(rows, rows),
            _ => pieces(rows, PIECE_ROWS),
        };
        let (table, evidence) = (Arc::new(table), Arc::from(evidence));
        let of_piece = |rows| (place, Arc::clone(&table), Arc::clone(&evidence), rows);
        tasks.extend(pieces.map(of_piece));
    }
    let mut of_pieces = parallel::all(tasks, read);
    of_pieces.sort_by_key(|(place, ..)| *place);
    let mut items = Vec::with_capacity(of_pieces.iter().map(|(_, items, _)| items.len()).sum());
    for (_, mut of_piece, its_notes) in of_pieces {
        items.append(&mut of_piece);
        notes.append(its_notes);
    }
    without_duplicates(&mut items, mapping, selection, notes);
    without_roll_ups(&mut items, mapping);
    Ok(items)
}

/// Rows that a thread looks at without asking for more: the rows of a table are shared out by so many.
pub(super) const PIECE_ROWS: usize = 2_048;

/// The rows of a table in pieces of at most so many.
pub(super) fn pieces(rows: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let starts = (0..rows).step_by(most.max(1));
    starts.map(move |start| start..rows.min(start.saturating_add(most)))
}

/// What is wanted of one table.
pub(super) struct TableRows<'a> {
    pub(super) database: DatabaseName,
    pub(super) table: Table,
    /// Where the capture of the database begins.
    pub(super) begin: Option<i64>,
    pub(super) rows: Rows<'a>,
    /// The sources that read the table, by the numbers that its rows know them by.
    pub(super) sources: Vec<NumberedSource<'a>>,
}

pub(super) struct Reader<'a> {
    pub(super) mapping: &'a Mapping,
    pub(super) selection: &'a Selection,
    pub(super) detector: &'a Detector<'a>,
    pub(super) texts: Texts,
    pub(super) notes: Notes,
    pub(super) idle: Idle,
    pub(super) hashes: &'a DefaultHashBuilder,
    pub(super) items: Vec<Item>,
}

/// What becomes of points that say that nothing was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Idle {
    /// They are items: their times are asked for.
    Kept,
    /// They are left out. No source is chosen for them, and most points are such.
    LeftOut,
}

impl Reader<'_> {
    /// Makes items of some rows of a table, of points of all of them.
    fn table(&mut self, data: &TableRows<'_>, evidence: &[Evidence], rows: Range<usize>) {
        match data.table {
            Table::Metrics | Table::Histograms => self.points(data, evidence),
            _ => self.events(data, evidence, rows),
        }
    }

    fn events(&mut self, data: &TableRows<'_>, evidence: &[Evidence], of_piece: Range<usize>) {
        let rows = &data.rows;
        let none = BTreeMap::new();
        for row in of_piece {
            let service = rows.base_text(row, Base::ServiceName);
            if !self.is_wanted(service) {
                continue;
            }
            let agent = self.detector.agent(evidence[row], service);
            let below_zero = Cell::new(0);
            let subject = Subject {
                mapping: self.mapping,
                rows,
                row,
                classes: &none,
                below_zero: &below_zero,
            };
            let wanted_by = rows.wanted_by(row);
            for (number, (of_agent, index, _)) in data.sources.iter().enumerate() {
                if *of_agent != agent || wanted_by & (1 << number) == 0 {
                    continue;
                }
                if let Some(time) = rows.time(row) {
                    let item = self.item(agent, *index, &subject, &data.database, (time, time));
                    self.items.push(item);
                } else {
                    self.notes.add(NoteCode::BadNumber, 1);
                }
            }
            if let Some(time) = rows.time(row) {
                self.note_below_zero(time, &below_zero);
            }
        }
    }

    /// Notes differences of an item that fell below 0.
    pub(super) fn note_below_zero(&mut self, time: i64, count: &Cell<u64>) {
        for _ in 0..count.get() {
            let about = (NoteCode::NegativeClass, "");
            self.notes.add_at(about, self.selection, &[time]);
        }
    }

    /// Whether a service is selected.
    pub(super) fn is_wanted(&self, service: &str) -> bool {
        let services = &self.selection.services;
        services.as_ref().is_none_or(|glob| glob.matches(service))
    }

    pub(super) fn item(
        &mut self,
        agent: usize,
        index: usize,
        subject: &Subject<'_>,
        database: &DatabaseName,
        (start, time): (i64, i64),
    ) -> Item {
        let source = &self.mapping.agents[agent].sources[index];
        let (fields, rows, row) = (&source.fields, subject.rows, subject.row);
        let texts = &mut self.texts;
        let mut text = |expr: &Option<Expr>| {
            let text = subject.text(expr.as_ref()?)?;
            Some(texts.get(&text))
        };
        let (session, user) = (text(&fields.session), text(&fields.user));
        let window = text(&fields.window);
        let (model, provider) = (text(&fields.model), text(&fields.provider));
        let (host, tool) = (text(&fields.host), text(&fields.tool));
        let tier = text(&fields.tier);
        let (prompt, request) = (text(&fields.prompt), text(&fields.request));
        let (call, event) = (text(&fields.call), text(&fields.event));
        let (status, error) = (text(&fields.status), text(&fields.error));
        let agent_name = text(&fields.agent);
        let service = match rows.base_text(row, Base::ServiceName) {
            "" => texts.get(database.as_str()),
            name => texts.get(name),
        };
        let agent_name = agent_name.unwrap_or_else(|| texts.get(&self.mapping.agents[agent].name));
        let is_points = matches!(source.table, Table::Metrics | Table::Histograms);
        let told = Told {
            agent,
            source: index,
            agent_name,
            service,
            session,
            window,
            user,
            model,
            provider,
            tier,
            host,
            tool,
            call,
            event,
            status,
            error,
            prompt,
            request,
            outcome: outcome(source, subject),
            span: span_place(source, rows, row, texts),
        };
        let mut item = Item {
            time,
            start,
            addresses: Address::of(rows, row, texts).into_iter().collect(),
            ..Item::of(Arc::new(told))
        };
        self.amounts(source, subject, &mut item);
        if !is_points {
            let identity = Identity::of(&item, source, subject);
            item.identity = Some(Identified::new(&item, identity, self.hashes));
        }
        item
    }

    /// Sets what an item amounts to.
    pub(super) fn amounts(&mut self, source: &Source, subject: &Subject<'_>, item: &mut Item) {
        let fields = &source.fields;
        let (notes, selection, time) = (&mut self.notes, self.selection, item.time);
        let mut count = |expr: &Option<Expr>| {
            let n = subject.count(expr.as_ref()?)?;
            let count = u64::try_from(n).ok();
            if count.is_none() {
                notes.add_at((NoteCode::BadNumber, ""), selection, &[time]);
            }
            count
        };
        item.tokens = Tokens {
            input: count(&fields.input),
            cache_read: count(&fields.cache_read),
            cache_creation: count(&fields.cache_creation),
            output: count(&fields.output),
            reasoning: count(&fields.reasoning),
        };
        item.retries = count(&fields.retries);
        let is_points = matches!(source.table, Table::Metrics | Table::Histograms);
        item.calls = count(&fields.calls).unwrap_or(u64::from(!is_points));
        item.cost = subject.money(&fields.cost);
        item.duration = subject.nanos(&fields.duration);
        item.active = subject.nanos(&fields.active);
    }
}

fn outcome(source: &Source, subject: &Subject<'_>) -> Option<Outcome> {
    if source.rejected_when.iter().any(|c| subject.holds(c)) {
        return Some(Outcome::Rejected);
    }
    if source.outcome.is_some() {
        return source.outcome;
    }
    let of = |success| {
        if success {
            Outcome::Success
        } else {
            Outcome::Error
        }
    };
    if let Some(success) = &source.fields.success {
        return subject.truth(success).map(of);
    }
    let is_error = || source.error_when.iter().any(|c| subject.holds(c));
    (!source.error_when.is_empty()).then(|| of(!is_error()))
}

fn span_place(
    source: &Source,
    rows: &Rows<'_>,
    row: usize,
    texts: &mut Texts,
) -> Option<SpanPlace> {
    if !source.leaf {
        return None;
    }
    let mut id = |column| match rows.base_text(row, column) {
        "" => None,
        id => Some(texts.get(id)),
    };
    Some(SpanPlace {
        trace: id(Base::TraceId)?,
        own: id(Base::SpanId)?,
        parent: id(Base::ParentSpanId),
    })
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn pieces_hold_all_rows() {
        assert_eq!(pieces(5, 2).collect::<Vec<_>>(), [0..2, 2..4, 4..5]);
        assert_eq!(pieces(4, 4).count(), 1);
        assert_eq!(pieces(0, 0).count(), 0);
    }
}
