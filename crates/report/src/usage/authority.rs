//! Chooses exactly one source per question, agent, service, session and time range.

use super::item::Item;
use super::mapping::{Mapping, Role};
use crate::notes::{NoteCode, Notes};
use crate::query::{Selection, Signal};
use otolith_tables::Table;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How far around the items of a session its source covers items that name no session, in
/// nanoseconds: one hour. Metrics are stamped when they are exported, which is later than the
/// requests they count; counting one amount twice is worse than leaving one out with a note.
const COVER: i64 = 3_600_000_000_000;

/// The sources among which one is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Among {
    /// All of them.
    All,
    /// Those of log records and spans.
    Events,
    /// Those of points.
    Metrics,
}

impl Among {
    /// Whether sources that read a table belong to it.
    pub(crate) const fn has(self, table: Table) -> bool {
        let is_points = matches!(Signal::of(table), Signal::Metrics);
        match self {
            Self::All => true,
            Self::Events => !is_points,
            Self::Metrics => is_points,
        }
    }
}

/// How services without a name are called, by the conventions and by the name of their database.
const UNNAMED: &str = "unknown_service";

/// One emitter: agent and service.
type Emitter = (usize, Arc<str>);

/// The indices of the items that answer a question, in the order of `items`.
///
/// Per emitter and session (where the mapping names one, per window, which may hold several
/// sessions) the best-ranked source that says anything wins. Items without either cannot be matched
/// to one: they count only where no better source of their emitter has items within an hour; and items
/// with one only where no better source has items without. Items without a service may be those of any emitter of their agent. What is left out so is
/// noted.
pub(crate) fn chosen(
    items: &[Item],
    mapping: &Mapping,
    role: Role,
    among: Among,
    selection: &Selection,
    notes: &mut Notes,
) -> Vec<usize> {
    let rank = |item: &Item| {
        let table = mapping.agents[item.agent].sources[item.source].table;
        if !among.has(table) {
            return None;
        }
        let rank = mapping.agents[item.agent].rank(role, item.source)?;
        answers(item, role).then_some(rank)
    };
    let mut best: BTreeMap<(Emitter, Option<Arc<str>>), usize> = BTreeMap::new();
    for item in items {
        if let Some(rank) = rank(item) {
            let known = best.entry(group(item)).or_insert(rank);
            *known = rank.min(*known);
        }
    }
    // Without a place there is no group to be best in: only time tells, below.
    let is_best = |item: &Item| {
        let rank = rank(item)?;
        let best = item.place().is_none() || best.get(&group(item)) == Some(&rank);
        best.then_some(rank)
    };
    let mut covers: BTreeMap<(Emitter, usize), Cover> = BTreeMap::new();
    for item in items {
        if let Some(rank) = is_best(item) {
            let cover = covers.entry((emitter(item), rank)).or_default();
            cover.add(item);
        }
    }
    let no_service: Arc<str> = Arc::from("");
    let mut found = Vec::new();
    let mut covered = 0;
    for (index, item) in items.iter().enumerate() {
        let Some(rank) = is_best(item) else {
            continue;
        };
        let emitter = emitter(item);
        // The last agent is no agent of its own: all that is not known.
        let is_known = item.agent + 1 < mapping.agents.len();
        let of_agent = || {
            let bound = |agent| ((agent, Arc::clone(&no_service)), 0);
            covers.range(bound(item.agent)..bound(item.agent + 1))
        };
        let is_better = |((other, better), _): &(&(Emitter, usize), &Cover)| {
            let may_be_one = is_known && (is_nameless(&other.1) || is_nameless(&emitter.1));
            *better < rank && (*other == emitter || may_be_one)
        };
        let is_covered = rank > 0
            && of_agent()
                .filter(is_better)
                .any(|(_, cover)| cover.holds(item));
        if is_covered {
            covered += u64::from(selection.holds_time(item.time));
        } else {
            found.push(index);
        }
    }
    notes.add_about(NoteCode::CoveredByBetterSource, role.as_str(), covered);
    found
}

/// Whether a service has no name, or one by which the SDKs say so.
fn is_nameless(service: &str) -> bool {
    service.starts_with(UNNAMED)
}

fn emitter(item: &Item) -> Emitter {
    (item.agent, Arc::clone(&item.service))
}

fn group(item: &Item) -> (Emitter, Option<Arc<str>>) {
    (emitter(item), item.place().cloned())
}

/// True when an item has something to say on a question: an idle process has not.
fn answers(item: &Item, role: Role) -> bool {
    if item.idle {
        return false;
    }
    match role {
        Role::Tokens => item.tokens.any(),
        Role::Cost => item.cost.is_some(),
        Role::Requests => item.calls > 0,
        Role::Tools => item.calls > 0 && item.tool.is_some(),
        Role::Active => item.active.is_some(),
        Role::Retries => item.retries.is_some(),
        Role::Prompts => item.calls > 0,
        Role::Events => item.prompt.is_some(),
    }
}

/// The times that the items of one source cover, by session.
#[derive(Debug, Default)]
struct Cover(BTreeMap<Option<Arc<str>>, Vec<(i64, i64)>>);

impl Cover {
    fn add(&mut self, item: &Item) {
        let ranges = self.0.entry(item.place().cloned()).or_default();
        let (from, to) = (
            item.start.saturating_sub(COVER),
            item.time.saturating_add(COVER),
        );
        match ranges.last_mut() {
            // A session is one stretch; items without a session are stretches where they are.
            Some(last) if item.place().is_some() || (from <= last.1 && to >= last.0) => {
                *last = (last.0.min(from), last.1.max(to));
            }
            _ => ranges.push((from, to)),
        }
    }

    /// True when an item overlaps items of its session, or items that it could not be matched to by
    /// session.
    fn holds(&self, item: &Item) -> bool {
        let overlaps = |(from, to): &(i64, i64)| item.start <= *to && item.time >= *from;
        let mut places = self.0.iter().filter(|(place, _)| {
            item.place().is_none() || place.is_none() || place.as_ref() == item.place()
        });
        places.any(|(_, ranges)| ranges.iter().any(overlaps))
    }
}
