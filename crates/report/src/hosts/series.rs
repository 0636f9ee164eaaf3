//! Samples of one thing in order of time.

use crate::query::Selection;

/// Samples of one thing. Strictly in order of time once they are [settled](Self::settle).
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Series {
    /// In nanoseconds.
    pub(crate) times: Vec<i64>,
    pub(crate) values: Vec<f64>,
}

impl Series {
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self {
            times: Vec::with_capacity(count),
            values: Vec::with_capacity(count),
        }
    }

    pub(crate) fn push(&mut self, time: i64, value: f64) {
        self.times.push(time);
        self.values.push(value);
    }

    pub(crate) fn append(&mut self, mut later: Self) {
        self.times.append(&mut later.times);
        self.values.append(&mut later.values);
    }

    /// The samples in the selected time; they are in order of time.
    pub(crate) fn within(self, selection: &Selection) -> Self {
        let before = |limit: Option<i64>, or: usize| match limit {
            Some(limit) => self.times.partition_point(|time| *time < limit),
            None => or,
        };
        let first = before(selection.since, 0);
        let after = before(selection.until, self.times.len()).max(first);
        if (first, after) == (0, self.times.len()) {
            return self;
        }
        Self {
            times: self.times[first..after].to_vec(),
            values: self.values[first..after].to_vec(),
        }
    }

    /// Puts samples in order of time, one for each time. Adds to `repeated` how many were left out.
    pub(crate) fn settle(self, repeated: &mut u64) -> Self {
        if self.times.is_sorted_by(|a, b| a < b) {
            return self;
        }
        let mut pairs: Vec<_> = self.times.into_iter().zip(self.values).collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let all = pairs.len();
        pairs.dedup_by_key(|pair| pair.0);
        *repeated += (all - pairs.len()) as u64;
        let (times, values) = pairs.into_iter().unzip();
        Self { times, values }
    }
}
