//! Calendar units of a time zone.

use crate::query::Dimension;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The name of the calendar unit that a time (nanoseconds since the epoch) lies in; `None` for
/// dimensions that are no calendar units and for times outside the calendar (years -9999 to 9999).
///
/// Units are those of the zone's wall clock: a day of a change of clocks has 23 or 25 hours, and
/// an hour's name carries its offset, so that the hour that comes twice has two names.
pub(crate) fn unit(nanos: i64, unit: Dimension, tz: &TimeZone) -> Option<String> {
    let format = match unit {
        Dimension::Hour => "%Y-%m-%dT%H:00%:z",
        Dimension::Day => "%Y-%m-%d",
        Dimension::Week => "%G-W%V",
        Dimension::Month => "%Y-%m",
        _ => return None,
    };
    let time = Timestamp::from_nanosecond(i128::from(nanos)).ok()?;
    Some(time.to_zoned(tz.clone()).strftime(format).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(time: &str, dimension: Dimension, zone: &str, expected: &str) {
        let time: Timestamp = time.parse().unwrap();
        let nanos = i64::try_from(time.as_nanosecond()).unwrap();
        let tz = TimeZone::get(zone).unwrap();
        assert_eq!(unit(nanos, dimension, &tz).as_deref(), Some(expected));
    }

    #[test]
    fn units_are_those_of_the_zone() {
        let late = "2026-11-20T23:30:00Z";
        check(late, Dimension::Day, "UTC", "2026-11-20");
        check(late, Dimension::Day, "Europe/Berlin", "2026-11-21");
        check(late, Dimension::Day, "America/New_York", "2026-11-20");
        check(
            late,
            Dimension::Hour,
            "Europe/Berlin",
            "2026-11-21T00:00+01:00",
        );
        check(
            late,
            Dimension::Hour,
            "Asia/Kolkata",
            "2026-11-21T05:00+05:30",
        );
        check(late, Dimension::Month, "UTC", "2026-11");
        check("2027-01-01T12:00:00Z", Dimension::Week, "UTC", "2026-W53");
    }

    #[test]
    fn an_hour_that_comes_twice_has_two_names() {
        let hour = Dimension::Hour;
        let berlin = "Europe/Berlin";
        check(
            "2026-10-25T00:30:00Z",
            hour,
            berlin,
            "2026-10-25T02:00+02:00",
        );
        check(
            "2026-10-25T01:30:00Z",
            hour,
            berlin,
            "2026-10-25T02:00+01:00",
        );
        // The day of 25 hours holds both ends.
        check("2026-10-24T22:00:00Z", Dimension::Day, berlin, "2026-10-25");
        check("2026-10-25T22:59:59Z", Dimension::Day, berlin, "2026-10-25");
    }
}
