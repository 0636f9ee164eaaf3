//! `tokens` with a row per type.

use super::group::{self, Keys, Part};
use crate::data::Data;
use crate::error::ReportError;
use crate::notes::{NoteCode, Notes};
use crate::query::{TokenTypesQuery, TokensBy};
use crate::report::{Cell, CellType, Column, Report};
use crate::usage::{Amounts, Tokens};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The types of tokens, in the order of rows. The last is part of the one before.
const TYPES: [&str; 5] = [
    "input",
    "cache_read",
    "cache_creation",
    "output",
    "reasoning",
];

/// Tokens by groups of which one is the type: the dimensions with `type` among them, `tokens`,
/// `source`.
///
/// Types that no request of a group reports have no row. `reasoning` is part of `output`, as in
/// all reports; the other four add up to all tokens.
///
/// # Errors
/// When a lake cannot be read.
pub fn token_types<'a>(
    data: impl Into<Data<'a>>,
    query: &TokenTypesQuery,
) -> Result<Report, ReportError> {
    let mut notes = Notes::default();
    let amounts = Amounts::read(data.into(), &query.selection, &mut notes)?;
    let dimensions = query.by.iter().filter_map(|by| by.dimension());
    let dimensions: Vec<_> = dimensions.collect();
    let mut keys = Keys::new(&dimensions, &query.calendar);
    let mut groups: BTreeMap<Vec<Place>, (u64, BTreeSet<&'static str>)> = BTreeMap::new();
    let mut reasoning = 0;
    amounts.each_record(&mut notes, |record| {
        for (index, count) in classes(&record.tokens).into_iter().enumerate() {
            let Some(count) = count else { continue };
            let mut parts = keys.of(record).into_iter().map(Place::Part);
            let place = |by: &TokensBy| match by {
                TokensBy::Type => Place::Type(index),
                TokensBy::Dimension(_) => parts.next().expect("there is one per dimension"),
            };
            let key = query.by.iter().map(place).collect();
            let (sum, sources) = groups.entry(key).or_default();
            *sum = sum.saturating_add(count);
            sources.insert(record.source);
            reasoning += u64::from(TYPES[index] == "reasoning");
        }
    });
    notes.add(NoteCode::PartOfOutput, reasoning);
    let column = |by: &TokensBy| Column::new(by.as_str(), CellType::Text);
    let mut columns: Vec<Column> = query.by.iter().map(column).collect();
    columns.push(Column::with_unit("tokens", CellType::Int, "tokens"));
    columns.push(Column::new("source", CellType::Text));
    let rows = groups.into_iter().map(|(key, (sum, sources))| {
        let mut row: Vec<Cell> = key.into_iter().map(Place::into_cell).collect();
        row.extend([Cell::count(Some(sum)), group::source_cell(&sources)]);
        row
    });
    let rows = rows.collect();
    let mut parameters = group::group_parameters(&dimensions, &query.calendar, &query.selection);
    let words: Vec<&str> = query.by.iter().map(|by| by.as_str()).collect();
    parameters.insert("by".to_owned(), Value::from(words));
    Ok(Report {
        report: "tokens".to_owned(),
        parameters,
        columns,
        rows,
        notes: notes.into_vec(),
    })
}

/// Counts in the order of [`TYPES`].
fn classes(tokens: &Tokens) -> [Option<u64>; TYPES.len()] {
    [
        tokens.input,
        tokens.cache_read,
        tokens.cache_creation,
        tokens.output,
        tokens.reasoning,
    ]
}

/// Part of a key: a value, or the place of a type among [`TYPES`].
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Part(Part),
    Type(usize),
}

impl Place {
    fn into_cell(self) -> Cell {
        match self {
            Self::Part(part) => part.into_cell(),
            Self::Type(index) => Cell::text(Some(TYPES[index])),
        }
    }
}
