//! Follows a run so that another one can go on.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Again, State, count_items};
use crate::index::Entry;
use crate::outcome::{Earlier, ItemBalance, RequestBalance};
use crate::schedule::Turn;

/// Follows a run so that another one can go on.
#[derive(Debug)]
pub(crate) struct Progress {
    /// As it was when the run began, and what has begun since.
    state: State,
    /// Requests of a loop.
    in_loop: u64,
    /// On their way, or to be sent again.
    open: BTreeMap<Turn, Open>,
}

/// A request that is not done.
#[derive(Debug)]
struct Open {
    /// What is not.
    items: Vec<Range<u64>>,
    /// Under what it is counted so far.
    counted: Counted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    /// Not yet.
    Nowhere,
    /// All that was sent of it failed.
    Failed,
    /// Other items of it have come to their end.
    Partly,
}

impl Progress {
    pub(crate) fn new(state: State, in_loop: u64) -> Self {
        let open = state.again.iter().map(|again| {
            let open = Open {
                items: again.items.clone(),
                counted: Counted::Nowhere,
            };
            (again.turn, open)
        });
        Self {
            open: open.collect(),
            in_loop,
            state,
        }
    }

    /// These items of a request have started.
    pub(crate) fn started(&mut self, turn: Turn, entry: &Entry, items: Vec<Range<u64>>) {
        let number = turn.number(self.in_loop);
        // What is sent again has begun before.
        if !self.state.begun.contains(number) {
            self.state.begun.insert(number);
            self.state.begun_amount.requests += 1;
            self.state.begun_amount.items += u64::from(entry.items);
            self.state.begun_amount.bytes += u64::from(entry.len_bytes);
        }
        let open = Open {
            items,
            counted: Counted::Nowhere,
        };
        self.open.insert(turn, open);
    }

    /// A request has ended; these parts of it are to be sent again, `is_part` if there were others.
    pub(crate) fn ended(&mut self, turn: Turn, again: Vec<Range<u64>>, is_part: bool) {
        if again.is_empty() {
            self.open.remove(&turn);
            return;
        }
        let open = Open {
            items: again,
            counted: match is_part {
                true => Counted::Partly,
                false => Counted::Failed,
            },
        };
        self.open.insert(turn, open);
    }

    /// Whether it has started, and nothing is known of it.
    pub(crate) fn is_on_its_way(&self, turn: Turn) -> bool {
        let open = self.open.get(&turn);
        open.is_some_and(|open| open.counted == Counted::Nowhere)
    }

    /// What another run needs to know after one that counts so much.
    pub(crate) fn state(
        &self,
        requests: RequestBalance,
        items: ItemBalance,
        shift_nanos: Option<i64>,
        ids: u64,
    ) -> State {
        let mut again = Vec::with_capacity(self.open.len());
        let (mut failed, mut partly, mut failed_items) = (0, 0, 0);
        for (turn, open) in &self.open {
            again.push(Again {
                turn: *turn,
                items: open.items.clone(),
            });
            match open.counted {
                Counted::Nowhere => continue,
                Counted::Failed => failed += 1,
                Counted::Partly => partly += 1,
            }
            failed_items += count_items(&open.items);
        }
        let before = self.state.earlier;
        let earlier = Earlier {
            runs: before.runs + 1,
            accepted_requests: before.accepted_requests + requests.accepted,
            partly_rejected_requests: before.partly_rejected_requests + requests.partly_rejected
                - partly,
            failed_requests: before.failed_requests + requests.failed - failed,
            accepted_items: before.accepted_items + items.accepted,
            rejected_items: before.rejected_items + items.rejected,
            failed_items: before.failed_items + items.failed - failed_items,
        };
        State {
            again,
            earlier,
            shift_nanos,
            ids,
            ..self.state.clone()
        }
    }
}
