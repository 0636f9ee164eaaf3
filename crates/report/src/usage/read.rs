//! Reads data through the mapping: rows into items.

use super::address::{Address, Detail};
use super::detect::{Detector, Evidence};
use super::distinct::{content, identity, without_duplicates, without_roll_ups};
use super::eval::Subject;
use super::item::{Item, SpanPlace, Texts, Tokens};
use super::mapping::{Expr, Mapping, NumberedSource, Outcome, Role, Source};
use super::rows::{Base, Rows};
use super::series::{self, Increase, Point, Temporality};
use crate::data::Data;
use crate::error::ReportError;
use crate::notes::{NoteCode, Notes};
use crate::query::{Selection, Signal};
use otolith_tables::{DatabaseName, Table};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The tables that sources read, in the order of reading.
const TABLES: [Table; 4] = [
    Table::Logs,
    Table::Traces,
    Table::Metrics,
    Table::Histograms,
];

/// Reads every item of every source of some questions, duplicates and rolled-up spans already removed.
///
/// The time range of the selection is not applied here: which source counts must not depend on it.
pub(crate) fn items(
    data: Data<'_>,
    mapping: &Mapping,
    roles: &[Role],
    selection: &Selection,
    detail: Detail,
    notes: &mut Notes,
) -> Result<Vec<Item>, ReportError> {
    let mut tables = Vec::new();
    for database in data.databases()? {
        let begin = database.capture_begin();
        for table in TABLES {
            if selection.signal.is_some_and(|s| s != Signal::of(table)) {
                continue;
            }
            for data in database.tables.iter().filter(|data| data.table == table) {
                let sources = mapping.sources_of(table, roles);
                let list: Vec<&Source> = sources.iter().map(|(_, _, source)| *source).collect();
                tables.push(TableRows {
                    database: database.name.clone(),
                    table,
                    begin,
                    rows: Rows::read(data, mapping, &list, detail)?,
                    sources,
                });
            }
        }
    }
    let mut detector = Detector::new(mapping);
    let evidence = tables.iter().map(|table| detector.learn(&table.rows));
    let evidence: Vec<Vec<Evidence>> = evidence.collect();
    let mut reader = Reader {
        mapping,
        selection,
        detector,
        texts: Texts::default(),
        below_zero: Cell::new(0),
        notes,
        items: Vec::new(),
    };
    for (table, evidence) in tables.iter().zip(&evidence) {
        reader.table(table, evidence);
    }
    let Reader {
        items, below_zero, ..
    } = reader;
    notes.add(NoteCode::NegativeClass, below_zero.get());
    let items = without_duplicates(items, mapping, selection, notes);
    Ok(without_roll_ups(items, mapping))
}

/// What is wanted of one table.
struct TableRows<'a> {
    database: DatabaseName,
    table: Table,
    /// Where the capture of the database begins.
    begin: Option<i64>,
    rows: Rows<'a>,
    /// The sources that read the table, by the numbers that its rows know them by.
    sources: Vec<NumberedSource<'a>>,
}

struct Reader<'a> {
    mapping: &'a Mapping,
    selection: &'a Selection,
    detector: Detector<'a>,
    texts: Texts,
    below_zero: Cell<u64>,
    notes: &'a mut Notes,
    items: Vec<Item>,
}

/// Points that are told as one item.
struct Group {
    /// The first of them.
    row: usize,
    start: i64,
    idle: bool,
    classes: BTreeMap<String, f64>,
    addresses: Vec<Address>,
}

impl Group {
    fn new(first: &Increase) -> Self {
        Self {
            row: first.row,
            start: first.start,
            idle: true,
            classes: BTreeMap::new(),
            addresses: Vec::new(),
        }
    }
}

/// What points must share to be told as one item: texts, outcome and time.
type PointKey = ([Option<Arc<str>>; 10], Option<u8>, i64);

impl Reader<'_> {
    fn table(&mut self, data: &TableRows<'_>, evidence: &[Evidence]) {
        let TableRows {
            database,
            table,
            begin,
            rows,
            sources,
        } = data;
        let is_points = matches!(table, Table::Metrics | Table::Histograms);
        let mut points: BTreeMap<(usize, usize), Vec<Point>> = BTreeMap::new();
        let none = BTreeMap::new();
        for (row, evidence) in evidence.iter().enumerate() {
            let service = rows.base_text(row, Base::ServiceName);
            let services = &self.selection.services;
            if services.as_ref().is_some_and(|glob| !glob.matches(service)) {
                continue;
            }
            let agent = self.detector.agent(*evidence, service);
            let below_zero = Cell::new(0);
            let subject = Subject {
                mapping: self.mapping,
                rows,
                row,
                classes: &none,
                below_zero: &below_zero,
            };
            let wanted_by = rows.wanted_by(row);
            for (number, (of_agent, index, _)) in sources.iter().enumerate() {
                if *of_agent != agent || wanted_by & (1 << number) == 0 {
                    continue;
                }
                if is_points {
                    let list = points.entry((agent, *index)).or_default();
                    list.extend(point(rows, row, *table));
                } else if let Some(time) = rows.time(row) {
                    let item = self.item(agent, *index, &subject, database, (time, time));
                    self.items.push(item);
                } else {
                    self.notes.add(NoteCode::BadNumber, 1);
                }
            }
            if rows
                .time(row)
                .is_some_and(|time| self.selection.holds_time(time))
            {
                self.below_zero
                    .set(self.below_zero.get() + below_zero.get());
            }
        }
        for ((agent, source), points) in points {
            self.points(agent, source, points, *begin, rows, database);
        }
    }

    fn points(
        &mut self,
        agent: usize,
        index: usize,
        points: Vec<Point>,
        begin: Option<i64>,
        rows: &Rows<'_>,
        database: &DatabaseName,
    ) {
        let source = &self.mapping.agents[agent].sources[index];
        let points = series::distinct(points, self.selection, self.notes);
        let increases = series::increases(&points, begin, self.selection, self.notes);
        // Points that differ in nothing but the splitting attribute become one item.
        let mut groups: BTreeMap<PointKey, Group> = BTreeMap::new();
        let none = BTreeMap::new();
        let below_zero = Cell::new(0);
        for increase in increases.into_iter().filter(|i| i.inside) {
            // Of observations, such as the tokens of a turn, their sum is the amount.
            let amount = if source.table == Table::Histograms {
                increase.sum
            } else {
                Some(increase.amount)
            };
            let Some(amount) = amount else {
                continue;
            };
            let subject = Subject {
                mapping: self.mapping,
                rows,
                row: increase.row,
                classes: &none,
                below_zero: &below_zero,
            };
            let class = source.split.and_then(|key| subject.key_text(key));
            let class = class.unwrap_or_default().into_owned();
            let item = self.item(agent, index, &subject, database, (0, 0));
            let texts = [
                Some(item.agent_name),
                Some(item.service),
                item.session,
                item.user,
                item.model,
                item.provider,
                item.tier,
                item.host,
                item.tool,
                item.status,
            ];
            let key = (texts, item.outcome.map(|o| o as u8), increase.time);
            let group = groups.entry(key).or_insert_with(|| Group::new(&increase));
            group.start = group.start.min(increase.start);
            group.idle &= increase.idle;
            *group.classes.entry(class).or_insert(0.0) += amount;
            group.addresses.extend(item.addresses);
        }
        for ((_, _, time), group) in groups {
            let Group {
                row,
                start,
                idle,
                classes,
                addresses,
            } = group;
            let below_zero = Cell::new(0);
            let subject = Subject {
                mapping: self.mapping,
                rows,
                row,
                classes: &classes,
                below_zero: &below_zero,
            };
            let item = self.item(agent, index, &subject, database, (start, time));
            self.items.push(Item {
                idle,
                addresses,
                ..item
            });
            if self.selection.holds_time(time) {
                self.below_zero
                    .set(self.below_zero.get() + below_zero.get());
            }
        }
    }

    fn item(
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
        let selected = self.selection.holds_time(time);
        let notes = &mut *self.notes;
        let mut count = |expr: &Option<Expr>| {
            let n = subject.count(expr.as_ref()?)?;
            let count = u64::try_from(n).ok();
            if count.is_none() && selected {
                notes.add(NoteCode::BadNumber, 1);
            }
            count
        };
        let tokens = Tokens {
            input: count(&fields.input),
            cache_read: count(&fields.cache_read),
            cache_creation: count(&fields.cache_creation),
            output: count(&fields.output),
            reasoning: count(&fields.reasoning),
        };
        let is_points = matches!(source.table, Table::Metrics | Table::Histograms);
        let retries = count(&fields.retries);
        let calls = count(&fields.calls).unwrap_or(u64::from(!is_points));
        let mut item = Item {
            agent,
            source: index,
            time,
            start,
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
            retries,
            prompt,
            request,
            tokens,
            cost: subject.money(&fields.cost),
            idle: false,
            calls,
            outcome: outcome(source, subject),
            duration: subject.nanos(&fields.duration),
            active: subject.nanos(&fields.active),
            identity: None,
            span: span_place(source, rows, row, texts),
            addresses: Address::of(rows, row, texts).into_iter().collect(),
        };
        if !is_points {
            item.identity = identity(source, subject).or_else(|| Some(content(&item)));
        }
        item
    }
}

fn point(rows: &Rows<'_>, row: usize, table: Table) -> Option<Point> {
    let number = |column| rows.base(row, column).and_then(|v| v.as_double());
    let value = if table == Table::Metrics {
        Base::Value
    } else {
        Base::Count
    };
    Some(Point {
        row,
        series: rows.base_int(row, Base::SeriesId)?,
        start: rows
            .base_int(row, Base::StartTimeUnixNano)
            .filter(|nanos| *nanos > 0),
        time: rows.time(row)?,
        value: number(value),
        sum: number(Base::Sum),
        temporality: Temporality::of(rows.base_text(row, Base::Temporality)),
        signed: false,
    })
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
