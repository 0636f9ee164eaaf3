//! Answers over a lake, or over what is wanted of captures: the usage model with list prices, the
//! reports `summary`, `cost`, `tokens`, `tools` and `metrics`, what hosts did while spans ran
//! (`trace-resources`, `session-resources`). SQL over a lake.
//!
//! Every answer is a [`Report`]: a small typed table with notes, free of any way to show it.
//! Reports are pure functions of [`Data`] and a query: no clock, no environment.

mod calendar;
mod data;
mod error;
mod glob;
mod hosts;
mod money;
mod notes;
mod prices;
mod query;
mod report;
mod reports;
mod spans;
mod sql;
mod usage;
mod wanted;
mod window;

pub use calendar::{Bucket, Buckets, Calendar, Every, EveryError, WEEKDAYS, time_zone};
pub use data::Data;
pub use error::ReportError;
pub use glob::Glob;
pub use money::NanoDollars;
pub use notes::{Note, NoteCode};
pub use prices::{Estimate, Gap, PriceError, Prices, ServiceTier};
pub use query::{
    ContainerOrder, ContainerTokensQuery, ContainersQuery, CostQuery, DEFAULT_DIMENSIONS,
    Dimension, Duplicates, HostFill, HostSeriesQuery, MetricsQuery, Pricing, ReconcileQuery,
    Selection, SessionResourcesQuery, Signal, SummaryQuery, TokenFill, TokenRateQuery,
    TokenTypesQuery, TokensBy, TokensQuery, ToolsQuery, TraceResourcesQuery,
};
pub use report::{Cell, CellType, Column, Report, time_text};
pub use reports::{
    container_tokens, containers, cost, cpu, explain_cost, explain_tokens, load, memory, metrics,
    processes, reconcile, session_resources, summary, token_rate, token_types, tokens, tools,
    trace_resources,
};
pub use sql::sql;
pub use usage::{Address, Requests, Tokens, Usage, UsageRecord, usage};
pub use wanted::{
    container_tokens_wanted, containers_wanted, hosts_wanted, metrics_wanted, processes_wanted,
    resources_wanted, usage_wanted,
};
