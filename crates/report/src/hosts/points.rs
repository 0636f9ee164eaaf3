//! Points of some metrics, column by column.

use super::label::Label;
use crate::data::{Column, Database, Piece, Rows};
use crate::error::ReportError;
use crate::glob::Glob;
use crate::usage::series::Temporality;
use otolith_lake::LakeError;
use otolith_tables::{Part, Table, Values};
use std::borrow::Cow;
use std::mem;
use std::ops::Range;

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
/// What is left of a column that was taken.
const NOTHING: Values = Values::Boolean(Vec::new());

/// Reads the points of some metrics, piece by piece on all processors. Of each piece `digest` makes
/// something of its points, some after the other; what it made is handed out in order. The numbers of
/// a piece's labels are its own.
pub(super) fn each_piece<T: Default + Send>(
    databases: &[Database<'_>],
    metrics: &[Metric],
    labels: &[Label],
    services: Option<&Glob>,
    digest: impl Fn(&mut T, Points, &[Label]) + Sync,
    mut take: impl FnMut(T, Vec<Label>),
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
            let mut digested = T::default();
            let mut labels = labels.to_vec();
            let is_some = wish.read(&piece, &mut labels, |points, labels| {
                digest(&mut digested, points, labels);
            })?;
            Ok(is_some.then_some((digested, labels)))
        };
        table.read_pieces(read, |digested| {
            if let Some((digested, labels)) = digested {
                take(digested, labels);
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

/// Which rows of a piece are points of the metrics.
struct Chosen {
    /// By row; none if all are.
    rows: Option<Vec<bool>>,
    metrics: Metrics,
}

/// Of which metrics rows are, by their places among those that were asked for.
enum Metrics {
    All(u32),
    /// By chosen row.
    Each(Vec<u32>),
}

impl Metrics {
    /// Those of some chosen rows.
    fn of(&self, rows: Range<usize>) -> Vec<u32> {
        match self {
            Self::All(place) => vec![*place; rows.len()],
            Self::Each(places) => places[rows].to_vec(),
        }
    }
}

impl Wish<'_> {
    /// Hands out the points of a piece; false if there are none.
    fn read(
        &self,
        piece: &Piece<'_>,
        labels: &mut [Label],
        mut take: impl FnMut(Points, &[Label]),
    ) -> Result<bool, LakeError> {
        let Some(chosen) = self.choose(piece)? else {
            return Ok(false);
        };
        let is_counter = |place: &u32| self.metrics[*place as usize].is_counter;
        let has_counter = match &chosen.metrics {
            Metrics::All(place) => is_counter(place),
            Metrics::Each(places) => places.iter().any(is_counter),
        };
        let mut columns: Vec<&str> = BASE.to_vec();
        if has_counter {
            columns.extend(OF_COUNTERS);
        }
        columns.extend(&self.labels);
        let mut micros = None;
        let mut start = 0;
        for batch in piece.batches(&columns, chosen.rows.as_deref())? {
            let Rows { mut part, mut rows } = batch?;
            let range = start..start + rows.len();
            start = range.end;
            let mut metrics = chosen.metrics.of(range.clone());
            let (mut times, mut values) = match whole(&mut part, &rows) {
                Some(whole) => whole,
                None => timed(&part, &rows),
            };
            if times.len() < rows.len() {
                // As a rule every point has both a time and a value.
                let micros = match &micros {
                    Some(micros) => micros,
                    None => micros.insert(all_micros(piece, &chosen)?),
                };
                ((rows, metrics), (times, values)) = known(&part, rows, metrics, &micros[range]);
            }
            let numbers = labels.iter_mut();
            let points = Points {
                labels: numbers.map(|label| label.numbers(&part, &rows)).collect(),
                counters: match has_counter {
                    true => counters(&part, &rows),
                    false => Vec::new(),
                },
                metrics,
                times,
                values,
            };
            take(points, labels);
        }
        Ok(true)
    }

    /// Which rows are points of the metrics, and of which; none if no row is.
    fn choose(&self, piece: &Piece<'_>) -> Result<Option<Chosen>, LakeError> {
        let place = |name: &str| {
            let place = self.metrics.iter().position(|metric| metric.name == name);
            place.map(|place| u32::try_from(place).expect("there are few metrics"))
        };
        if self.services.is_none()
            && let Some(name) = piece.only_text("metric_name")
        {
            return Ok(place(name).map(|place| Chosen {
                rows: None,
                metrics: Metrics::All(place),
            }));
        }
        let mut deciding = vec!["metric_name"];
        deciding.extend(self.services.map(|_| "service_name"));
        let part = piece.columns(&deciding)?;
        let Some(names) = Column::of(&part, "metric_name") else {
            return Ok(None);
        };
        let service = Column::of(&part, "service_name");
        let is_of = |row: usize| {
            self.services.is_none_or(|glob| {
                let name = service.and_then(|service| service.text(row));
                glob.matches(name.unwrap_or_default())
            })
        };
        let mut of_codes = Vec::new();
        let codes = names.codes_that(|name| {
            of_codes.push(place(name));
            true
        });
        let mut chosen = vec![false; part.row_count];
        let mut places = Vec::new();
        for (row, chosen) in chosen.iter_mut().enumerate() {
            let place = match (&codes, names.code(row)) {
                (Some(_), code) => code.and_then(|code| of_codes[code]),
                (None, _) => names.text(row).and_then(place),
            };
            if let Some(place) = place
                && is_of(row)
            {
                *chosen = true;
                places.push(place);
            }
        }
        Ok((!places.is_empty()).then_some(Chosen {
            rows: Some(chosen),
            metrics: Metrics::Each(places),
        }))
    }
}

/// Takes times and values out of a part whose rows are all wanted and have both, as a rule.
fn whole(part: &mut Cow<'_, Part>, rows: &[u32]) -> Option<(Vec<i64>, Vec<f64>)> {
    let Cow::Owned(part) = part else { return None };
    let place = |name: &str| {
        let mut columns = part.columns.iter();
        let place = columns.position(|column| column.field.name == name)?;
        part.columns[place].validity.is_none().then_some(place)
    };
    let [time, value] = BASE.map(place);
    let (time, value) = time.zip(value)?;
    let are_all = rows.len() == part.row_count;
    let are_timed = match (&part.columns[time].values, &part.columns[value].values) {
        (Values::Int64(times), Values::Double(_)) => times.iter().all(|nanos| *nanos > 0),
        _ => false,
    };
    if !are_all || !are_timed {
        return None;
    }
    let mut take = |place: usize| mem::replace(&mut part.columns[place].values, NOTHING);
    match (take(time), take(value)) {
        (Values::Int64(times), Values::Double(values)) => Some((times, values)),
        _ => unreachable!("looked at above"),
    }
}

/// Times and values of rows, up to the first that lacks one of them.
fn timed(part: &Part, rows: &[u32]) -> (Vec<i64>, Vec<f64>) {
    let [exact, value] = BASE.map(|name| Column::of(part, name));
    let mut times = Vec::with_capacity(rows.len());
    let mut values = Vec::with_capacity(rows.len());
    let Some((exact, value)) = exact.zip(value) else {
        return (times, values);
    };
    for row in rows {
        let row = *row as usize;
        let time = exact.int(row).filter(|nanos| *nanos > 0);
        let Some((time, value)) = time.zip(value.double(row)) else {
            break;
        };
        times.push(time);
        values.push(value);
    }
    (times, values)
}

/// The times of all chosen rows of a piece in nanoseconds, as far as they were sent in some way.
fn all_micros(piece: &Piece<'_>, chosen: &Chosen) -> Result<Vec<Option<i64>>, LakeError> {
    let mut micros = Vec::new();
    for batch in piece.batches(&["time"], chosen.rows.as_deref())? {
        let Rows { part, rows } = batch?;
        let column = Column::of(&part, "time");
        let nanos = |row: &u32| column?.int(*row as usize)?.checked_mul(1_000);
        micros.extend(rows.iter().map(nanos));
    }
    Ok(micros)
}

/// Rows and their metrics, times and values.
type Known = ((Vec<u32>, Vec<u32>), (Vec<i64>, Vec<f64>));

/// The rows that have a time and a value.
fn known(part: &Part, rows: Vec<u32>, metrics: Vec<u32>, micros: &[Option<i64>]) -> Known {
    let [exact, value] = BASE.map(|name| Column::of(part, name));
    let known = rows.into_iter().zip(metrics).zip(micros);
    let known = known.filter_map(|((row, metric), micros)| {
        let at = row as usize;
        let exact = exact.and_then(|exact| exact.int(at));
        let time = exact.filter(|nanos| *nanos > 0).or(*micros)?;
        Some(((row, metric), (time, value?.double(at)?)))
    });
    known.unzip()
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
