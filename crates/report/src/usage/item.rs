//! Items: what one source says about one event or point, before any source is chosen.

use super::address::Address;
use super::distinct::Identified;
use super::mapping::Outcome;
use crate::money::NanoDollars;
use hashbrown::HashSet;
use std::ops::Deref;
use std::sync::Arc;

/// Token classes that do not overlap, except that reasoning is part of output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tokens {
    /// Input tokens that no cache served or stored.
    pub input: Option<u64>,
    /// Input tokens read from a cache.
    pub cache_read: Option<u64>,
    /// Input tokens written to a cache.
    pub cache_creation: Option<u64>,
    /// All output tokens, reasoning included.
    pub output: Option<u64>,
    /// The reasoning part of the output.
    pub reasoning: Option<u64>,
}

impl Tokens {
    /// True when some class is known.
    pub fn any(&self) -> bool {
        let classes = [
            self.input,
            self.cache_read,
            self.cache_creation,
            self.output,
            self.reasoning,
        ];
        classes.iter().any(Option::is_some)
    }

    /// Input, cache and output tokens together; reasoning is inside output. Unknown when none of
    /// these is known.
    pub fn total(&self) -> Option<u64> {
        let classes = [
            self.input,
            self.cache_read,
            self.cache_creation,
            self.output,
        ];
        classes.into_iter().fold(None, add)
    }

    /// Zeros for the classes that are known.
    pub(crate) fn zeros(&self) -> Self {
        let zero = |class: Option<u64>| class.map(|_| 0);
        Self {
            input: zero(self.input),
            cache_read: zero(self.cache_read),
            cache_creation: zero(self.cache_creation),
            output: zero(self.output),
            reasoning: zero(self.reasoning),
        }
    }

    /// Adds the classes of another; unknown stays unknown only where both are.
    pub fn add(&mut self, other: &Self) {
        self.input = add(self.input, other.input);
        self.cache_read = add(self.cache_read, other.cache_read);
        self.cache_creation = add(self.cache_creation, other.cache_creation);
        self.output = add(self.output, other.output);
        self.reasoning = add(self.reasoning, other.reasoning);
    }
}

/// The sum of what is known.
fn add(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.saturating_add(b)),
        (a, b) => a.or(b),
    }
}

/// How many requests to a model an item tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Requests {
    /// One.
    One,
    /// Any number, added up: metrics, and spans that sum up a turn.
    Several,
}

/// One event or one export of points, as one source tells it.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) told: Arc<Told>,
    /// When, in nanoseconds since the epoch.
    pub(crate) time: i64,
    /// Where the time it covers begins; `time` itself for events.
    pub(crate) start: i64,
    /// How often a request was sent again.
    pub(crate) retries: Option<u64>,
    pub(crate) tokens: Tokens,
    pub(crate) cost: Option<NanoDollars>,
    /// True where a process exported that it counted nothing.
    pub(crate) idle: bool,
    /// Calls it stands for: 1 for an event, any number for points.
    pub(crate) calls: u64,
    /// How long the call took, in nanoseconds.
    pub(crate) duration: Option<i64>,
    /// Active time, in nanoseconds.
    pub(crate) active: Option<i64>,
    /// Tells it apart from others of its source and service.
    pub(crate) identity: Option<Identified>,
    /// Where it lies in captures, if that was asked for: an event at one place, points at several.
    pub(crate) addresses: Vec<Address>,
}

/// What an item tells besides times and amounts. All exports of a series share it, of which there are
/// many.
#[derive(Debug)]
pub(crate) struct Told {
    /// Index of the agent in the mapping.
    pub(crate) agent: usize,
    /// Index of the source in the agent.
    pub(crate) source: usize,
    /// The agent as shown.
    pub(crate) agent_name: Arc<str>,
    pub(crate) service: Arc<str>,
    pub(crate) session: Option<Arc<str>>,
    /// What all signals of a process name, where some of them do not name the session.
    pub(crate) window: Option<Arc<str>>,
    pub(crate) user: Option<Arc<str>>,
    pub(crate) model: Option<Arc<str>>,
    pub(crate) provider: Option<Arc<str>>,
    /// How the request was served, in the emitter's word.
    pub(crate) tier: Option<Arc<str>>,
    pub(crate) host: Option<Arc<str>>,
    pub(crate) tool: Option<Arc<str>>,
    /// Id of the tool call.
    pub(crate) call: Option<Arc<str>>,
    /// What happened, in the emitter's word.
    pub(crate) event: Option<Arc<str>>,
    /// How a request was answered: the status of HTTP, else the kind of error.
    pub(crate) status: Option<Arc<str>>,
    /// What the emitter says of an error.
    pub(crate) error: Option<Arc<str>>,
    pub(crate) prompt: Option<Arc<str>>,
    pub(crate) request: Option<Arc<str>>,
    pub(crate) outcome: Option<Outcome>,
    /// Trace id with own and parent span id.
    pub(crate) span: Option<SpanPlace>,
}

impl Deref for Item {
    type Target = Told;

    fn deref(&self) -> &Told {
        &self.told
    }
}

impl Item {
    /// An item of which only that is known.
    pub(super) fn of(told: Arc<Told>) -> Self {
        Self {
            told,
            time: 0,
            start: 0,
            retries: None,
            tokens: Tokens::default(),
            cost: None,
            idle: false,
            calls: 0,
            duration: None,
            active: None,
            identity: None,
            addresses: Vec::new(),
        }
    }
}

impl Told {
    /// What an item of a source tells that tells nothing.
    pub(super) fn nothing(agent: usize, source: usize) -> Self {
        Self {
            agent,
            source,
            agent_name: "".into(),
            service: "".into(),
            session: None,
            window: None,
            user: None,
            model: None,
            provider: None,
            tier: None,
            host: None,
            tool: None,
            call: None,
            event: None,
            status: None,
            error: None,
            prompt: None,
            request: None,
            outcome: None,
            span: None,
        }
    }

    /// By what items of different sources are known to belong together.
    pub(crate) fn place(&self) -> Option<&Arc<str>> {
        self.window.as_ref().or(self.session.as_ref())
    }
}

/// Where a span stands in its trace.
#[derive(Clone, Debug)]
pub(crate) struct SpanPlace {
    pub(crate) trace: Arc<str>,
    pub(crate) own: Arc<str>,
    pub(crate) parent: Option<Arc<str>>,
}

/// Keeps one copy of each text.
#[derive(Debug, Default)]
pub(crate) struct Texts(HashSet<Arc<str>>);

impl Texts {
    pub(crate) fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}
