//! `tool-calls`: each call of a tool.

use super::group;
use crate::data::Data;
use crate::error::ReportError;
use crate::notes::{NoteCode, Notes};
use crate::query::ToolCallsQuery;
use crate::report::{Cell, CellType, Column, Report};
use crate::usage::{Item, Items, Role};

/// Each tool call in order of time: `time`, `agent`, `session`, `prompt_id`, `tool`, `tool_call_id`,
/// `outcome` (`success`, `error`, `rejected`), `duration_ms`, `error`, `model`, `host`, `service`,
/// `source`.
///
/// `time` is when the emitter says it happened: of log records the end of the call, of spans its
/// start. What the emitter does not say is null. Metrics only count calls: they give a note and no
/// rows.
///
/// # Errors
/// When a lake cannot be read.
pub fn tool_calls<'a>(
    data: impl Into<Data<'a>>,
    query: &ToolCallsQuery,
) -> Result<Report, ReportError> {
    let selection = &query.selection;
    let mut notes = Notes::default();
    let items = Items::read(data.into(), selection, &mut notes)?;
    let mut calls = Vec::new();
    for (_, item) in items.chosen(Role::Tools, selection, &mut notes) {
        if items.is_points(item) {
            let subject = format!("{}, {}", item.agent_name, items.source(item));
            notes.add_about(NoteCode::OnlyCounted, &subject, item.calls);
        } else {
            calls.push(item);
        }
    }
    calls.sort_by_key(|item| item.time);
    let columns = vec![
        Column::new("time", CellType::Time),
        Column::new("agent", CellType::Text),
        Column::new("session", CellType::Text),
        Column::new("prompt_id", CellType::Text),
        Column::new("tool", CellType::Text),
        Column::new("tool_call_id", CellType::Text),
        Column::new("outcome", CellType::Text),
        Column::with_unit("duration_ms", CellType::Double, "ms"),
        Column::new("error", CellType::Text),
        Column::new("model", CellType::Text),
        Column::new("host", CellType::Text),
        Column::new("service", CellType::Text),
        Column::new("source", CellType::Text),
    ];
    let row = |item: &&Item| {
        vec![
            Cell::Time(item.time),
            Cell::text(Some(&item.agent_name)),
            Cell::text(item.session.as_deref()),
            Cell::text(item.prompt.as_deref()),
            Cell::text(item.tool.as_deref()),
            Cell::text(item.call.as_deref()),
            Cell::text(item.outcome.map(|outcome| outcome.as_str())),
            group::ms_cell(item.duration),
            Cell::text(item.error.as_deref()),
            Cell::text(item.model.as_deref()),
            Cell::text(item.host.as_deref()),
            Cell::text(Some(&item.service)),
            Cell::text(Some(items.source(item))),
        ]
    };
    let rows: Vec<_> = calls.iter().map(row).collect();
    group::note_nulls(&columns, &rows, &["outcome", "duration_ms"], &mut notes);
    Ok(Report {
        report: "tool-calls".to_owned(),
        parameters: group::selection_parameters(selection),
        columns,
        rows,
        notes: notes.into_vec(),
    })
}
