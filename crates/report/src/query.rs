//! What can be asked of a lake.

use crate::error::ReportError;
use crate::glob::Glob;
use jiff::tz::TimeZone;
use otolith_tables::Table;
use std::fmt;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// What rows of a report are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// The agent that spent the tokens.
    Agent,
    /// Who used it: mail address, else account or installation.
    User,
    /// The session or conversation.
    Session,
    /// The model.
    Model,
    /// The host.
    Host,
    /// Hour of the zone's calendar, with its offset: `2026-11-20T19:00+01:00`.
    Hour,
    /// Day of the zone's calendar: `2026-11-20`.
    Day,
    /// ISO week of the zone's calendar: `2026-W47`.
    Week,
    /// Month of the zone's calendar: `2026-11`.
    Month,
}

impl Dimension {
    /// All dimensions.
    pub const ALL: [Self; 9] = [
        Self::Agent,
        Self::User,
        Self::Session,
        Self::Model,
        Self::Host,
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
    ];

    /// Its word, which is the column's name as well.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::User => "user",
            Self::Session => "session",
            Self::Model => "model",
            Self::Host => "host",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The dimension of a word made by [`Self::as_str`].
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.as_str() == word)
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Question of `summary`.
#[derive(Clone, Debug, Default)]
pub struct SummaryQuery {
    /// Which items.
    pub selection: Selection,
}

/// Question of `cost`.
#[derive(Clone, Debug)]
pub struct CostQuery {
    /// What rows are grouped by, in the order of the columns. Empty gives one row in all.
    pub by: Vec<Dimension>,
    /// The zone of calendar units.
    pub tz: TimeZone,
    /// Which items.
    pub selection: Selection,
}

/// Question of `tokens`.
#[derive(Clone, Debug)]
pub struct TokensQuery {
    /// What rows are grouped by, in the order of the columns. Empty gives one row in all.
    pub by: Vec<Dimension>,
    /// The zone of calendar units.
    pub tz: TimeZone,
    /// Which items.
    pub selection: Selection,
}

/// The default of `--by`: day, then agent.
pub const DEFAULT_DIMENSIONS: [Dimension; 2] = [Dimension::Day, Dimension::Agent];

/// Question of `tools`.
#[derive(Clone, Debug, Default)]
pub struct ToolsQuery {
    /// Which items.
    pub selection: Selection,
}

/// Question of `metrics`.
#[derive(Clone, Debug, Default)]
pub struct MetricsQuery {
    /// Which items.
    pub selection: Selection,
}

/// The zone of an IANA name such as `Europe/Berlin`.
///
/// # Errors
/// [`ReportError::TimeZone`] when the name is unknown.
pub fn time_zone(name: &str) -> Result<TimeZone, ReportError> {
    TimeZone::get(name).map_err(|source| ReportError::TimeZone {
        name: name.to_owned(),
        source,
    })
}
