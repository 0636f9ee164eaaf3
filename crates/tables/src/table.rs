//! The eight tables.

use std::fmt;

/// A table of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// One row per span.
    Traces,
    /// One row per event of a span.
    SpanEvents,
    /// One row per link of a span.
    SpanLinks,
    /// One row per log record.
    Logs,
    /// One row per point of a gauge or sum.
    Metrics,
    /// One row per point of a histogram or exponential histogram.
    Histograms,
    /// One row per point of a summary.
    Summaries,
    /// One row per exemplar of a point.
    Exemplars,
}

impl Table {
    /// All tables in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Traces,
        Self::SpanEvents,
        Self::SpanLinks,
        Self::Logs,
        Self::Metrics,
        Self::Histograms,
        Self::Summaries,
        Self::Exemplars,
    ];

    /// Name of the table and of its directory.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::SpanEvents => "span_events",
            Self::SpanLinks => "span_links",
            Self::Logs => "logs",
            Self::Metrics => "metrics",
            Self::Histograms => "histograms",
            Self::Summaries => "summaries",
            Self::Exemplars => "exemplars",
        }
    }

    /// The table of a name made by [`Self::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.as_str() == name)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
