//! How a caller follows a replay.

use crate::outcome::PlanReport;

/// Follows a replay while it runs. All numbers are totals so far.
///
/// Called from the thread that called [`crate::plan()`] or [`crate::run()`], a few times per second
/// and once at the end of each; never per request.
pub trait Watch: Sync {
    /// A capture is being read.
    fn reading(&self, _name: &str, _len_bytes: Option<u64>) {}
    /// Bytes of captures read, as stored.
    fn bytes_read(&self, _total: u64) {}
    /// All captures are read; sending may begin.
    fn planned(&self, _report: &PlanReport) {}
    /// Requests whose first attempt has begun.
    fn sent(&self, _requests: u64) {}
    /// Requests that were answered with success, partly rejected ones included.
    fn accepted(&self, _requests: u64) {}
    /// Requests that failed for good.
    fn failed(&self, _requests: u64) {}
    /// How late the newest request was sent, in nanoseconds; 0 where there is no pace to keep.
    fn late(&self, _nanos: u64) {}
}

/// Follows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoWatch;

impl Watch for NoWatch {}
