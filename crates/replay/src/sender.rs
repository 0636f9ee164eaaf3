//! Sends single requests: prepares the body, tries, has the answer judged, tries again.

mod judge;

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Buf as _;
use otolith_capture::Signal;

use self::judge::Verdict;
use crate::clock::Clock;
use crate::compose::{Composer, Moment, Part};
use crate::error::ReplayError;
use crate::grpc;
use crate::halt::Halt;
use crate::index::Entry;
use crate::options::Load;
use crate::outcome::Ended;
use crate::payload::Payload;
use crate::resume::State;
use crate::retry::{Attempted, Receiver, RetryPolicy};
use crate::schedule::{Schedule, Turn};
use crate::tally::{Fate, Start, Tally};
use crate::timeline::Timeline;
use crate::transport::{SendError, Transport};

/// Everything that sending a request takes; shared by all that send.
pub(crate) struct Sender<C, T> {
    pub(crate) timeline: Arc<Timeline>,
    pub(crate) composer: Composer,
    pub(crate) schedule: Schedule,
    pub(crate) load: Load,
    /// Where it is written down how far the run has come.
    pub(crate) resume: Option<PathBuf>,
    /// What an earlier run has left to do.
    pub(crate) left: Option<State>,
    pub(crate) clock: C,
    pub(crate) transport: T,
    /// When the run began.
    pub(crate) start: Duration,
    /// The time of day when the run began.
    pub(crate) start_unix_nano: u64,
    pub(crate) retry: RetryPolicy,
    /// What must not be quoted.
    pub(crate) secrets: Vec<String>,
    pub(crate) tally: Mutex<Tally>,
    pub(crate) halt: Halt,
}

/// A request on its way.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// Which one it is.
    pub(crate) turn: Turn,
    pub(crate) entry: Entry,
    /// The items that are sent, if not all.
    pub(crate) only: Option<Vec<Range<u64>>>,
    /// What goes out, in this order.
    pub(crate) parts: Vec<Part>,
    /// When that is.
    pub(crate) moment: Moment,
    /// When it should go out, where there is a pace to keep.
    pub(crate) intended: Option<Duration>,
    /// Until when requests in flight hold it back.
    pub(crate) held_until: Duration,
}

/// What sending a part came to.
enum Delivered {
    Done(Fate),
    /// As [`Verdict::TooLarge`].
    TooLarge(Fate),
}

impl<C: Clock, T: Transport> Sender<C, T> {
    pub(crate) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When a request goes out that is due at this time from the start of the run, or now if there is
    /// no pace to keep. To be asked in the order of sending.
    pub(crate) fn moment(&self, turn: Turn, entry: &Entry, due: Option<Duration>) -> Moment {
        let moment = Moment {
            pass: turn.pass,
            sent_unix_nano: match due {
                Some(due) => self.start_unix_nano.saturating_add(nanos(due)),
                None => self.clock.unix_nano(),
            },
        };
        if let Err(error) = self.composer.announce(entry, moment) {
            self.halt.fail(ReplayError::Spool(error));
        }
        moment
    }

    /// Makes a request, or only these items of it, ready to go out then. `None` if the run has ended:
    /// the spool failed.
    pub(crate) fn ready(
        &self,
        (turn, entry): (Turn, Entry),
        only: Option<Vec<Range<u64>>>,
        moment: Moment,
        due: Option<Duration>,
    ) -> Option<Job> {
        let parts = match &only {
            None => self.composer.compose(&entry, moment),
            Some(items) => self.composer.compose_only(&entry, moment, items),
        };
        let parts = match parts {
            Ok(parts) => parts,
            Err(error) => {
                self.halt.fail(ReplayError::Spool(error));
                return None;
            }
        };
        Some(Job {
            turn,
            entry,
            only,
            parts,
            moment,
            intended: due.map(|due| self.start.saturating_add(due)),
            held_until: Duration::ZERO,
        })
    }

    /// What another run would need to go on, if that is wanted.
    pub(crate) fn state(&self, tally: &Tally) -> Option<State> {
        tally.state(self.composer.shift_nanos, self.composer.ids)
    }

    /// Writes down how far the run has come, if that is wanted.
    pub(crate) fn save_state(&self) {
        let state = self.state(&self.tally());
        if let Some((path, state)) = self.resume.as_ref().zip(state)
            && let Err(error) = state.save(path)
        {
            self.tally().unwritten(&error);
        }
    }

    /// Whether the time that was given to the run is over.
    pub(crate) fn is_over(&self) -> bool {
        let end = self.schedule.end();
        end.is_some_and(|end| self.clock.now().saturating_sub(self.start) >= end)
    }

    /// Sends a request until all of it is taken, refused for good, or given up.
    pub(crate) async fn ship(&self, job: Job) {
        let entry = &job.entry;
        let first_sent = self.clock.now();
        self.tally().started(
            job.turn,
            entry,
            job.only.as_deref(),
            Start {
                intended: job.intended,
                now: first_sent,
                held_until: job.held_until,
            },
        );
        let mut waiting: VecDeque<Part> = job.parts.into();
        let mut is_divided = waiting.len() > 1;
        let mut ended = Vec::with_capacity(waiting.len());
        while let Some(part) = waiting.pop_front() {
            let fate = match part.body {
                Err(fate) => fate,
                Ok(_) if self.halt.is_set() && !ended.is_empty() => Fate::Failed {
                    code: "interrupted".to_owned(),
                    message: "the run ended between the parts of a request".to_owned(),
                },
                Ok(body) => match self
                    .deliver(job.turn, entry.signal, body, part.len_bytes)
                    .await
                {
                    Delivered::Done(fate) => fate,
                    Delivered::TooLarge(fate) => {
                        let halves = self.composer.halve(entry, job.moment, &part.items);
                        match halves {
                            Ok(Some(halves)) => {
                                is_divided = true;
                                halves.into_iter().rev().for_each(|h| waiting.push_front(h));
                                continue;
                            }
                            Ok(None) => fate,
                            Err(error) => {
                                self.halt.fail(ReplayError::Spool(error));
                                fate
                            }
                        }
                    }
                },
            };
            ended.push((part.items, fate));
        }
        let now = self.clock.now();
        let from = match self.load {
            Load::Open => job.intended.unwrap_or(first_sent),
            Load::Closed => first_sent,
        };
        let mut tally = self.tally();
        tally.series.at(now);
        tally.last_finished = tally.last_finished.max(now);
        tally.divided_requests += u64::from(is_divided);
        tally.finished(job.turn, now.saturating_sub(from), ended);
    }

    /// Sends a part of so many bytes before compression.
    async fn deliver(
        &self,
        turn: Turn,
        signal: Signal,
        body: Payload,
        len_bytes: usize,
    ) -> Delivered {
        let first_sent = self.clock.now();
        let mut attempts = 0;
        loop {
            let sent = self.clock.now();
            self.tally().trying(body.remaining() as u64);
            let result = self.transport.send(signal, body.clone()).await;
            if let Err(SendError::Spool(why)) = &result {
                self.halt
                    .fail(ReplayError::Spool(io::Error::other(why.clone())));
            }
            let now = self.clock.now();
            attempts += 1;
            let has_answer = {
                let mut tally = self.tally();
                tally.series.at(now);
                match &result {
                    Ok(reply) => {
                        tally.answered(reply.status, now.saturating_sub(sent));
                        if let Some(status) = &reply.grpc {
                            tally.called(grpc::name(status.code));
                        }
                    }
                    Err(SendError::Connect(_) | SendError::Tls(_)) => {
                        tally.not_sent(body.remaining() as u64);
                    }
                    Err(_) => {}
                }
                tally.has_answer()
            };
            let refusal = match self.judge(result, len_bytes) {
                Verdict::Done(fate) => return Delivered::Done(fate),
                Verdict::TooLarge(fate) => return Delivered::TooLarge(fate),
                Verdict::Again(refusal) => refusal,
            };
            let attempted = Attempted {
                turn,
                attempts,
                elapsed: now.saturating_sub(first_sent),
                retry_after: refusal.retry_after,
                receiver: match has_answer {
                    true => Receiver::Present,
                    false => refusal.receiver,
                },
            };
            let failed = |code, message| Delivered::Done(Fate::Failed { code, message });
            let Some(wait) = self.retry.wait(attempted) else {
                if attempted.receiver != Receiver::Present {
                    self.halt.end(Ended::Unreachable);
                }
                let message = match (refusal.retry_after, attempts) {
                    (Some(asked), _) if attempts < self.retry.max_attempts => format!(
                        "{} (it asked to wait {} s, longer than may be repeated)",
                        refusal.message,
                        asked.as_secs()
                    ),
                    (_, 1) => refusal.message,
                    _ => format!("{} (given up after {attempts} attempts)", refusal.message),
                };
                return failed(refusal.code, message);
            };
            tokio::select! {
                biased;
                () = self.halt.wait() => {
                    let message = format!("the run ended while waiting to repeat it after: {}", refusal.message);
                    return failed("interrupted".to_owned(), message);
                }
                () = self.clock.wait(wait) => {}
            }
            self.tally().retrying(refusal.is_ambiguous);
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
