//! `cost` and `tokens`: what was spent, by agent, day and the like.

use super::group::{self, Groups};
use super::pricing::{self, Pricer};
use crate::data::Data;
use crate::error::ReportError;
use crate::money::NanoDollars;
use crate::notes::Notes;
use crate::prices::Estimate;
use crate::query::{CostQuery, TokensQuery};
use crate::report::{Cell, CellType, Column, Report};
use crate::usage::{Amounts, Tokens, UsageRecord};
use std::collections::BTreeSet;

/// Reported and estimated cost by groups: the dimensions, `cost_usd`, `estimated_cost_usd`,
/// `estimated_cost_low_usd`, `estimated_cost_high_usd`, `difference_usd`, `source`,
/// `estimated_source`.
///
/// `cost_usd` is the sum of what emitters report, null where none of a group's requests has a
/// reported cost. Models without one are named in `unpriced_model` notes. The estimates are what the
/// tokens cost by list prices, null where none could be priced; what could not is named in
/// `not_estimated` notes. `difference_usd` is reported minus estimated cost, null unless both stand
/// for all of the group. `source` and `estimated_source` are the sources of cost and of tokens.
///
/// # Errors
/// When a lake cannot be read.
pub fn cost<'a>(data: impl Into<Data<'a>>, query: &CostQuery) -> Result<Report, ReportError> {
    let mut notes = Notes::default();
    let amounts = Amounts::read(data.into(), &query.selection, &mut notes)?;
    let mut groups: Groups<Sums> = Groups::new(&query.by, &query.calendar);
    let mut pricer = Pricer::new(&query.pricing);
    let mut gaps = Notes::default();
    amounts.each_record(&mut notes, |record| {
        let sums = groups.of(record);
        sums.add_cost(record, pricer.estimate(record, &mut gaps));
    });
    notes.append(gaps);
    let mut columns = group::dimension_columns(&query.by);
    columns.push(group::cost_column());
    columns.extend(pricing::columns());
    columns.push(Column::with_unit("difference_usd", CellType::Money, "USD"));
    columns.push(Column::new("source", CellType::Text));
    columns.push(Column::new("estimated_source", CellType::Text));
    let rows = groups.rows(|sums| {
        let mut cells = vec![Cell::money(sums.cost)];
        cells.extend(pricing::cells(sums.estimate));
        cells.push(Cell::money(sums.difference()));
        cells.push(sums.source(&sums.cost_sources));
        cells.push(group::source_cell(&sums.token_sources));
        cells
    });
    let mut parameters = group::group_parameters(&query.by, &query.calendar, &query.selection);
    parameters.extend(pricing::parameters(&query.pricing));
    Ok(Report {
        report: "cost".to_owned(),
        parameters,
        columns,
        rows,
        notes: notes.into_vec(),
    })
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
    let mut notes = Notes::default();
    let amounts = Amounts::read(data.into(), &query.selection, &mut notes)?;
    let mut groups: Groups<Sums> = Groups::new(&query.by, &query.calendar);
    amounts.each_record(&mut notes, |record| groups.of(record).add_tokens(record));
    let mut columns = group::dimension_columns(&query.by);
    columns.extend(group::token_columns());
    columns.push(Column::new("source", CellType::Text));
    let rows = groups.rows(|sums| {
        let mut cells = group::token_cells(&sums.tokens).to_vec();
        cells.push(sums.source(&sums.token_sources));
        cells
    });
    Ok(Report {
        report: "tokens".to_owned(),
        parameters: group::group_parameters(&query.by, &query.calendar, &query.selection),
        columns,
        rows,
        notes: notes.into_vec(),
    })
}

/// What a group spent.
#[derive(Default)]
pub(super) struct Sums {
    pub(super) tokens: Tokens,
    pub(super) cost: Option<NanoDollars>,
    pub(super) estimate: Option<Estimate>,
    /// Some usage has only one of cost and estimate.
    is_uneven: bool,
    pub(super) token_sources: BTreeSet<&'static str>,
    cost_sources: BTreeSet<&'static str>,
    sources: BTreeSet<&'static str>,
}

impl Sums {
    fn add_tokens(&mut self, record: &UsageRecord) {
        if record.tokens.any() {
            self.tokens.add(&record.tokens);
            self.token_sources.insert(record.source);
        }
        self.sources.insert(record.source);
    }

    pub(super) fn add_cost(&mut self, record: &UsageRecord, estimate: Option<Estimate>) {
        self.add_tokens(record);
        if let Some(cost) = record.cost {
            *self.cost.get_or_insert_default() += cost;
            self.cost_sources.insert(record.source);
        }
        if let Some(estimate) = estimate {
            *self.estimate.get_or_insert_default() += estimate;
        }
        self.is_uneven |= record.lacks_cost || record.lacks_tokens;
        self.is_uneven |= record.tokens.any() && estimate.is_none();
    }

    /// Reported minus estimated cost, where both stand for all of the group.
    pub(super) fn difference(&self) -> Option<NanoDollars> {
        let (cost, estimate) = self.cost.zip(self.estimate)?;
        (!self.is_uneven).then(|| cost - estimate.usual)
    }

    /// The sources that told an amount; where none did, those that could have.
    fn source(&self, told: &BTreeSet<&'static str>) -> Cell {
        group::source_cell(if told.is_empty() { &self.sources } else { told })
    }
}
