//! Gives requests to the sending threads: at their times, or as others are answered.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ahead::{Coming, each_ready};
use crate::clock::Clock;
use crate::error::ReplayError;
use crate::options::Load;
use crate::resume::{Rest, State};
use crate::run::TICK;
use crate::schedule::Turn;
use crate::sender::{Job, Sender};
use crate::transport::Transport;

/// Gives requests to the sending threads.
pub(crate) struct Feed<'a, C, T> {
    pub(crate) sender: &'a Arc<Sender<C, T>>,
    /// One for each request that may be in flight.
    pub(crate) slots: &'a Arc<Semaphore>,
    pub(crate) handle: Handle,
}

/// What requests in flight do to a schedule.
#[derive(Debug, Default)]
struct Pacing {
    /// Until then they held up what should have gone out before.
    held_until: Duration,
    /// By how much a closed load has put off its schedule.
    put_off: Duration,
}

impl<C: Clock, T: Transport> Feed<'_, C, T> {
    /// Each request at its time.
    pub(crate) fn paced(&self) {
        let sender = self.sender;
        let mut pacing = Pacing::default();
        let left = sender.left.as_ref();
        let again = left.into_iter().flat_map(|left| &left.again);
        let again = again.map_while(|again| {
            Some(Coming {
                turn: again.turn,
                entry: self.read(sender.timeline.index.get(again.turn.request))?,
                only: Some(again.items.clone()),
                due: Duration::ZERO,
            })
        });
        each_ready(sender, again.chain(self.coming()), |job| {
            self.pace(&mut pacing, job)
        });
    }

    /// What has not begun yet. The schedule goes on where an earlier run has left it.
    fn coming(&self) -> impl Iterator<Item = Coming> {
        let index = &self.sender.timeline.index;
        let mut rest = Rest::new(self.sender.left.as_ref(), index.len());
        let walk = self.sender.schedule.walk(index);
        let walk = walk.map_while(|due| self.read(due));
        walk.filter_map(move |due| {
            Some(Coming {
                due: rest.due(&due)?,
                turn: due.turn,
                entry: due.entry,
                only: None,
            })
        })
    }

    /// What was read of the index; if that failed, the run ends.
    fn read<V>(&self, value: io::Result<V>) -> Option<V> {
        let fail = |error| self.sender.halt.fail(ReplayError::Spool(error));
        value.map_err(fail).ok()
    }

    /// Sends a request when it is due. False if the run has ended.
    fn pace(&self, pacing: &mut Pacing, mut job: Job) -> bool {
        let sender = self.sender;
        let intended = job.intended.unwrap_or(sender.start);
        let intended = intended.saturating_add(pacing.put_off);
        if !self.sleep_until(intended) {
            return false;
        }
        let slot = match Arc::clone(self.slots).try_acquire_owned() {
            Ok(slot) => slot,
            Err(_) => {
                let is_late = sender.load == Load::Open;
                sender.tally().series.hold(is_late.then_some(intended));
                let Some(slot) = self.wait_for_slot() else {
                    return false;
                };
                sender.tally().series.hold(None);
                pacing.held_until = sender.clock.now();
                slot
            }
        };
        match sender.load {
            Load::Open => job.held_until = pacing.held_until,
            Load::Closed => {
                if sender.is_over() {
                    return false;
                }
                let wait = pacing.held_until.saturating_sub(intended);
                pacing.put_off = pacing.put_off.saturating_add(wait);
                job.intended = Some(intended.saturating_add(wait));
            }
        }
        self.spawn(job, slot);
        true
    }

    /// False if the run has ended. Looks for that as often as the run does.
    fn sleep_until(&self, at: Duration) -> bool {
        let sender = self.sender;
        loop {
            if sender.halt.is_set() {
                return false;
            }
            let now = sender.clock.now();
            if now >= at {
                return true;
            }
            sender.clock.sleep_until(at.min(now + TICK));
        }
    }

    /// `None` if the run has ended.
    fn wait_for_slot(&self) -> Option<OwnedSemaphorePermit> {
        self.handle.block_on(async {
            tokio::select! {
                biased;
                () = self.sender.halt.wait() => None,
                slot = Arc::clone(self.slots).acquire_owned() => slot.ok(),
            }
        })
    }

    fn spawn(&self, job: Job, slot: OwnedSemaphorePermit) {
        let sender = Arc::clone(self.sender);
        self.handle.spawn(async move {
            sender.ship(job).await;
            drop(slot);
        });
    }

    /// As many senders as requests may be in flight, each taking the next request when its last
    /// one is answered: no thread between them, for that costs more than a small request.
    pub(crate) fn unpaced(&self, in_flight: u32) {
        let next = Arc::new(AtomicU64::new(0));
        for _ in 0..in_flight {
            let Ok(slot) = Arc::clone(self.slots).try_acquire_owned() else {
                return;
            };
            let sender = Arc::clone(self.sender);
            let next = Arc::clone(&next);
            self.handle.spawn(async move {
                let index = &sender.timeline.index;
                let in_loop = index.len();
                let left = sender.left.as_ref();
                let again_requests = left.map_or(0, |left| left.again.len() as u64);
                let begun_below = left.map_or(0, State::begun_below);
                let most = sender.schedule.most_requests();
                while !sender.halt.is_set() && !sender.is_over() {
                    let taken = next.fetch_add(1, Ordering::Relaxed);
                    let again = left.and_then(|left| left.again.get(usize::try_from(taken).ok()?));
                    let (turn, only) = match again {
                        Some(again) => (again.turn, Some(again.items.clone())),
                        None => {
                            let number = taken - again_requests + begun_below;
                            if most.is_some_and(|most| number >= most) {
                                break;
                            }
                            if left.is_some_and(|left| left.has_begun(number)) {
                                continue;
                            }
                            (Turn::numbered(number, in_loop), None)
                        }
                    };
                    let entry = match index.get(turn.request) {
                        Ok(entry) => entry,
                        Err(error) => {
                            sender.halt.fail(ReplayError::Spool(error));
                            break;
                        }
                    };
                    let moment = sender.moment(turn, &entry, None);
                    let Some(job) = sender.ready((turn, entry), only, moment, None) else {
                        break;
                    };
                    sender.ship(job).await;
                }
                drop(slot);
            });
        }
    }
}
