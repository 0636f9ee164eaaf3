//! The usage model: who spent which tokens and what money, when.

use super::authority;
use super::item::{Item, Tokens};
use super::mapping::{MAPPING, Mapping, Outcome, Role};
use super::read;
use crate::data::Data;
use crate::error::ReportError;
use crate::money::NanoDollars;
use crate::notes::{Note, NoteCode, Notes};
use crate::query::Selection;
use std::collections::{BTreeMap, BTreeSet};
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
    /// The host.
    pub host: Option<Arc<str>>,
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
}

/// Usage with what has to be known about it.
#[derive(Clone, Debug)]
pub struct Usage {
    /// The records in order of time.
    pub records: Vec<UsageRecord>,
    /// Removed duplicates, unknown starts, unpriced models and the like, and the sources.
    pub notes: Vec<Note>,
}

/// Reads the usage that data tells of.
///
/// # Errors
/// When a lake cannot be read.
pub fn usage<'a>(data: impl Into<Data<'a>>, selection: &Selection) -> Result<Usage, ReportError> {
    let mut notes = Notes::default();
    let items = Items::read(data.into(), selection, &mut notes)?;
    let records = items.usage(selection, &mut notes);
    Ok(Usage {
        records,
        notes: notes.into_vec(),
    })
}

/// Everything that the sources of data tell.
pub(crate) struct Items {
    mapping: &'static Mapping,
    items: Vec<Item>,
}

impl Items {
    pub(crate) fn read(
        data: Data<'_>,
        selection: &Selection,
        notes: &mut Notes,
    ) -> Result<Self, ReportError> {
        Ok(Self {
            mapping: &MAPPING,
            items: read::items(data, &MAPPING, selection, notes)?,
        })
    }

    /// The chosen items of a role in the selected time, with their places in the reading order.
    pub(crate) fn chosen(
        &self,
        role: Role,
        selection: &Selection,
        notes: &mut Notes,
    ) -> Vec<(usize, &Item)> {
        let chosen = authority::chosen(&self.items, self.mapping, role, selection, notes);
        let items = chosen.into_iter().map(|index| (index, &self.items[index]));
        let items: Vec<_> = items
            .filter(|(_, i)| selection.holds_time(i.time))
            .collect();
        for (_, item) in &items {
            let agent = &self.mapping.agents[item.agent];
            let source = &agent.sources[item.source].name;
            let subject = format!("{}: {} from {source}", item.agent_name, role.as_str());
            notes.add_about(NoteCode::Source, &subject, 1);
        }
        items
    }

    /// The words for the source of an item.
    pub(crate) fn source(&self, item: &Item) -> &'static str {
        &self.mapping.agents[item.agent].sources[item.source].name
    }

    /// The usage records in the selected time, in order of time.
    pub(crate) fn usage(&self, selection: &Selection, notes: &mut Notes) -> Vec<UsageRecord> {
        let tokens = self.chosen(Role::Tokens, selection, notes);
        let costs = self.chosen(Role::Cost, selection, notes);
        // Where an item's own cost is the chosen one, it alone tells whether it is priced; else
        // a cost of the same session, or of the emitter as a whole, stands for it.
        let priced: BTreeSet<_> = costs
            .iter()
            .map(|(_, i)| (i.agent, &i.service, i.session.as_ref()))
            .collect();
        let own: BTreeSet<_> = costs
            .iter()
            .map(|(_, i)| (i.agent, &i.service, i.session.as_ref(), i.source))
            .collect();
        let is_priced = |i: &Item| {
            let session = i.session.as_ref();
            if own.contains(&(i.agent, &i.service, session, i.source)) {
                i.cost.is_some()
            } else {
                priced.contains(&(i.agent, &i.service, session))
                    || priced.contains(&(i.agent, &i.service, None))
            }
        };
        let mut merged: BTreeMap<usize, (&Item, bool, bool)> = BTreeMap::new();
        for (index, item) in &tokens {
            merged.insert(*index, (item, true, false));
        }
        for (index, item) in &costs {
            merged.entry(*index).or_insert((item, false, false)).2 = true;
        }
        let mut records = Vec::with_capacity(merged.len());
        for (item, has_tokens, has_cost) in merged.into_values() {
            let unpriced = has_tokens && !is_priced(item) && item.tokens.total() != Some(0);
            if unpriced {
                let model = item.model.as_deref().unwrap_or("unknown model");
                let subject = format!("{}, {model}", item.agent_name);
                notes.add_about(NoteCode::UnpricedModel, &subject, 1);
            }
            records.push(self.record(item, has_tokens, has_cost));
        }
        records.sort_by_key(|record| record.time);
        records
    }

    fn record(&self, item: &Item, tokens: bool, cost: bool) -> UsageRecord {
        UsageRecord {
            time: item.time,
            agent: Arc::clone(&item.agent_name),
            service: Arc::clone(&item.service),
            session: item.session.clone(),
            user: item.user.clone(),
            model: item.model.clone(),
            provider: item.provider.clone(),
            host: item.host.clone(),
            tokens: if tokens {
                item.tokens
            } else {
                Tokens::default()
            },
            cost: item.cost.filter(|_| cost),
            request_id: item.request.clone(),
            prompt_id: item.prompt.clone(),
            source: self.source(item),
        }
    }
}

impl Item {
    /// Calls that ran: rejected ones did not.
    pub(crate) fn ran(&self) -> u64 {
        if self.outcome == Some(Outcome::Rejected) {
            0
        } else {
            self.calls
        }
    }
}
