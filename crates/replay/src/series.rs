//! How a run went over time: counts and measured times by interval, in bounded memory.
//!
//! A run begins with short intervals. When there are too many of them, or too many values in them,
//! neighbours are put together and all are twice as wide from then on: whatever the length of a run
//! and its rate, there are at most [`MAX_INTERVALS`] intervals and [`MAX_CELLS`] distinct values.

mod cells;

use std::time::Duration;

use hdrhistogram::Histogram;

use self::cells::Cells;
use crate::histogram::coarse_histogram;

/// Width of the intervals to begin with.
const FIRST_WIDTH: Duration = Duration::from_millis(100);

/// Most intervals.
const MAX_INTERVALS: usize = 600;

/// Most distinct values in all intervals together, of 12 bytes each.
const MAX_CELLS: usize = 1 << 18;

/// What is measured in each interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// From the intended time, or from sending where there is none, to the last answer.
    Latency,
    /// From sending to the answer.
    ServiceTime,
    /// From the intended time to sending: the sum of the next two.
    Lateness,
    /// What of that was waiting for requests in flight.
    LimitWait,
    /// What of that is of the sending machine.
    SenderDelay,
}

impl Measure {
    /// In the order in which they are declared.
    pub const ALL: [Self; 5] = [
        Self::Latency,
        Self::ServiceTime,
        Self::Lateness,
        Self::LimitWait,
        Self::SenderDelay,
    ];

    /// How many there are.
    pub(crate) const COUNT: usize = Self::ALL.len();

    /// The word for it: `latency`, `service_time`, `lateness`, `limit_wait` or `sender_delay`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::ServiceTime => "service_time",
            Self::Lateness => "lateness",
            Self::LimitWait => "limit_wait",
            Self::SenderDelay => "sender_delay",
        }
    }
}

/// What was counted in an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Requests that should have been sent in it.
    pub(crate) intended: u64,
    /// Requests sent in it for the first time.
    pub(crate) sent: u64,
    /// Items in them.
    pub(crate) items: u64,
    /// Requests whose outcome was known in it.
    pub(crate) finished: u64,
    /// Those of them that failed, as a whole or in part.
    pub(crate) failed: u64,
    /// Repetitions.
    pub(crate) retries: u64,
    /// Most requests on their way at once.
    pub(crate) in_flight: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.intended += other.intended;
        self.sent += other.sent;
        self.items += other.items;
        self.finished += other.finished;
        self.failed += other.failed;
        self.retries += other.retries;
        self.in_flight = self.in_flight.max(other.in_flight);
    }
}

/// A piece of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) counts: Counts,
    /// By `Measure as usize`.
    pub(crate) times: [Cells; Measure::COUNT],
}

impl Interval {
    fn len_cells(&self) -> usize {
        self.times.iter().map(Cells::len).sum()
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.counts.add(&other.counts);
        for (cells, more) in self.times.iter_mut().zip(&other.times) {
            if more.len() > 0 {
                *cells = cells.merged(more);
            }
        }
    }
}

/// How a run went over time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    /// When the run began.
    start: Duration,
    width: Duration,
    /// All up to the one that goes on, whose times are in `current`.
    intervals: Vec<Interval>,
    /// By `Measure as usize`.
    current: [Histogram<u64>; Measure::COUNT],
    /// When the current interval ends.
    until: Duration,
    /// Distinct values in all intervals but the current one.
    cells: usize,
    in_flight: u64,
    /// When the request should have been sent that requests in flight hold up now.
    held: Option<Duration>,
    /// The latest time that was seen.
    newest: Duration,
}

impl Series {
    pub(crate) fn new(start: Duration) -> Self {
        Self {
            start,
            width: FIRST_WIDTH,
            intervals: Vec::from([Interval::default()]),
            current: Measure::ALL.map(|_| coarse_histogram()),
            until: start.saturating_add(FIRST_WIDTH),
            cells: 0,
            in_flight: 0,
            held: None,
            newest: start,
        }
    }

    /// It is now this time: what comes belongs to its interval. Times of several threads come in no
    /// strict order; what is older goes to the newest interval.
    pub(crate) fn at(&mut self, now: Duration) {
        self.newest = self.newest.max(now);
        if now >= self.until {
            self.advance(now);
        }
    }

    /// A request of so many items is sent for the first time.
    pub(crate) fn sent(&mut self, intended: Option<Duration>, now: Duration, items: u32) {
        self.at(now);
        self.in_flight += 1;
        if let Some(intended) = intended {
            let newest = self.intervals.len() - 1;
            // Most are on time, and a division takes its time.
            let index = match intended.saturating_add(self.width) >= self.until {
                true => newest,
                false => self.index(intended).min(newest),
            };
            self.intervals[index].counts.intended += 1;
            self.record(Measure::Lateness, now.saturating_sub(intended));
        }
        let in_flight = self.in_flight;
        let counts = self.counts();
        counts.sent += 1;
        counts.items += u64::from(items);
        counts.in_flight = counts.in_flight.max(in_flight);
    }

    /// What the lateness of the request is made of that was sent just now, where there is a pace.
    pub(crate) fn late_by(&mut self, limit_wait: Duration, sender_delay: Duration) {
        self.record(Measure::LimitWait, limit_wait);
        self.record(Measure::SenderDelay, sender_delay);
    }

    pub(crate) fn answered(&mut self, service_time: Duration) {
        self.record(Measure::ServiceTime, service_time);
    }

    pub(crate) fn retrying(&mut self) {
        self.counts().retries += 1;
    }

    pub(crate) fn finished(&mut self, latency: Duration, has_failed: bool) {
        self.record(Measure::Latency, latency);
        self.in_flight = self.in_flight.saturating_sub(1);
        let counts = self.counts();
        counts.finished += 1;
        counts.failed += u64::from(has_failed);
    }

    /// A request is held up that should have been sent at this time, or none is any more.
    pub(crate) fn hold(&mut self, intended: Option<Duration>) {
        self.held = intended;
    }

    fn record(&mut self, measure: Measure, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.current[measure as usize].saturating_record(nanos);
    }

    fn counts(&mut self) -> &mut Counts {
        let newest = self.intervals.len() - 1;
        &mut self.intervals[newest].counts
    }

    fn index(&self, at: Duration) -> usize {
        let after = at.saturating_sub(self.start).as_nanos();
        usize::try_from(after / self.width.as_nanos()).unwrap_or(usize::MAX)
    }

    /// Ends the current interval and begins that of `now`.
    fn advance(&mut self, now: Duration) {
        self.settle();
        while self.index(now) >= MAX_INTERVALS || self.cells > MAX_CELLS {
            self.widen();
        }
        let index = self.index(now);
        if index >= self.intervals.len() {
            // What is on its way is so in every interval, also where nothing else happens.
            let mut idle = Interval::default();
            idle.counts.in_flight = self.in_flight;
            self.intervals.resize(index + 1, idle);
        } else {
            // Widened: the interval goes on.
            self.resume();
        }
        self.until = self.begin(index + 1);
    }

    /// Takes the times of the current interval to the others.
    fn settle(&mut self) {
        let Some(interval) = self.intervals.last_mut() else {
            return;
        };
        for (cells, histogram) in interval.times.iter_mut().zip(&mut self.current) {
            if !histogram.is_empty() {
                *cells = Cells::of(histogram);
                histogram.reset();
            }
        }
        self.cells += interval.len_cells();
    }

    /// The opposite of [`Self::settle`].
    fn resume(&mut self) {
        let Some(interval) = self.intervals.last_mut() else {
            return;
        };
        self.cells -= interval.len_cells();
        for (cells, histogram) in interval.times.iter_mut().zip(&mut self.current) {
            std::mem::take(cells).add_to(histogram);
        }
    }

    /// Puts neighbours together.
    fn widen(&mut self) {
        self.width = self.width.saturating_mul(2);
        let mut pairs = Vec::with_capacity(self.intervals.len().div_ceil(2));
        let mut intervals = std::mem::take(&mut self.intervals).into_iter();
        while let Some(mut first) = intervals.next() {
            if let Some(second) = intervals.next() {
                first.merge(&second);
            }
            pairs.push(first);
        }
        self.cells = pairs.iter().map(Interval::len_cells).sum();
        self.intervals = pairs;
    }

    /// The last seconds of a run that goes on, `length` or a little more.
    pub(crate) fn recent(&self, now: Duration, length: Duration) -> Recent {
        let from = self.index(now.saturating_sub(length));
        let began = self.begin(from);
        let seconds = now.saturating_sub(began).as_secs_f64();
        let mut times = self.current[Measure::Latency as usize].clone();
        let mut sent = 0;
        for interval in self.intervals.iter().skip(from) {
            sent += interval.counts.sent;
            interval.times[Measure::Latency as usize].add_to(&mut times);
        }
        // The schedule stands where requests are held up; what comes later is not known here.
        let until = self.held.unwrap_or(now).min(now);
        let from = self.index(until.saturating_sub(length));
        let scheduled = until.saturating_sub(self.begin(from)).as_secs_f64();
        let intervals = self.intervals.iter().skip(from);
        let intended: u64 = intervals.map(|interval| interval.counts.intended).sum();
        let rate = |n: u64, seconds: f64| (seconds >= SHORTEST_RATE).then(|| n as f64 / seconds);
        Recent {
            seconds,
            in_flight: self.in_flight,
            held: self.held.map(|held| now.saturating_sub(held)),
            intended_per_second: rate(intended, scheduled),
            sent_per_second: rate(sent, seconds),
            latency: times,
        }
    }

    /// When an interval begins.
    fn begin(&self, index: usize) -> Duration {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        self.start.saturating_add(self.width.saturating_mul(index))
    }

    /// The same, with nothing more to come.
    pub(crate) fn closed(&self) -> History {
        let mut series = self.clone();
        series.settle();
        History {
            width: series.width,
            length: series.newest.saturating_sub(series.start),
            intervals: series.intervals,
        }
    }
}

/// Over fewer seconds a rate says nothing.
const SHORTEST_RATE: f64 = 0.2;

/// The last seconds of a run that goes on.
#[derive(Clone, Debug)]
pub(crate) struct Recent {
    /// How many they are.
    pub(crate) seconds: f64,
    pub(crate) in_flight: u64,
    /// By how much a request is late that requests in flight hold up now.
    pub(crate) held: Option<Duration>,
    /// 0 where there is no pace.
    pub(crate) intended_per_second: Option<f64>,
    pub(crate) sent_per_second: Option<f64>,
    pub(crate) latency: Histogram<u64>,
}

/// How a run went that is over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct History {
    pub(crate) width: Duration,
    /// From the start to the last event.
    pub(crate) length: Duration,
    pub(crate) intervals: Vec<Interval>,
}

impl History {
    /// How wide intervals are of which there are at most `most`, and these.
    pub(crate) fn regrouped(&self, most: usize) -> (Duration, Vec<Interval>) {
        let group = self.intervals.len().div_ceil(most.max(1)).max(1);
        let merged = self.intervals.chunks(group).map(|chunk| {
            let mut whole = Interval::default();
            chunk.iter().for_each(|interval| whole.merge(interval));
            whole
        });
        (self.width.saturating_mul(group as u32), merged.collect())
    }
}

#[cfg(test)]
mod tests;
