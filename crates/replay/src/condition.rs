//! Conditions under which a run counts as failed, such as `p99>250ms`.
//!
//! ```text
//! CONDITION = METRIC OP VALUE             blanks around OP do not matter
//! OP        = ">" | ">=" | "<" | "<=" | "==" | "!="
//! METRIC    = TIME | "duration" | "rate" | COUNT
//! TIME      = [SPREAD "."] POINT
//! SPREAD    = "latency" | "service_time" | "lateness" | "limit_wait" | "sender_delay"
//! POINT     = "min" | "mean" | "p50" | "p75" | "p90" | "p95" | "p99" | "p99.9" | "max"
//! COUNT     = "errors" | "partly_rejected" | "retries" | "capped"        of requests
//!           | "accepted" | "rejected" | "failed" | "unsent"              of items
//! VALUE     = NUMBER UNIT                 a number is digits, with a point if need be
//! UNIT      = "us" | "ms" | "s" | "m" | "h"    of TIME and duration
//!           | "/s" | "%" | ""                  of rate: requests per second; achieved of intended
//!           | "%" | ""                         of COUNT: share of its whole; how many
//! ```
//!
//! What a condition looks at is in the [`Outcome`], to the digits that it has: percentiles to three.
//! What a run did not measure cannot be judged, which counts as failed: a check that checks nothing
//! must not pass.

mod spelling;

use serde::Serialize;

pub use self::spelling::BadCondition;
use crate::outcome::{Outcome, Spread};
use crate::series::Measure;

/// A condition under which a run counts as failed. Read by [`str::parse`].
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    text: String,
    metric: Metric,
    relation: Relation,
    /// In the unit in which the metric is measured.
    bound: f64,
    unit: Unit,
}

/// What became of a condition.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judgement {
    /// As given.
    pub condition: String,
    /// What came out.
    pub verdict: Verdict,
    /// What was measured; absent if nothing was.
    pub measured: Option<f64>,
    /// Of what was measured: `ms`, `s`, `requests/s`, `%`, or nothing for plain numbers.
    pub unit: &'static str,
    /// Why nothing was measured.
    pub reason: Option<&'static str>,
}

/// Whether a run passes a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The condition does not hold.
    Passed,
    /// It holds.
    Failed,
    /// The run did not measure what it looks at. Counts as failed.
    NotMeasured,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Metric {
    Spread(Measure, usize),
    Duration,
    Rate,
    Count(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Above,
    AtLeast,
    Below,
    AtMost,
    Equal,
    Unequal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Millis,
    Seconds,
    PerSecond,
    Percent,
    Plain,
}

type Get<T> = fn(&T) -> f64;

/// Points of a spread, in milliseconds.
const POINTS: [(&str, Get<Spread>); 9] = [
    ("min", |s| s.min_ms),
    ("mean", |s| s.mean_ms),
    ("p50", |s| s.p50_ms),
    ("p75", |s| s.p75_ms),
    ("p90", |s| s.p90_ms),
    ("p95", |s| s.p95_ms),
    ("p99", |s| s.p99_ms),
    ("p99.9", |s| s.p99_9_ms),
    ("max", |s| s.max_ms),
];

/// What is counted, and the whole of which it is a share.
struct Count {
    name: &'static str,
    count: Get<Outcome>,
    whole: Whole,
}

#[derive(Clone, Copy)]
enum Whole {
    SentRequests,
    SentItems,
    PlannedItems,
}

const COUNTS: [Count; 8] = [
    count("errors", |o| o.requests.failed as f64, Whole::SentRequests),
    count(
        "partly_rejected",
        |o| o.requests.partly_rejected as f64,
        Whole::SentRequests,
    ),
    count("retries", |o| o.retries as f64, Whole::SentRequests),
    count("capped", |o| o.capped_requests as f64, Whole::SentRequests),
    count("accepted", |o| o.items.accepted as f64, Whole::PlannedItems),
    count("rejected", |o| o.items.rejected as f64, Whole::SentItems),
    count("failed", |o| o.items.failed as f64, Whole::SentItems),
    count("unsent", |o| o.items.unsent as f64, Whole::PlannedItems),
];

const fn count(name: &'static str, count: Get<Outcome>, whole: Whole) -> Count {
    Count { name, count, whole }
}

impl Whole {
    fn of(self, outcome: &Outcome) -> f64 {
        let (requests, items) = (outcome.requests, outcome.items);
        let whole = match self {
            Self::SentRequests => requests.planned - requests.unsent,
            Self::SentItems => items.planned - items.unsent,
            Self::PlannedItems => items.planned,
        };
        whole as f64
    }

    const fn is_empty(self) -> &'static str {
        match self {
            Self::SentRequests | Self::SentItems => "nothing was sent",
            Self::PlannedItems => "there was nothing to send",
        }
    }
}

const NO_ANSWER: &str = "nothing was answered";

const NO_PACE: &str = "nothing was sent to a pace: without one there is no lateness";

impl Unit {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Millis => "ms",
            Self::Seconds => "s",
            Self::PerSecond => "requests/s",
            Self::Percent => "%",
            Self::Plain => "",
        }
    }
}

impl Condition {
    /// Holds a run against the condition.
    pub fn judge(&self, outcome: &Outcome) -> Judgement {
        let measured = self.measure(outcome);
        let verdict = match measured {
            Ok(value) if self.relation.holds(value, self.bound) => Verdict::Failed,
            Ok(_) => Verdict::Passed,
            Err(_) => Verdict::NotMeasured,
        };
        Judgement {
            condition: self.text.clone(),
            verdict,
            measured: measured.ok(),
            unit: self.unit.as_str(),
            reason: measured.err(),
        }
    }

    fn measure(&self, outcome: &Outcome) -> Result<f64, &'static str> {
        match self.metric {
            Metric::Spread(measure, point) => {
                let spread = measured(measure, outcome)?;
                Ok(POINTS[point].1(&spread))
            }
            Metric::Duration => Ok(outcome.duration_seconds),
            Metric::Rate => self.rate(outcome),
            Metric::Count(index) => {
                let Count { count, whole, .. } = &COUNTS[index];
                let all = whole.of(outcome);
                // Nothing sent is nothing shown, neither in shares nor in numbers.
                if all == 0.0 {
                    return Err(whole.is_empty());
                }
                let count = count(outcome);
                Ok(match self.unit {
                    Unit::Percent => count * 100.0 / all,
                    _ => count,
                })
            }
        }
    }

    fn rate(&self, outcome: &Outcome) -> Result<f64, &'static str> {
        let achieved = outcome.achieved_requests_per_second;
        let achieved = achieved.ok_or("no rate was measured: it takes two requests or more")?;
        let share = || {
            let intended = outcome.intended_requests_per_second;
            let intended = intended.ok_or("no rate was intended: there was no pace to keep")?;
            Ok(achieved / intended)
        };
        match self.unit {
            Unit::PerSecond => Ok(achieved),
            Unit::Percent => share().map(|share| share * 100.0),
            _ => share(),
        }
    }
}

/// How a time is spread, or why it is not known.
fn measured(measure: Measure, outcome: &Outcome) -> Result<Spread, &'static str> {
    // Of what was only given up the times say how patient the sender was.
    let is_answered = !outcome.http_status.is_empty() || !outcome.grpc_status.is_empty();
    let reason = match measure {
        Measure::Latency | Measure::ServiceTime => NO_ANSWER,
        Measure::Lateness | Measure::LimitWait | Measure::SenderDelay => NO_PACE,
    };
    let is_known = is_answered || measure != Measure::Latency;
    let spread = outcome.spread(measure);
    spread.filter(|_| is_known).ok_or(reason)
}

impl Relation {
    fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Above => value > bound,
            Self::AtLeast => value >= bound,
            Self::Below => value < bound,
            Self::AtMost => value <= bound,
            Self::Equal => value == bound,
            Self::Unequal => value != bound,
        }
    }
}

#[cfg(test)]
mod tests;
