//! Answers over a lake, or over what is wanted of captures: the usage model with list prices, the
//! reports of usage (`summary`, `cost`, `tokens`, `token-rate`) and of what agents did (`tools`,
//! `tool-calls`, `sessions`, `prompt`, `errors`), `metrics`, `coverage`, what machines did
//! (`cpu`, `memory`, `load`, `processes`, `containers`), and what they did meanwhile (`trace-resources`,
//! `session-resources`, `container-tokens`). SQL over a lake.
//!
//! Every answer is a [`Report`]: a small typed table with notes, free of any way to show it; those that
//! may have hundreds of thousands of rows are an [`Answer`], which makes them as they are written.
//! Reports are pure functions of [`Data`] and a query: no clock, no environment.

mod answer;
mod calendar;
mod data;
mod error;
mod glob;
mod hosts;
mod money;
mod notes;
mod parallel;
mod prices;
mod query;
mod report;
mod reports;
mod spans;
mod sql;
mod time_text;
mod usage;
mod wanted;
mod window;

pub use answer::{Answer, CellRef, Rows};
pub use calendar::{Bucket, Buckets, Calendar, Every, EveryError, WEEKDAYS, time_zone};
pub use data::Data;
pub use error::ReportError;
pub use glob::Glob;
pub use money::NanoDollars;
pub use notes::{Note, NoteCode};
pub use prices::{Estimate, Gap, LongContext, PriceError, Prices, Rules, ServiceTier};
pub use query::{
    ContainerOrder, ContainerTokensQuery, ContainersQuery, CostQuery, CoverageQuery,
    DEFAULT_DIMENSIONS, Dimension, Duplicates, ErrorsQuery, HostFill, HostSeriesQuery,
    MetricsQuery, Pricing, PromptQuery, ReconcileQuery, Selection, SessionResourcesQuery,
    SessionsQuery, Signal, SummaryQuery, TokenFill, TokenRateQuery, TokenTypesQuery, TokensBy,
    TokensQuery, ToolCallsQuery, ToolsQuery, TraceResourcesQuery,
};
pub use report::{Cell, CellType, Column, Report};
pub use reports::{
    container_tokens, containers, cost, coverage, cpu, errors, explain_cost, explain_tokens,
    explain_tools, load, memory, metrics, processes, prompt, reconcile, session_resources,
    sessions, summary, token_rate, token_types, tokens, tool_calls, tools, trace_resources,
};
pub use sql::{
    SqlColumn, SqlQuery, SqlTable, SqlTableKind, Statements, sql, sql_columns, sql_tables,
    statements,
};
pub use time_text::{append_time, time_text};
pub use usage::{
    Address, Requests, Tokens, Usage, UsageRecord, is_kept_usage_right, keep_usage, usage,
};
pub use wanted::{
    container_tokens_wanted, containers_wanted, coverage_wanted, errors_wanted, hosts_wanted,
    metrics_wanted, processes_wanted, prompt_wanted, resources_wanted, sessions_wanted,
    usage_wanted,
};
