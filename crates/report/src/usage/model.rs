//! The usage model: who spent which tokens and what money, when.

use super::address::Detail;
use super::authority::{self, Among, Groups};
use super::item::Item;
use super::mapping::{MAPPING, Mapping, Outcome, Role};
use super::read::{self, Idle};
use super::record::{Places, UsageRecord};
use crate::data::Data;
use crate::error::ReportError;
use crate::notes::{Note, NoteCode, Notes};
use crate::parallel;
use crate::query::{Selection, Signal};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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
    groups: Groups,
}

impl Items {
    /// Reads what all reports need.
    pub(crate) fn read(
        data: Data<'_>,
        selection: &Selection,
        notes: &mut Notes,
    ) -> Result<Self, ReportError> {
        let reading = (Detail::Amounts, Idle::LeftOut);
        Self::read_with(&[], reading, data, selection, notes)
    }

    /// Reads items in more or less detail.
    pub(crate) fn read_in(
        detail: Detail,
        data: Data<'_>,
        selection: &Selection,
        notes: &mut Notes,
    ) -> Result<Self, ReportError> {
        Self::read_with(&[], (detail, Idle::LeftOut), data, selection, notes)
    }

    /// Reads what all reports need, and what answers more questions, idle points included.
    pub(crate) fn read_also(
        roles: &[Role],
        data: Data<'_>,
        selection: &Selection,
        notes: &mut Notes,
    ) -> Result<Self, ReportError> {
        Self::read_with(roles, (Detail::Amounts, Idle::Kept), data, selection, notes)
    }

    fn read_with(
        roles: &[Role],
        reading: (Detail, Idle),
        data: Data<'_>,
        selection: &Selection,
        notes: &mut Notes,
    ) -> Result<Self, ReportError> {
        let roles = [&Role::USUAL, roles].concat();
        let items = read::items(data, &MAPPING, &roles, selection, reading, notes)?;
        Ok(Self {
            mapping: &MAPPING,
            groups: Groups::of(&items),
            items,
        })
    }

    /// The chosen items of a role in the selected time, with their places in the reading order.
    pub(crate) fn chosen(
        &self,
        role: Role,
        selection: &Selection,
        notes: &mut Notes,
    ) -> Vec<(usize, &Item)> {
        self.chosen_among(Among::All, role, selection, notes)
    }

    /// The items that are chosen where only some sources count.
    pub(crate) fn chosen_among(
        &self,
        among: Among,
        role: Role,
        selection: &Selection,
        notes: &mut Notes,
    ) -> Vec<(usize, &Item)> {
        let mapping = self.mapping;
        let items = (self.items.as_slice(), &self.groups);
        let chosen = authority::chosen(items, mapping, role, among, selection, notes);
        let items = chosen.into_iter().map(|index| (index, &self.items[index]));
        let items: Vec<_> = items
            .filter(|(_, i)| selection.holds_time(i.time))
            .collect();
        let mut counts = SourceCounts::new();
        // Items of one source come one after another, for the most part.
        let same = |(_, a): &(usize, &Item), (_, b): &(usize, &Item)| {
            (a.agent, a.source) == (b.agent, b.source) && Arc::ptr_eq(&a.agent_name, &b.agent_name)
        };
        for of_source in items.chunk_by(same) {
            let (_, item) = of_source[0];
            let key = (item.agent, item.source, &*item.agent_name);
            *counts.entry(key).or_default() += of_source.len() as u64;
        }
        note_sources(self.mapping, role, counts, notes);
        items
    }

    /// All items, of whatever time.
    pub(super) fn all(&self) -> &[Item] {
        &self.items
    }

    /// All items in the selected time, of whatever source.
    pub(crate) fn selected(&self, selection: &Selection) -> impl Iterator<Item = &Item> {
        let items = self.items.iter();
        items.filter(|item| selection.holds_time(item.time))
    }

    /// The signal that an item came with.
    pub(crate) fn signal(&self, item: &Item) -> Signal {
        Signal::of(self.mapping.agents[item.agent].sources[item.source].table)
    }

    /// Whether an item is not an event, but what points counted.
    pub(crate) fn is_points(&self, item: &Item) -> bool {
        self.signal(item) == Signal::Metrics
    }

    /// Whether who sends some signals would also send what answers a question.
    pub(crate) fn can_tell(&self, agent: usize, role: Role, signals: &BTreeSet<Signal>) -> bool {
        let agent = &self.mapping.agents[agent];
        let sources = agent.sources.iter().enumerate();
        let mut sources = sources.filter(|(index, _)| agent.rank(role, *index).is_some());
        sources.any(|(_, source)| signals.contains(&Signal::of(source.table)))
    }

    /// The words for the source of an item.
    pub(crate) fn source(&self, item: &Item) -> &'static str {
        &self.mapping.agents[item.agent].sources[item.source].name
    }

    /// The usage records in the selected time, in order of time.
    pub(crate) fn usage(&self, selection: &Selection, notes: &mut Notes) -> Vec<UsageRecord> {
        let roles = vec![Role::Tokens, Role::Cost];
        let [(tokens, of_tokens), (costs, of_costs)] = parallel::all(roles, |role| {
            let mut notes = Notes::default();
            (self.chosen(role, selection, &mut notes), notes)
        })
        .try_into()
        .unwrap_or_else(|_| unreachable!("there are two roles"));
        notes.append(of_tokens);
        notes.append(of_costs);
        let costs_of = Places::of(costs.iter().map(|(_, item)| &*item.told));
        let tokens_of = Places::of(tokens.iter().map(|(_, item)| &*item.told));
        let mut merged = merged(&tokens, &costs);
        merged.sort_by_key(|(time, ..)| *time);
        let mut records = Vec::with_capacity(merged.len());
        for (_, item, has_tokens, has_cost) in merged {
            let mut record = UsageRecord::of(self.mapping, item);
            record.addresses.clone_from(&item.addresses);
            record.amounts(item, (has_tokens, has_cost));
            let places = (tokens_of.that_tell(item), costs_of.that_tell(item));
            record.lacks(item, (has_tokens, has_cost), places);
            if record.lacks_cost {
                record.note_unpriced(1, notes);
            }
            records.push(record);
        }
        records
    }

    /// Places in the mapping of the agents as shown.
    pub(crate) fn agents(&self) -> BTreeMap<&str, usize> {
        let names = self
            .items
            .iter()
            .map(|item| (&*item.agent_name, item.agent));
        names.collect()
    }

    /// Whether a source of cost is known of an agent, among those that are read.
    pub(crate) fn can_report_cost(
        &self,
        agent: usize,
        among: Among,
        selection: &Selection,
    ) -> bool {
        let agent = &self.mapping.agents[agent];
        let mut sources = agent.roles[Role::Cost as usize].iter().flatten();
        sources.any(|source| {
            let table = agent.sources[*source].table;
            let is_read = selection.signal.is_none_or(|s| s == Signal::of(table));
            is_read && among.has(table)
        })
    }

    /// The record of an item, with its cost.
    pub(crate) fn cost_record(&self, item: &Item) -> UsageRecord {
        let mut record = UsageRecord::of(self.mapping, item);
        record.addresses.clone_from(&item.addresses);
        record.amounts(item, (false, true));
        record
    }
}

/// How many items were chosen, by agent, source and the agent as shown.
pub(super) type SourceCounts<'a> = BTreeMap<(usize, usize, &'a str), u64>;

/// Notes the sources of what was chosen for a role.
pub(super) fn note_sources(
    mapping: &Mapping,
    role: Role,
    counts: SourceCounts<'_>,
    notes: &mut Notes,
) {
    for ((agent, source, name), count) in counts {
        let source = &mapping.agents[agent].sources[source].name;
        let subject = format!("{name}: {} from {source}", role.as_str());
        notes.add_about(NoteCode::Source, &subject, count);
    }
}

/// Items that are chosen for tokens, for cost or both, in the reading order, with their times.
fn merged<'a>(
    tokens: &[(usize, &'a Item)],
    costs: &[(usize, &'a Item)],
) -> Vec<(i64, &'a Item, bool, bool)> {
    let mut merged = Vec::with_capacity(tokens.len().max(costs.len()));
    let mut costs = costs.iter().peekable();
    for (index, item) in tokens {
        while let Some((_, cost)) = costs.next_if(|(cost, _)| cost < index) {
            merged.push((cost.time, *cost, false, true));
        }
        let has_cost = costs.next_if(|(cost, _)| cost == index).is_some();
        merged.push((item.time, *item, true, has_cost));
    }
    merged.extend(costs.map(|(_, cost)| (cost.time, *cost, false, true)));
    merged
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
