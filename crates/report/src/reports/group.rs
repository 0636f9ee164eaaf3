//! What the reports share: columns of one name and meaning, groups, parameters.

use crate::calendar::{Bucket, BucketNames, Buckets, Calendar, weekday_word};
use crate::glob::Glob;
use crate::notes::{NoteCode, Notes};
use crate::query::{Dimension, Duplicates, Selection};
use crate::report::{Cell, CellType, Column};
use crate::time_text::time_text;
use crate::usage::{Tokens, UsageRecord};
use jiff::civil::Weekday;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A key of groups; absent values come last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Known(String),
    Absent,
}

impl Part {
    pub(super) fn of(text: Option<&str>) -> Self {
        text.map_or(Self::Absent, |text| Self::Known(text.to_owned()))
    }

    pub(super) fn into_cell(self) -> Cell {
        match self {
            Self::Known(text) => Cell::Text(text),
            Self::Absent => Cell::Null,
        }
    }
}

/// Finds the groups of records.
pub(super) struct Keys {
    by: Vec<By>,
}

/// A dimension of groups.
struct By {
    dimension: Dimension,
    /// Of a calendar unit.
    names: Option<BucketNames>,
    /// What the last record had of anything else.
    last: Option<Arc<str>>,
}

impl By {
    fn text<'r>(&self, record: &'r UsageRecord) -> Option<&'r Arc<str>> {
        match self.dimension {
            Dimension::Agent => Some(&record.agent),
            Dimension::User => record.user.as_ref(),
            Dimension::Session => record.session.as_ref(),
            Dimension::Model => record.model.as_ref(),
            Dimension::Host => record.host.as_ref(),
            Dimension::Hour | Dimension::Day | Dimension::Week | Dimension::Month => None,
        }
    }

    /// Whether a record has what the last one had. False where that takes comparing texts.
    fn is_as_last(&self, record: &UsageRecord) -> bool {
        match (&self.names, self.text(record), &self.last) {
            (Some(names), ..) => names.is_last(record.time),
            (None, Some(text), Some(last)) => Arc::ptr_eq(text, last),
            (None, text, last) => text.is_none() && last.is_none(),
        }
    }
}

impl Keys {
    pub(super) fn new(by: &[Dimension], calendar: &Calendar) -> Self {
        let of = |dimension: &Dimension| By {
            dimension: *dimension,
            names: dimension
                .every()
                .map(|every| BucketNames::new(calendar, every)),
            last: None,
        };
        Self {
            by: by.iter().map(of).collect(),
        }
    }

    /// Whether a record is of the group of the last one; if not, it may be all the same.
    fn are_as_last(&self, record: &UsageRecord) -> bool {
        self.by.iter().all(|by| by.is_as_last(record))
    }

    /// The group of a record.
    pub(super) fn of(&mut self, record: &UsageRecord) -> Vec<Part> {
        let part = |by: &mut By| {
            if let Some(names) = &mut by.names {
                return Part::of(Some(names.of(record.time)));
            }
            let text = by.text(record);
            by.last = text.cloned();
            Part::of(text.map(|text| &**text))
        };
        self.by.iter_mut().map(part).collect()
    }
}

/// Sums of records by group.
pub(super) struct Groups<T> {
    keys: Keys,
    places: BTreeMap<Vec<Part>, usize>,
    sums: Vec<T>,
    last: Option<usize>,
}

impl<T: Default> Groups<T> {
    pub(super) fn new(by: &[Dimension], calendar: &Calendar) -> Self {
        Self {
            keys: Keys::new(by, calendar),
            places: BTreeMap::new(),
            sums: Vec::new(),
            last: None,
        }
    }

    /// The sums that a record belongs to.
    pub(super) fn of(&mut self, record: &UsageRecord) -> &mut T {
        let last = self.last.filter(|_| self.keys.are_as_last(record));
        let place = last.unwrap_or_else(|| {
            let next = self.sums.len();
            let place = *self.places.entry(self.keys.of(record)).or_insert(next);
            if place == next {
                self.sums.push(T::default());
            }
            place
        });
        self.last = Some(place);
        &mut self.sums[place]
    }

    /// A row per group in their order: the key and the cells of the sums.
    pub(super) fn rows(self, cells: impl Fn(&T) -> Vec<Cell>) -> Vec<Vec<Cell>> {
        let row = |(key, place): (Vec<Part>, usize)| {
            let mut row: Vec<Cell> = key.into_iter().map(Part::into_cell).collect();
            row.extend(cells(&self.sums[place]));
            row
        };
        self.places.into_iter().map(row).collect()
    }
}

/// The columns of a bucket: its name in the zone, when it starts, and how many seconds of it lie in
/// the selected time.
pub(super) fn bucket_columns() -> Vec<Column> {
    vec![
        Column::new("bucket", CellType::Text),
        Column::new("bucket_start", CellType::Time),
        Column::with_unit("bucket_s", CellType::Double, "s"),
    ]
}

/// The cells under [`bucket_columns`].
pub(super) fn bucket_cells(buckets: &Buckets, bucket: Bucket, selection: &Selection) -> [Cell; 3] {
    [
        Cell::Text(buckets.name(bucket)),
        Cell::Time(bucket.start),
        Cell::Double(covered(bucket, selection).seconds()),
    ]
}

/// What of a bucket lies in the selected time.
pub(super) fn covered(bucket: Bucket, selection: &Selection) -> Bucket {
    let start = bucket.start.max(selection.since.unwrap_or(i64::MIN));
    let end = bucket.end.min(selection.until.unwrap_or(i64::MAX));
    Bucket {
        start,
        end: end.max(start),
    }
}

/// The columns of dimensions.
pub(super) fn dimension_columns(by: &[Dimension]) -> Vec<Column> {
    let columns = by.iter();
    columns
        .map(|d| Column::new(d.as_str(), CellType::Text))
        .collect()
}

/// The token columns of every report. `total_tokens` is the sum of the first four: reasoning is
/// part of output.
pub(super) fn token_columns() -> Vec<Column> {
    let names = [
        "input_tokens",
        "cache_read_tokens",
        "cache_creation_tokens",
        "output_tokens",
        "reasoning_tokens",
        "total_tokens",
    ];
    let column = |name| Column::with_unit(name, CellType::Int, "tokens");
    names.into_iter().map(column).collect()
}

/// The cells under [`token_columns`].
pub(super) fn token_cells(tokens: &Tokens) -> [Cell; 6] {
    [
        Cell::count(tokens.input),
        Cell::count(tokens.cache_read),
        Cell::count(tokens.cache_creation),
        Cell::count(tokens.output),
        Cell::count(tokens.reasoning),
        Cell::count(tokens.total()),
    ]
}

/// The column of reported cost.
pub(super) fn cost_column() -> Column {
    Column::with_unit("cost_usd", CellType::Money, "USD")
}

/// A duration in milliseconds, of nanoseconds.
pub(super) fn ms_cell(nanos: Option<i64>) -> Cell {
    Cell::double(nanos.map(|nanos| nanos as f64 / 1e6))
}

/// Notes for each of some columns how many rows have null there, as nobody tells.
pub(super) fn note_nulls(
    columns: &[Column],
    rows: &[Vec<Cell>],
    names: &[&str],
    notes: &mut Notes,
) {
    for (index, column) in columns.iter().enumerate() {
        if names.contains(&column.name.as_str()) {
            let nulls = rows.iter().filter(|row| row[index] == Cell::Null);
            notes.add_about(NoteCode::NotTold, &column.name, nulls.count() as u64);
        }
    }
}

/// The names of the sources of a row, in order of the alphabet.
pub(super) fn source_cell(sources: &BTreeSet<&'static str>) -> Cell {
    let sources: Vec<&str> = sources.iter().copied().collect();
    Cell::text((!sources.is_empty()).then(|| sources.join(", ")).as_deref())
}

/// The parameters of a selection by the names of the command's options; only those given.
pub(super) fn selection_parameters(selection: &Selection) -> Map<String, Value> {
    let mut parameters = Map::new();
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            parameters.insert(name.to_owned(), Value::String(value));
        }
    };
    set("since", selection.since.map(time_text));
    set("until", selection.until.map(time_text));
    let glob = |glob: &Glob| glob.as_str().to_owned();
    set("service", selection.services.as_ref().map(glob));
    set("signal", selection.signal.map(|s| s.as_str().to_owned()));
    let kept = selection.duplicates == Duplicates::Keep;
    set("duplicates", kept.then(|| "keep".to_owned()));
    parameters
}

/// The parameters of a grouping.
pub(super) fn group_parameters(
    by: &[Dimension],
    calendar: &Calendar,
    selection: &Selection,
) -> Map<String, Value> {
    let mut parameters = selection_parameters(selection);
    let words: Vec<&str> = by.iter().map(|d| d.as_str()).collect();
    parameters.insert("by".to_owned(), Value::from(words));
    calendar_parameters(calendar, &mut parameters);
    parameters
}

/// Adds the parameters of a calendar: the zone, and the day that weeks begin with if it is not
/// Monday.
pub(super) fn calendar_parameters(calendar: &Calendar, parameters: &mut Map<String, Value>) {
    let zone = calendar.tz.iana_name().unwrap_or("UTC");
    parameters.insert("tz".to_owned(), Value::from(zone));
    if calendar.week_start != Weekday::Monday {
        let day = weekday_word(calendar.week_start);
        parameters.insert("week-start".to_owned(), Value::from(day));
    }
}
