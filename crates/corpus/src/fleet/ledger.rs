//! What a fleet spent, kept while its telemetry is made.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::counted::Counted;
use super::models;
use super::zone::{Unit, Zone};

/// A text that many records share.
pub type Text = Arc<str>;

/// Who did something, as far as the telemetry that counts tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who {
    /// The word for the agent.
    pub agent: Text,
    /// `service.name`.
    pub service: Text,
    /// Id of the session or conversation.
    pub session: Option<Text>,
    /// The user.
    pub user: Option<Text>,
    /// The model.
    pub model: Option<Text>,
    /// The host.
    pub host: Option<Text>,
}

/// Tokens by class; a class that is not reported is absent. Reasoning is part of output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Input that no cache served.
    pub input: Option<u64>,
    /// Input that a cache served.
    pub cache_read: Option<u64>,
    /// Input that was written to a cache.
    pub cache_creation: Option<u64>,
    /// All output.
    pub output: Option<u64>,
    /// Reasoning.
    pub reasoning: Option<u64>,
}

impl Tokens {
    /// Of classes as emitters count them whose `input` includes what a cache served, and whose `output`
    /// what was reasoned.
    pub(super) fn of_inclusive(
        classes: &BTreeMap<&'static str, u64>,
        cached: &str,
        reasoning: &str,
    ) -> Self {
        let class = |name| classes.get(name).copied();
        let cached = class(cached);
        Self {
            input: class("input").map(|input| input - cached.unwrap_or(0)),
            cache_read: cached,
            cache_creation: None,
            output: class("output"),
            reasoning: class(reasoning),
        }
    }

    /// By class, in the order of the fields.
    pub fn classes(&self) -> [Option<u64>; 5] {
        let Self {
            input,
            cache_read,
            cache_creation,
            output,
            reasoning,
        } = *self;
        [input, cache_read, cache_creation, output, reasoning]
    }

    /// The first four classes, absent if none is known.
    pub fn total(&self) -> Option<u64> {
        let [first_four @ .., _] = self.classes();
        first_four.into_iter().flatten().reduce(|a, b| a + b)
    }

    fn add(&mut self, other: &Self) {
        let add = |to: &mut Option<u64>, more: Option<u64>| {
            if let Some(more) = more {
                *to.get_or_insert(0) += more;
            }
        };
        add(&mut self.input, other.input);
        add(&mut self.cache_read, other.cache_read);
        add(&mut self.cache_creation, other.cache_creation);
        add(&mut self.output, other.output);
        add(&mut self.reasoning, other.reasoning);
    }
}

/// Tokens and money of one request, or of one export of a metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spending {
    /// Nanoseconds since the Unix epoch: of the event, or of the export.
    pub time: u64,
    /// Who.
    pub who: Who,
    /// Tokens, if its source is the one that counts for tokens.
    pub tokens: Tokens,
    /// Nano-dollars, if its source is the one that counts for cost.
    pub cost: Option<u64>,
    /// Id of the prompt.
    pub prompt: Option<Text>,
}

/// A request to a model, or several that a metric counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelCall {
    /// Nanoseconds since the Unix epoch.
    pub time: u64,
    /// Who.
    pub who: Who,
    /// How many.
    pub count: u64,
    /// Whether they failed.
    pub is_error: bool,
    /// Nanoseconds.
    pub duration: Option<u64>,
}

/// How a call of a tool ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It ran and succeeded.
    Success,
    /// It ran and failed.
    Error,
    /// It never ran.
    Rejected,
    /// It ran; nobody tells how it ended.
    Unknown,
}

/// A call of a tool, or several that a metric counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// Nanoseconds since the Unix epoch.
    pub time: u64,
    /// Who.
    pub who: Who,
    /// The tool.
    pub tool: Text,
    /// How many.
    pub count: u64,
    /// Whether an event of its own tells it, not a metric.
    pub is_event: bool,
    /// How they ended.
    pub outcome: Outcome,
    /// Nanoseconds.
    pub duration: Option<u64>,
}

/// What was put into the telemetry to be noticed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planted {
    /// Log records and spans that repeat others, by agent and source (`claude_code, log api_request`).
    pub duplicates: BTreeMap<String, u64>,
    /// Points that repeat others.
    pub duplicate_points: u64,
    /// Cumulative values that fell without a new start time.
    pub resets: u64,
    /// First points of cumulative series that began more than a minute before the capture.
    pub unknown_starts: u64,
    /// First points of cumulative series that began up to a minute before the capture.
    pub early_starts: u64,
    /// Amounts without a session that another source counts already, by question (`tokens`).
    pub covered: BTreeMap<&'static str, u64>,
}

/// What was spent, as far as the telemetry can tell.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Tokens and money.
    pub spendings: Vec<Spending>,
    /// Requests to models.
    pub model_calls: Vec<ModelCall>,
    /// Calls of tools.
    pub tool_calls: Vec<ToolCall>,
    /// Active time: agent, time of the export, nanoseconds.
    pub active: Vec<(Text, u64, u64)>,
    /// What is to be noticed.
    pub planted: Planted,
    /// When the first item of each service was.
    pub(super) begins: BTreeMap<Text, u64>,
    /// Amounts of points, until all of the telemetry is known.
    pub(super) counted: Vec<Counted>,
}

/// What spendings are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The agent.
    Agent,
    /// The user.
    User,
    /// The session.
    Session,
    /// The model.
    Model,
    /// The host.
    Host,
    /// A unit of the calendar.
    Time(Unit),
}

/// A sum of spendings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Tokens.
    pub tokens: Tokens,
    /// Reported cost in nano-dollars.
    pub cost: Option<u64>,
    /// What the tokens cost by [`super::price_file`], in nano-dollars; absent if none has a price.
    pub estimate: Option<u64>,
}

impl Ledger {
    /// Sums by groups; what a record does not tell is an absent key.
    pub fn spent(&self, by: &[By], zone: Zone) -> BTreeMap<Vec<Option<String>>, Spent> {
        let mut groups: BTreeMap<_, Spent> = BTreeMap::new();
        for spending in &self.spendings {
            let who = &spending.who;
            let text = |text: &Option<Text>| text.as_deref().map(str::to_owned);
            let part = |by: &By| match by {
                By::Agent => Some(who.agent.to_string()),
                By::User => text(&who.user),
                By::Session => text(&who.session),
                By::Model => text(&who.model),
                By::Host => text(&who.host),
                By::Time(unit) => Some(zone.name_of(*unit, spending.time)),
            };
            let spent = groups.entry(by.iter().map(part).collect()).or_default();
            spent.tokens.add(&spending.tokens);
            if let Some(cost) = spending.cost {
                *spent.cost.get_or_insert(0) += cost;
            }
            if let Some(estimate) = models::estimate(who.model.as_deref(), &spending.tokens) {
                *spent.estimate.get_or_insert(0) += estimate;
            }
        }
        groups
    }
}
