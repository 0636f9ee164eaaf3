//! Data points of all metrics, by metric.

use crate::data::{Column, TableData};
use crate::error::ReportError;
use crate::query::Selection;
use crate::usage::series::{Point, Temporality};
use otolith_tables::{Part, Table};
use std::collections::{BTreeMap, HashMap};

/// The tables that hold points.
const TABLES: [Table; 3] = [Table::Metrics, Table::Histograms, Table::Summaries];

/// A metric as one service sends it: points of one meaning.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stream {
    pub(super) service: String,
    pub(super) scope: String,
    pub(super) metric: String,
    pub(super) r#type: String,
    pub(super) temporality: String,
    pub(super) monotonic: Option<bool>,
    pub(super) unit: String,
    pub(super) kind: Kind,
}

/// What points of a stream mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// How much was counted.
    Amount,
    /// How much there was at a time: gauges, and cumulative sums that may fall.
    Level,
    /// How many observations there were, with their sum.
    Observations,
}

/// A point with the extremes of its observations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) point: Point,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
}

/// The points of all metrics of a database whose service is selected.
pub(super) fn streams(
    tables: &[TableData<'_>],
    selection: &Selection,
) -> Result<BTreeMap<Stream, Vec<Row>>, ReportError> {
    let mut streams = BTreeMap::new();
    for data in tables.iter().filter(|data| TABLES.contains(&data.table)) {
        data.each_piece(|piece| {
            let part = piece.columns(&COLUMNS)?;
            Columns::of(&part).add_to(&mut streams, selection);
            Ok(())
        })?;
    }
    Ok(streams)
}

const COLUMNS: [&str; 16] = [
    "service_name",
    "scope_name",
    "metric_name",
    "metric_type",
    "temporality",
    "unit",
    "is_monotonic",
    "time",
    "time_unix_nano",
    "start_time_unix_nano",
    "series_id",
    "value",
    "count",
    "sum",
    "min",
    "max",
];

/// What tells streams of one piece apart, by the codes of texts; `NO_CODE` for texts without.
type StreamCodes = ([usize; 6], Option<bool>);
const NO_CODE: usize = usize::MAX;

struct Columns<'a> {
    table: Table,
    /// Service, scope, metric, type, temporality, unit.
    texts: [Option<Column<'a>>; 6],
    monotonic: Option<Column<'a>>,
    /// Time in microseconds, time, start, series.
    integers: [Option<Column<'a>>; 4],
    /// Value, count, sum, min, max.
    doubles: [Option<Column<'a>>; 5],
    len: usize,
}

impl<'a> Columns<'a> {
    fn of(part: &'a Part) -> Self {
        let column = |index: usize| Column::of(part, COLUMNS[index]);
        Self {
            table: part.table,
            texts: [0, 1, 2, 3, 4, 5].map(column),
            monotonic: column(6),
            integers: [7, 8, 9, 10].map(column),
            doubles: [11, 12, 13, 14, 15].map(column),
            len: part.row_count,
        }
    }

    fn add_to(&self, streams: &mut BTreeMap<Stream, Vec<Row>>, selection: &Selection) {
        let mut by_codes: HashMap<StreamCodes, Option<usize>> = HashMap::new();
        let mut found: Vec<(Stream, Vec<Row>)> = Vec::new();
        for row in 0..self.len {
            let codes = self.codes(row);
            let index = match codes.as_ref().and_then(|codes| by_codes.get(codes)) {
                Some(index) => *index,
                None => {
                    let index = self.stream_index(row, &mut found, selection);
                    by_codes.extend(codes.map(|codes| (codes, index)));
                    index
                }
            };
            if let Some(index) = index {
                let (stream, rows) = &mut found[index];
                rows.extend(self.row(row, stream.kind));
            }
        }
        for (stream, rows) in found {
            streams.entry(stream).or_default().extend(rows);
        }
    }

    /// What stands for the stream of a row; none if some text does not come as a code.
    fn codes(&self, row: usize) -> Option<StreamCodes> {
        let mut codes = [NO_CODE; 6];
        for (code, column) in codes.iter_mut().zip(&self.texts) {
            let Some(column) = column else { continue };
            *code = match column.code(row) {
                Some(code) => code,
                None if column.text(row).is_none() => NO_CODE,
                None => return None,
            };
        }
        let monotonic = self.monotonic.and_then(|column| column.truth(row));
        Some((codes, monotonic))
    }

    /// The place of the stream of a row among those found; none if its service is not selected.
    fn stream_index(
        &self,
        row: usize,
        found: &mut Vec<(Stream, Vec<Row>)>,
        selection: &Selection,
    ) -> Option<usize> {
        let texts = self.texts.map(|column| {
            let text = column.and_then(|column| column.text(row));
            text.unwrap_or_default()
        });
        let services = selection.services.as_ref();
        if services.is_some_and(|glob| !glob.matches(texts[0])) {
            return None;
        }
        let monotonic = self.monotonic.and_then(|column| column.truth(row));
        let stream = stream(texts, monotonic, self.table);
        let known = found.iter().position(|(known, _)| *known == stream);
        Some(known.unwrap_or_else(|| {
            found.push((stream, Vec::new()));
            found.len() - 1
        }))
    }

    /// The point of a row; none where the row has no time at all.
    fn row(&self, row: usize, kind: Kind) -> Option<Row> {
        let integer = |index: usize| self.integers[index]?.int(row);
        let double = |index: usize| self.doubles[index]?.double(row);
        let known = |nanos: &i64| *nanos > 0;
        let exact = integer(1).filter(known);
        let word = self.texts[4].and_then(|column| column.text(row));
        let temporality = if self.table == Table::Summaries {
            // The protocol has no other kind of summary.
            Temporality::Cumulative
        } else {
            Temporality::of(word.unwrap_or(""))
        };
        let point = Point {
            row,
            series: integer(3)?,
            start: integer(2).filter(known),
            time: exact.or_else(|| integer(0)?.checked_mul(1_000))?,
            value: double(if kind == Kind::Observations { 1 } else { 0 }),
            sum: double(2),
            temporality,
            signed: true,
        };
        Some(Row {
            point,
            min: double(3),
            max: double(4),
        })
    }
}

fn stream(texts: [&str; 6], monotonic: Option<bool>, table: Table) -> Stream {
    let [service, scope, metric, r#type, temporality, unit] = texts.map(str::to_owned);
    let is_level = monotonic.is_none()
        || (monotonic == Some(false) && Temporality::of(&temporality) == Temporality::Cumulative);
    let kind = match table {
        Table::Metrics if is_level => Kind::Level,
        Table::Metrics => Kind::Amount,
        _ => Kind::Observations,
    };
    Stream {
        service,
        scope,
        metric,
        r#type,
        temporality,
        monotonic,
        unit,
        kind,
    }
}
