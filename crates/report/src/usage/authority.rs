//! Chooses exactly one source per question, agent, service, session and time range.

use super::item::Item;
use super::mapping::{Mapping, Role};
use crate::notes::{NoteCode, Notes};
use crate::query::{Selection, Signal};
use hashbrown::HashMap;
use otolith_tables::Table;
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
type Emitter<'a> = (usize, &'a str);

/// The indices of the items that answer a question, in the order of `items`.
///
/// Per emitter and session (where the mapping names one, per window, which may hold several
/// sessions) the best-ranked source that says anything wins. Items without either cannot be matched
/// to one: they count only where no better source of their emitter has items within an hour; and items
/// with one only where no better source has items without. Items without a service may be those of any emitter of their agent. What is left out so is
/// noted.
pub(crate) fn chosen(
    (items, groups): (&[Item], &Groups),
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
    let mut best = vec![usize::MAX; groups.count];
    for (item, group) in items.iter().zip(&groups.of_items) {
        if let Some(rank) = rank(item) {
            let known = &mut best[*group];
            *known = rank.min(*known);
        }
    }
    // Without a place there is no group to be best in: only time tells, below.
    let is_best = |(item, group): (&Item, &usize)| {
        let rank = rank(item)?;
        (item.place().is_none() || best[*group] == rank).then_some(rank)
    };
    let best: Vec<(usize, &Item, usize)> = items
        .iter()
        .zip(&groups.of_items)
        .enumerate()
        .filter_map(|(index, of_item)| Some((index, of_item.0, is_best(of_item)?)))
        .collect();
    let mut covers: HashMap<(Emitter<'_>, usize), Cover<'_>> = HashMap::new();
    for (_, item, rank) in &best {
        let cover = covers.entry((emitter(item), *rank)).or_default();
        cover.add(item);
    }
    let mut of_agents: HashMap<usize, Vec<(&str, usize, Settled<'_>)>> = HashMap::new();
    for (((agent, service), rank), cover) in covers {
        let of_agent = of_agents.entry(agent).or_default();
        of_agent.push((service, rank, cover.settle()));
    }
    let mut found = Vec::new();
    let mut covered = Vec::new();
    for (index, item, rank) in best {
        // The last agent is no agent of its own: all that is not known.
        let is_known = item.agent + 1 < mapping.agents.len();
        let is_better = |(service, better, _): &&(&str, usize, Settled<'_>)| {
            let may_be_one = || is_known && (is_nameless(service) || is_nameless(&item.service));
            *better < rank && (**service == *item.service || may_be_one())
        };
        let of_agent = of_agents.get(&item.agent).into_iter().flatten();
        let mut better = of_agent.filter(is_better);
        if better.any(|(.., cover)| cover.holds(item)) {
            covered.push(item.time);
        } else {
            found.push(index);
        }
    }
    let about = (NoteCode::CoveredByBetterSource, role.as_str());
    notes.add_at(about, selection, &covered);
    found
}

/// Whether a service has no name, or one by which the SDKs say so.
fn is_nameless(service: &str) -> bool {
    service.starts_with(UNNAMED)
}

fn emitter(item: &Item) -> Emitter<'_> {
    (item.agent, &item.service)
}

/// Items by emitter and place: found once, asked for each role.
#[derive(Debug)]
pub(crate) struct Groups {
    count: usize,
    of_items: Vec<usize>,
}

impl Groups {
    pub(crate) fn of(items: &[Item]) -> Self {
        let mut known: HashMap<(Emitter<'_>, Option<&str>), usize> = HashMap::new();
        let mut of_items: Vec<usize> = Vec::with_capacity(items.len());
        let mut last: Option<&Item> = None;
        for item in items {
            let same = last.is_some_and(|last| Arc::ptr_eq(&last.told, &item.told));
            let group = match of_items.last() {
                Some(group) if same => *group,
                _ => {
                    let next = known.len();
                    *known.entry((emitter(item), place(item))).or_insert(next)
                }
            };
            of_items.push(group);
            last = Some(item);
        }
        Self {
            count: known.len(),
            of_items,
        }
    }
}

fn place(item: &Item) -> Option<&str> {
    item.place().map(|place| &**place)
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
struct Cover<'a>(HashMap<Option<&'a str>, Vec<Stretch>>);

/// From when to when, both included.
type Stretch = (i64, i64);

impl<'a> Cover<'a> {
    fn add(&mut self, item: &'a Item) {
        let stretches = self.0.entry(place(item)).or_default();
        let (from, to) = (
            item.start.saturating_sub(COVER),
            item.time.saturating_add(COVER),
        );
        match stretches.last_mut() {
            // A session is one stretch; items without a session are stretches where they are.
            Some(last) if item.place().is_some() || (from <= last.1 && to >= last.0) => {
                *last = (last.0.min(from), last.1.max(to));
            }
            _ => stretches.push((from, to)),
        }
    }

    fn settle(self) -> Settled<'a> {
        let all = self.0.values().flatten().copied().collect();
        let places = self.0.into_iter();
        Settled {
            all: Union::of(all),
            places: places
                .map(|(place, stretches)| (place, Union::of(stretches)))
                .collect(),
        }
    }
}

/// A [`Cover`] to which nothing is added any more.
#[derive(Debug)]
struct Settled<'a> {
    places: HashMap<Option<&'a str>, Union>,
    /// Of all of them.
    all: Union,
}

impl Settled<'_> {
    /// True when an item overlaps items of its session, or items that it could not be matched to by
    /// session.
    fn holds(&self, item: &Item) -> bool {
        let stretch = (item.start, item.time);
        let overlaps = |place| {
            let of_place = self.places.get(&place);
            of_place.is_some_and(|union| union.overlaps(stretch))
        };
        match place(item) {
            None => self.all.overlaps(stretch),
            Some(place) => overlaps(Some(place)) || overlaps(None),
        }
    }
}

/// Stretches in their order, none of which overlaps another.
#[derive(Debug)]
struct Union(Vec<Stretch>);

impl Union {
    fn of(mut stretches: Vec<Stretch>) -> Self {
        stretches.sort_unstable();
        stretches.dedup_by(|next, last| {
            let overlaps = next.0 <= last.1;
            if overlaps {
                last.1 = last.1.max(next.1);
            }
            overlaps
        });
        Self(stretches)
    }

    fn overlaps(&self, (from, to): Stretch) -> bool {
        let first = self.0.partition_point(|stretch| stretch.1 < from);
        self.0.get(first).is_some_and(|stretch| stretch.0 <= to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_union_overlaps_what_any_of_its_stretches_does(
            stretches in prop::collection::vec((0..40_i64, 0..6_i64), 0..8),
            (from, length) in (0..40_i64, 0..6_i64),
        ) {
            let stretches: Vec<_> = stretches.into_iter().map(|(from, n)| (from, from + n)).collect();
            let to = from + length;
            let any = stretches.iter().any(|s| from <= s.1 && to >= s.0);
            prop_assert_eq!(Union::of(stretches).overlaps((from, to)), any);
        }
    }
}
