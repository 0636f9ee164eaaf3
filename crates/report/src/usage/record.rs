//! A usage record: what one request, or one export of a metric, spent.

use super::address::Address;
use super::item::{Item, Requests, Tokens, Told};
use super::mapping::Mapping;
use crate::money::NanoDollars;
use crate::notes::{NoteCode, Notes};
use hashbrown::HashMap;
use std::sync::Arc;

/// What one request, or one export of a metric, spent.
#[derive(Clone, Debug)]
pub struct UsageRecord {
    /// When, in nanoseconds since the Unix epoch: of an event its own time, of a metric the time
    /// of its export.
    pub time: i64,
    /// The agent: `claude_code`, `codex`, `gemini_cli`, `qwen_code`, `copilot_vscode`,
    /// `copilot_cli`, else the agent's own name or the service's.
    pub agent: Arc<str>,
    /// `service.name` as sent.
    pub service: Arc<str>,
    /// The session or conversation.
    pub session: Option<Arc<str>>,
    /// Who used it: mail address, else account or installation.
    pub user: Option<Arc<str>>,
    /// The model.
    pub model: Option<Arc<str>>,
    /// Who serves the model.
    pub provider: Option<Arc<str>>,
    /// How the request was served, in the emitter's word: `fast`, `priority`, `batch` and the like.
    pub service_tier: Option<Arc<str>>,
    /// The host.
    pub host: Option<Arc<str>>,
    /// How many requests it tells of.
    pub requests: Requests,
    /// The tokens, if the record's source is the one chosen for tokens.
    pub tokens: Tokens,
    /// The reported cost, if the record's source is the one chosen for cost.
    pub cost: Option<NanoDollars>,
    /// Id of the request.
    pub request_id: Option<Arc<str>>,
    /// Id of the prompt.
    pub prompt_id: Option<Arc<str>>,
    /// The source, such as `log api_request`.
    pub source: &'static str,
    /// Where it lies in captures, if that was asked for: an event at one place, points at several.
    pub addresses: Vec<Address>,
    /// It has tokens, and no reported cost stands for them.
    pub lacks_cost: bool,
    /// It has a cost, and no tokens tell what for.
    pub lacks_tokens: bool,
}

impl UsageRecord {
    /// A record of what is told, without amounts, times and addresses.
    pub(super) fn of(mapping: &'static Mapping, told: &Told) -> Self {
        let source = &mapping.agents[told.agent].sources[told.source];
        Self {
            time: 0,
            agent: Arc::clone(&told.agent_name),
            service: Arc::clone(&told.service),
            session: told.session.clone(),
            user: told.user.clone(),
            model: told.model.clone(),
            provider: told.provider.clone(),
            service_tier: told.tier.clone(),
            host: told.host.clone(),
            requests: source.requests,
            tokens: Tokens::default(),
            cost: None,
            request_id: told.request.clone(),
            prompt_id: told.prompt.clone(),
            source: &source.name,
            addresses: Vec::new(),
            lacks_cost: false,
            lacks_tokens: false,
        }
    }

    /// Takes the time and the amounts of an item, as far as it was chosen for tokens and for cost.
    pub(super) fn amounts(&mut self, item: &Item, (tokens, cost): (bool, bool)) {
        self.time = item.time;
        self.tokens = match tokens {
            true => item.tokens,
            false => Tokens::default(),
        };
        self.cost = item.cost.filter(|_| cost);
    }

    /// Finds out whether cost or tokens are missing: where an item's own cost is the chosen one, it
    /// alone tells whether it is priced; else a cost of the same session, or of the emitter as a
    /// whole, stands for it. The same of tokens.
    pub(super) fn lacks(
        &mut self,
        item: &Item,
        (has_tokens, has_cost): (bool, bool),
        (tokens, costs): (Tells, Tells),
    ) {
        self.lacks_cost =
            has_tokens && !costs.of(item.cost.is_some()) && item.tokens.total() != Some(0);
        self.lacks_tokens = has_cost && !tokens.of(item.tokens.any());
    }

    /// Notes how many records like this lack a cost.
    pub(super) fn note_unpriced(&self, count: u64, notes: &mut Notes) {
        let model = self.model.as_deref().unwrap_or("unknown model");
        let subject = format!("{}, {model}", self.agent);
        notes.add_about(NoteCode::UnpricedModel, &subject, count);
    }
}

/// The places in the data that the chosen items of a role tell of: emitters and sessions, with a bit
/// per source that does. A test keeps the number of sources below 64.
pub(super) struct Places<'a>(HashMap<(usize, &'a str, Option<&'a str>), u64>);

/// Whether chosen items tell of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tells {
    Always,
    Never,
    /// If it does itself: its source is one of theirs.
    Itself,
}

impl Tells {
    /// Whether they do, where it does itself or not.
    fn of(self, own: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Itself => own,
        }
    }
}

impl<'a> Places<'a> {
    pub(super) fn of(chosen: impl Iterator<Item = &'a Told>) -> Self {
        let mut places = HashMap::new();
        for told in chosen {
            let place = (told.agent, &*told.service, told.session.as_deref());
            *places.entry(place).or_default() |= 1_u64 << told.source;
        }
        Self(places)
    }

    /// Whether the items tell of an item.
    pub(super) fn that_tell(&self, told: &'a Told) -> Tells {
        let (agent, service) = (told.agent, &*told.service);
        match self.0.get(&(agent, service, told.session.as_deref())) {
            Some(sources) if sources & (1 << told.source) != 0 => Tells::Itself,
            Some(_) => Tells::Always,
            None if self.0.contains_key(&(agent, service, None)) => Tells::Always,
            None => Tells::Never,
        }
    }
}
