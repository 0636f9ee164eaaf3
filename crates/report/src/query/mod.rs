//! What can be asked of data: the selection of items, and the questions by family.

mod cost;
mod hosts;
mod usage;

pub use cost::{CostQuery, Pricing, ReconcileQuery};
pub use hosts::{
    ContainerOrder, ContainerTokensQuery, ContainersQuery, HostFill, HostSeriesQuery,
    SessionResourcesQuery, TraceResourcesQuery,
};
pub use usage::{
    CoverageQuery, DEFAULT_DIMENSIONS, Dimension, ErrorsQuery, PromptQuery, SessionsQuery,
    SummaryQuery, TokenFill, TokenRateQuery, TokenTypesQuery, TokensBy, TokensQuery,
    ToolCallsQuery, ToolsQuery,
};

use crate::glob::Glob;
use otolith_tables::Table;

/// Which items a report is about.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Items at or after this time, in nanoseconds since the Unix epoch.
    pub since: Option<i64>,
    /// Items before this time, in nanoseconds since the Unix epoch.
    pub until: Option<i64>,
    /// Services by `service.name` as sent.
    pub services: Option<Glob>,
    /// The only kind of telemetry to read; authority is decided among the sources of that kind.
    pub signal: Option<Signal>,
    /// What to do with items that repeat another item's identity.
    pub duplicates: Duplicates,
}

impl Selection {
    /// True when a time lies in the selected range.
    pub(crate) fn holds_time(&self, nanos: i64) -> bool {
        self.since.is_none_or(|since| nanos >= since)
            && self.until.is_none_or(|until| nanos < until)
    }
}

/// A kind of telemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Data points.
    Metrics,
    /// Log records.
    Logs,
}

impl Signal {
    /// The signal whose items (or their parts) a table holds.
    pub const fn of(table: Table) -> Self {
        match table {
            Table::Traces | Table::SpanEvents | Table::SpanLinks => Self::Traces,
            Table::Logs => Self::Logs,
            Table::Metrics | Table::Histograms | Table::Summaries | Table::Exemplars => {
                Self::Metrics
            }
        }
    }

    /// The word: `traces`, `metrics` or `logs`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }
}

/// What to do with items that repeat another item's identity (retries, double export).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// Count each identity once and note how many were removed.
    #[default]
    Remove,
    /// Count all and note how many there are.
    Keep,
}

/// Question of `metrics`.
#[derive(Clone, Debug, Default)]
pub struct MetricsQuery {
    /// Which items.
    pub selection: Selection,
}
