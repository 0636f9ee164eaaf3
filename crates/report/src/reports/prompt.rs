//! `prompt`: all that happened for one prompt.

use super::group;
use crate::data::Data;
use crate::error::ReportError;
use crate::notes::Notes;
use crate::query::PromptQuery;
use crate::report::{Cell, CellType, Column, Report};
use crate::usage::{Item, Items, Role};
use serde_json::Value;

/// All events that name a prompt, in order of time: `time`, `event`, `agent`, `session`, `model`,
/// `tool`, `tool_call_id`, `outcome`, `status`, `error`, `duration_ms`, the token columns,
/// `cost_usd`, `request_id`, `service`, `source`.
///
/// Each row holds what its event tells; no two of one source tell the same tokens, so columns add
/// up. Events that name no prompt, such as points and Claude Code's spans, are in no row.
///
/// # Errors
/// When a lake cannot be read.
pub fn prompt<'a>(data: impl Into<Data<'a>>, query: &PromptQuery) -> Result<Report, ReportError> {
    let selection = &query.selection;
    let mut notes = Notes::default();
    let items = Items::read_also(&[Role::Events], data.into(), selection, &mut notes)?;
    let chosen = items.chosen(Role::Events, selection, &mut notes);
    let of_prompt = |(_, item): &(usize, &Item)| item.prompt.as_deref() == Some(&*query.id);
    let events = chosen.into_iter().filter(of_prompt);
    let mut events: Vec<&Item> = events.map(|(_, item)| item).collect();
    // Of one time, those stay in the order in which they were read.
    events.sort_by_key(|item| item.time);
    let mut columns = vec![
        Column::new("time", CellType::Time),
        Column::new("event", CellType::Text),
        Column::new("agent", CellType::Text),
        Column::new("session", CellType::Text),
        Column::new("model", CellType::Text),
        Column::new("tool", CellType::Text),
        Column::new("tool_call_id", CellType::Text),
        Column::new("outcome", CellType::Text),
        Column::new("status", CellType::Text),
        Column::new("error", CellType::Text),
        Column::with_unit("duration_ms", CellType::Double, "ms"),
    ];
    columns.extend(group::token_columns());
    columns.extend([
        group::cost_column(),
        Column::new("request_id", CellType::Text),
        Column::new("service", CellType::Text),
        Column::new("source", CellType::Text),
    ]);
    let row = |item: &&Item| {
        let mut row = vec![
            Cell::Time(item.time),
            Cell::text(item.event.as_deref()),
            Cell::text(Some(&item.agent_name)),
            Cell::text(item.session.as_deref()),
            Cell::text(item.model.as_deref()),
            Cell::text(item.tool.as_deref()),
            Cell::text(item.call.as_deref()),
            Cell::text(item.outcome.map(|outcome| outcome.as_str())),
            Cell::text(item.status.as_deref()),
            Cell::text(item.error.as_deref()),
            group::ms_cell(item.duration),
        ];
        row.extend(group::token_cells(&item.tokens));
        row.extend([
            Cell::money(item.cost),
            Cell::text(item.request.as_deref()),
            Cell::text(Some(&item.service)),
            Cell::text(Some(items.source(item))),
        ]);
        row
    };
    let rows = events.iter().map(row).collect();
    let mut parameters = group::selection_parameters(selection);
    parameters.insert("id".to_owned(), Value::from(query.id.as_str()));
    Ok(Report {
        report: "prompt".to_owned(),
        parameters,
        columns,
        rows,
        notes: notes.into_vec(),
    })
}
