//! Why a price file could not be read.

/// Why a price file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PriceError {
    /// The file is longer than any list of prices.
    #[error("failed to read prices: more than {limit_bytes} bytes")]
    TooLong {
        /// The limit.
        limit_bytes: usize,
    },
    /// The file is not JSON.
    #[error("failed to read prices: not JSON")]
    Json(#[source] serde_json::Error),
    /// The file is JSON, but no list of prices.
    #[error(
        "failed to read prices: neither `\"format\": \"otolith-prices\"` nor an object of models with \
         `input_cost_per_token` as LiteLLM has it"
    )]
    Unrecognised,
    /// The file is of a version that this program does not know.
    #[error("failed to read prices: version {found}, known is {known}")]
    Version {
        /// The version of the file.
        found: String,
        /// The version that is known.
        known: u64,
    },
    /// Too many entries, or too many of something in an entry.
    #[error("failed to read prices: more than {limit} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// An entry is wrong.
    #[error("failed to read the price of `{entry}`: {field}: {problem}")]
    Entry {
        /// The model, else the place in the list, from 1.
        entry: String,
        /// The member that is wrong.
        field: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// What is wrong with a member of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) field: String,
    pub(super) problem: &'static str,
}

impl Wrong {
    pub(super) fn new(field: &str, problem: &'static str) -> Self {
        Self {
            field: format!("`{field}`"),
            problem,
        }
    }

    /// The error of an entry.
    pub(super) fn of(self, entry: &str) -> PriceError {
        let Self { field, problem } = self;
        PriceError::Entry {
            entry: entry.chars().take(MAX_SHOWN_CHARS).collect(),
            field,
            problem,
        }
    }
}

/// How much of a name an error shows.
const MAX_SHOWN_CHARS: usize = 200;
