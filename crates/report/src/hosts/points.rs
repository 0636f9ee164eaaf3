//! Points of some metrics, column by column.

use super::label::Label;
use crate::data::{Column, Database, Piece};
use crate::error::ReportError;
use crate::glob::Glob;
use crate::usage::series::Temporality;
use otolith_lake::LakeError;
use otolith_tables::{Part, Table};
use std::borrow::Cow;

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
const BASE: [&str; 2] = ["time_unix_nano", "value"];
/// Those of counters besides.
const OF_COUNTERS: [&str; 3] = ["series_id", "start_time_unix_nano", "temporality"];

/// Reads the points of some metrics, piece by piece on all processors, and hands out in order what
/// `digest` makes of each piece. The numbers of a piece's labels are its own.
pub(super) fn each_piece<T: Send>(
    databases: &[Database<'_>],
    metrics: &[Metric],
    labels: &[Label],
    services: Option<&Glob>,
    digest: impl Fn(Points, Vec<Label>) -> T + Sync,
    mut take: impl FnMut(T),
) -> Result<(), ReportError> {
    let tables = databases.iter().flat_map(|database| &database.tables);
    for table in tables.filter(|data| data.table == Table::Metrics) {
        let columns = labels.iter().flat_map(|label| label.columns(&table.fields));
        let wish = Wish {
            metrics,
            services,
            labels: columns.collect(),
        };
        let read = |piece: Piece<'_>| {
            let Some(read) = wish.read(&piece)? else {
                return Ok(None);
            };
            let mut labels = labels.to_vec();
            let points = read.points(&mut labels);
            Ok(Some(digest(points, labels)))
        };
        table.read_pieces(read, |digested| {
            if let Some(digested) = digested {
                take(digested);
            }
        })?;
    }
    Ok(())
}

/// What is read of a table.
struct Wish<'w> {
    metrics: &'w [Metric],
    services: Option<&'w Glob>,
    /// Names of the columns of labels.
    labels: Vec<&'w str>,
}

/// Rows of a piece that have a time and a value.
struct Read<'a> {
    part: Cow<'a, Part>,
    rows: Vec<u32>,
    metrics: Vec<u32>,
    times: Vec<i64>,
    values: Vec<f64>,
    has_counter: bool,
}

impl Wish<'_> {
    fn read<'a>(&self, piece: &Piece<'a>) -> Result<Option<Read<'a>>, LakeError> {
        let mut deciding = vec!["metric_name"];
        deciding.extend(self.services.map(|_| "service_name"));
        let part = piece.columns(&deciding)?;
        let (chosen, mut metrics) = choose(&part, self.metrics, self.services);
        if metrics.is_empty() {
            return Ok(None);
        }
        let is_counter = |place: &u32| self.metrics[*place as usize].is_counter;
        let has_counter = metrics.iter().any(is_counter);
        let mut columns: Vec<&str> = BASE.to_vec();
        if has_counter {
            columns.extend(OF_COUNTERS);
        }
        columns.extend(&self.labels);
        let read = piece.rows(part, &columns, &chosen)?;
        let mut rows = read.rows;
        let [exact, value] = BASE.map(|name| Column::of(&read.part, name));
        let reading = |row: &u32| {
            let row = *row as usize;
            let exact = exact?.int(row).filter(|nanos| *nanos > 0)?;
            Some((exact, value?.double(row)?))
        };
        let mut times = Vec::with_capacity(rows.len());
        let mut values = Vec::with_capacity(rows.len());
        for (time, value) in rows.iter().map_while(reading) {
            times.push(time);
            values.push(value);
        }
        if times.len() < rows.len() {
            // As a rule every point has both.
            let micros = piece.rows(piece.columns(&[])?, &["time"], &chosen)?;
            let micros = micros.rows.iter().map(|row| {
                let column = Column::of(&micros.part, "time")?;
                column.int(*row as usize)?.checked_mul(1_000)
            });
            let known = rows.iter().zip(metrics).zip(micros);
            let known = known.filter_map(|((row, metric), micros)| {
                let at = *row as usize;
                let exact = exact.and_then(|exact| exact.int(at));
                let time = exact.filter(|nanos| *nanos > 0).or(micros)?;
                Some(((*row, metric), (time, value?.double(at)?)))
            });
            ((rows, metrics), (times, values)) = known.unzip();
        }
        Ok(Some(Read {
            part: read.part,
            rows,
            metrics,
            times,
            values,
            has_counter,
        }))
    }
}

impl Read<'_> {
    fn points(self, labels: &mut [Label]) -> Points {
        let labels = labels.iter_mut();
        let labels = labels.map(|label| label.numbers(&self.part, &self.rows));
        Points {
            labels: labels.collect(),
            counters: match self.has_counter {
                true => counters(&self.part, &self.rows),
                false => Vec::new(),
            },
            metrics: self.metrics,
            times: self.times,
            values: self.values,
        }
    }
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
