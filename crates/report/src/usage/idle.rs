//! Points that say that nothing was counted, and that nothing depends on.
//!
//! A process exports its cumulative values whether they change or not: nine in ten points of a month of
//! agents repeat the one before. They are left out before their other columns are read.

use super::read::Idle;
use super::series::{self, Increase};
use crate::data::Column;
use crate::notes::Notes;
use crate::query::Selection;
use hashbrown::hash_map::Entry;
use hashbrown::{HashMap, HashSet};
use otolith_tables::{Part, Table};

/// The columns that tell which points these are.
pub(super) const COLUMNS: [&str; 7] = [
    "time_unix_nano",
    "start_time_unix_nano",
    "series_id",
    "temporality",
    "value",
    "count",
    "sum",
];

/// The increases of a source of which something can be said, in order of time; of idle ones, if they are
/// left out, those at times at which something was counted, of which items may be made together.
pub(super) fn telling(
    points: Vec<series::Point>,
    capture_begin: Option<i64>,
    (selection, idle): (&Selection, Idle),
    notes: &mut Notes,
) -> Vec<Increase> {
    let points = series::distinct(points, selection, notes);
    let mut increases = series::increases(&points, capture_begin, selection, notes);
    drop(points);
    increases.retain(|increase| increase.inside);
    if idle == Idle::LeftOut {
        let active = increases.iter().filter(|increase| !increase.idle);
        let active: HashSet<i64> = active.map(|increase| increase.time).collect();
        // Idle ones of another time have no part in an item that says something.
        increases.retain(|increase| active.contains(&increase.time));
    }
    increases
}

const NANOS_PER_DAY: i64 = 86_400_000_000_000;

/// A wanted point.
struct Point {
    row: usize,
    time: i64,
    /// Place of the next point of its run among all points in order of time.
    next: Option<usize>,
    /// It repeats the point before of its run, and both are the first of the run at their times.
    repeats: bool,
    /// It and all others of its time repeat.
    is_quiet: bool,
}

/// What the points of a series and start told last.
struct Last {
    place: usize,
    time: i64,
    /// None of anything but a cumulative point with numbers that can be subtracted.
    numbers: Option<Bits>,
    wanted_by: u64,
    /// It was the first of its time: no duplicate of another.
    is_first: bool,
}

/// The bits of a value and a sum.
type Bits = (u64, Option<u64>);

/// Takes the marks from points without which every answer is the same, of a part that has all the
/// points of its table and date.
///
/// Such a point has the numbers of the one before of its run (series and start), and so has the next
/// of the run, and at the times of both every point of the table repeats the one before of its run:
/// so it is an increase of nothing at a time at which nothing else increased, the increase after it,
/// whose begin it is, is so too, and no point of its time is a duplicate. What depends on the first
/// point of a run, on its last, on a change, or on anything unusual is all there.
pub(super) fn leave_out(part: &Part, table: Table, wanted_by: &mut [u64]) {
    if !matches!(table, Table::Metrics | Table::Histograms) {
        return;
    }
    let Some(mut points) = points(part, wanted_by) else {
        return;
    };
    mark(&mut points, &Numbers::of(part, table), wanted_by);
    let mut at = 0;
    while at < points.len() {
        let time = points[at].time;
        let of_time = points[at..].iter().take_while(|point| point.time == time);
        let (count, repeat) = of_time.fold((0, true), |(count, repeat), point| {
            (count + 1, repeat && point.repeats)
        });
        for point in &mut points[at..at + count] {
            point.is_quiet = repeat;
        }
        at += count;
    }
    for point in &points {
        let next = point.next.map(|next| &points[next]);
        if point.is_quiet && next.is_some_and(|next| next.is_quiet) {
            wanted_by[point.row] = 0;
        }
    }
}

/// The wanted points in order of time, then row; none if one has no exact time within the date of the
/// part.
fn points(part: &Part, wanted_by: &[u64]) -> Option<Vec<Point>> {
    let exact = Column::of(part, "time_unix_nano")?;
    let begin = i64::from(part.date).checked_mul(NANOS_PER_DAY)?;
    let day = begin..begin.checked_add(NANOS_PER_DAY)?;
    let is_wanted = |row: &usize| wanted_by[*row] != 0;
    let rows = (0..wanted_by.len()).filter(is_wanted);
    let mut points = Vec::with_capacity(rows.clone().count());
    for row in rows {
        let time = exact.int(row).filter(|nanos| *nanos > 0)?;
        if !day.contains(&time) {
            return None;
        }
        points.push(Point {
            row,
            time,
            next: None,
            repeats: false,
            is_quiet: false,
        });
    }
    points.sort_by_key(|point| point.time);
    Some(points)
}

/// Finds out which points repeat, and which come next.
fn mark(points: &mut [Point], numbers: &Numbers<'_>, wanted_by: &[u64]) {
    let mut runs: HashMap<(i64, Option<i64>), Last> = HashMap::new();
    for place in 0..points.len() {
        let Point { row, time, .. } = points[place];
        let Some(run) = numbers.run(row) else {
            continue;
        };
        let now = Last {
            place,
            time,
            numbers: numbers.get(row),
            wanted_by: wanted_by[row],
            is_first: true,
        };
        let its_numbers = now.numbers;
        let last = match runs.entry(run) {
            Entry::Vacant(new) => {
                new.insert(now);
                continue;
            }
            Entry::Occupied(last) => last.into_mut(),
        };
        let before = std::mem::replace(last, now);
        last.is_first = before.time < time;
        points[before.place].next = Some(place);
        points[place].repeats = last.is_first
            && before.is_first
            && its_numbers.is_some()
            && before.numbers == its_numbers
            && before.wanted_by == wanted_by[row];
    }
}

/// What the points of a part counted.
struct Numbers<'a> {
    series: Option<Column<'a>>,
    start: Option<Column<'a>>,
    value: Option<Column<'a>>,
    sum: Option<Column<'a>>,
    temporality: Option<Column<'a>>,
}

impl<'a> Numbers<'a> {
    fn of(part: &'a Part, table: Table) -> Self {
        let column = |name| Column::of(part, name);
        Self {
            series: column("series_id"),
            start: column("start_time_unix_nano"),
            value: column(match table {
                Table::Metrics => "value",
                _ => "count",
            }),
            sum: column("sum"),
            temporality: column("temporality"),
        }
    }

    /// The series and start of a point.
    fn run(&self, row: usize) -> Option<(i64, Option<i64>)> {
        let start = self.start.and_then(|column| column.int(row));
        Some((self.series?.int(row)?, start.filter(|nanos| *nanos > 0)))
    }

    /// The numbers of a cumulative point, if they can be subtracted.
    fn get(&self, row: usize) -> Option<Bits> {
        if self.temporality?.text(row)? != "CUMULATIVE" {
            return None;
        }
        let value = self.value?.double(row)?;
        let sum = self.sum.and_then(|column| column.double(row));
        if !value.is_finite() || value < 0.0 || sum.is_some_and(|sum| !sum.is_finite()) {
            return None;
        }
        Some((value.to_bits(), sum.map(f64::to_bits)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::series::Temporality;
    use otolith_tables::{
        ColumnOrigin, ColumnType, DatabaseName, Field, Layout, PartColumn, Strings, Values,
    };
    use proptest::prelude::*;

    const DATE: i32 = 20_000;
    const SECOND: i64 = 1_000_000_000;
    const WORDS: [&str; 3] = ["CUMULATIVE", "DELTA", "UNSPECIFIED"];

    /// Series, start and time in seconds of the day, value, sum, word, sources.
    type Row = (i64, Option<i64>, i64, Option<u8>, Option<u8>, usize, u64);

    fn nanos(seconds: i64) -> i64 {
        i64::from(DATE) * NANOS_PER_DAY + seconds * SECOND
    }

    fn column(name: &str, values: Values, validity: Option<Vec<bool>>) -> PartColumn {
        let r#type = match values {
            Values::Int64(_) => ColumnType::Int64,
            Values::Double(_) => ColumnType::Double,
            _ => ColumnType::String,
        };
        PartColumn {
            field: Field {
                name: name.to_owned(),
                r#type,
                origin: ColumnOrigin::Base,
                layout: Layout::Repeating,
            },
            values,
            validity,
        }
    }

    fn part(rows: &[Row]) -> Part {
        let ints = |name, cell: &dyn Fn(&Row) -> Option<i64>| {
            let cells: Vec<_> = rows.iter().map(cell).collect();
            let values = cells.iter().map(|cell| cell.unwrap_or(0)).collect();
            let valid = cells.iter().map(Option::is_some).collect();
            column(name, Values::Int64(values), Some(valid))
        };
        let doubles = |name, cell: &dyn Fn(&Row) -> Option<u8>| {
            let cells: Vec<_> = rows.iter().map(cell).collect();
            let values = cells.iter().map(|cell| f64::from(cell.unwrap_or(0)));
            let valid = cells.iter().map(Option::is_some).collect();
            column(name, Values::Double(values.collect()), Some(valid))
        };
        let words = Values::Dictionary {
            indices: rows.iter().map(|row| row.5 as i32).collect(),
            dictionary: Strings {
                offsets: vec![0, 10, 15, 26],
                bytes: WORDS.concat().into_bytes(),
            },
        };
        Part {
            database: DatabaseName::from_service("shop"),
            table: Table::Metrics,
            date: DATE,
            row_count: rows.len(),
            columns: vec![
                ints("series_id", &|row| Some(row.0)),
                ints("start_time_unix_nano", &|row| row.1.map(nanos)),
                ints("time_unix_nano", &|row| Some(nanos(row.2))),
                doubles("value", &|row| row.3),
                doubles("sum", &|row| row.4),
                column("temporality", words, None),
            ],
        }
    }

    /// What a source makes of the rows that it wants.
    fn answer(rows: &[Row], wanted_by: &[u64], source: u64) -> (Vec<Increase>, String) {
        let wanted = rows.iter().enumerate().zip(wanted_by);
        let wanted = wanted.filter(|(_, by)| **by & source != 0);
        let points = wanted.map(|((row, cells), _)| series::Point {
            row,
            series: cells.0,
            start: cells.1.map(nanos),
            time: nanos(cells.2),
            value: cells.3.map(f64::from),
            sum: cells.4.map(f64::from),
            temporality: Temporality::of(WORDS[cells.5]),
            signed: false,
        });
        let mut notes = Notes::default();
        let selection = Selection::default();
        let selection = (&selection, Idle::LeftOut);
        let found = telling(points.collect(), Some(nanos(2)), selection, &mut notes);
        (found, format!("{:?}", notes.into_vec()))
    }

    fn left_out(rows: &[Row]) -> Vec<u64> {
        let mut wanted_by: Vec<u64> = rows.iter().map(|row| row.6).collect();
        leave_out(&part(rows), Table::Metrics, &mut wanted_by);
        wanted_by
    }

    fn row() -> impl Strategy<Value = Row> {
        (
            0..2_i64,
            prop::sample::select(vec![None, Some(1), Some(1), Some(1), Some(9)]),
            2..14_i64,
            prop::sample::select(vec![Some(0), Some(1), Some(1), Some(1), Some(2), None]),
            prop::sample::select(vec![None, None, None, None, Some(1)]),
            prop::sample::select(vec![0, 0, 0, 0, 0, 0, 0, 0, 1, 2]),
            prop::sample::select(vec![1, 1, 1, 1, 1, 1, 3, 0]),
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn every_answer_is_the_same_without_them(rows in prop::collection::vec(row(), 0..24)) {
            let all: Vec<u64> = rows.iter().map(|row| row.6).collect();
            let some = left_out(&rows);
            for source in [1, 2] {
                prop_assert_eq!(answer(&rows, &some, source), answer(&rows, &all, source));
            }
        }
    }

    fn cumulative(series: i64, time: i64, value: u8) -> Row {
        (series, Some(1), time, Some(value), None, 0, 1)
    }

    #[test]
    fn the_inner_points_of_idle_times_are_left_out() {
        let steps = [5, 5, 5, 5, 5, 7, 7, 7];
        let rows: Vec<Row> = (0..).zip(steps).map(|(n, v)| cumulative(1, n, v)).collect();
        assert_eq!(left_out(&rows), [1, 0, 0, 0, 1, 1, 0, 1]);
        // Where another series counts, all stay, and the ones before: they are begins.
        let mut busy = rows.clone();
        busy.push((2, None, 3, Some(1), None, 1, 1));
        assert_eq!(left_out(&busy), [1, 0, 1, 1, 1, 1, 0, 1, 1]);
    }

    #[test]
    fn a_part_with_times_of_other_dates_stays_as_it_is() {
        let mut rows: Vec<Row> = (0..6).map(|time| cumulative(1, time, 5)).collect();
        assert_eq!(left_out(&rows), [1, 0, 0, 0, 0, 1]);
        rows.push(cumulative(2, 86_400, 5));
        assert_eq!(left_out(&rows), [1; 7]);
    }
}
