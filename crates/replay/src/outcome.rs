//! What became of a plan, as documented JSON.
//!
//! Names end in their unit. Nothing here depends on the order in which answers came, except for
//! the measured numbers and for which message is the first one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::condition::{Condition, Judgement, Verdict};
use crate::measurements::Measurements;
use crate::plan::PlanReport;
use crate::series::Measure;

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
    /// How a measured time is spread; absent if it was not measured.
    pub fn spread(&self, measure: Measure) -> Option<Spread> {
        match measure {
            Measure::Latency => self.latency,
            Measure::ServiceTime => self.service_time,
            Measure::Lateness => self.lateness,
            Measure::LimitWait => self.limit_wait,
            Measure::SenderDelay => self.sender_delay,
        }
    }

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
