//! When requests came: gaps and disorder, in bounded memory.

use std::collections::BTreeMap;

use super::report::{Disorder, Gap, TimeRange};

/// The shortest gap that is told.
const GAP_NANOS: u64 = 10_000_000_000;
/// How many gaps are told.
const GAPS: usize = 5;
/// Buckets of time with requests in them: about 6 MB.
const BUCKETS: usize = 1 << 17;
const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// The times of requests in buckets of equal width, of which only those with requests are kept.
/// A bucket knows its first and last time, so gaps longer than a bucket are exact.
#[derive(Debug)]
pub(crate) struct Timeline {
    buckets: BTreeMap<u64, TimeRange>,
    width_nanos: u64,
    bound: usize,
    /// Last time so far in the running source.
    newest: Option<u64>,
    disorder_requests: u64,
    largest_step_nanos: u64,
}

impl Default for Timeline {
    fn default() -> Self {
        Self::with_bound(BUCKETS)
    }
}

impl Timeline {
    fn with_bound(bound: usize) -> Self {
        Self {
            buckets: BTreeMap::new(),
            width_nanos: NANOS_PER_SECOND,
            bound,
            newest: None,
            disorder_requests: 0,
            largest_step_nanos: 0,
        }
    }

    /// Another file begins, with an order of its own.
    pub fn begin_source(&mut self) {
        self.newest = None;
    }

    /// A request came.
    pub fn add(&mut self, unix_nano: u64) {
        match self.newest {
            Some(newest) if unix_nano < newest => {
                self.disorder_requests += 1;
                self.largest_step_nanos = self.largest_step_nanos.max(newest - unix_nano);
            }
            _ => self.newest = Some(unix_nano),
        }
        self.put(TimeRange {
            first_unix_nano: unix_nano,
            last_unix_nano: unix_nano,
        });
        while self.buckets.len() > self.bound {
            self.width_nanos *= 2;
            for range in std::mem::take(&mut self.buckets).into_values() {
                self.put(range);
            }
        }
    }

    fn put(&mut self, range: TimeRange) {
        let number = range.first_unix_nano / self.width_nanos;
        let bucket = self.buckets.entry(number).or_insert(range);
        bucket.first_unix_nano = bucket.first_unix_nano.min(range.first_unix_nano);
        bucket.last_unix_nano = bucket.last_unix_nano.max(range.last_unix_nano);
    }

    /// First and last time.
    pub fn range(&self) -> Option<TimeRange> {
        let (_, first) = self.buckets.first_key_value()?;
        let (_, last) = self.buckets.last_key_value()?;
        Some(TimeRange {
            first_unix_nano: first.first_unix_nano,
            last_unix_nano: last.last_unix_nano,
        })
    }

    /// The longest gaps, longest first, then the earlier first.
    pub fn gaps(&self) -> Vec<Gap> {
        let after = self.buckets.values().skip(1);
        let mut gaps: Vec<(u64, u64)> = self
            .buckets
            .values()
            .zip(after)
            .map(|(before, after)| (before.last_unix_nano, after.first_unix_nano))
            .filter(|(from, to)| to - from >= GAP_NANOS)
            .collect();
        gaps.sort_by_key(|(from, to)| (std::cmp::Reverse(to - from), *from));
        gaps.truncate(GAPS);
        let gap = |(from, to)| Gap {
            from_unix_nano: from,
            to_unix_nano: to,
            seconds: seconds(to - from),
        };
        gaps.into_iter().map(gap).collect()
    }

    /// Requests out of order.
    pub fn disorder(&self) -> Disorder {
        Disorder {
            requests: self.disorder_requests,
            largest_step_seconds: seconds(self.largest_step_nanos),
        }
    }
}

/// Nanoseconds as seconds.
pub(crate) fn seconds(nanos: u64) -> f64 {
    std::time::Duration::from_nanos(nanos).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::{NANOS_PER_SECOND, Timeline};

    fn check(bound: usize, at_seconds: &[u64], gaps: &[(u64, u64)], disorder: (u64, f64)) {
        let mut timeline = Timeline::with_bound(bound);
        timeline.begin_source();
        for second in at_seconds {
            timeline.add(second * NANOS_PER_SECOND);
        }
        let found: Vec<(u64, u64)> = timeline
            .gaps()
            .iter()
            .map(|gap| {
                (
                    gap.from_unix_nano / NANOS_PER_SECOND,
                    gap.to_unix_nano / NANOS_PER_SECOND,
                )
            })
            .collect();
        assert_eq!(found, gaps);
        let found = timeline.disorder();
        assert_eq!((found.requests, found.largest_step_seconds), disorder);
    }

    #[test]
    fn gaps_are_found_in_any_order_of_requests() {
        check(100, &[], &[], (0, 0.0));
        check(100, &[5, 14, 24, 60], &[(24, 60), (14, 24)], (0, 0.0));
        check(100, &[60, 24, 5, 14], &[(24, 60), (14, 24)], (3, 55.0));
    }

    #[test]
    fn long_gaps_stay_exact_when_buckets_widen() {
        let mut seconds: Vec<u64> = (0..1000).collect();
        seconds.extend(5000..6000);
        check(64, &seconds, &[(999, 5000)], (0, 0.0));
    }
}
