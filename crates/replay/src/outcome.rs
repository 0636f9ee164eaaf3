//! What a plan holds and what became of it, as documented JSON.
//!
//! Names end in their unit. Nothing here depends on the order in which answers came, except for
//! the measured numbers and for which message is the first one.

use std::collections::BTreeMap;

use otolith_capture::Origin;
use serde::{Deserialize, Serialize};

use crate::condition::{Condition, Judgement, Verdict};
use crate::measurements::Measurements;

/// What would be sent. Numbers of requests, items and bytes are of the captures, which is one loop.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PlanReport {
    /// Export requests.
    pub requests: u64,
    /// Spans, log records and data points in them.
    pub items: u64,
    /// Bytes of their bodies, protobuf, before compression.
    pub bytes: u64,
    /// The same by signal, in the order traces, metrics, logs; signals without requests left out.
    pub signals: Vec<SignalPlan>,
    /// Time of the first request; absent if there is none.
    pub first_time_unix_nano: Option<u64>,
    /// Time of the last request.
    pub last_time_unix_nano: Option<u64>,
    /// From the first to the last request, as recorded.
    pub recorded_seconds: f64,
    /// What the run sends, over all loops; absent where that is not known before it: loops without
    /// an end, and at `max` a run of a given duration.
    pub planned: Option<RunPlan>,
    /// From the start of the run to its last request; absent at `max`, and where `planned` is.
    pub expected_seconds: Option<f64>,
    /// Longest gap between two requests, as recorded.
    pub longest_gap_seconds: f64,
    /// Gaps that the run makes shorter, as they would be longer than the longest that is allowed.
    pub cut_gaps: u64,
    /// What that leaves out of the run.
    pub left_out_seconds: f64,
    /// Requests recorded before one that stands above them in their file. They are put in order.
    pub disordered_requests: u64,
    /// Requests without arrival time and without a time between 1980 and 2200 inside. They go
    /// with the request before them in their file.
    pub untimed_requests: u64,
    /// Frames found: those sent, those that hold nothing to send, those rejected.
    pub frames: u64,
    /// Frames that hold no request, such as `{}`.
    pub empty_frames: u64,
    /// Frames that cannot be sent.
    pub rejected_frames: u64,
    /// Items that cannot be sent, in frames that are.
    pub rejected_items: u64,
    /// Why, by code.
    pub rejects: Vec<RejectCount>,
}

/// What a run sends, over all loops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunPlan {
    /// Export requests.
    pub requests: u64,
    /// Spans, log records and data points in them.
    pub items: u64,
    /// Bytes of their bodies, before compression.
    pub bytes: u64,
}

/// What is to be sent in a part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RatePart {
    /// When it begins, from the start of the run.
    pub start_seconds: f64,
    /// How long it is.
    pub seconds: f64,
    /// Export requests.
    pub requests: u64,
    /// Spans, log records and data points in them.
    pub items: u64,
    /// Bytes of their bodies, before compression.
    pub bytes: u64,
}

/// The part of one signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignalPlan {
    /// `traces`, `metrics` or `logs`.
    pub signal: &'static str,
    /// Export requests.
    pub requests: u64,
    /// Spans, data points or log records.
    pub items: u64,
    /// Bytes of the bodies.
    pub bytes: u64,
}

/// Frames and items that cannot be sent for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RejectCount {
    /// Why, as a stable word.
    pub code: &'static str,
    /// How many frames.
    pub frames: u64,
    /// How many items in frames that are sent otherwise.
    pub items: u64,
    /// The first few.
    pub examples: Vec<RejectExample>,
}

/// A frame that cannot be sent, or has an item that cannot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RejectExample {
    /// The capture file.
    pub file: String,
    /// Number of the frame in its file, from 1.
    pub frame: u64,
    /// Where the frame begins.
    pub offset: u64,
    /// Why, for people.
    pub message: String,
}

/// Examples kept per code.
const MAX_EXAMPLES: usize = 3;

/// Counts rejects by code.
#[derive(Debug, Default)]
pub(crate) struct Rejects {
    by_code: BTreeMap<&'static str, RejectCount>,
}

impl Rejects {
    pub(crate) fn frame(&mut self, code: &'static str, origin: &Origin, message: &str) {
        self.count(code, origin, message).frames += 1;
    }

    pub(crate) fn item(&mut self, code: &'static str, origin: &Origin, message: &str) {
        self.count(code, origin, message).items += 1;
    }

    fn count(&mut self, code: &'static str, origin: &Origin, message: &str) -> &mut RejectCount {
        let count = self.by_code.entry(code).or_insert_with(|| RejectCount {
            code,
            frames: 0,
            items: 0,
            examples: Vec::new(),
        });
        if count.examples.len() < MAX_EXAMPLES {
            count.examples.push(RejectExample {
                file: origin.file.to_string(),
                frame: origin.frame,
                offset: origin.offset,
                message: message.to_owned(),
            });
        }
        count
    }

    pub(crate) fn into_counts(self) -> Vec<RejectCount> {
        self.by_code.into_values().collect()
    }
}

/// How a run came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Every request was sent.
    Complete,
    /// Stopped from outside. What was on its way got two seconds to be answered.
    Interrupted,
    /// Given up: no connection came about, or what answered was no receiver of the protocol, and none
    /// has ever answered.
    Unreachable,
}

/// What became of a plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// How the run came to its end.
    pub ended: Ended,
    /// Base address of the receiver, or one for each signal where they differ.
    pub to: String,
    /// `http/protobuf`, `http/json` or `grpc`; of signals without a protocol of their own.
    pub protocol: &'static str,
    /// The pace as `10x`, `500/s` or `max`.
    pub pace: String,
    /// `open`: times of sending do not depend on answers; `closed`: who waits for an answer sends
    /// nothing.
    pub load: &'static str,
    /// `keep`, `shift` or `live`.
    pub times: &'static str,
    /// What was added to every time, in nanoseconds; absent if times were not moved as one.
    pub shift_nanos: Option<i64>,
    /// `none`, `gzip` or `zstd`; of signals without a compression of their own.
    pub compression: &'static str,
    /// What was to be sent.
    pub plan: PlanReport,
    /// What became of runs before that this one goes on with; absent if there were none. It does not
    /// count what they left to be sent again: that is of this run.
    pub earlier: Option<Earlier>,
    /// Requests that the next run with the same `--resume` sends again: they were on their way when this
    /// one ended, or never got a connection.
    pub again_requests: u64,
    /// Requests: planned = accepted + partly_rejected + failed + unsent. Where it was not known before
    /// the run how many are planned, they are those that were sent.
    pub requests: RequestBalance,
    /// Items: planned = accepted + rejected + failed + unsent.
    pub items: ItemBalance,
    /// Bytes of bodies.
    pub bytes: ByteCount,
    /// Times that a request was tried, repetitions included.
    pub attempts: u64,
    /// Repetitions.
    pub retries: u64,
    /// Repetitions of requests that may have arrived before (sent, but no answer came): receivers
    /// may have counted those twice.
    pub ambiguous_retries: u64,
    /// From the start of the run to the last answer, or to its end where it ended before its time.
    pub duration_seconds: f64,
    /// Requests per second from the first to the last one, as planned for those that were sent;
    /// absent at `max`, and without a span of time to measure.
    pub intended_requests_per_second: Option<f64>,
    /// Requests per second from the first to the last one, as sent; at `max` over the whole run,
    /// the last answer included. Absent there if nothing was answered.
    pub achieved_requests_per_second: Option<f64>,
    /// How late requests were sent, against the intended time; absent at `max`. It is the sum of
    /// the next two, request by request.
    pub lateness: Option<Spread>,
    /// What of that was waiting for requests in flight, as no more were allowed: what a slow
    /// receiver does. None of it under a closed load, which puts off the intended times instead.
    pub limit_wait: Option<Spread>,
    /// What of that is of this machine: it did not come to it earlier.
    pub sender_delay: Option<Spread>,
    /// From the intended time (closed load: from sending) to the last answer or to giving up, over
    /// all requests, repetitions and waits for them included.
    pub latency: Option<Spread>,
    /// From sending to the answer, over all attempts that were answered.
    pub service_time: Option<Spread>,
    /// Requests that were sent in more than one part, since the receiver takes none so long.
    pub divided_requests: u64,
    /// Requests that waited for others to be answered, because so many were in flight, or that were
    /// late behind such a one.
    pub capped_requests: u64,
    /// Most requests in flight at once, as allowed.
    pub in_flight: u64,
    /// Answers by HTTP status, repetitions included.
    pub http_status: BTreeMap<u16, u64>,
    /// Answers over gRPC by the name of their status, repetitions included.
    pub grpc_status: BTreeMap<&'static str, u64>,
    /// Failed requests by reason.
    pub errors: Vec<ErrorCount>,
    /// What a reader should know besides.
    pub notes: Vec<Note>,
    /// Conditions under which the run counts as failed, and what became of them, in the order in
    /// which they were given; filled by [`Outcome::judge`].
    pub conditions: Vec<Judgement>,
    /// All that was measured: over time, and how it is spread. Not part of the JSON.
    #[serde(skip)]
    pub measurements: Measurements,
}

/// What became of earlier runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// How many there were.
    pub runs: u64,
    /// Requests that were accepted as a whole.
    pub accepted_requests: u64,
    /// Requests that were accepted in part.
    pub partly_rejected_requests: u64,
    /// Requests that failed for good.
    pub failed_requests: u64,
    /// Items that the receiver took.
    pub accepted_items: u64,
    /// Items that it did not take, of requests that it accepted.
    pub rejected_items: u64,
    /// Items that failed for good.
    pub failed_items: u64,
}

/// What became of the requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RequestBalance {
    /// All.
    pub planned: u64,
    /// Answered with success, every item taken.
    pub accepted: u64,
    /// Answered with success, but some items not taken; or sent in parts, some of which failed.
    pub partly_rejected: u64,
    /// Refused, or not answered, for good.
    pub failed: u64,
    /// Not sent because the run ended before.
    pub unsent: u64,
}

/// What became of the items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ItemBalance {
    /// All.
    pub planned: u64,
    /// Taken by the receiver.
    pub accepted: u64,
    /// Not taken, in requests that were answered with success.
    pub rejected: u64,
    /// In failed requests, and in failed parts of others.
    pub failed: u64,
    /// In requests that were not sent.
    pub unsent: u64,
}

/// Bytes of request bodies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ByteCount {
    /// All, before compression.
    pub planned: u64,
    /// Of the requests that were sent, before compression, each once.
    pub sent: u64,
    /// As they went out: compressed, with repetitions, those included that broke off on the way.
    pub on_the_wire: u64,
}

/// How a measured time is spread, in milliseconds. Percentiles are exact to three digits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// How many were measured.
    pub count: u64,
    /// The shortest.
    pub min_ms: f64,
    /// Mean.
    pub mean_ms: f64,
    /// Half are at most this.
    pub p50_ms: f64,
    /// 75 % are at most this.
    pub p75_ms: f64,
    /// 90 % are at most this.
    pub p90_ms: f64,
    /// 95 % are at most this.
    pub p95_ms: f64,
    /// 99 % are at most this.
    pub p99_ms: f64,
    /// 99.9 % are at most this; of less than 1000 the longest.
    pub p99_9_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

/// Requests that failed for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorCount {
    /// `http_<status>`, `grpc_<status>`, `connect_failed`, `tls_failed`, `not_http`, `connection_lost`, `timeout`,
    /// `interrupted`, `too_large`, `time_out_of_range`, `not_changed` or `compression_failed`.
    pub code: String,
    /// How many requests; of those that were sent in parts, how many parts.
    pub requests: u64,
    /// Items in them.
    pub items: u64,
    /// What was said of the first one, by the receiver or by us.
    pub message: String,
}

/// Something a reader should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// A stable word.
    pub code: &'static str,
    /// For people.
    pub text: String,
    /// How often.
    pub count: u64,
}

impl Outcome {
    /// Whether everything planned is accounted for. Always true; asserted at the end of a run.
    pub fn balances(&self) -> bool {
        let r = self.requests;
        let i = self.items;
        r.planned == r.accepted + r.partly_rejected + r.failed + r.unsent
            && i.planned == i.accepted + i.rejected + i.failed + i.unsent
    }

    /// Holds the run against conditions.
    pub fn judge(&mut self, conditions: &[Condition]) {
        let judged = conditions.iter().map(|condition| condition.judge(self));
        self.conditions = judged.collect();
    }

    /// Whether every condition that was judged was passed.
    pub fn passes(&self) -> bool {
        let mut verdicts = self.conditions.iter().map(|judged| judged.verdict);
        verdicts.all(|verdict| verdict == Verdict::Passed)
    }

    /// Whether everything found in the captures was sent and taken.
    pub fn is_clean(&self) -> bool {
        self.ended == Ended::Complete
            && self.requests.accepted == self.requests.planned
            && self.plan.rejected_frames == 0
            && self.plan.rejected_items == 0
    }
}
