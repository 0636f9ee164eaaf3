//! Questions about usage: who spent what, when.

use super::Selection;
use super::cost::Pricing;
use crate::calendar::{Calendar, Every};
use std::fmt;

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
    /// Week of the zone's calendar: that of ISO 8601 from Monday on (`2026-W47`), else its first and
    /// last day (`2026-11-15/2026-11-21`).
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

    /// The length of a calendar unit; absent for what is none.
    pub(crate) const fn every(self) -> Option<Every> {
        match self {
            Self::Hour => Some(Every::HOUR),
            Self::Day => Some(Every::DAY),
            Self::Week => Some(Every::WEEK),
            Self::Month => Some(Every::MONTH),
            _ => None,
        }
    }

    /// Whether it is a calendar unit.
    pub const fn is_time(self) -> bool {
        self.every().is_some()
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

/// Question of `tokens`.
#[derive(Clone, Debug)]
pub struct TokensQuery {
    /// What rows are grouped by, in the order of the columns. Empty gives one row in all.
    pub by: Vec<Dimension>,
    /// What calendar units are.
    pub calendar: Calendar,
    /// Which items.
    pub selection: Selection,
}

/// What rows of `tokens` are grouped by where the type of tokens is a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokensBy {
    /// What other reports group by as well.
    Dimension(Dimension),
    /// The type of tokens: `input`, `cache_read`, `cache_creation`, `output`, `reasoning`.
    Type,
}

impl TokensBy {
    /// Its word, which is the column's name as well.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dimension(dimension) => dimension.as_str(),
            Self::Type => "type",
        }
    }

    /// The dimension, if it is one.
    pub const fn dimension(self) -> Option<Dimension> {
        match self {
            Self::Dimension(dimension) => Some(dimension),
            Self::Type => None,
        }
    }
}

/// Question of `tokens` with types as rows.
#[derive(Clone, Debug)]
pub struct TokenTypesQuery {
    /// What rows are grouped by, in the order of the columns.
    pub by: Vec<TokensBy>,
    /// What calendar units are.
    pub calendar: Calendar,
    /// Which items.
    pub selection: Selection,
}

/// What `token-rate` shows where a group used no tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFill {
    /// Rows with zeros.
    Zero,
    /// No rows.
    None,
}

impl TokenFill {
    /// The word: `zero` or `none`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Zero => "zero",
            Self::None => "none",
        }
    }
}

/// Question of `token-rate`.
#[derive(Clone, Debug)]
pub struct TokenRateQuery {
    /// How long buckets are.
    pub every: Every,
    /// What is summed apart in a bucket, in the order of the columns.
    pub by: Vec<Dimension>,
    /// What stands where a group used nothing.
    pub fill: TokenFill,
    /// What buckets are aligned to.
    pub calendar: Calendar,
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

/// Question of `tool-calls`.
#[derive(Clone, Debug, Default)]
pub struct ToolCallsQuery {
    /// Which items.
    pub selection: Selection,
}

/// Question of `sessions`.
#[derive(Clone, Debug)]
pub struct SessionsQuery {
    /// Which items.
    pub selection: Selection,
    /// How tokens are priced.
    pub pricing: Pricing,
}

/// Question of `errors`.
#[derive(Clone, Debug, Default)]
pub struct ErrorsQuery {
    /// Which items.
    pub selection: Selection,
}

/// Question of `prompt`.
#[derive(Clone, Debug)]
pub struct PromptQuery {
    /// The id of the prompt, as the emitter sent it.
    pub id: String,
    /// Which items.
    pub selection: Selection,
}

/// Question of `coverage`.
#[derive(Clone, Debug)]
pub struct CoverageQuery {
    /// How long nothing has to happen for a gap, in nanoseconds.
    pub gap_nanos: i64,
    /// Which items. A signal leaves out what only several can tell.
    pub selection: Selection,
}
