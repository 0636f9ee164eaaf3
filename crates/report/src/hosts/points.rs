//! Points of some metrics, column by column.

use super::label::Label;
use crate::data::{Column, Database, Piece};
use crate::error::ReportError;
use crate::glob::Glob;
use crate::usage::series::Temporality;
use otolith_lake::LakeError;
use otolith_tables::{Field, Part, Table};

/// A metric to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    /// What tells its points apart has to be known: series, start, temporality.
    pub(super) is_counter: bool,
}

/// Points that lie together. Every column has an entry per point.
pub(super) struct Points {
    /// Place of the metric among those that were asked for.
    pub(super) metrics: Vec<u32>,
    /// In nanoseconds. Points without any time or without a value are left out.
    pub(super) times: Vec<i64>,
    pub(super) values: Vec<f64>,
    /// Per label the numbers of its values.
    pub(super) labels: Vec<Vec<u32>>,
    /// Empty if no counter is among the points.
    pub(super) counters: Vec<Counter>,
}

/// What tells points of a counter apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counter {
    pub(super) series: i64,
    /// In nanoseconds.
    pub(super) start: Option<i64>,
    pub(super) temporality: Temporality,
}

/// The columns of every point.
const BASE: [&str; 3] = ["time", "time_unix_nano", "value"];
/// Those of counters besides.
const OF_COUNTERS: [&str; 3] = ["series_id", "start_time_unix_nano", "temporality"];

/// Hands out the points of some metrics, piece by piece, with numbers for the values of labels.
pub(super) fn each_piece(
    databases: &[Database<'_>],
    metrics: &[Metric],
    labels: &mut [Label],
    services: Option<&Glob>,
    mut take: impl FnMut(Points, &[Label]),
) -> Result<(), ReportError> {
    let tables = databases.iter().flat_map(|database| &database.tables);
    for table in tables.filter(|data| data.table == Table::Metrics) {
        table.each_piece(|piece| {
            if let Some(points) = read(&piece, &table.fields, metrics, labels, services)? {
                take(points, labels);
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn read(
    piece: &Piece<'_>,
    fields: &[Field],
    metrics: &[Metric],
    labels: &mut [Label],
    services: Option<&Glob>,
) -> Result<Option<Points>, LakeError> {
    let mut deciding = vec!["metric_name"];
    deciding.extend(services.map(|_| "service_name"));
    let part = piece.columns(&deciding)?;
    let (chosen, places) = choose(&part, metrics, services);
    if places.is_empty() {
        return Ok(None);
    }
    let has_counter = places
        .iter()
        .any(|place| metrics[*place as usize].is_counter);
    let mut columns: Vec<&str> = BASE.to_vec();
    if has_counter {
        columns.extend(OF_COUNTERS);
    }
    for label in labels.iter() {
        columns.extend(label.columns(fields));
    }
    let read = piece.rows(&columns, &chosen)?;
    let part = read.part.as_ref();
    let mut rows = read.rows;
    let mut metrics = places;
    let column = |name| Column::of(part, name);
    let (exact, micros, value) = (column("time_unix_nano"), column("time"), column("value"));
    let time = |row: u32| {
        let int = |column: Option<Column<'_>>| column?.int(row as usize);
        let exact = int(exact).filter(|nanos| *nanos > 0);
        exact.or_else(|| int(micros)?.checked_mul(1_000))
    };
    let reading = |row: &u32| Some((time(*row)?, value?.double(*row as usize)?));
    let (mut times, mut values): (Vec<_>, Vec<_>) = rows.iter().map_while(reading).unzip();
    if times.len() < rows.len() {
        let whole = rows.iter().zip(&metrics);
        let whole = whole.filter(|(row, _)| reading(row).is_some());
        (rows, metrics) = whole.map(|(row, metric)| (*row, *metric)).unzip();
        (times, values) = rows.iter().filter_map(reading).unzip();
    }
    let labels = labels.iter_mut().map(|label| label.numbers(part, &rows));
    Ok(Some(Points {
        labels: labels.collect(),
        counters: match has_counter {
            true => counters(part, &rows),
            false => Vec::new(),
        },
        metrics,
        times,
        values,
    }))
}

/// Which rows are points of the metrics, and of which.
fn choose(part: &Part, metrics: &[Metric], services: Option<&Glob>) -> (Vec<bool>, Vec<u32>) {
    let mut chosen = vec![false; part.row_count];
    let mut places = Vec::new();
    let Some(names) = Column::of(part, "metric_name") else {
        return (chosen, places);
    };
    let place = |name: &str| metrics.iter().position(|metric| metric.name == name);
    let service = Column::of(part, "service_name");
    let is_of = |row: usize| {
        services.is_none_or(|glob| {
            let name = service.and_then(|service| service.text(row));
            glob.matches(name.unwrap_or_default())
        })
    };
    let mut of_codes = Vec::new();
    let codes = names.codes_that(|name| {
        of_codes.push(place(name));
        true
    });
    for (row, chosen) in chosen.iter_mut().enumerate() {
        let place = match (&codes, names.code(row)) {
            (Some(_), code) => code.and_then(|code| of_codes[code]),
            (None, _) => names.text(row).and_then(place),
        };
        if let Some(place) = place
            && is_of(row)
        {
            *chosen = true;
            places.push(u32::try_from(place).expect("there are few metrics"));
        }
    }
    (chosen, places)
}

fn counters(part: &Part, rows: &[u32]) -> Vec<Counter> {
    let [series, start, temporality] = OF_COUNTERS.map(|name| Column::of(part, name));
    let int = |column: Option<Column<'_>>, row: u32| column?.int(row as usize);
    let counter = |row: &u32| Counter {
        series: int(series, *row).unwrap_or_default(),
        start: int(start, *row).filter(|nanos| *nanos > 0),
        temporality: {
            let word = temporality.and_then(|column| column.text(*row as usize));
            Temporality::of(word.unwrap_or_default())
        },
    };
    rows.iter().map(counter).collect()
}
