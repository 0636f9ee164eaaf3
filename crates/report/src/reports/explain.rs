//! What made the numbers of `cost` and `tokens`: a row per request, or per export of a metric.

use super::group;
use super::pricing::{self, Pricer};
use crate::calendar::Calendar;
use crate::data::Data;
use crate::error::ReportError;
use crate::notes::Notes;
use crate::query::{CostQuery, Dimension, Selection, TokensQuery};
use crate::report::{Cell, CellType, Column, Report};
use crate::usage::{Detail, Items, UsageRecord};
use serde_json::{Map, Value};

/// The rows behind those of [`super::cost()`]: the dimensions, then of each request `time`, `service`,
/// `session`, `model` (unless they are dimensions), `request_id`, `series_ids`, the tokens, reported
/// and estimated cost, the entry of the price table that made the estimate (`price_model`,
/// `price_from`, `price_tier`, `price_usd_per_million`, `price_source`), `source` and `items`.
///
/// Requests are in the order of the groups, in each in order of time; what they amount to is what the
/// group has. An export of a metric is one row for all of its points that differ only in the class
/// of tokens: `series_ids` are those of the points. `items` says where it lies in captures:
/// `FILE#FRAME/ITEM`, as the columns `source` and `item` of the tables have it.
///
/// # Errors
/// When a lake cannot be read.
pub fn explain_cost<'a>(
    data: impl Into<Data<'a>>,
    query: &CostQuery,
) -> Result<Report, ReportError> {
    let mut notes = Notes::default();
    let records = records(data.into(), &query.selection, &mut notes)?;
    let mut pricer = Pricer::new(&query.pricing);
    let mut rows = Rows::new(&query.by, &query.calendar);
    for record in &records {
        let mut amounts = group::token_cells(&record.tokens).to_vec();
        amounts.push(Cell::money(record.cost));
        let estimate = pricer.estimate(record, &mut notes);
        amounts.extend(pricing::cells(estimate));
        amounts.extend(pricer.entry(record, estimate));
        rows.add(record, amounts);
    }
    let mut amounts = group::token_columns();
    amounts.push(group::cost_column());
    amounts.extend(pricing::columns());
    amounts.extend(pricing::entry_columns());
    let mut parameters = group::group_parameters(&query.by, &query.calendar, &query.selection);
    parameters.extend(pricing::parameters(&query.pricing));
    Ok(rows.report("cost", amounts, parameters, notes))
}

/// The rows behind those of [`super::tokens()`], as [`explain_cost`] has them, without costs.
///
/// # Errors
/// When a lake cannot be read.
pub fn explain_tokens<'a>(
    data: impl Into<Data<'a>>,
    query: &TokensQuery,
) -> Result<Report, ReportError> {
    let mut notes = Notes::default();
    let records = records(data.into(), &query.selection, &mut notes)?;
    let mut rows = Rows::new(&query.by, &query.calendar);
    for record in records.iter().filter(|record| record.tokens.any()) {
        rows.add(record, group::token_cells(&record.tokens).to_vec());
    }
    let parameters = group::group_parameters(&query.by, &query.calendar, &query.selection);
    Ok(rows.report("tokens", group::token_columns(), parameters, notes))
}

fn records(
    data: Data<'_>,
    selection: &Selection,
    notes: &mut Notes,
) -> Result<Vec<UsageRecord>, ReportError> {
    let items = Items::read_in(Detail::Addresses, data, selection, notes)?;
    Ok(items.usage(selection, notes))
}

/// Rows being collected, with the groups that they belong to.
struct Rows<'a> {
    by: &'a [Dimension],
    /// What says which request it is, and is no dimension.
    identity: Vec<Dimension>,
    keys: group::Keys,
    rows: Vec<(Vec<group::Part>, Vec<Cell>)>,
}

impl<'a> Rows<'a> {
    fn new(by: &'a [Dimension], calendar: &Calendar) -> Self {
        let identity = [Dimension::Session, Dimension::Model].into_iter();
        Self {
            by,
            identity: identity.filter(|d| !by.contains(d)).collect(),
            keys: group::Keys::new(by, calendar),
            rows: Vec::new(),
        }
    }

    fn add(&mut self, record: &UsageRecord, amounts: Vec<Cell>) {
        let mut cells = vec![Cell::Time(record.time), Cell::text(Some(&record.service))];
        for dimension in &self.identity {
            cells.push(Cell::text(match dimension {
                Dimension::Session => record.session.as_deref(),
                _ => record.model.as_deref(),
            }));
        }
        cells.push(Cell::text(record.request_id.as_deref()));
        let series = record.addresses.iter().filter_map(|address| address.series);
        cells.push(joined(series));
        cells.extend(amounts);
        cells.push(Cell::text(Some(record.source)));
        cells.push(joined(record.addresses.iter().cloned()));
        self.rows.push((self.keys.of(record), cells));
    }

    fn report(
        mut self,
        name: &str,
        amounts: Vec<Column>,
        mut parameters: Map<String, Value>,
        notes: Notes,
    ) -> Report {
        let mut columns = group::dimension_columns(self.by);
        columns.push(Column::new("time", CellType::Time));
        columns.push(Column::new("service", CellType::Text));
        columns.extend(group::dimension_columns(&self.identity));
        columns.push(Column::new("request_id", CellType::Text));
        columns.push(Column::new("series_ids", CellType::Text));
        columns.extend(amounts);
        columns.push(Column::new("source", CellType::Text));
        columns.push(Column::new("items", CellType::Text));
        // Records come in order of time, and stay so within a group.
        self.rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        let row = |(key, cells): (Vec<group::Part>, Vec<Cell>)| {
            let key = key.into_iter().map(group::Part::into_cell);
            key.chain(cells).collect()
        };
        parameters.insert("explain".to_owned(), Value::Bool(true));
        Report {
            report: name.to_owned(),
            parameters,
            columns,
            rows: self.rows.into_iter().map(row).collect(),
            notes: notes.into_vec(),
        }
    }
}

/// Distinct values in order; null if there are none.
pub(super) fn joined<T: Ord + std::fmt::Display>(values: impl Iterator<Item = T>) -> Cell {
    let mut values: Vec<T> = values.collect();
    values.sort();
    values.dedup();
    let texts: Vec<String> = values.iter().map(T::to_string).collect();
    Cell::text((!texts.is_empty()).then(|| texts.join(", ")).as_deref())
}
