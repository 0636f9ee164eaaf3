//! Prices per token as integers.

use serde_json::Value;

/// A price in billionths of a thousandth of a dollar (pico-dollars) per token.
///
/// A dollar per million tokens is 1,000,000 of them, so every list price is a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rate(pub(super) u64);

/// The highest price: one dollar per token.
const MAX: u64 = 1_000_000_000_000;

/// Decimal digits from a dollar per token to a pico-dollar.
const PER_TOKEN: i32 = 12;

/// Decimal digits from a dollar per million tokens to a pico-dollar per token.
const PER_MILLION: i32 = 6;

impl Rate {
    /// The rate of a JSON number in dollars per million tokens.
    pub(super) fn per_million(value: &Value) -> Result<Self, &'static str> {
        Self::read(value, PER_MILLION)
    }

    /// The rate of a JSON number in dollars per token.
    pub(super) fn per_token(value: &Value) -> Result<Self, &'static str> {
        Self::read(value, PER_TOKEN)
    }

    /// Exact decimal text in dollars per million tokens: `0.0375`.
    pub(super) fn dollars_per_million(self) -> String {
        const ONE: u64 = 1_000_000;
        let (whole, rest) = (self.0 / ONE, self.0 % ONE);
        let text = format!("{whole}.{rest:06}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    fn read(value: &Value, digits: i32) -> Result<Self, &'static str> {
        let rate = scaled(value, digits)?;
        if rate > MAX {
            return Err("expected at most 1 dollar per token");
        }
        Ok(Self(rate))
    }

    /// The rate times a factor, rounded to the nearest pico-dollar (halves up).
    pub(super) fn times(self, factor: Factor) -> Self {
        let product = u128::from(self.0) * u128::from(factor.0);
        let rounded = (product + u128::from(FACTOR_ONE / 2)) / u128::from(FACTOR_ONE);
        // Both are bounded, so the product is far below 2^64.
        Self(u64::try_from(rounded).unwrap_or(MAX))
    }
}

/// A factor in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Factor(u64);

const FACTOR_ONE: u64 = 1_000_000;

impl Factor {
    /// The factor of a JSON number.
    pub(super) fn read(value: &Value) -> Result<Self, &'static str> {
        let factor = scaled(value, 6)?;
        if factor > 1_000 * FACTOR_ONE {
            return Err("expected a factor of at most 1000");
        }
        Ok(Self(factor))
    }
}

/// A JSON number times a power of ten, rounded to the nearest whole number (halves up).
///
/// The number is taken by its shortest decimal text, which is what the file says for up to 15
/// digits, and scaled as decimal text: no product of doubles is involved.
fn scaled(value: &Value, digits: i32) -> Result<u64, &'static str> {
    const WRONG: &str = "expected a number of 0 or more";
    let Value::Number(number) = value else {
        return Err(WRONG);
    };
    let text = number.to_string();
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| WRONG)?),
        None => (text.as_str(), 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // A sign is no digit, so negative numbers end here.
    let number: u128 = format!("{whole}{fraction}").parse().map_err(|_| WRONG)?;
    if whole.starts_with(['-', '+']) {
        return Err(WRONG);
    }
    let fraction = i32::try_from(fraction.len()).map_err(|_| WRONG)?;
    let shift = exponent.saturating_sub(fraction).saturating_add(digits);
    let power = 10_u128.checked_pow(shift.unsigned_abs());
    let scaled = match (power, shift >= 0) {
        (Some(power), true) => number.checked_mul(power),
        (Some(power), false) => Some((number + power / 2) / power),
        (None, true) => (number == 0).then_some(0),
        (None, false) => Some(0),
    };
    let scaled = scaled.and_then(|scaled| u64::try_from(scaled).ok());
    scaled.ok_or("expected a number that is not that large")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Option<u64>) {
        let value: Value = serde_json::from_str(json).unwrap();
        let rate = Rate::per_token(&value).ok();
        assert_eq!(rate, expected.map(Rate), "{json}");
    }

    #[test]
    fn prices_are_exact_in_pico_dollars() {
        check("3e-06", Some(3_000_000));
        check("0.00000125", Some(1_250_000));
        check("6.25e-8", Some(62_500));
        check("0", Some(0));
        check("0.0", Some(0));
        check("1", Some(1_000_000_000_000));
        // A double's error in the file itself is rounded away.
        check("3.7500000000000005e-06", Some(3_750_000));
        check("5e-13", Some(1));
        check("4e-13", Some(0));
        check("1e-300", Some(0));
    }

    #[test]
    fn what_is_no_price_is_refused() {
        check("-1e-6", None);
        check("1.0001", None);
        check("1e300", None);
        check("\"3e-06\"", None);
        check("null", None);
    }

    #[test]
    fn dollars_per_million_are_a_million_pico_dollars() {
        let rate = |json: &str| Rate::per_million(&serde_json::from_str(json).unwrap());
        assert_eq!(rate("3.75"), Ok(Rate(3_750_000)));
        assert_eq!(rate("0.0375"), Ok(Rate(37_500)));
        assert!(rate("1000001").is_err());
        for text in ["3.75", "0.0375", "0", "15", "0.000001", "1000000"] {
            assert_eq!(rate(text).unwrap().dollars_per_million(), text);
        }
    }

    #[test]
    fn factors_round_to_the_nearest() {
        let times = |rate, json: &str| {
            let factor = Factor::read(&serde_json::from_str(json).unwrap()).unwrap();
            Rate(rate).times(factor).0
        };
        assert_eq!(times(3_750_000, "0.5"), 1_875_000);
        assert_eq!(times(125, "1.8"), 225);
        assert_eq!(times(3, "0.5"), 2);
        assert_eq!(times(MAX, "1000"), 1_000 * MAX);
        let too_large = serde_json::from_str("1001").unwrap();
        assert!(Factor::read(&too_large).is_err());
    }
}
