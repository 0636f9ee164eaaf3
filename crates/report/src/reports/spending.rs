//! `cost` and `tokens`: usage summed over groups.

use super::group;
use crate::calendar::Calendar;
use crate::data::Data;
use crate::error::ReportError;
use crate::money::NanoDollars;
use crate::query::{CostQuery, Dimension, Selection, TokensQuery};
use crate::report::{Cell, CellType, Column, Report};
use crate::usage::{self, Tokens, Usage};
use std::collections::{BTreeMap, BTreeSet};

/// Reported cost by groups: the dimensions, `cost_usd`, `source`.
///
/// `cost_usd` is the sum of what emitters report, null where none of a group's requests has a
/// reported cost. Models without one are named in `unpriced_model` notes.
///
/// # Errors
/// When a lake cannot be read.
pub fn cost<'a>(data: impl Into<Data<'a>>, query: &CostQuery) -> Result<Report, ReportError> {
    let grouped = Grouped::read(data.into(), &query.selection, &query.by, &query.calendar)?;
    let mut columns = group::dimension_columns(&query.by);
    columns.push(group::cost_column());
    columns.push(Column::new("source", CellType::Text));
    Ok(grouped.report("cost", query.into(), columns, |sums| {
        vec![Cell::money(sums.cost), sums.source(&sums.cost_sources)]
    }))
}

/// Tokens by groups: the dimensions, `input_tokens` (uncached), `cache_read_tokens`,
/// `cache_creation_tokens`, `output_tokens` (reasoning included), `reasoning_tokens`,
/// `total_tokens` (the first four), `source`.
///
/// A class that no request of a group reports is null.
///
/// # Errors
/// When a lake cannot be read.
pub fn tokens<'a>(data: impl Into<Data<'a>>, query: &TokensQuery) -> Result<Report, ReportError> {
    let grouped = Grouped::read(data.into(), &query.selection, &query.by, &query.calendar)?;
    let mut columns = group::dimension_columns(&query.by);
    columns.extend(group::token_columns());
    columns.push(Column::new("source", CellType::Text));
    Ok(grouped.report("tokens", query.into(), columns, |sums| {
        let mut cells = group::token_cells(&sums.tokens).to_vec();
        cells.push(sums.source(&sums.token_sources));
        cells
    }))
}

/// The question of either report.
struct Question<'a> {
    by: &'a [Dimension],
    calendar: &'a Calendar,
    selection: &'a Selection,
}

impl<'a> From<&'a CostQuery> for Question<'a> {
    fn from(query: &'a CostQuery) -> Self {
        Self {
            by: &query.by,
            calendar: &query.calendar,
            selection: &query.selection,
        }
    }
}

impl<'a> From<&'a TokensQuery> for Question<'a> {
    fn from(query: &'a TokensQuery) -> Self {
        Self {
            by: &query.by,
            calendar: &query.calendar,
            selection: &query.selection,
        }
    }
}

#[derive(Default)]
struct Sums {
    tokens: Tokens,
    cost: Option<NanoDollars>,
    token_sources: BTreeSet<&'static str>,
    cost_sources: BTreeSet<&'static str>,
    sources: BTreeSet<&'static str>,
}

impl Sums {
    /// The sources that told an amount; where none did, those that could have.
    fn source(&self, told: &BTreeSet<&'static str>) -> Cell {
        group::source_cell(if told.is_empty() { &self.sources } else { told })
    }
}

struct Grouped {
    groups: BTreeMap<Vec<group::Part>, Sums>,
    usage: Usage,
}

impl Grouped {
    fn read(
        data: Data<'_>,
        selection: &Selection,
        by: &[Dimension],
        calendar: &Calendar,
    ) -> Result<Self, ReportError> {
        let usage = usage::usage(data, selection)?;
        let mut groups: BTreeMap<Vec<group::Part>, Sums> = BTreeMap::new();
        let mut keys = group::Keys::new(by, calendar);
        for record in &usage.records {
            let sums = groups.entry(keys.of(record)).or_default();
            if record.tokens.any() {
                sums.tokens.add(&record.tokens);
                sums.token_sources.insert(record.source);
            }
            if let Some(cost) = record.cost {
                *sums.cost.get_or_insert_default() += cost;
                sums.cost_sources.insert(record.source);
            }
            sums.sources.insert(record.source);
        }
        Ok(Self { groups, usage })
    }

    fn report(
        self,
        name: &str,
        question: Question<'_>,
        columns: Vec<Column>,
        amounts: impl Fn(&Sums) -> Vec<Cell>,
    ) -> Report {
        let row = |(key, sums): (Vec<group::Part>, Sums)| {
            let mut row: Vec<Cell> = key.into_iter().map(group::Part::into_cell).collect();
            row.extend(amounts(&sums));
            row
        };
        Report {
            report: name.to_owned(),
            parameters: group::group_parameters(question.by, question.calendar, question.selection),
            columns,
            rows: self.groups.into_iter().map(row).collect(),
            notes: self.usage.notes,
        }
    }
}
