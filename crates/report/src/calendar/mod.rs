//! The calendar of a time zone, and time cut into its units.

mod buckets;
mod clock;
mod every;
#[cfg(test)]
mod tests;

pub use buckets::{Bucket, Buckets};
pub use every::{Every, EveryError};

use crate::error::ReportError;
use jiff::Timestamp;
use jiff::civil::{DateTime, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};

/// A zone's calendar: what is a day, an hour, a week, a month.
///
/// Units are those of the wall clock: a day of a change of clocks has 23 or 25 hours, and an hour
/// that comes twice is two.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// The zone of the clock.
    pub tz: TimeZone,
    /// The day that weeks begin with. Only weeks from Monday are those of ISO 8601, and only they
    /// are named as such (`2026-W47`); others by their first and last date.
    pub week_start: Weekday,
}

impl Default for Calendar {
    /// UTC, with weeks that begin on Monday.
    fn default() -> Self {
        Self {
            tz: TimeZone::UTC,
            week_start: Weekday::Monday,
        }
    }
}

impl Calendar {
    /// The first instant, in nanoseconds since the Unix epoch, at which the wall clock shows a time
    /// or, where clocks are put forward over it, a later one. Instants out of range are the nearest
    /// in range.
    pub fn first_instant(&self, wall: DateTime) -> i64 {
        let found = match self.tz.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wall),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(wall),
            AmbiguousOffset::Gap { before, .. } => before.to_timestamp(wall).map(|passed| {
                let after = clock::timestamp(passed.as_nanosecond() + 1);
                let moves = self.tz.preceding(after).next();
                moves.map_or(passed, |moved| moved.timestamp())
            }),
        };
        in_range(found, wall)
    }

    /// The last instant at which the wall clock shows a time; as [`Self::first_instant`] where it
    /// shows it once or never.
    pub fn last_instant(&self, wall: DateTime) -> i64 {
        match self.tz.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Fold { after, .. } => in_range(after.to_timestamp(wall), wall),
            _ => self.first_instant(wall),
        }
    }
}

fn in_range(instant: Result<Timestamp, jiff::Error>, wall: DateTime) -> i64 {
    match instant {
        Ok(instant) => clock::saturate(instant.as_nanosecond()),
        // Only at both ends of the calendar, far beyond the times of a report.
        Err(_) if wall.year() > 0 => i64::MAX,
        Err(_) => i64::MIN,
    }
}

/// The days of the week by their words, Monday first.
pub const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// The word of a day of the week.
pub(crate) fn weekday_word(day: Weekday) -> &'static str {
    WEEKDAYS[usize::from(day.since(Weekday::Monday).unsigned_abs())].0
}

/// The zone of an IANA name such as `Europe/Berlin`.
///
/// # Errors
/// [`ReportError::TimeZone`] when the name is unknown.
pub fn time_zone(name: &str) -> Result<TimeZone, ReportError> {
    if name == "UTC" {
        // Without it the library lists all zones of the system first, a tenth of the processor time that
        // a report of a small capture takes (`cargo xtask bench`, T).
        return Ok(TimeZone::UTC);
    }
    TimeZone::get(name).map_err(|source| ReportError::TimeZone {
        name: name.to_owned(),
        source,
    })
}

/// The names of buckets, each made once while times come in order.
pub(crate) struct BucketNames {
    buckets: Buckets,
    last: Option<(Bucket, String)>,
}

impl BucketNames {
    pub(crate) fn new(calendar: &Calendar, every: Every) -> Self {
        Self {
            buckets: Buckets::new(calendar, every),
            last: None,
        }
    }

    /// Whether a time lies in the bucket that was named last.
    pub(crate) fn is_last(&self, nanos: i64) -> bool {
        self.last
            .as_ref()
            .is_some_and(|(last, _)| last.holds(nanos))
    }

    /// The name of the bucket that a time lies in.
    pub(crate) fn of(&mut self, nanos: i64) -> &str {
        let known = self.last.take().filter(|(last, _)| last.holds(nanos));
        let last = known.unwrap_or_else(|| {
            let bucket = self.buckets.of(nanos);
            (bucket, self.buckets.name(bucket))
        });
        &self.last.insert(last).1
    }
}
