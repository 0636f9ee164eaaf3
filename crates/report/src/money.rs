//! Money as integers.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// An amount in billionths of a US dollar. Adding saturates at about 9.2 thousand million dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NanoDollars(pub i64);

/// Nano-dollars in a dollar.
const PER_DOLLAR: f64 = 1e9;

impl NanoDollars {
    /// The amount of a number of dollars, rounded to the nearest nano-dollar (halves away from
    /// zero). `None` for NaN, infinities and amounts out of range.
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        let nanos = (dollars * PER_DOLLAR).round();
        // 2^63 as a double: the first value that does not fit.
        (nanos.abs() < 9_223_372_036_854_775_808.0).then_some(Self(nanos as i64))
    }

    /// The amount of a whole number of micro-dollars.
    pub fn from_micros(micros: i64) -> Option<Self> {
        micros.checked_mul(1_000).map(Self)
    }

    /// The amount of a decimal text in dollars (`0.0123`, `1e-3`), read exactly and rounded to the
    /// nearest nano-dollar. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.contains(['e', 'E']) {
            return Self::from_dollars(text.parse().ok()?);
        }
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let mut nanos: i64 = 0;
        let kept = fraction
            .bytes()
            .chain(std::iter::repeat(b'0'))
            .take(NANO_DIGITS);
        for digit in whole.bytes().chain(kept) {
            nanos = nanos
                .checked_mul(10)?
                .checked_add(i64::from(digit - b'0'))?;
        }
        if fraction
            .as_bytes()
            .get(NANO_DIGITS)
            .is_some_and(|d| *d >= b'5')
        {
            nanos = nanos.checked_add(1)?;
        }
        Some(Self(if negative { -nanos } else { nanos }))
    }

    /// The nearest double in dollars, for output.
    pub fn to_dollars(self) -> f64 {
        self.0 as f64 / PER_DOLLAR
    }
}

/// Decimal digits of a dollar that are kept.
const NANO_DIGITS: usize = 9;

impl Add for NanoDollars {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for NanoDollars {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl AddAssign for NanoDollars {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// Plain decimal dollars with all nine digits: `0.069090000`.
impl fmt::Display for NanoDollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        write!(
            f,
            "{sign}{}.{:09}",
            nanos / 1_000_000_000,
            nanos % 1_000_000_000
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<i64>) {
        assert_eq!(
            NanoDollars::parse(text),
            expected.map(NanoDollars),
            "{text}"
        );
    }

    #[test]
    fn decimal_texts_are_read_exactly() {
        check("0.0123", Some(12_300_000));
        check("1", Some(1_000_000_000));
        check(".5", Some(500_000_000));
        check("-0.25", Some(-250_000_000));
        check("0.0000000005", Some(1));
        check("0.00000000049999", Some(0));
        check("1e-3", Some(1_000_000));
        check("1.2.3", None);
        check("", None);
        check(".", None);
        check("NaN", None);
        check("1e300", None);
        check("99999999999", None);
    }

    #[test]
    fn doubles_are_rounded_to_the_nearest() {
        assert_eq!(
            NanoDollars::from_dollars(0.069_089_999_999_999_98),
            Some(NanoDollars(69_090_000))
        );
        assert_eq!(NanoDollars::from_dollars(f64::NAN), None);
        assert_eq!(NanoDollars::from_dollars(1e300), None);
        assert_eq!(NanoDollars::from_micros(i64::MAX), None);
    }

    #[test]
    fn amounts_print_in_dollars() {
        assert_eq!(NanoDollars(-1_500_000_001).to_string(), "-1.500000001");
    }
}
