//! How a caller follows a replay.

use std::time::Duration;

use crate::outcome::Spread;
use crate::plan::PlanReport;

/// Follows a replay while it runs.
///
/// Called from the thread that called [`crate::plan()`] or [`crate::run()`], a few times per second
/// and once at the end of each; never per request.
pub trait Watch: Sync {
    /// A capture is being read.
    fn reading(&self, _name: &str) {}
    /// Bytes of captures read, as stored.
    fn bytes_read(&self, _total: u64) {}
    /// All captures are read; sending may begin.
    fn planned(&self, _report: &PlanReport) {}
    /// How the run goes.
    fn running(&self, _snapshot: &Snapshot) {}
}

/// How a run goes that is not over. Numbers of requests are totals so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Requests whose first attempt has begun.
    pub sent: u64,
    /// Requests that were answered with success, partly rejected ones included.
    pub accepted: u64,
    /// Requests that failed for good.
    pub failed: u64,
    /// Requests on their way.
    pub in_flight: u64,
    /// Repetitions.
    pub retries: u64,
    /// How late the newest request was sent, or the one is that waits for requests in flight now;
    /// absent where there is no pace.
    pub lateness: Option<Duration>,
    /// How long the last seconds are, of which the rest tells.
    pub recent_seconds: f64,
    /// Requests per second that should have been sent; absent where there is no pace, and at the very
    /// beginning. While requests in flight hold up the schedule, that of the seconds before.
    pub intended_per_second: Option<f64>,
    /// Requests per second that were sent; absent at the very beginning.
    pub sent_per_second: Option<f64>,
    /// Of the requests whose outcome became known, to two digits.
    pub latency: Option<Spread>,
    /// The most frequent reasons of failure and how many requests failed for each, most first.
    pub errors: Vec<(String, u64)>,
}

/// Follows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoWatch;

impl Watch for NoWatch {}
