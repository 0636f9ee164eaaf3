//! Lengths of time as the dialects write them.

use sqlparser::ast::{DateTimeField, Expr, Interval, Value};
use std::fmt::Write as _;

const NANOS_PER_SECOND: i64 = 1_000_000_000;
/// Nanoseconds of a day of 24 hours.
pub(super) const NANOS_PER_DAY: i64 = 86_400 * NANOS_PER_SECOND;

/// A length of calendar months and of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) months: i64,
    pub(super) nanos: i64,
}

/// What one of a unit is.
fn unit(name: &str) -> Option<Span> {
    let (months, nanos) = match name {
        "ns" | "nanosecond" | "nanoseconds" => (0, 1),
        "us" | "microsecond" | "microseconds" => (0, 1_000),
        "ms" | "millisecond" | "milliseconds" => (0, 1_000_000),
        "s" | "sec" | "secs" | "second" | "seconds" => (0, NANOS_PER_SECOND),
        "m" | "min" | "mins" | "minute" | "minutes" => (0, 60 * NANOS_PER_SECOND),
        "h" | "hr" | "hrs" | "hour" | "hours" => (0, 3_600 * NANOS_PER_SECOND),
        "d" | "day" | "days" => (0, NANOS_PER_DAY),
        "w" | "week" | "weeks" => (0, 7 * NANOS_PER_DAY),
        "mo" | "mon" | "mons" | "month" | "months" => (1, 0),
        "quarter" | "quarters" => (3, 0),
        "y" | "year" | "years" => (12, 0),
        _ => return None,
    };
    Some(Span { months, nanos })
}

impl Span {
    /// `5 minutes`, `1 hour 30 minutes`, `1h30m`, `01:30:00`. Whole numbers, none below 0.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let lower = text.trim().to_lowercase();
        if lower.contains(':') {
            return clock(&lower);
        }
        let mut rest = lower.trim_start();
        let mut total = Self::default();
        let mut parts = 0;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit())?;
            let count: i64 = rest[..digits].parse().ok()?;
            rest = rest[digits..].trim_start();
            let letters = rest.find(|c: char| !c.is_ascii_alphabetic());
            let letters = letters.unwrap_or(rest.len());
            total = total.plus(count, unit(&rest[..letters])?)?;
            rest = rest[letters..].trim_start_matches([' ', ',']);
            parts += 1;
        }
        (parts > 0).then_some(total)
    }

    /// `INTERVAL '...'`, or a number with a unit behind it.
    pub(super) fn of_interval(interval: &Interval) -> Option<Self> {
        let is_plain = interval.last_field.is_none()
            && interval.leading_precision.is_none()
            && interval.fractional_seconds_precision.is_none();
        let Expr::Value(value) = interval.value.as_ref() else {
            return None;
        };
        let text = match &value.value {
            Value::SingleQuotedString(text) | Value::Number(text, _) => text.as_str(),
            _ => return None,
        };
        match &interval.leading_field {
            _ if !is_plain => None,
            None => Self::parse(text),
            Some(DateTimeField::Week(Some(_))) => None,
            Some(field) => Self::parse(&format!("{text} {field}")),
        }
    }

    fn plus(self, count: i64, unit: Self) -> Option<Self> {
        Some(Self {
            months: self.months.checked_add(unit.months.checked_mul(count)?)?,
            nanos: self.nanos.checked_add(unit.nanos.checked_mul(count)?)?,
        })
    }

    /// As the engine reads it in quotes.
    pub(super) fn text(self) -> String {
        let mut text = String::new();
        if self.months > 0 {
            // Writing to a text does not fail.
            let _ = write!(text, "{}mo", self.months);
        }
        let mut rest = self.nanos;
        for name in ["d", "h", "m", "s", "ms", "us", "ns"] {
            let Some(Self { nanos: one, .. }) = unit(name) else {
                continue;
            };
            if rest / one > 0 {
                let _ = write!(text, "{}{name}", rest / one);
                rest %= one;
            }
        }
        if text.is_empty() {
            "0ns".to_owned()
        } else {
            text
        }
    }
}

/// `01:30:00`
fn clock(text: &str) -> Option<Span> {
    let parts: Vec<&str> = text.split(':').collect();
    let [hours, minutes, seconds] = parts.as_slice() else {
        return None;
    };
    let mut total = Span::default();
    for (count, name) in [(hours, "h"), (minutes, "m"), (seconds, "s")] {
        total = total.plus(i64::from(count.parse::<u32>().ok()?), unit(name)?)?;
    }
    Some(total)
}
