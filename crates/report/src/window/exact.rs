//! Sums that do not lose what is small beside what is large.

/// A number as the sum of two doubles: about 32 digits. A difference of two prefix sums is then as
/// good as the sum of what lies between, also at the end of a year of samples.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Exact {
    high: f64,
    low: f64,
}

impl From<f64> for Exact {
    fn from(high: f64) -> Self {
        Self { high, low: 0.0 }
    }
}

impl Exact {
    /// The product of two doubles, without rounding.
    pub(super) fn product(a: f64, b: f64) -> Self {
        let high = a * b;
        Self {
            high,
            low: a.mul_add(b, -high),
        }
    }

    /// The sum.
    pub(super) fn plus(self, other: Self) -> Self {
        let high = self.high + other.high;
        let part = high - self.high;
        let lost = (self.high - (high - part)) + (other.high - part);
        let low = lost + self.low + other.low;
        let sum = high + low;
        Self {
            high: sum,
            low: low - (sum - high),
        }
    }

    /// The quotient, rounded to a double.
    pub(super) fn over(self, divisor: f64) -> f64 {
        let quotient = self.high / divisor;
        let rest = quotient.mul_add(-divisor, self.high) + self.low;
        quotient + rest / divisor
    }
}

/// Of so many sums one is kept, the others are made again: memory that is not written costs nothing.
const STEP: usize = 4;

/// Sums of all terms that come before each place.
#[derive(Debug)]
pub(super) struct Prefix {
    /// Of every fourth place: the first, the fifth and so on.
    kept: Vec<Exact>,
    sum: Exact,
    len: usize,
}

impl Prefix {
    pub(super) fn with_capacity(len: usize) -> Self {
        Self {
            kept: Vec::with_capacity(len / STEP + 1),
            sum: Exact::default(),
            len: 0,
        }
    }

    /// Adds the next term.
    pub(super) fn push(&mut self, term: Exact) {
        if self.len.is_multiple_of(STEP) {
            self.kept.push(self.sum);
        }
        self.sum = self.sum.plus(term);
        self.len += 1;
    }

    /// The sum of terms `first..after`; `term` tells those that were pushed.
    pub(super) fn between(
        &self,
        first: usize,
        after: usize,
        term: impl Fn(usize) -> Exact,
    ) -> Exact {
        let before = self.before(first, &term);
        self.before(after, &term).plus(Exact {
            high: -before.high,
            low: -before.low,
        })
    }

    /// The same sum, to the last digit, as when it was kept.
    fn before(&self, place: usize, term: &impl Fn(usize) -> Exact) -> Exact {
        if place == self.len {
            return self.sum;
        }
        let first = place / STEP * STEP;
        (first..place).fold(self.kept[place / STEP], |sum, at| sum.plus(term(at)))
    }
}
