//! Questions about usage: who spent what, when.

use super::Selection;
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
    /// What calendar units are.
    pub calendar: Calendar,
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

/// The default of `--by`: day, then agent.
pub const DEFAULT_DIMENSIONS: [Dimension; 2] = [Dimension::Day, Dimension::Agent];

/// Question of `tools`.
#[derive(Clone, Debug, Default)]
pub struct ToolsQuery {
    /// Which items.
    pub selection: Selection,
}
