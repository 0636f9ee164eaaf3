//! All that a run has measured: what the numbers of its outcome are drawn from.

use std::num::NonZeroUsize;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::histogram::{coarse_histogram, histogram, spread};
use crate::outcome::Spread;
use crate::series::{History, Measure};

/// What a run has measured, over time and as a whole. Takes a few MiB at most, however long the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurements {
    pub(crate) start_unix_nano: u64,
    /// By `Measure as usize`, in nanoseconds, to three digits.
    pub(crate) whole: [Histogram<u64>; Measure::COUNT],
    pub(crate) history: History,
}

impl Default for Measurements {
    /// Nothing measured.
    fn default() -> Self {
        Self {
            start_unix_nano: 0,
            whole: Measure::ALL.map(|_| histogram()),
            history: History::default(),
        }
    }
}

/// A piece of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// When it begins, from the start of the run.
    pub start_seconds: f64,
    /// How long it is; the last one may be longer or shorter than the others.
    pub seconds: f64,
    /// Requests that should have been sent in it, of those that were sent at all; 0 where there is
    /// no pace.
    pub intended: u64,
    /// Requests sent in it for the first time.
    pub sent: u64,
    /// Items in them.
    pub items: u64,
    /// Requests whose outcome became known in it.
    pub finished: u64,
    /// Those of them of which something was not taken.
    pub failed: u64,
    /// Repetitions.
    pub retries: u64,
    /// Most requests on their way at once.
    pub in_flight: u64,
    /// Of the requests whose outcome became known in it, to two digits.
    pub latency: Option<Spread>,
    /// Of the requests sent in it, to two digits; absent where there is no pace.
    pub lateness: Option<Spread>,
}

/// A point of a distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    /// Which share of the values, from 0 to 1, ...
    pub quantile: f64,
    /// ... is at most this, in milliseconds.
    pub at_most_ms: f64,
}

/// Points of a distribution for each halving of what is left above.
const TICKS_PER_HALVING: u32 = 8;

impl Measurements {
    /// When the run began, in nanoseconds since 1970.
    pub fn start_unix_nano(&self) -> u64 {
        self.start_unix_nano
    }

    /// The run in at most so many parts, all but the last one equally long.
    pub fn parts(&self, most: NonZeroUsize) -> Vec<Part> {
        let (width, mut intervals) = self.history.regrouped(most.get());
        let length = self.history.length;
        // A rate over the short rest at the end would say nothing.
        let rest = |count: usize| length.saturating_sub(start(width, count - 1));
        if intervals.len() > 1
            && rest(intervals.len()) < width / 2
            && let Some(last) = intervals.pop()
            && let Some(before) = intervals.last_mut()
        {
            before.merge(&last);
        }
        let count = intervals.len();
        let part = |(index, interval): (usize, &crate::series::Interval)| {
            let counts = interval.counts;
            let spread_of = |measure: Measure| {
                let mut times = coarse_histogram();
                interval.times[measure as usize].add_to(&mut times);
                spread(&times)
            };
            let seconds = match index + 1 == count {
                true => rest(count),
                false => width,
            };
            Part {
                start_seconds: start(width, index).as_secs_f64(),
                seconds: seconds.as_secs_f64(),
                intended: counts.intended,
                sent: counts.sent,
                items: counts.items,
                finished: counts.finished,
                failed: counts.failed,
                retries: counts.retries,
                in_flight: counts.in_flight,
                latency: spread_of(Measure::Latency),
                lateness: spread_of(Measure::Lateness),
            }
        };
        intervals.iter().enumerate().map(part).collect()
    }

    /// How a time is spread over the whole run, in ascending order, closer together the less is left
    /// above; nothing if it was not measured.
    pub fn distribution(&self, measure: Measure) -> Vec<Quantile> {
        let whole = &self.whole[measure as usize];
        let points = whole.iter_quantiles(TICKS_PER_HALVING);
        let points = points.map(|point| Quantile {
            quantile: point.quantile_iterated_to(),
            at_most_ms: point.value_iterated_to() as f64 / 1e6,
        });
        points.collect()
    }
}

fn start(width: Duration, index: usize) -> Duration {
    width.saturating_mul(u32::try_from(index).unwrap_or(u32::MAX))
}
