//! Samples of a quantity over time, and what they say of an interval: the kernel of all joins of
//! spans with what hosts report. It knows nothing of tables, hosts or spans.
//!
//! Sorted samples become an index once, in time linear in their number. An interval then takes two
//! binary searches, two differences of prefix sums and two looks into a sparse table, however many
//! samples lie in it.

mod exact;
mod extremes;

use exact::{Exact, Prefix};
use extremes::Extremes;

/// How many usual gaps between samples a sample speaks for at most.
const USUAL_GAPS: i64 = 2;
/// The usual gap of a series of one sample, in nanoseconds. It speaks for a minute then, the usual
/// time between exports.
const ALONE: i64 = 30_000_000_000;

/// Samples of one quantity, indexed.
///
/// A sample stands for the time since the sample before it, as a utilization does that was measured
/// between two readings of a counter, but for no more than its *reach*: twice the usual (median)
/// gap. So a pause of the reporter says nothing about the time of the pause. The first one stands
/// for a usual gap.
#[derive(Debug)]
pub(crate) struct Samples {
    /// Strictly rising, in nanoseconds.
    times: Vec<i64>,
    values: Vec<f64>,
    /// The usual gap between them, in nanoseconds.
    usual: i64,
    /// How many there are per nanosecond on average.
    per_nano: f64,
    /// Sums of values.
    plain: Prefix,
    /// Sums of values times how long each stands.
    weighted: Prefix,
    /// Sums of how long samples stand, one more than samples. They may go round: differences are what
    /// counts, which are less than 2^64 nanoseconds.
    stands: Vec<u64>,
    extremes: Extremes,
}

/// What samples say of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Window {
    /// The mean over time: every sample counts for as long as it stands within the interval.
    pub(crate) mean: f64,
    /// The mean over samples, as `AVG` of a plain join has it.
    pub(crate) sample_mean: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// How many samples lie within the interval, both ends included; 0 if `carried`.
    pub(crate) count: u64,
    /// No sample lies within: the one before the start is taken for all of it.
    pub(crate) carried: bool,
}

impl Samples {
    /// Indexes samples in strictly rising order of time (nanoseconds). Values are finite.
    pub(crate) fn new(times: Vec<i64>, values: Vec<f64>) -> Self {
        debug_assert!(times.is_sorted_by(|a, b| a < b), "times rise");
        debug_assert_eq!(times.len(), values.len());
        let usual = usual_gap(&times);
        let mut plain = Prefix::with_capacity(values.len());
        let mut weighted = Prefix::with_capacity(values.len());
        let mut stands = Vec::with_capacity(values.len() + 1);
        let mut stood = 0_u64;
        stands.push(stood);
        for (index, value) in values.iter().enumerate() {
            let stand = stand(&times, index, usual);
            stood = stood.wrapping_add(stand.unsigned_abs());
            stands.push(stood);
            plain.push(Exact::from(*value));
            weighted.push(Exact::product(*value, stand as f64));
        }
        let per_nano = match (times.first(), times.last()) {
            (Some(first), Some(last)) if first < last => {
                (times.len() - 1) as f64 / (*last as f64 - *first as f64).max(1.0)
            }
            _ => 0.0,
        };
        Self {
            per_nano,
            extremes: Extremes::new(&values),
            times,
            values,
            usual,
            plain,
            weighted,
            stands,
        }
    }

    /// What is known of an interval, both ends included; none if no sample lies within and the last
    /// one before is too old to speak for the start, or if the interval ends before it starts.
    pub(crate) fn window(&self, start: i64, end: i64) -> Option<Window> {
        if end < start {
            return None;
        }
        let first = self.first_not(|time| time < start, self.guess(start));
        let after = self.first_not(|time| time <= end, first);
        if first == after {
            let (_, value) = self.before(start)?;
            return Some(Window {
                mean: value,
                sample_mean: value,
                min: value,
                max: value,
                count: 0,
                carried: true,
            });
        }
        let (min, max) = self.extremes.of(&self.values, first, after);
        let count = after - first;
        let value = |index: usize| Exact::from(self.values[index]);
        let sum = self.plain.between(first, after, value);
        let sample_mean = sum.over(count as f64);
        Some(Window {
            // Rounding must not put a mean beyond what occurred.
            mean: self.mean(start, first, after).clamp(min, max),
            sample_mean: sample_mean.clamp(min, max),
            min,
            max,
            count: count as u64,
            carried: false,
        })
    }

    /// The last sample at or before a time that still speaks for it.
    pub(crate) fn before(&self, time: i64) -> Option<(i64, f64)> {
        let index = self.first_not(|t| t <= time, self.guess(time));
        let index = index.checked_sub(1)?;
        let age = time.saturating_sub(self.times[index]);
        (age <= reach(self.usual)).then(|| (self.times[index], self.values[index]))
    }

    /// The first sample at or after a time, if it follows soon enough to speak for it.
    pub(crate) fn after(&self, time: i64) -> Option<(i64, f64)> {
        let index = self.first_not(|t| t < time, self.guess(time));
        let found = *self.times.get(index)?;
        let ahead = found.saturating_sub(time);
        (ahead <= reach(self.usual)).then(|| (found, self.values[index]))
    }

    /// About where a time is: as a rule, samples come at even intervals.
    fn guess(&self, time: i64) -> usize {
        let Some(first) = self.times.first() else {
            return 0;
        };
        // Before the first is below 0, which becomes 0.
        (time.saturating_sub(*first) as f64 * self.per_nano) as usize
    }

    /// The first sample whose time is not what those before are, looked for from `near` on in steps
    /// that double: so a good guess takes a few looks, and a bad one twice those of a binary search.
    fn first_not(&self, is_before: impl Fn(i64) -> bool, near: usize) -> usize {
        let times = &self.times;
        let near = near.min(times.len());
        let (mut low, mut high, mut step) = (near, near, 1);
        if times.get(near).is_some_and(|time| is_before(*time)) {
            while high < times.len() && is_before(times[high]) {
                low = high + 1;
                high = times.len().min(high + step);
                step *= 2;
            }
        } else {
            while low > 0 && !is_before(times[low - 1]) {
                high = low - 1;
                low = low.saturating_sub(step);
                step *= 2;
            }
        }
        low + times[low..high].partition_point(|time| is_before(*time))
    }

    /// The mean over time of samples `first..after`, at least one. Only the first can stand for time
    /// before the start, which does not count.
    fn mean(&self, start: i64, first: usize, after: usize) -> f64 {
        let stands =
            |from: usize, to: usize| i128::from(self.stands[to].wrapping_sub(self.stands[from]));
        let whole = stands(first, first + 1);
        let within = i128::from(self.times[first]) - i128::from(start);
        let rest = stands(first + 1, after);
        let first_stands = whole.min(within);
        let total = first_stands + rest;
        if total == 0 {
            // The only one, at the very start.
            return self.values[first];
        }
        let head = Exact::product(self.values[first], first_stands as f64);
        let term = |index: usize| {
            let stand = stand(&self.times, index, self.usual);
            Exact::product(self.values[index], stand as f64)
        };
        let sum = self.weighted.between(first + 1, after, term).plus(head);
        sum.over(total as f64)
    }
}

/// For how long samples of a usual gap speak.
fn reach(usual: i64) -> i64 {
    usual.saturating_mul(USUAL_GAPS)
}

/// How long a sample stands.
fn stand(times: &[i64], index: usize, usual: i64) -> i64 {
    match index.checked_sub(1) {
        Some(before) => times[index].saturating_sub(times[before]).min(reach(usual)),
        None => usual,
    }
}

/// The median gap between times.
fn usual_gap(times: &[i64]) -> i64 {
    let gaps = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
    let mut gaps: Vec<i64> = gaps.collect();
    if gaps.is_empty() {
        return ALONE;
    }
    let middle = (gaps.len() - 1) / 2;
    *gaps.select_nth_unstable(middle).1
}

#[cfg(test)]
mod tests;
