//! The usage mapping: how each agent's telemetry becomes usage, read from the embedded
//! `mapping.json`. Its form is described in `mapping.md` beside it.
//!
//! The interpreter ([`super::read`]) knows no agent; what differs between agents is here, as data.

use super::item::Requests;
use super::parse;
use otolith_tables::{AttributePlace, Table};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The embedded mapping.
pub(crate) static MAPPING: LazyLock<Mapping> = LazyLock::new(|| {
    parse::parse(include_str!("mapping.json")).expect("a test parses the embedded mapping")
});

/// Index of a key in [`Mapping::keys`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct KeyId(pub(crate) usize);

/// What an expression reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// The attribute of a key as sent.
    Attribute(AttributePlace, String),
    /// A base column.
    Column(String),
    /// The amount of one class of a metric point, by the word of the splitting attribute; the
    /// empty word where nothing splits.
    Class(String),
    /// The item's time in nanoseconds, whichever of its times is known.
    Time,
}

/// A value computed from keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expr {
    /// The value of a key.
    Key(KeyId),
    /// A constant text.
    Word(String),
    /// A constant number.
    Number(i64),
    /// The first that is present.
    First(Vec<Self>),
    /// The sum of those present; absent when none is.
    Sum(Vec<Self>),
    /// The first minus the others, of which absent ones are 0. Below 0 it is 0 and reported.
    Minus(Vec<Self>),
    /// The first minus the second; absent when one of them is or the second is larger.
    Difference(Box<[Self; 2]>),
    /// If the first (absent is 0) is at most the second, the third, else the fourth.
    IfAtMost(Box<[Self; 4]>),
}

/// A test on one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) key: KeyId,
    pub(crate) test: Test,
}

/// What a [`Condition`] asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    /// Has any value.
    Present,
    /// Is one of these texts; numbers and truth values count as their text.
    In(Vec<String>),
    /// Is none of these texts; true when absent.
    NotIn(Vec<String>),
}

/// The unit of a quantity as sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Dollars,
    MicroDollars,
    Nanoseconds,
    Milliseconds,
    Seconds,
}

/// A key with its unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Measured {
    pub(crate) unit: Unit,
    pub(crate) key: KeyId,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    Error,
    /// Never ran, because somebody or something said no.
    Rejected,
}

impl Outcome {
    /// The word: `success`, `error` or `rejected`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Rejected => "rejected",
        }
    }
}

/// The fields of a source, all optional.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    pub(crate) agent: Option<Expr>,
    pub(crate) session: Option<Expr>,
    pub(crate) window: Option<Expr>,
    pub(crate) user: Option<Expr>,
    pub(crate) model: Option<Expr>,
    pub(crate) provider: Option<Expr>,
    pub(crate) tier: Option<Expr>,
    pub(crate) host: Option<Expr>,
    pub(crate) prompt: Option<Expr>,
    pub(crate) request: Option<Expr>,
    pub(crate) tool: Option<Expr>,
    pub(crate) call: Option<Expr>,
    pub(crate) event: Option<Expr>,
    pub(crate) status: Option<Expr>,
    pub(crate) error: Option<Expr>,
    pub(crate) retries: Option<Expr>,
    pub(crate) input: Option<Expr>,
    pub(crate) cache_read: Option<Expr>,
    pub(crate) cache_creation: Option<Expr>,
    pub(crate) output: Option<Expr>,
    pub(crate) reasoning: Option<Expr>,
    pub(crate) calls: Option<Expr>,
    pub(crate) success: Option<Expr>,
    pub(crate) cost: Vec<Measured>,
    pub(crate) duration: Vec<Measured>,
    pub(crate) active: Vec<Measured>,
}

/// One place where an agent says what it used.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The words shown as `source`.
    pub(crate) name: String,
    pub(crate) table: Table,
    /// All must hold.
    pub(crate) conditions: Vec<Condition>,
    /// The first list of which all keys are present tells items apart.
    pub(crate) identity: Vec<Vec<KeyId>>,
    /// Drop spans that have a matching child: their numbers are the children's, rolled up.
    pub(crate) leaf: bool,
    /// An item tells of one request or of several; of points always of several.
    pub(crate) requests: Requests,
    /// For points: the attribute that splits the amount into classes.
    pub(crate) split: Option<KeyId>,
    /// The outcome of every item, if the source implies it.
    pub(crate) outcome: Option<Outcome>,
    /// Any of these makes the outcome an error, else it is a success.
    pub(crate) error_when: Vec<Condition>,
    /// Any of these makes the outcome a rejection.
    pub(crate) rejected_when: Vec<Condition>,
    pub(crate) fields: Fields,
    /// All that it reads.
    pub(crate) keys: BTreeSet<KeyId>,
}

/// A question for which exactly one source is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Tokens,
    Cost,
    Requests,
    Tools,
    Active,
    /// Requests that were sent again.
    Retries,
    /// What people asked.
    Prompts,
    /// Everything that names a prompt.
    Events,
}

impl Role {
    pub(crate) const ALL: [Self; 8] = [
        Self::Tokens,
        Self::Cost,
        Self::Requests,
        Self::Tools,
        Self::Active,
        Self::Retries,
        Self::Prompts,
        Self::Events,
    ];

    /// The questions whose sources are read for every report, so that all reports know services
    /// alike.
    pub(crate) const USUAL: [Self; 5] = [
        Self::Tokens,
        Self::Cost,
        Self::Requests,
        Self::Tools,
        Self::Active,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Cost => "cost",
            Self::Requests => "requests",
            Self::Tools => "tools",
            Self::Active => "active",
            Self::Retries => "retries",
            Self::Prompts => "prompts",
            Self::Events => "events",
        }
    }
}

/// An agent.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    /// Its word in reports, by which the rules of [`otolith_tables::dialect`] know it as well.
    pub(crate) name: String,
    pub(crate) sources: Vec<Source>,
    /// Per role, best rank first: indices into `sources` that count together.
    pub(crate) roles: [Vec<Vec<usize>>; Role::ALL.len()],
}

impl Agent {
    /// The rank (0 is best) of a source in a role.
    pub(crate) fn rank(&self, role: Role, source: usize) -> Option<usize> {
        let ranks = &self.roles[role as usize];
        ranks.iter().position(|rank| rank.contains(&source))
    }
}

/// The whole mapping. The last agent is the fallback for items of no known agent.
#[derive(Clone, Debug)]
pub(crate) struct Mapping {
    pub(crate) agents: Vec<Agent>,
    pub(crate) keys: Vec<Key>,
    /// Attribute `event.name`, which names log records.
    pub(crate) event_name: KeyId,
}

/// A source with the indices of its agent and of itself there.
pub(crate) type NumberedSource<'a> = (usize, usize, &'a Source);

impl Mapping {
    /// The sources that read a table for any of some questions.
    pub(crate) fn sources_of<'a>(
        &'a self,
        table: Table,
        roles: &[Role],
    ) -> Vec<NumberedSource<'a>> {
        let sources = self.sources(roles);
        sources
            .filter(|(_, _, source)| source.table == table)
            .collect()
    }

    /// The sources that answer any of some questions.
    pub(crate) fn sources<'a, 'r>(
        &'a self,
        roles: &'r [Role],
    ) -> impl Iterator<Item = NumberedSource<'a>> + use<'a, 'r> {
        self.agents
            .iter()
            .enumerate()
            .flat_map(move |(index, agent)| {
                let sources = agent.sources.iter().enumerate();
                let sources = sources.map(move |(number, source)| (index, number, source));
                sources.filter(move |(_, number, _)| {
                    let mut roles = roles.iter();
                    roles.any(|role| agent.rank(*role, *number).is_some())
                })
            })
    }
}
