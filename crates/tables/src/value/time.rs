//! When a row happened.

use otolith_otlp::{NoteCode, Value};

use crate::problems::{NO_TIME, ODD_TIME};

/// Start of 1980, the earliest plausible time, in nanoseconds.
const EARLIEST: i64 = 315_532_800_000_000_000;
/// Start of 2200, the first time beyond the plausible, in nanoseconds.
const LATEST: i64 = 7_258_118_400_000_000_000;
const NANOS_PER_DAY: i64 = 86_400_000_000_000;

/// The time of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Microseconds since the epoch; `None` when unknown.
    pub micros: Option<i64>,
    /// Nanoseconds since the epoch for sorting: the smallest number when unknown, the largest for
    /// times beyond it.
    pub nanos: i64,
}

impl Moment {
    pub(crate) const UNKNOWN: Self = Self {
        micros: None,
        nanos: i64::MIN,
    };

    /// The time of a field of the protocol, where 0 is unknown.
    pub(crate) fn of(unix_nano: u64) -> Self {
        if unix_nano == 0 {
            return Self::UNKNOWN;
        }
        Self {
            micros: i64::try_from(unix_nano / 1_000).ok(),
            nanos: i64::try_from(unix_nano).unwrap_or(i64::MAX),
        }
    }

    /// The time of an `event.timestamp` attribute, RFC 3339.
    pub(crate) fn of_text(value: &Value<'_>) -> Self {
        let Value::String(text) = value else {
            return Self::UNKNOWN;
        };
        let Ok(timestamp) = text.parse::<jiff::Timestamp>() else {
            return Self::UNKNOWN;
        };
        Self {
            micros: Some(timestamp.as_microsecond()),
            nanos: i64::try_from(timestamp.as_nanosecond()).unwrap_or(
                if timestamp.as_second() < 0 {
                    i64::MIN + 1
                } else {
                    i64::MAX
                },
            ),
        }
    }

    pub(crate) fn is_known(self) -> bool {
        self.micros.is_some()
    }

    /// What is strange about the time.
    pub(crate) fn note(self) -> Option<NoteCode> {
        if !self.is_known() {
            Some(NO_TIME)
        } else if date(self.nanos) == 0 {
            Some(ODD_TIME)
        } else {
            None
        }
    }
}

/// The partition of a row by [`Moment::nanos`]: days since the epoch, 0 for times that are unknown
/// or implausible.
pub(crate) fn date(nanos: i64) -> i32 {
    if (EARLIEST..LATEST).contains(&nanos) {
        i32::try_from(nanos / NANOS_PER_DAY).unwrap_or(0)
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(unix_nano: u64, micros: Option<i64>, day: i32, note: Option<NoteCode>) {
        let moment = Moment::of(unix_nano);
        assert_eq!(
            (moment.micros, date(moment.nanos), moment.note()),
            (micros, day, note)
        );
    }

    #[test]
    fn implausible_times_go_to_the_first_day() {
        check(0, None, 0, Some(NO_TIME));
        check(1, Some(0), 0, Some(ODD_TIME));
        check(
            EARLIEST as u64 - 1,
            Some(315_532_799_999_999),
            0,
            Some(ODD_TIME),
        );
        check(EARLIEST as u64, Some(315_532_800_000_000), 3652, None);
        check(
            LATEST as u64,
            Some(7_258_118_400_000_000),
            0,
            Some(ODD_TIME),
        );
        check(u64::MAX, Some(18_446_744_073_709_551), 0, Some(ODD_TIME));
        check(
            1_795_219_200_123_456_789,
            Some(1_795_219_200_123_456),
            20778,
            None,
        );
    }

    #[test]
    fn event_timestamps_are_rfc_3339() {
        let moment = Moment::of_text(&Value::String("2026-11-20T10:00:00.000001Z"));
        assert_eq!(moment.micros, Some(1_795_168_800_000_001));
        assert!(!Moment::of_text(&Value::String("yesterday")).is_known());
        assert!(!Moment::of_text(&Value::Int(5)).is_known());
        let ancient = Moment::of_text(&Value::String("0001-01-01T00:00:00Z"));
        assert_eq!(ancient.note(), Some(ODD_TIME));
    }
}
