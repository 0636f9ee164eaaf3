//! What made the numbers of `tools`: a row per call, or per point that counted calls.

use super::explain::joined;
use super::group;
use crate::data::Data;
use crate::error::ReportError;
use crate::notes::Notes;
use crate::query::ToolsQuery;
use crate::report::{Cell, CellType, Column, Report};
use crate::usage::{Detail, Item, Items, Outcome, Role};
use serde_json::Value;

/// The rows behind those of [`super::tools()`]: `agent`, `tool`, `time`, `service`, `session`,
/// `tool_call_id`, `series_ids`, `calls`, `success`, `errors`, `rejected`, `duration_ms`, `source`,
/// `items`.
///
/// Rows are in the order of the groups, in each in order of time, and add up to what the group has;
/// `success` and `errors` are null where nobody tells. `items` says where a call lies in captures,
/// as that of [`super::explain_cost`].
///
/// # Errors
/// When a lake cannot be read.
pub fn explain_tools<'a>(
    data: impl Into<Data<'a>>,
    query: &ToolsQuery,
) -> Result<Report, ReportError> {
    let selection = &query.selection;
    let mut notes = Notes::default();
    let items = Items::read_in(Detail::Addresses, data.into(), selection, &mut notes)?;
    let chosen = items.chosen(Role::Tools, selection, &mut notes);
    let mut calls: Vec<&Item> = chosen
        .into_iter()
        .map(|(_, item)| item)
        .filter(|item| item.tool.is_some())
        .collect();
    calls.sort_by(|a, b| {
        let key = |item: &'_ Item| (item.agent_name.clone(), item.tool.clone(), item.time);
        key(a).cmp(&key(b))
    });
    let columns = vec![
        Column::new("agent", CellType::Text),
        Column::new("tool", CellType::Text),
        Column::new("time", CellType::Time),
        Column::new("service", CellType::Text),
        Column::new("session", CellType::Text),
        Column::new("tool_call_id", CellType::Text),
        Column::new("series_ids", CellType::Text),
        Column::new("calls", CellType::Int),
        Column::new("success", CellType::Int),
        Column::new("errors", CellType::Int),
        Column::new("rejected", CellType::Int),
        Column::with_unit("duration_ms", CellType::Double, "ms"),
        Column::new("source", CellType::Text),
        Column::new("items", CellType::Text),
    ];
    let rows = calls.iter().map(|item| row(item, items.source(item)));
    let mut parameters = group::selection_parameters(selection);
    parameters.insert("explain".to_owned(), Value::Bool(true));
    Ok(Report {
        report: "tools".to_owned(),
        parameters,
        columns,
        rows: rows.collect(),
        notes: notes.into_vec(),
    })
}

fn row(item: &Item, source: &str) -> Vec<Cell> {
    let is = |outcome: Outcome| item.outcome == Some(outcome);
    let known = is(Outcome::Success) || is(Outcome::Error);
    let count = |outcome| {
        let calls = if is(outcome) { item.calls } else { 0 };
        Cell::count(known.then_some(calls))
    };
    let rejected = if is(Outcome::Rejected) { item.calls } else { 0 };
    // How long it took to refuse a call is not how long the tool took.
    let duration = item.duration.filter(|_| rejected == 0);
    vec![
        Cell::text(Some(&item.agent_name)),
        Cell::text(item.tool.as_deref()),
        Cell::Time(item.time),
        Cell::text(Some(&item.service)),
        Cell::text(item.session.as_deref()),
        Cell::text(item.call.as_deref()),
        joined(item.addresses.iter().filter_map(|address| address.series)),
        Cell::count(Some(item.ran())),
        count(Outcome::Success),
        count(Outcome::Error),
        Cell::count(Some(rejected)),
        group::ms_cell(duration),
        Cell::text(Some(source)),
        joined(item.addresses.iter().cloned()),
    ]
}
