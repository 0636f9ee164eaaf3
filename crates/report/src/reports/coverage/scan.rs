//! Looks at every item once, and keeps what tells what is missing.

use super::spans::Parents;
use crate::data::{Column, Data, Piece};
use crate::error::ReportError;
use crate::hosts::{ABSENT, Label};
use crate::query::{Selection, Signal};
use crate::spans::SESSION;
use otolith_lake::LakeError;
use otolith_tables::dialect::agent_of;
use otolith_tables::{Field, Table};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The tables of items, in the order of reading.
const TABLES: [Table; 5] = [
    Table::Traces,
    Table::Logs,
    Table::Metrics,
    Table::Histograms,
    Table::Summaries,
];

const COLUMNS: [&str; 11] = [
    "service_name",
    "scope_name",
    "span_name",
    "event_name",
    "metric_name",
    "time",
    "time_unix_nano",
    "observed_time_unix_nano",
    "trace_id",
    "span_id",
    "parent_span_id",
];

/// Times from 1980 on and before 2200 are credible, as in the lake.
const CREDIBLE: std::ops::Range<i64> = 315_532_800_000_000_000..7_258_118_400_000_000_000;

/// How many items were seen, and when.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) count: u64,
    /// First and last time in nanoseconds.
    pub(super) times: Option<(i64, i64)>,
}

impl Seen {
    pub(super) fn add(&mut self, time: i64) {
        self.count += 1;
        let (first, last) = self.times.unwrap_or((time, time));
        self.times = Some((first.min(time), last.max(time)));
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.count += other.count;
        self.times = match (self.times, other.times) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
    }
}

/// What was seen of a service.
#[derive(Default)]
pub(super) struct Service {
    pub(super) name: String,
    /// The agents that its items are of.
    pub(super) agents: BTreeSet<&'static str>,
    pub(super) signals: BTreeMap<Signal, Seen>,
    /// Items by number of the session, and signal.
    pub(super) sessions: BTreeMap<u32, BTreeMap<Signal, Seen>>,
    pub(super) without_session: BTreeMap<Signal, Seen>,
    /// Items without a credible time.
    pub(super) without_time: BTreeMap<Signal, u64>,
    /// First and last time in each stretch of the length of a gap, so that longer gaps are exact.
    stretches: BTreeMap<i64, (i64, i64)>,
}

impl Service {
    /// The times between which nothing happened for longer than a gap.
    pub(super) fn gaps(&self, gap: i64) -> impl Iterator<Item = (i64, i64)> {
        let next = self.stretches.values().skip(1);
        let pairs = self.stretches.values().zip(next);
        let gaps = pairs.map(|(before, after)| (before.1, after.0));
        gaps.filter(move |(last, first)| first - last > gap)
    }
}

/// All that was seen.
pub(super) struct Scan {
    pub(super) services: Vec<Service>,
    pub(super) sessions: Label,
    pub(super) parents: Parents,
    pub(super) gap: i64,
    numbers: HashMap<String, usize>,
    /// Agents by scope, service and name, each asked once.
    agents: HashMap<[String; 3], Option<&'static str>>,
}

impl Scan {
    pub(super) fn of(data: Data<'_>, selection: &Selection, gap: i64) -> Result<Self, ReportError> {
        let mut scan = Self {
            services: Vec::new(),
            sessions: Label::new(SESSION),
            parents: Parents::default(),
            gap: gap.max(1),
            numbers: HashMap::new(),
            agents: HashMap::new(),
        };
        for database in data.databases()? {
            for table in TABLES {
                if selection.signal.is_some_and(|s| s != Signal::of(table)) {
                    continue;
                }
                for data in database.tables.iter().filter(|data| data.table == table) {
                    let missing = database.name.as_str();
                    data.each_piece(|piece| {
                        scan.piece(&piece, &data.fields, table, missing, selection)
                    })?;
                }
            }
        }
        Ok(scan)
    }

    /// Looks at rows of a table; items of no service are those of the database.
    fn piece(
        &mut self,
        piece: &Piece<'_>,
        fields: &[Field],
        table: Table,
        database: &str,
        selection: &Selection,
    ) -> Result<(), LakeError> {
        let mut columns = COLUMNS.to_vec();
        columns.extend(self.sessions.columns(fields));
        let part = piece.columns(&columns)?;
        let part = part.as_ref();
        let rows: Vec<u32> = (0..).take(part.row_count).collect();
        let sessions = self.sessions.numbers(part, &rows);
        let cells = COLUMNS.map(|name| Column::of(part, name));
        let [
            service,
            scope,
            span_name,
            event,
            metric,
            micros,
            exact,
            observed,
            trace,
            span,
            parent,
        ] = cells;
        let signal = Signal::of(table);
        for (row, session) in (0..part.row_count).zip(sessions) {
            let text = |column: Option<Column<'_>>| {
                let text = column.and_then(|column| column.text(row));
                text.unwrap_or_default().to_owned()
            };
            let [trace, span, parent] = [trace, span, parent].map(text);
            if table == Table::Traces {
                self.parents.span(&trace, &span);
            }
            let mut service = text(service);
            if selection
                .services
                .as_ref()
                .is_some_and(|glob| !glob.matches(&service))
            {
                continue;
            }
            if service.is_empty() {
                database.clone_into(&mut service);
            }
            let int = |column: Option<Column<'_>>| column?.int(row).filter(|nanos| *nanos > 0);
            let time = int(exact).or_else(|| int(observed));
            let time = time.or_else(|| int(micros)?.checked_mul(1_000));
            let time = time.filter(|time| CREDIBLE.contains(time));
            if time.is_some_and(|time| !selection.holds_time(time)) {
                continue;
            }
            let name = [span_name, event, metric].map(text).concat();
            let agent = self.agent([text(scope), service.clone(), name]);
            let index = self.service(service);
            let known = &mut self.services[index];
            known.agents.extend(agent);
            let Some(time) = time else {
                // Whether it is of the selected time, nobody knows.
                *known.without_time.entry(signal).or_default() += 1;
                continue;
            };
            known.signals.entry(signal).or_default().add(time);
            let of_session = match session {
                ABSENT => known.without_session.entry(signal),
                session => known.sessions.entry(session).or_default().entry(signal),
            };
            of_session.or_default().add(time);
            let stretch = known
                .stretches
                .entry(time / self.gap)
                .or_insert((time, time));
            *stretch = (stretch.0.min(time), stretch.1.max(time));
            if table == Table::Traces && !parent.is_empty() {
                self.parents.child(index, [&trace, &span, &parent], time);
            }
        }
        Ok(())
    }

    fn service(&mut self, name: String) -> usize {
        if let Some(index) = self.numbers.get(&name) {
            return *index;
        }
        self.services.push(Service {
            name: name.clone(),
            ..Service::default()
        });
        self.numbers.insert(name, self.services.len() - 1);
        self.services.len() - 1
    }

    fn agent(&mut self, key: [String; 3]) -> Option<&'static str> {
        if let Some(known) = self.agents.get(&key) {
            return *known;
        }
        let [scope, service, name] = &key;
        let found = agent_of(service, scope, name).map(|agent| agent.id.as_str());
        self.agents.insert(key, found);
        found
    }
}
