//! Data points of all metrics, by metric.

use crate::error::ReportError;
use crate::query::Selection;
use crate::scan;
use crate::usage::series::{Point, Temporality};
use otolith_lake::TableInfo;
use otolith_tables::Table;
use polars::prelude::{
    BooleanChunked, DataFrame, DataType, Float64Chunked, Int64Chunked, PolarsResult, Series,
    StringChunked, col,
};
use std::collections::BTreeMap;

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
    infos: &[TableInfo],
    selection: &Selection,
) -> Result<BTreeMap<Stream, Vec<Row>>, ReportError> {
    let mut streams = BTreeMap::new();
    for info in infos {
        if TABLES.contains(&info.table) && !info.parts.is_empty() {
            let known = COLUMNS
                .iter()
                .filter(|name| info.fields.iter().any(|f| f.name == **name));
            let columns: Vec<_> = known.map(|name| col(*name)).collect();
            let frame = scan::collect(info, scan::scan(info)?.select(columns))?;
            let columns = Columns::of(&frame).map_err(|source| ReportError::Scan {
                table: scan::qualified(info),
                source,
            })?;
            columns.add_to(&mut streams, info.table, selection);
        }
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

struct Columns {
    /// Service, scope, metric, type, temporality, unit.
    texts: [Option<StringChunked>; 6],
    monotonic: Option<BooleanChunked>,
    /// Time in microseconds, time, start, series.
    integers: [Option<Int64Chunked>; 4],
    /// Value, count, sum, min, max.
    doubles: [Option<Float64Chunked>; 5],
    len: usize,
}

impl Columns {
    fn of(frame: &DataFrame) -> PolarsResult<Self> {
        let column = |index: usize, dtype: &DataType| -> PolarsResult<Option<Series>> {
            match frame.column(COLUMNS[index]) {
                Ok(column) => {
                    let series = column.as_materialized_series().cast(dtype)?;
                    Ok(Some(series.rechunk()))
                }
                Err(_) => Ok(None),
            }
        };
        let text = |index| -> PolarsResult<_> {
            let series = column(index, &DataType::String)?;
            series.map(|s| s.str().cloned()).transpose()
        };
        let integer = |index| -> PolarsResult<_> {
            let series = column(index, &DataType::Int64)?;
            series.map(|s| s.i64().cloned()).transpose()
        };
        let double = |index| -> PolarsResult<_> {
            let series = column(index, &DataType::Float64)?;
            series.map(|s| s.f64().cloned()).transpose()
        };
        let monotonic = column(6, &DataType::Boolean)?;
        Ok(Self {
            texts: [text(0)?, text(1)?, text(2)?, text(3)?, text(4)?, text(5)?],
            monotonic: monotonic.map(|s| s.bool().cloned()).transpose()?,
            integers: [integer(7)?, integer(8)?, integer(9)?, integer(10)?],
            doubles: [
                double(11)?,
                double(12)?,
                double(13)?,
                double(14)?,
                double(15)?,
            ],
            len: frame.height(),
        })
    }

    fn add_to(
        &self,
        streams: &mut BTreeMap<Stream, Vec<Row>>,
        table: Table,
        selection: &Selection,
    ) {
        // Streams by their texts and whether they are monotonic.
        let mut indices: BTreeMap<([&str; 6], Option<bool>), usize> = BTreeMap::new();
        let mut found: Vec<(Stream, Vec<Row>)> = Vec::new();
        for row in 0..self.len {
            let texts = [0, 1, 2, 3, 4, 5].map(|index| {
                let column = self.texts[index].as_ref();
                column.and_then(|column| column.get(row)).unwrap_or("")
            });
            let services = &selection.services;
            if services
                .as_ref()
                .is_some_and(|glob| !glob.matches(texts[0]))
            {
                continue;
            }
            let monotonic = self.monotonic.as_ref().and_then(|column| column.get(row));
            let index = *indices.entry((texts, monotonic)).or_insert_with(|| {
                found.push((stream(texts, monotonic, table), Vec::new()));
                found.len() - 1
            });
            let (stream, rows) = &mut found[index];
            rows.extend(self.row(row, stream.kind, table));
        }
        for (stream, rows) in found {
            streams.entry(stream).or_default().extend(rows);
        }
    }

    /// The point of a row; none where the row has no time at all.
    fn row(&self, row: usize, kind: Kind, table: Table) -> Option<Row> {
        let integer = |index: usize| self.integers[index].as_ref()?.get(row);
        let double = |index: usize| self.doubles[index].as_ref()?.get(row);
        let known = |nanos: &i64| *nanos > 0;
        let exact = integer(1).filter(known);
        let word = self.texts[4].as_ref().and_then(|column| column.get(row));
        let temporality = if table == Table::Summaries {
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
