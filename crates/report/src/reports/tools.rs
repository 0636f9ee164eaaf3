//! `tools`: how often tools ran, how they ended and how long they took.

use super::group;
use crate::data::Data;
use crate::error::ReportError;
use crate::notes::{NoteCode, Notes};
use crate::query::ToolsQuery;
use crate::report::{Cell, CellType, Column, Report};
use crate::usage::{Items, Outcome, Role};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Tool calls by `agent` and `tool`: `calls`, `success`, `errors`, `success_rate`, `rejected`,
/// `total_ms`, `mean_ms`, `p50_ms`, `p95_ms`, `max_ms`, `source`.
///
/// `calls` are those that ran; `rejected` are those that were refused before and are not among
/// them. Success is what the emitter says: Codex reports success for a command that ran, whatever
/// its exit code. `success_rate` is success / (success + errors). Percentiles are nearest-rank:
/// the smallest duration that at least that share of the known durations does not exceed.
/// Columns are null where nothing is known: metrics tell no durations.
///
/// # Errors
/// When a lake cannot be read.
pub fn tools<'a>(data: impl Into<Data<'a>>, query: &ToolsQuery) -> Result<Report, ReportError> {
    let selection = &query.selection;
    let mut notes = Notes::default();
    let items = Items::read(data.into(), selection, &mut notes)?;
    let mut groups: BTreeMap<(Arc<str>, Arc<str>), Calls> = BTreeMap::new();
    for (_, item) in items.chosen(Role::Tools, selection, &mut notes) {
        let Some(tool) = &item.tool else {
            continue;
        };
        let key = (Arc::clone(&item.agent_name), Arc::clone(tool));
        let calls = groups.entry(key).or_default();
        calls.sources.insert(items.source(item));
        calls.ran += item.ran();
        match item.outcome {
            Some(Outcome::Success) => calls.success += item.calls,
            Some(Outcome::Error) => calls.errors += item.calls,
            Some(Outcome::Rejected) => {
                calls.rejected += item.calls;
                continue;
            }
            None => {}
        }
        if item.duration.is_none() {
            let subject = format!("{}, {}", item.agent_name, items.source(item));
            notes.add_about(NoteCode::UnknownDuration, &subject, item.calls);
        }
        calls.nanos.extend(item.duration);
    }
    let columns = vec![
        Column::new("agent", CellType::Text),
        Column::new("tool", CellType::Text),
        Column::new("calls", CellType::Int),
        Column::new("success", CellType::Int),
        Column::new("errors", CellType::Int),
        Column::with_unit("success_rate", CellType::Double, "1"),
        Column::new("rejected", CellType::Int),
        Column::with_unit("total_ms", CellType::Double, "ms"),
        Column::with_unit("mean_ms", CellType::Double, "ms"),
        Column::with_unit("p50_ms", CellType::Double, "ms"),
        Column::with_unit("p95_ms", CellType::Double, "ms"),
        Column::with_unit("max_ms", CellType::Double, "ms"),
        Column::new("source", CellType::Text),
    ];
    let rows = groups.into_iter();
    let rows = rows.map(|((agent, tool), calls)| calls.row(&agent, &tool));
    let rows: Vec<_> = rows.collect();
    group::note_nulls(&columns, &rows, &["success", "errors"], &mut notes);
    Ok(Report {
        report: "tools".to_owned(),
        parameters: group::selection_parameters(selection),
        columns,
        rows,
        notes: notes.into_vec(),
    })
}

#[derive(Default)]
struct Calls {
    ran: u64,
    success: u64,
    errors: u64,
    rejected: u64,
    nanos: Vec<i64>,
    sources: BTreeSet<&'static str>,
}

impl Calls {
    fn row(mut self, agent: &str, tool: &str) -> Vec<Cell> {
        self.nanos.sort_unstable();
        let known = self.success + self.errors;
        let count = |n| Cell::count((known > 0).then_some(n));
        let rate = (known > 0).then(|| self.success as f64 / known as f64);
        let total: i128 = self.nanos.iter().map(|n| i128::from(*n)).sum();
        let total_ms = (!self.nanos.is_empty()).then(|| total as f64 / 1e6);
        vec![
            Cell::text(Some(agent)),
            Cell::text(Some(tool)),
            Cell::count(Some(self.ran)),
            count(self.success),
            count(self.errors),
            Cell::double(rate),
            Cell::count(Some(self.rejected)),
            Cell::double(total_ms),
            Cell::double(total_ms.map(|total| total / self.nanos.len() as f64)),
            group::ms_cell(nearest_rank(&self.nanos, 50)),
            group::ms_cell(nearest_rank(&self.nanos, 95)),
            group::ms_cell(self.nanos.last().copied()),
            group::source_cell(&self.sources),
        ]
    }
}

/// The nearest-rank percentile (1 to 100) of sorted values: the one at rank `ceil(p / 100 * n)`,
/// counted from 1.
fn nearest_rank(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::nearest_rank;

    fn check(values: &[i64], percent: usize, expected: Option<i64>) {
        assert_eq!(nearest_rank(values, percent), expected);
    }

    #[test]
    fn percentiles_are_values_that_occur() {
        check(&[], 50, None);
        check(&[7], 50, Some(7));
        check(&[7], 95, Some(7));
        check(&[1, 2], 50, Some(1));
        check(&[15, 20, 35, 40, 50], 50, Some(35));
        check(&[15, 20, 35, 40, 50], 95, Some(50));
        let hundred: Vec<i64> = (1..=100).collect();
        check(&hundred, 95, Some(95));
        check(&hundred, 100, Some(100));
    }
}
