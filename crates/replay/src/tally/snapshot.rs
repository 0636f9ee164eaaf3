//! How a run goes that is not over.

use std::time::Duration;

use super::Tally;
use crate::histogram::spread;
use crate::outcome::ErrorCount;
use crate::watch::Snapshot;

/// How long the last seconds are that a snapshot tells of.
const RECENT: Duration = Duration::from_secs(3);

/// Most reasons of failure that it names.
const MOST_REASONS: usize = 4;

impl Tally {
    /// How it goes now.
    pub(crate) fn snapshot(&self, now: Duration) -> Snapshot {
        let recent = self.series.recent(now, RECENT);
        let has_pace = self.intended.is_some();
        let mut errors: Vec<(String, u64)> = self.errors.values().map(reason).collect();
        errors.sort_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
        errors.truncate(MOST_REASONS);
        Snapshot {
            sent: self.sent_requests,
            accepted: self.requests.accepted + self.requests.partly_rejected,
            failed: self.requests.failed,
            in_flight: recent.in_flight,
            retries: self.retries,
            lateness: has_pace.then(|| recent.held.unwrap_or(self.newest_lateness)),
            recent_seconds: recent.seconds,
            intended_per_second: recent.intended_per_second.filter(|_| has_pace),
            sent_per_second: recent.sent_per_second,
            latency: spread(&recent.latency),
            errors,
        }
    }
}

fn reason(error: &ErrorCount) -> (String, u64) {
    (error.code.clone(), error.requests)
}
