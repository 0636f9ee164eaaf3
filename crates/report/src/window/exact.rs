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

/// Sums of all that came before each place.
#[derive(Debug)]
pub(super) struct Prefix(Vec<Exact>);

impl Prefix {
    pub(super) fn with_capacity(len: usize) -> Self {
        let mut sums = Vec::with_capacity(len + 1);
        sums.push(Exact::default());
        Self(sums)
    }

    /// Adds the next number.
    pub(super) fn push(&mut self, number: Exact) {
        let sum = self.0.last().expect("there is a first sum").plus(number);
        self.0.push(sum);
    }

    /// The sum of numbers `first..after`.
    pub(super) fn between(&self, first: usize, after: usize) -> Exact {
        let before = self.0[first];
        self.0[after].plus(Exact {
            high: -before.high,
            low: -before.low,
        })
    }
}
