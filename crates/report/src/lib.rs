//! Answers over a lake: the usage model, the reports `summary`, `cost`, `tokens`, `tools` and
//! `metrics`, and SQL.
//!
//! Every answer is a [`Report`]: a small typed table with notes, free of any way to show it.
//! Reports are pure functions of a lake and a query: no clock, no environment.

mod calendar;
mod error;
mod glob;
mod money;
mod notes;
mod query;
mod report;
mod reports;
mod scan;
mod sql;
mod usage;

pub use error::ReportError;
pub use glob::Glob;
pub use money::NanoDollars;
pub use notes::{Note, NoteCode};
pub use query::{
    CostQuery, DEFAULT_DIMENSIONS, Dimension, Duplicates, MetricsQuery, Selection, Signal,
    SummaryQuery, TokensQuery, ToolsQuery, time_zone,
};
pub use report::{Cell, CellType, Column, Report, time_text};
pub use reports::{cost, metrics, summary, tokens, tools};
pub use sql::sql;
pub use usage::{Tokens, Usage, UsageRecord, usage};
