//! `cost --reconcile`: what events, metrics and list prices say of the same days.

use super::group::{self, Part};
use super::pricing::{self, Pricer};
use super::spending::Sums;
use crate::data::Data;
use crate::error::ReportError;
use crate::money::NanoDollars;
use crate::notes::{NoteCode, Notes};
use crate::query::{Dimension, ReconcileQuery};
use crate::report::{Cell, CellType, Column, Report};
use crate::time_text::time_text;
use crate::usage::{Among, Items, Role};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How far apart two sources may begin or end without a gap, in nanoseconds: ten minutes. Metrics
/// come at most one export later than what they count, mostly a minute.
const TOLERANCE: i64 = 600_000_000_000;

const BY: [Dimension; 2] = [Dimension::Day, Dimension::Agent];

/// The kinds of sources that are held against each other, with their words in gaps.
const KINDS: [(Among, &str); 2] = [
    (Among::Events, "event cost"),
    (Among::Metrics, "metric cost"),
];

/// Reported and estimated cost by `day` and `agent`, each kind of source for itself: `cost_usd` (the
/// one that counts in [`super::cost()`]), `event_cost_usd`, `metric_cost_usd`, the estimates,
/// `metric_difference_usd` (events minus metrics), `difference_usd` (as in [`super::cost()`]),
/// `gaps`, and the sources `event_source`, `metric_source`, `estimated_source`.
///
/// `gaps` says which source is missing, and since when, or from when or until when there is one; null
/// if none is. What an agent never reports, of which no source is known, is no gap.
///
/// # Errors
/// When a lake cannot be read.
pub fn reconcile<'a>(
    data: impl Into<Data<'a>>,
    query: &ReconcileQuery,
) -> Result<Report, ReportError> {
    let selection = &query.selection;
    let mut notes = Notes::default();
    let items = Items::read(data.into(), selection, &mut notes)?;
    let mut keys = group::Keys::new(&BY, &query.calendar);
    let mut days: BTreeMap<Vec<Part>, Day> = BTreeMap::new();
    let mut pricer = Pricer::new(&query.pricing);
    for record in items.usage(selection, &mut notes) {
        let day = days.entry(keys.of(&record)).or_default();
        let estimate = pricer.estimate(&record, &mut notes);
        day.sums.add_cost(&record, estimate);
        if record.tokens.any() {
            day.records += 1;
            day.estimated += u64::from(estimate.is_some());
            join(&mut day.span, (record.time, record.time));
        }
    }
    let mut times: [BTreeMap<String, BTreeSet<i64>>; KINDS.len()] = Default::default();
    for (kind, (among, _)) in KINDS.into_iter().enumerate() {
        for (_, item) in items.chosen_among(among, Role::Cost, selection, &mut notes) {
            let record = items.cost_record(item);
            let day = days.entry(keys.of(&record)).or_default();
            let told = &mut day.told[kind];
            if let Some(cost) = record.cost {
                *told.cost.get_or_insert_default() += cost;
            }
            told.sources.insert(record.source);
            join(&mut told.span, (item.start.min(item.time), item.time));
            join(&mut day.span, (item.time, item.time));
            let agent = record.agent.to_string();
            times[kind].entry(agent).or_default().insert(item.time);
        }
    }
    let agents = items.agents();
    let mut rows = Vec::new();
    for (key, day) in days {
        let [_, Part::Known(agent)] = key.as_slice() else {
            unreachable!("the second dimension is the agent, which every record has");
        };
        let mut gaps = Vec::new();
        for (kind, (among, word)) in KINDS.into_iter().enumerate() {
            let is_known = items.can_report_cost(agents[agent.as_str()], among, selection);
            let gap = is_known.then(|| day.gap(kind, times[kind].get(agent)));
            if let Some(gap) = gap.flatten() {
                notes.add_about(NoteCode::CostGap, &format!("{agent}, {word}"), 1);
                gaps.push(gap.text(word));
            }
        }
        gaps.extend(day.estimate_gap());
        let mut row: Vec<Cell> = key.into_iter().map(Part::into_cell).collect();
        row.extend(day.cells(&gaps));
        rows.push(row);
    }
    let mut parameters = group::group_parameters(&BY, &query.calendar, selection);
    parameters.extend(pricing::parameters(&query.pricing));
    parameters.insert("reconcile".to_owned(), Value::Bool(true));
    Ok(Report {
        report: "cost".to_owned(),
        parameters,
        columns: columns(),
        rows,
        notes: notes.into_vec(),
    })
}

fn columns() -> Vec<Column> {
    let money = |name| Column::with_unit(name, CellType::Money, "USD");
    let mut columns = group::dimension_columns(&BY);
    columns.push(group::cost_column());
    columns.push(money("event_cost_usd"));
    columns.push(money("metric_cost_usd"));
    columns.extend(pricing::columns());
    columns.push(money("metric_difference_usd"));
    columns.push(money("difference_usd"));
    let text = |name| Column::new(name, CellType::Text);
    columns.push(text("gaps"));
    columns.push(text("event_source"));
    columns.push(text("metric_source"));
    columns.push(text("estimated_source"));
    columns
}

/// First and last time.
type Span = Option<(i64, i64)>;

fn join(span: &mut Span, (first, last): (i64, i64)) {
    let known = span.unwrap_or((first, last));
    *span = Some((known.0.min(first), known.1.max(last)));
}

/// A day of an agent.
#[derive(Default)]
struct Day {
    sums: Sums,
    /// By kind of source.
    told: [Told; KINDS.len()],
    /// When anything was spent.
    span: Span,
    /// Records with tokens, and those of them with an estimate.
    records: u64,
    estimated: u64,
}

/// What one kind of source tells of a day.
#[derive(Default)]
struct Told {
    cost: Option<NanoDollars>,
    sources: BTreeSet<&'static str>,
    span: Span,
}

/// Why a source does not tell of a day, or of a part of it; times in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    /// It tells of no day.
    Never,
    /// It told of days before, last at this time.
    Since(i64),
    /// It tells of later days only, first at this time.
    Until(i64),
    /// It begins late.
    OnlyFrom(i64),
    /// It ends early.
    OnlyUntil(i64),
}

impl Gap {
    fn text(self, word: &str) -> String {
        match self {
            Self::Never => format!("no {word}"),
            Self::Since(time) => format!("no {word} since {}", time_text(time)),
            Self::Until(time) => format!("no {word} until {}", time_text(time)),
            Self::OnlyFrom(time) => format!("{word} only from {}", time_text(time)),
            Self::OnlyUntil(time) => format!("{word} only until {}", time_text(time)),
        }
    }
}

impl Day {
    /// The gap of a kind of source, given all times at which it tells of the agent.
    fn gap(&self, kind: usize, times: Option<&BTreeSet<i64>>) -> Option<Gap> {
        let (begin, end) = self.span?;
        let Some((first, last)) = self.told[kind].span else {
            let Some(times) = times else {
                return Some(Gap::Never);
            };
            let before = times.range(..=end).next_back();
            let after = times.range(begin..).next();
            return before
                .map(|time| Gap::Since(*time))
                .or(after.map(|time| Gap::Until(*time)));
        };
        if first > begin.saturating_add(TOLERANCE) {
            return Some(Gap::OnlyFrom(first));
        }
        (last.saturating_add(TOLERANCE) < end).then_some(Gap::OnlyUntil(last))
    }

    fn estimate_gap(&self) -> Option<String> {
        match (self.records, self.estimated) {
            (0, _) => Some("no tokens".to_owned()),
            (records, estimated) if estimated < records => Some(format!(
                "no estimate of {} of {records} records",
                records - estimated
            )),
            _ => None,
        }
    }

    fn cells(&self, gaps: &[String]) -> Vec<Cell> {
        let [events, metrics] = &self.told;
        let difference = events.cost.zip(metrics.cost).map(|(e, m)| e - m);
        let mut cells = vec![
            Cell::money(self.sums.cost),
            Cell::money(events.cost),
            Cell::money(metrics.cost),
        ];
        cells.extend(pricing::cells(self.sums.estimate));
        cells.push(Cell::money(difference));
        cells.push(Cell::money(self.sums.difference()));
        let gaps = (!gaps.is_empty()).then(|| gaps.join("; "));
        cells.push(Cell::text(gaps.as_deref()));
        cells.push(group::source_cell(&events.sources));
        cells.push(group::source_cell(&metrics.sources));
        cells.push(group::source_cell(&self.sums.token_sources));
        cells
    }
}
