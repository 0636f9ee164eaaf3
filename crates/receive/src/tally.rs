//! Counts while requests are served.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use otolith_capture::Signal;

use crate::check::Contents;
use crate::outcome::{AnswerCount, Outcome, WrittenFiles};
use crate::refusal::{Refusal, RefusalKind};

/// What has been counted so far. Shared by all connections.
pub(crate) struct Tally {
    began: Instant,
    counts: Mutex<Outcome>,
    /// Kept by the writer.
    files: Option<Arc<Mutex<WrittenFiles>>>,
}

/// What was acknowledged of a request.
pub(crate) struct Acknowledged {
    pub(crate) signal: Signal,
    pub(crate) contents: Contents,
    pub(crate) received_bytes: usize,
    pub(crate) decompressed_bytes: usize,
}

impl Tally {
    pub(crate) fn new(files: Option<Arc<Mutex<WrittenFiles>>>) -> Self {
        let mut counts = Outcome::default();
        for signal in Signal::ALL {
            counts.items.signals[signal as usize].signal = signal.as_str();
        }
        Self {
            began: Instant::now(),
            counts: Mutex::new(counts),
            files,
        }
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Outcome)) {
        change(&mut self.counts());
    }

    fn counts(&self) -> MutexGuard<'_, Outcome> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has been counted so far.
    pub(crate) fn outcome(&self) -> Outcome {
        let mut outcome = self.counts().clone();
        outcome.duration_seconds = self.began.elapsed().as_secs_f64();
        outcome.files = self.files.as_ref().map(|files| {
            let files = files.lock().unwrap_or_else(PoisonError::into_inner);
            files.clone()
        });
        outcome
    }

    /// Counts a request whose head is there. Gives its number, from 0.
    pub(crate) fn begin(self: &Arc<Self>) -> Begun {
        let mut counts = self.counts();
        let number = counts.requests.received;
        counts.requests.received += 1;
        drop(counts);
        Begun {
            number,
            tally: Arc::clone(self),
            is_open: true,
        }
    }
}

/// A request that has begun. Counts as broken off if it is dropped before its end.
pub(crate) struct Begun {
    pub(crate) number: u64,
    tally: Arc<Tally>,
    is_open: bool,
}

impl Begun {
    /// The request was taken, whatever of it.
    pub(crate) fn acknowledged(mut self, request: &Acknowledged) {
        self.is_open = false;
        self.tally.change(|counts| {
            let Contents {
                items, rejected, ..
            } = request.contents;
            let requests = &mut counts.requests;
            match (items, rejected) {
                (0, 0) => requests.empty += 1,
                (_, 0) => requests.accepted += 1,
                _ => requests.partly_rejected += 1,
            }
            counts.items.accepted += items;
            counts.items.rejected += rejected;
            let signal = &mut counts.items.signals[request.signal as usize];
            signal.items += items;
            signal.requests += u64::from(items > 0);
            counts.bytes.received += request.received_bytes as u64;
            counts.bytes.decompressed += request.decompressed_bytes as u64;
        });
    }

    /// The request was not taken.
    pub(crate) fn refused(mut self, refusal: &Refusal) {
        self.is_open = false;
        self.tally.change(|counts| {
            let kind = refusal.kind;
            let requests = &mut counts.requests;
            match kind {
                RefusalKind::BrokenOff => requests.broken_off += 1,
                _ if kind.is_injected() => requests.injected += 1,
                _ if kind.is_temporary() => requests.refused += 1,
                _ => requests.rejected += 1,
            }
            let injected = &mut counts.injected;
            match kind {
                RefusalKind::InjectedTooMany => injected.too_many += 1,
                RefusalKind::InjectedUnavailable => injected.unavailable += 1,
                RefusalKind::InjectedCut => injected.dropped += 1,
                _ => {
                    let names = kind.names();
                    let entry = counts.refusals.entry(names.word);
                    let count = entry.or_insert_with(|| AnswerCount {
                        http_status: names.http,
                        requests: 0,
                        message: refusal.message.clone(),
                    });
                    count.requests += 1;
                }
            }
        });
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if self.is_open {
            self.tally.change(|counts| counts.requests.broken_off += 1);
        }
    }
}
