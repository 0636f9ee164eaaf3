//! Why a report failed.

use crate::calendar::Every;
use otolith_lake::LakeError;
use polars::error::PolarsError;

/// Why a report or a query could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The lake could not be read.
    #[error("failed to read the lake")]
    Lake(#[from] LakeError),
    /// The tables of the lake could not be scanned.
    #[error("failed to read table `{table}`")]
    Scan {
        /// Database and table.
        table: String,
        /// The cause.
        #[source]
        source: PolarsError,
    },
    /// The time zone is not in the IANA database.
    #[error("unknown time zone `{name}`")]
    TimeZone {
        /// The name as given.
        name: String,
        /// The cause.
        #[source]
        source: jiff::Error,
    },
    /// Filling would make more rows than anybody reads.
    #[error(
        "failed to fill buckets of {every}: more than {limit} rows; take longer buckets, or less \
         time with --since and --until"
    )]
    TooManyBuckets {
        /// How long buckets are.
        every: Every,
        /// The most rows.
        limit: usize,
    },
    /// The query is not SQL, or names what does not exist, or uses what the engine lacks.
    /// Holds what the engine says.
    #[error("failed to run the query: {0}")]
    Query(String),
    /// The query uses what this SQL cannot do.
    #[error("unsupported in SQL: {feature}; {hint}")]
    Unsupported {
        /// The feature by name.
        feature: &'static str,
        /// What to write instead.
        hint: &'static str,
    },
    /// A table that the lake does not hold.
    #[error("no table `{name}` in the lake; there are {known}")]
    UnknownTable {
        /// The name in the query.
        name: String,
        /// The names that exist, as text.
        known: String,
    },
    /// The query engine gave up without an error; a fault of the engine.
    #[error("the query engine failed: {message}")]
    Engine {
        /// Its last words.
        message: String,
    },
}

impl ReportError {
    /// The error of a query, in the engine's words.
    pub(crate) fn query(source: PolarsError) -> Self {
        Self::Query(source.to_string())
    }
}
