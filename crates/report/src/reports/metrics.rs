//! `metrics`: what each metric counted or stood at.

use super::group;
use super::points::{self, Kind, Row, Stream};
use crate::data::Data;
use crate::error::ReportError;
use crate::notes::{NoteCode, Notes};
use crate::query::{MetricsQuery, Selection, Signal};
use crate::report::{Cell, CellType, Column, Report};
use crate::usage::series::{self, Temporality};
use std::collections::{BTreeMap, BTreeSet};

/// Counters of the operating system count since it started. Some emitters send the start of their
/// own process instead, so that the start time of these tells nothing.
const SYSTEM: &str = "system.";

/// What each metric counted, per service and scope.
///
/// Per kind of metric these are known, in the row's unit, all else is null:
/// - sums: `total`, the sum of deltas, or by how much cumulative series rose, which is known to
///   lie in the capture; `before_capture`, what cumulative series had counted by their first
///   points since an unknown start, a start before the capture or, for `system.*`, the start of
///   the machine: some of it may belong to the capture;
/// - gauges: `min`, `mean` and `max` of the points; cumulative sums that may fall are levels, too,
///   and have `last`, the last values of their series added up;
/// - histograms and summaries: the same as for sums of their count and of their sum; `mean` is
///   `sum_total / count_total`; `min` and `max` where points have them.
///
/// `points` have duplicates removed. Only metrics with points in the selected time have a row.
///
/// # Errors
/// When a lake cannot be read.
pub fn metrics<'a>(data: impl Into<Data<'a>>, query: &MetricsQuery) -> Result<Report, ReportError> {
    let selection = &query.selection;
    let mut notes = Notes::default();
    let mut rows: BTreeMap<Stream, Totals> = BTreeMap::new();
    if selection.signal.is_none_or(|s| s == Signal::Metrics) {
        for database in data.into().databases()? {
            let begin = database.capture_begin();
            for (stream, points) in points::streams(&database.tables, selection)? {
                let totals = Totals::of(&stream, points, begin, selection, &mut notes);
                if totals.points > 0 {
                    rows.insert(stream, totals);
                }
            }
        }
    }
    Ok(Report {
        report: "metrics".to_owned(),
        parameters: group::selection_parameters(selection),
        columns: columns(),
        rows: rows.into_iter().map(cells).collect(),
        notes: notes.into_vec(),
    })
}

fn columns() -> Vec<Column> {
    let text = |name| Column::new(name, CellType::Text);
    let double = |name| Column::new(name, CellType::Double);
    let count = |name, unit| Column::with_unit(name, CellType::Int, unit);
    vec![
        text("service"),
        text("scope"),
        text("metric"),
        text("type"),
        text("temporality"),
        Column::new("monotonic", CellType::Bool),
        text("unit"),
        count("points", "points"),
        count("series", "series"),
        double("total"),
        double("before_capture"),
        double("last"),
        double("min"),
        double("mean"),
        double("max"),
        Column::new("count_total", CellType::Int),
        Column::new("count_before_capture", CellType::Int),
        double("sum_total"),
        double("sum_before_capture"),
    ]
}

fn cells((stream, totals): (Stream, Totals)) -> Vec<Cell> {
    let text = |text: String| Cell::text((!text.is_empty()).then_some(text.as_str()));
    let count = |x: Option<f64>| Cell::count(x.map(|x| x.round() as u64));
    let none = Amount::default();
    let (counter, observations) = if stream.kind == Kind::Observations {
        (&none, &totals.amount)
    } else {
        (&totals.amount, &none)
    };
    vec![
        text(stream.service),
        text(stream.scope),
        text(stream.metric),
        text(stream.r#type),
        text(stream.temporality),
        stream.monotonic.map_or(Cell::Null, Cell::Bool),
        text(stream.unit),
        Cell::count(Some(totals.points)),
        Cell::count(Some(totals.series)),
        Cell::double(counter.total),
        Cell::double(counter.before),
        Cell::double(totals.last),
        Cell::double(totals.min),
        Cell::double(totals.mean),
        Cell::double(totals.max),
        count(observations.total),
        count(observations.before),
        Cell::double(observations.sum_total),
        Cell::double(observations.sum_before),
    ]
}

/// What one metric counted.
#[derive(Debug, Default)]
struct Totals {
    points: u64,
    series: u64,
    amount: Amount,
    last: Option<f64>,
    min: Option<f64>,
    mean: Option<f64>,
    max: Option<f64>,
}

/// An amount with what may belong to it, and the same of the sum of observations.
#[derive(Debug, Default)]
struct Amount {
    total: Option<f64>,
    before: Option<f64>,
    sum_total: Option<f64>,
    sum_before: Option<f64>,
}

impl Totals {
    fn of(
        stream: &Stream,
        rows: Vec<Row>,
        begin: Option<i64>,
        selection: &Selection,
        notes: &mut Notes,
    ) -> Self {
        let extremes: Vec<_> = rows.iter().map(|row| (row.min, row.max)).collect();
        let points = rows.into_iter().enumerate();
        let points = points.map(|(row, r)| series::Point { row, ..r.point });
        let points = series::distinct(points.collect(), selection, notes);
        let mut totals = Self::default();
        let mut seen = BTreeSet::new();
        for point in points.iter().filter(|p| selection.holds_time(p.time)) {
            totals.points += 1;
            seen.insert(point.series);
            let (min, max) = extremes[point.row];
            fold(&mut totals.min, min, f64::min);
            fold(&mut totals.max, max, f64::max);
        }
        totals.series = seen.len() as u64;
        if stream.kind == Kind::Level {
            totals.levels(stream, &points, selection, notes);
            return totals;
        }
        if stream.monotonic == Some(true) {
            let is_below = |p: &&series::Point| {
                p.temporality == Temporality::Delta
                    && selection.holds_time(p.time)
                    && p.value.is_some_and(|v| v < 0.0)
            };
            let below = points.iter().filter(is_below).count() as u64;
            notes.add_about(NoteCode::NegativeDelta, &stream.metric, below);
        }
        // The start that a counter of the system claims must not be believed.
        let begin = if stream.metric.starts_with(SYSTEM) {
            Some(i64::MAX)
        } else {
            begin
        };
        let amount = &mut totals.amount;
        for increase in series::increases(&points, begin, selection, notes) {
            if !selection.holds_time(increase.time) {
                continue;
            }
            let (value, sum) = if increase.inside {
                (&mut amount.total, &mut amount.sum_total)
            } else {
                (&mut amount.before, &mut amount.sum_before)
            };
            fold(value, Some(increase.amount), |a, b| a + b);
            fold(sum, increase.sum, |a, b| a + b);
        }
        if let (Some(sum), Some(count)) = (amount.sum_total, amount.total)
            && count > 0.0
        {
            totals.mean = Some(sum / count);
        }
        totals
    }

    fn levels(
        &mut self,
        stream: &Stream,
        points: &[series::Point],
        selection: &Selection,
        notes: &mut Notes,
    ) {
        let (mut sum, mut count, mut bad) = (0.0, 0_u64, 0);
        let mut last = BTreeMap::new();
        for point in points.iter().filter(|p| selection.holds_time(p.time)) {
            match point.value {
                Some(value) if value.is_finite() => {
                    sum += value;
                    count += 1;
                    fold(&mut self.min, Some(value), f64::min);
                    fold(&mut self.max, Some(value), f64::max);
                    // In order of time, so that the last stays.
                    last.insert(point.series, value);
                }
                Some(_) => bad += 1,
                None => {}
            }
        }
        notes.add(NoteCode::BadNumber, bad);
        self.mean = (count > 0).then(|| sum / count as f64);
        if stream.monotonic.is_some() && count > 0 {
            self.last = Some(last.values().sum());
        }
    }
}

fn fold(total: &mut Option<f64>, value: Option<f64>, join: impl Fn(f64, f64) -> f64) {
    *total = match (*total, value) {
        (Some(a), Some(b)) => Some(join(a, b)),
        (a, b) => a.or(b),
    };
}
