//! Buckets: the time line of a zone, cut at units of its clock and calendar.

use super::Calendar;
use super::clock::{Clock, timestamp};
use super::every::{Every, Unit};
use jiff::ToSpan as _;
use jiff::civil::{Date, Time, Weekday};

const SECOND: i64 = 1_000_000_000;

/// A stretch of time, from `start` to before `end`, in nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket {
    /// Its first nanosecond.
    pub start: i64,
    /// The first nanosecond after it.
    pub end: i64,
}

impl Bucket {
    /// Its length in seconds: that of a day is 82,800 or 90,000 where clocks change.
    pub fn seconds(self) -> f64 {
        (i128::from(self.end) - i128::from(self.start)) as f64 / 1e9
    }

    /// True when a time lies in it.
    pub fn holds(self, nanos: i64) -> bool {
        self.start <= nanos && nanos < self.end
    }
}

/// The buckets of one length in a calendar. They follow each other without gaps, and every time
/// lies in exactly one.
///
/// Of seconds, minutes and hours they begin at multiples on the clock, counted from midnight
/// (an hour that comes twice is two buckets). Days begin with the first midnight of their date; weeks with the first day of the
/// week; months with the 1st. Several days, weeks or months are counted from 1970-01-01 (or the
/// week that holds it), so `3month` are quarters.
#[derive(Clone, Debug)]
pub struct Buckets {
    calendar: Calendar,
    every: Every,
}

impl Buckets {
    /// The buckets of a calendar.
    pub fn new(calendar: &Calendar, every: Every) -> Self {
        Self {
            calendar: calendar.clone(),
            every,
        }
    }

    /// The bucket that a time lies in.
    pub fn of(&self, nanos: i64) -> Bucket {
        if let Some(seconds) = self.every.unit.seconds() {
            let clock = Clock {
                tz: &self.calendar.tz,
                step: i64::from(seconds) * i64::from(self.every.count) * SECOND,
            };
            return Bucket {
                start: clock.start(nanos),
                end: clock.end(nanos),
            };
        }
        let mut first = self.first_date(self.date(nanos));
        loop {
            let next = self.next_date(first);
            let end = self.midnight(next);
            // Where clocks go back over midnight, the date that comes again is not taken back.
            if nanos < end || end == i64::MAX {
                return Bucket {
                    start: self.midnight(first),
                    end,
                };
            }
            first = next;
        }
    }

    /// The buckets that have a part between two times, in order.
    pub fn between(&self, from: i64, until: i64) -> impl Iterator<Item = Bucket> {
        let first = (from < until).then(|| self.of(from));
        std::iter::successors(first, move |last| {
            (last.end < until && last.end < i64::MAX).then(|| self.of(last.end))
        })
    }

    /// Its name in the zone: `2026-11-20T19:05+01:00` (with seconds where buckets are of seconds),
    /// `2026-11-20`, `2026-W47` (only where weeks are those of ISO 8601), `2026-11`, else the first
    /// and last date or month: `2026-11-15/2026-11-21`.
    pub fn name(&self, bucket: Bucket) -> String {
        let format = match (self.every.unit, self.every.count) {
            (Unit::Second, _) => "%Y-%m-%dT%H:%M:%S%:z",
            (Unit::Minute | Unit::Hour, _) => "%Y-%m-%dT%H:%M%:z",
            (Unit::Day, 1) => "%Y-%m-%d",
            (Unit::Week, 1) if self.calendar.week_start == Weekday::Monday => "%G-W%V",
            (Unit::Month, 1) => "%Y-%m",
            (unit, _) => return self.range(bucket, unit),
        };
        let start = timestamp(i128::from(bucket.start));
        let start = start.to_zoned(self.calendar.tz.clone());
        start.strftime(format).to_string()
    }

    fn range(&self, bucket: Bucket, unit: Unit) -> String {
        let first = self.date(bucket.start);
        let last = self.next_date(first).saturating_sub(1.day());
        let format = if unit == Unit::Month {
            "%Y-%m"
        } else {
            "%Y-%m-%d"
        };
        format!("{}/{}", first.strftime(format), last.strftime(format))
    }

    fn date(&self, nanos: i64) -> Date {
        let zone = &self.calendar.tz;
        zone.to_datetime(timestamp(i128::from(nanos))).date()
    }

    /// The first date of the bucket that holds a date.
    fn first_date(&self, date: Date) -> Date {
        let count = i32::try_from(self.every.count).unwrap_or(i32::MAX);
        let days_back = match self.every.unit {
            Unit::Month => {
                let months = (i32::from(date.year()) - 1970) * 12 + i32::from(date.month()) - 1;
                let back = months.rem_euclid(count);
                return date.first_of_month().saturating_sub(back.months());
            }
            Unit::Week => {
                let epoch = Date::constant(1970, 1, 1);
                let first = epoch.weekday().since(self.calendar.week_start);
                (days_since_1970(date) + i32::from(first)).rem_euclid(count * 7)
            }
            _ => days_since_1970(date).rem_euclid(count),
        };
        date.saturating_sub(days_back.days())
    }

    /// The first date of the bucket after the one that begins with a date.
    fn next_date(&self, first: Date) -> Date {
        let count = i64::from(self.every.count);
        first.saturating_add(match self.every.unit {
            Unit::Month => count.months(),
            Unit::Week => (count * 7).days(),
            _ => count.days(),
        })
    }

    fn midnight(&self, date: Date) -> i64 {
        self.calendar
            .first_instant(date.to_datetime(Time::midnight()))
    }
}

fn days_since_1970(date: Date) -> i32 {
    (date - Date::constant(1970, 1, 1)).get_days()
}
