//! What is told of a run that is over.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Tally;
use crate::histogram::spread;
use crate::measurements::Measurements;
use crate::outcome::{ErrorCount, Note, Spread};
use crate::series::Measure;

impl Tally {
    /// Requests per second of a run of this length: intended, achieved.
    pub(crate) fn rates(&self, duration: Duration) -> (Option<f64>, Option<f64>) {
        let (Some(first), Some(last)) = (self.first_sent, self.last_sent) else {
            return (None, None);
        };
        // Without a pace the answers set it: sending alone would look too fast.
        if first.intended.is_none() {
            let seconds = duration.as_secs_f64();
            let achieved =
                (seconds > 0.0 && self.has_answer()).then(|| self.sent_requests as f64 / seconds);
            return (None, achieved);
        }
        let gaps = self.sent_requests.saturating_sub(1) as f64;
        let rate = |from: Duration, to: Duration| {
            let seconds = to.saturating_sub(from).as_secs_f64();
            (gaps > 0.0 && seconds > 0.0).then(|| gaps / seconds)
        };
        let intended = self.intended.and_then(|(from, to)| rate(from, to));
        (intended, rate(first.now, last.now))
    }

    pub(crate) fn lateness(&self) -> Option<Spread> {
        spread(&self.lateness)
    }

    pub(crate) fn limit_wait(&self) -> Option<Spread> {
        spread(&self.limit_wait)
    }

    pub(crate) fn sender_delay(&self) -> Option<Spread> {
        spread(&self.sender_delay)
    }

    pub(crate) fn latency(&self) -> Option<Spread> {
        spread(&self.latency)
    }

    pub(crate) fn service_time(&self) -> Option<Spread> {
        spread(&self.service_time)
    }

    /// All that was measured, of a run that began at this time of day.
    pub(crate) fn measurements(&self, start_unix_nano: u64) -> Measurements {
        Measurements {
            start_unix_nano,
            whole: Measure::ALL.map(|measure| match measure {
                Measure::Latency => self.latency.clone(),
                Measure::ServiceTime => self.service_time.clone(),
                Measure::Lateness => self.lateness.clone(),
                Measure::LimitWait => self.limit_wait.clone(),
                Measure::SenderDelay => self.sender_delay.clone(),
            }),
            history: self.series.closed(),
        }
    }

    pub(crate) fn http_status(&self) -> BTreeMap<u16, u64> {
        self.http_status.clone()
    }

    pub(crate) fn grpc_status(&self) -> BTreeMap<&'static str, u64> {
        self.grpc_status.clone()
    }

    /// By code.
    pub(crate) fn errors(&self) -> Vec<ErrorCount> {
        self.errors.values().cloned().collect()
    }

    /// By code.
    pub(crate) fn notes(&self) -> Vec<Note> {
        self.notes.values().cloned().collect()
    }
}
