//! `coverage`: what is missing in the data.

mod findings;
mod scan;
mod spans;

use super::group;
use crate::data::Data;
use crate::error::ReportError;
use crate::query::CoverageQuery;
use crate::report::{Cell, CellType, Column, Report};
use findings::{Finding, findings};
use scan::Scan;
use serde_json::Value;

/// What is missing, a row per finding: `finding`, `agent`, `service`, `signal`, `session`, `count`,
/// `first_time`, `last_time`, `length_s`.
///
/// Findings of a service: `missing_signal` (it sends others), `orphan_spans` (their parents are
/// nowhere in the data), `gap` (nothing for longer than asked, with something before and after),
/// `no_time` (items without a credible time), `no_session` (items of an agent that name none),
/// `session_in_one_signal` (sessions that only one of several signals names).
///
/// # Errors
/// When a lake cannot be read.
pub fn coverage<'a>(
    data: impl Into<Data<'a>>,
    query: &CoverageQuery,
) -> Result<Report, ReportError> {
    let selection = &query.selection;
    let scan = Scan::of(data.into(), selection, query.gap_nanos)?;
    let columns = vec![
        Column::new("finding", CellType::Text),
        Column::new("agent", CellType::Text),
        Column::new("service", CellType::Text),
        Column::new("signal", CellType::Text),
        Column::new("session", CellType::Text),
        Column::with_unit("count", CellType::Int, "items"),
        Column::new("first_time", CellType::Time),
        Column::new("last_time", CellType::Time),
        Column::with_unit("length_s", CellType::Double, "s"),
    ];
    let row = |finding: Finding| {
        let time = |time: Option<i64>| time.map_or(Cell::Null, Cell::Time);
        let (first, last) = finding.times.unzip();
        let length = finding.times.filter(|_| finding.kind.has_length());
        let length = length.map(|(first, last)| (last - first) as f64 / 1e9);
        vec![
            Cell::text(Some(finding.kind.as_str())),
            Cell::text(finding.agent.as_deref()),
            Cell::text(Some(&finding.service)),
            Cell::text(finding.signal.map(|signal| signal.as_str())),
            Cell::text(finding.session.as_deref()),
            Cell::count(finding.count),
            time(first),
            time(last),
            Cell::double(length),
        ]
    };
    let rows = findings(&scan, selection).into_iter().map(row).collect();
    let mut parameters = group::selection_parameters(selection);
    let seconds = query.gap_nanos as f64 / 1e9;
    parameters.insert("gap_s".to_owned(), Value::from(seconds));
    Ok(Report {
        report: "coverage".to_owned(),
        parameters,
        columns,
        rows,
        notes: Vec::new(),
    })
}
