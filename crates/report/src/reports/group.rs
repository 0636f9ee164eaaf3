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
use std::collections::BTreeSet;

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
    by: Vec<(Dimension, Option<BucketNames>)>,
}

impl Keys {
    pub(super) fn new(by: &[Dimension], calendar: &Calendar) -> Self {
        let names = |d: &Dimension| d.every().map(|every| BucketNames::new(calendar, every));
        Self {
            by: by.iter().map(|d| (*d, names(d))).collect(),
        }
    }

    /// The group of a record.
    pub(super) fn of(&mut self, record: &UsageRecord) -> Vec<Part> {
        let part = |(dimension, names): &mut (Dimension, Option<BucketNames>)| {
            if let Some(names) = names {
                return Part::of(Some(names.of(record.time)));
            }
            match dimension {
                Dimension::Agent => Part::of(Some(&record.agent)),
                Dimension::User => Part::of(record.user.as_deref()),
                Dimension::Session => Part::of(record.session.as_deref()),
                Dimension::Model => Part::of(record.model.as_deref()),
                Dimension::Host => Part::of(record.host.as_deref()),
                Dimension::Hour | Dimension::Day | Dimension::Week | Dimension::Month => {
                    Part::Absent
                }
            }
        };
        self.by.iter_mut().map(part).collect()
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
