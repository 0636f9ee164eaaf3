//! Counts and measures a run.

mod results;
mod snapshot;

use std::collections::BTreeMap;
use std::error::Error as _;
use std::ops::Range;
use std::slice;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::error::ReplayError;
use crate::histogram::{histogram, record};
use crate::index::Entry;
use crate::outcome::{ByteCount, ErrorCount, ItemBalance, Note, RequestBalance};
use crate::plan::RunPlan;
use crate::resume::{Progress, State, count_items};
use crate::schedule::Turn;
use crate::series::Series;

/// Reasons of failure after which another run sends again: it is not known whether it arrived, or it
/// certainly did not.
const NEVER_THERE: [&str; 4] = ["interrupted", "connect_failed", "tls_failed", "not_http"];

/// Sent this much later than intended counts as late.
pub(crate) const LATE: Duration = Duration::from_millis(10);

/// What is known when a request is sent for the first time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    /// When it should have been sent, where there is a pace to keep.
    pub(crate) intended: Option<Duration>,
    /// When it is sent.
    pub(crate) now: Duration,
    /// When requests in flight did not hold it back any more.
    pub(crate) held_until: Duration,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Answered with success.
    Accepted {
        rejected_items: u64,
        message: String,
    },
    /// Given up.
    Failed { code: String, message: String },
}

/// Counts and measures a run.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) requests: RequestBalance,
    pub(crate) items: ItemBalance,
    pub(crate) bytes: ByteCount,
    pub(crate) sent_requests: u64,
    sent_items: u64,
    pub(crate) attempts: u64,
    pub(crate) retries: u64,
    pub(crate) ambiguous_retries: u64,
    pub(crate) capped_requests: u64,
    pub(crate) divided_requests: u64,
    /// Late by more than [`LATE`] by this machine alone.
    delayed_requests: u64,
    pub(crate) newest_lateness: Duration,
    /// The first and the last intended time of what was sent.
    intended: Option<(Duration, Duration)>,
    first_sent: Option<Start>,
    last_sent: Option<Start>,
    pub(crate) last_finished: Duration,
    http_status: BTreeMap<u16, u64>,
    grpc_status: BTreeMap<&'static str, u64>,
    errors: BTreeMap<String, ErrorCount>,
    notes: BTreeMap<&'static str, Note>,
    lateness: Histogram<u64>,
    limit_wait: Histogram<u64>,
    sender_delay: Histogram<u64>,
    latency: Histogram<u64>,
    service_time: Histogram<u64>,
    /// The same over time.
    pub(crate) series: Series,
    /// Failed requests and those on their way, and numbers of their items that failed, if they
    /// are wanted.
    failed: Option<BTreeMap<Turn, Vec<Range<u64>>>>,
    /// What another run would need to go on, if that is wanted.
    progress: Option<Progress>,
}

impl Tally {
    /// Nothing yet, of a run that begins at `start`. `keeps_failed`: whether [`Self::failed`] is
    /// wanted.
    pub(crate) fn new(start: Duration, keeps_failed: bool, progress: Option<Progress>) -> Self {
        Self {
            requests: RequestBalance::default(),
            items: ItemBalance::default(),
            bytes: ByteCount::default(),
            sent_requests: 0,
            sent_items: 0,
            attempts: 0,
            retries: 0,
            ambiguous_retries: 0,
            capped_requests: 0,
            divided_requests: 0,
            delayed_requests: 0,
            newest_lateness: Duration::ZERO,
            intended: None,
            first_sent: None,
            last_sent: None,
            last_finished: Duration::ZERO,
            http_status: BTreeMap::new(),
            grpc_status: BTreeMap::new(),
            errors: BTreeMap::new(),
            notes: BTreeMap::new(),
            lateness: histogram(),
            limit_wait: histogram(),
            sender_delay: histogram(),
            latency: histogram(),
            service_time: histogram(),
            series: Series::new(start),
            failed: keeps_failed.then(BTreeMap::new),
            progress,
        }
    }

    /// A request, or only these items of it, is sent for the first time.
    pub(crate) fn started(
        &mut self,
        turn: Turn,
        entry: &Entry,
        only: Option<&[Range<u64>]>,
        start: Start,
    ) {
        let all = 0..u64::from(entry.items);
        let items = only.unwrap_or(slice::from_ref(&all));
        if let Some(failed) = &mut self.failed {
            failed.insert(turn, items.to_vec());
        }
        if let Some(progress) = &mut self.progress {
            progress.started(turn, entry, items.to_vec());
        }
        self.sent_requests += 1;
        self.sent_items += count_items(items);
        self.bytes.sent += u64::from(entry.len_bytes);
        self.series.sent(start.intended, start.now, entry.items);
        if let Some(intended) = start.intended {
            let lateness = start.now.saturating_sub(intended);
            let limit_wait = start.held_until.saturating_sub(intended).min(lateness);
            let sender_delay = lateness - limit_wait;
            record(&mut self.lateness, lateness);
            record(&mut self.limit_wait, limit_wait);
            record(&mut self.sender_delay, sender_delay);
            self.series.late_by(limit_wait, sender_delay);
            self.newest_lateness = lateness;
            self.capped_requests += u64::from(limit_wait > Duration::ZERO);
            self.delayed_requests += u64::from(sender_delay > LATE);
            let (first, last) = self.intended.unwrap_or((intended, intended));
            self.intended = Some((first.min(intended), last.max(intended)));
        }
        // Tasks may get here in another order than they were sent in.
        if self.first_sent.is_none_or(|first| start.now < first.now) {
            self.first_sent = Some(start);
        }
        if self.last_sent.is_none_or(|last| start.now >= last.now) {
            self.last_sent = Some(start);
        }
    }

    /// An attempt begins, with a body of this length.
    pub(crate) fn trying(&mut self, wire_bytes: u64) {
        self.attempts += 1;
        self.bytes.on_the_wire += wire_bytes;
    }

    /// An attempt did not come so far that the body went out.
    pub(crate) fn not_sent(&mut self, wire_bytes: u64) {
        self.bytes.on_the_wire -= wire_bytes;
    }

    /// An attempt was answered with this HTTP status, or without any if 0, after this time.
    pub(crate) fn answered(&mut self, status: u16, service_time: Duration) {
        if status > 0 {
            *self.http_status.entry(status).or_default() += 1;
        }
        record(&mut self.service_time, service_time);
        self.series.answered(service_time);
    }

    /// An answer has this gRPC status.
    pub(crate) fn called(&mut self, status: &'static str) {
        *self.grpc_status.entry(status).or_default() += 1;
    }

    /// Whether the receiver has answered anything at all.
    pub(crate) fn has_answer(&self) -> bool {
        !self.http_status.is_empty() || !self.grpc_status.is_empty()
    }

    /// A request will be sent again.
    pub(crate) fn retrying(&mut self, is_ambiguous: bool) {
        self.retries += 1;
        self.series.retrying();
        self.ambiguous_retries += u64::from(is_ambiguous);
    }

    /// A request that was started has ended, in these parts, which together hold all its items.
    pub(crate) fn finished(
        &mut self,
        turn: Turn,
        latency: Duration,
        parts: Vec<(Range<u64>, Fate)>,
    ) {
        record(&mut self.latency, latency);
        let (mut taken, mut not_taken, mut failed) = (false, false, Vec::new());
        let mut again = Vec::new();
        for (items, fate) in parts {
            match fate {
                Fate::Accepted {
                    rejected_items,
                    message,
                } => {
                    taken = true;
                    not_taken |= rejected_items > 0;
                    self.accept(items.end - items.start, rejected_items, message);
                }
                Fate::Failed { code, message } => {
                    not_taken = true;
                    match NEVER_THERE.contains(&&*code) && self.progress.is_some() {
                        true => again.push(items.clone()),
                        false => failed.push(items.clone()),
                    }
                    self.fail(code, 1, items.end - items.start, message);
                }
            }
        }
        self.series.finished(latency, not_taken);
        let counter = match (taken, not_taken) {
            (true, false) => &mut self.requests.accepted,
            (true, true) => &mut self.requests.partly_rejected,
            (false, _) => &mut self.requests.failed,
        };
        *counter += 1;
        if let Some(progress) = &mut self.progress {
            progress.ended(turn, again, taken || !failed.is_empty());
        }
        if let Some(kept) = &mut self.failed {
            match failed.is_empty() {
                true => kept.remove(&turn),
                false => kept.insert(turn, failed),
            };
        }
    }

    /// Items of a request that was answered with success.
    fn accept(&mut self, items: u64, rejected_items: u64, message: String) {
        if rejected_items > items {
            self.note("rejected_too_many", 1, || {
                format!(
                    "the receiver rejected {rejected_items} items of a request of {items}; \
                     all of it counts as rejected"
                )
            });
        }
        let rejected = rejected_items.min(items);
        self.items.rejected += rejected;
        self.items.accepted += items - rejected;
        if rejected_items > 0 {
            self.note("partial_success", 1, || {
                format!("the receiver rejected items of accepted requests: {message}")
            });
        } else if !message.is_empty() {
            self.note("receiver_warning", 1, || message);
        }
    }

    /// Items of requests that failed for this reason.
    fn fail(&mut self, code: String, requests: u64, items: u64, message: String) {
        self.items.failed += items;
        let error = self
            .errors
            .entry(code)
            .or_insert_with_key(|code| ErrorCount {
                code: code.clone(),
                requests: 0,
                items: 0,
                message,
            });
        error.requests += requests;
        error.items += items;
    }

    /// Counts a note; the first text stays.
    pub(crate) fn note(&mut self, code: &'static str, count: u64, text: impl FnOnce() -> String) {
        let note = self.notes.entry(code).or_insert_with(|| Note {
            code,
            text: text(),
            count: 0,
        });
        note.count += count;
    }

    /// Something could not be written. The run goes on: what becomes of it must not get lost, too.
    pub(crate) fn unwritten(&mut self, error: &ReplayError) {
        let cause = error.source().map(|cause| format!(": {cause}"));
        self.note("save_failed", 1, || {
            format!("{error}{}", cause.unwrap_or_default())
        });
    }

    /// Ends the count: of the requests and items planned, those started but not finished failed,
    /// those not started were not sent. Without a plan, those sent were planned.
    pub(crate) fn close(&mut self, planned: Option<RunPlan>) {
        let planned = planned.unwrap_or(RunPlan {
            requests: self.sent_requests,
            items: self.sent_items,
            bytes: self.bytes.sent,
        });
        let done = &self.requests;
        let cut = self.sent_requests - done.accepted - done.partly_rejected - done.failed;
        if cut > 0 {
            let items = &self.items;
            let cut_items = self.sent_items - items.accepted - items.rejected - items.failed;
            let message = "on its way when the run ended".to_owned();
            self.requests.failed += cut;
            self.fail("interrupted".to_owned(), cut, cut_items, message);
        }
        self.requests.planned = planned.requests;
        self.requests.unsent = planned.requests - self.sent_requests;
        self.items.planned = planned.items;
        self.items.unsent = planned.items - self.sent_items;
        self.bytes.planned = planned.bytes;
        // One in a hundred: what a percentile of 99 would show.
        if self.delayed_requests > self.sent_requests / 100 {
            let late_ms = LATE.as_millis();
            self.note("sender_behind", self.delayed_requests, || {
                format!(
                    "requests were sent over {late_ms} ms later than they could have been: this \
                     machine could not keep the pace, the receiver is not to blame"
                )
            });
        }
        if self.capped_requests > 0 {
            self.note("in_flight_limit", self.capped_requests, || {
                "requests were sent late because as many as allowed were waiting for answers"
                    .to_owned()
            });
        }
    }

    /// What the next run would need to know if this one ended now, before [`Self::close`].
    pub(crate) fn state(&self, shift_nanos: Option<i64>, ids: u64) -> Option<State> {
        let progress = self.progress.as_ref()?;
        Some(progress.state(self.requests, self.items, shift_nanos, ids))
    }

    /// The failed requests, and numbers of their items that failed, in the order of the plan, if
    /// they were wanted; those that were on their way when the run ended are among them.
    pub(crate) fn failed(&self) -> impl Iterator<Item = (Turn, &Range<u64>)> {
        // What is sent again has not failed yet.
        let is_open = |turn: Turn| {
            self.progress
                .as_ref()
                .is_some_and(|p| p.is_on_its_way(turn))
        };
        let failed = self.failed.iter().flatten();
        let failed = failed.filter(move |(turn, _)| !is_open(**turn));
        failed.flat_map(|(turn, parts)| parts.iter().map(|items| (*turn, items)))
    }
}
