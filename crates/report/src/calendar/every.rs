//! The length of buckets, as typed.

use std::fmt;
use std::str::FromStr;

/// Seconds of a day of the calendar without a change of clocks.
const DAY_SECONDS: u32 = 86_400;

/// How long the buckets of a report are: `30s`, `5m`, `1h`, `1d`, `1w`, `1month`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Every {
    /// At least 1. Of clock units at most a day in all.
    pub(super) count: u32,
    pub(super) unit: Unit,
}

/// A unit of the clock or the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
}

impl Unit {
    /// How many seconds the clock shows for it; absent for units of days.
    pub(super) const fn seconds(self) -> Option<u32> {
        match self {
            Self::Second => Some(1),
            Self::Minute => Some(60),
            Self::Hour => Some(3_600),
            Self::Day | Self::Week | Self::Month => None,
        }
    }
}

/// Why a text is no length of buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EveryError {
    /// Not a number with a unit.
    #[error("expected a number with s, m, h, d, w or month, such as `5m`")]
    Form,
    /// Nothing lies in a bucket of no length, or everything in one of this.
    #[error("expected a length of 1 s to 24 h, or of 1 to 1000 days, weeks or months")]
    Range,
}

impl Every {
    /// One hour.
    pub const HOUR: Self = Self::one(Unit::Hour);
    /// One day.
    pub const DAY: Self = Self::one(Unit::Day);
    /// One week.
    pub const WEEK: Self = Self::one(Unit::Week);
    /// One month.
    pub const MONTH: Self = Self::one(Unit::Month);

    const fn one(unit: Unit) -> Self {
        Self { count: 1, unit }
    }
}

impl FromStr for Every {
    type Err = EveryError;

    fn from_str(text: &str) -> Result<Self, EveryError> {
        let end = text.find(|c: char| !c.is_ascii_digit());
        let (number, unit) = text.split_at(end.ok_or(EveryError::Form)?);
        if number.is_empty() {
            return Err(EveryError::Form);
        }
        let unit = match unit {
            "s" => Unit::Second,
            "m" | "min" => Unit::Minute,
            "h" => Unit::Hour,
            "d" => Unit::Day,
            "w" => Unit::Week,
            "month" | "months" => Unit::Month,
            _ => return Err(EveryError::Form),
        };
        let most = unit
            .seconds()
            .map_or(1_000, |seconds| DAY_SECONDS / seconds);
        let count = number.parse().map_err(|_| EveryError::Range)?;
        if (1..=most).contains(&count) {
            Ok(Self { count, unit })
        } else {
            Err(EveryError::Range)
        }
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Second => "s",
            Unit::Minute => "m",
            Unit::Hour => "h",
            Unit::Day => "d",
            Unit::Week => "w",
            Unit::Month => "month",
        };
        write!(f, "{}{unit}", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, EveryError>) {
        let every = text.parse::<Every>();
        assert_eq!(
            every.map(|every| every.to_string()),
            expected.map(str::to_owned),
            "{text}"
        );
    }

    #[test]
    fn lengths_are_numbers_with_a_unit() {
        for text in ["30s", "5m", "1h", "24h", "86400s", "1d", "1w", "1month"] {
            check(text, Ok(text));
        }
        check("15min", Ok("15m"));
        check("3months", Ok("3month"));
        for text in ["", "5", "m", "1.5h", "-1m", "1y", "1 h"] {
            check(text, Err(EveryError::Form));
        }
        for text in ["0s", "25h", "86401s", "1001d", "99999999999d"] {
            check(text, Err(EveryError::Range));
        }
    }
}
