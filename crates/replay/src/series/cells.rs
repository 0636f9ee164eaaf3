//! A histogram in as much memory as its distinct values take.

use std::cmp::Ordering;

use hdrhistogram::Histogram;

/// Values of a histogram and how often each was counted, in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cells {
    pub(super) values: Vec<u64>,
    pub(super) counts: Vec<u32>,
}

impl Cells {
    pub(super) fn of(histogram: &Histogram<u64>) -> Self {
        let mut cells = Self::default();
        for step in histogram.iter_recorded() {
            cells.push(step.value_iterated_to(), saturated(step.count_at_value()));
        }
        cells.fitted()
    }

    /// The same in as much memory as it takes.
    fn fitted(mut self) -> Self {
        self.values.shrink_to_fit();
        self.counts.shrink_to_fit();
        self
    }

    fn with_capacity(cells: usize) -> Self {
        Self {
            values: Vec::with_capacity(cells),
            counts: Vec::with_capacity(cells),
        }
    }

    fn push(&mut self, value: u64, count: u32) {
        self.values.push(value);
        self.counts.push(count);
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    fn iter(&self) -> impl Iterator<Item = (u64, u32)> {
        self.values.iter().copied().zip(self.counts.iter().copied())
    }

    /// Both together.
    pub(super) fn merged(&self, other: &Self) -> Self {
        let mut merged = Self::with_capacity(self.len() + other.len());
        let (mut left, mut right) = (self.iter().peekable(), other.iter().peekable());
        loop {
            match (left.peek().copied(), right.peek().copied()) {
                (Some((a, n)), Some((b, m))) => {
                    merged.push(
                        a.min(b),
                        match a.cmp(&b) {
                            Ordering::Less => n,
                            Ordering::Equal => n.saturating_add(m),
                            Ordering::Greater => m,
                        },
                    );
                    if a <= b {
                        left.next();
                    }
                    if b <= a {
                        right.next();
                    }
                }
                (Some((value, count)), None) | (None, Some((value, count))) => {
                    merged.push(value, count);
                    left.next();
                    right.next();
                }
                (None, None) => break,
            }
        }
        merged.fitted()
    }

    pub(crate) fn add_to(&self, histogram: &mut Histogram<u64>) {
        for (value, count) in self.iter() {
            histogram.saturating_record_n(value, u64::from(count));
        }
    }
}

fn saturated(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
