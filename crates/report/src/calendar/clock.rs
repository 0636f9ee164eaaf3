//! Buckets of parts of a day, by what the clock on the wall shows.

use jiff::Timestamp;
use jiff::tz::TimeZone;

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

/// The wall clock of a zone, divided into steps that begin anew at each midnight.
///
/// A bucket begins whenever the clock reaches or passes a multiple of the step. So an hour that
/// comes twice is two buckets, one that is left out is none, and every bucket of six hours
/// begins at 0, 6, 12 or 18 o'clock, although one of them has five or seven hours.
pub(super) struct Clock<'a> {
    pub(super) tz: &'a TimeZone,
    /// In nanoseconds, at most a day.
    pub(super) step: i64,
}

impl Clock<'_> {
    /// The last begin of a bucket at or before a time.
    pub(super) fn start(&self, nanos: i64) -> i64 {
        let mut nanos = i128::from(nanos);
        loop {
            let offset = self.offset(nanos);
            let begin = self.floor(nanos + offset);
            let start = begin - offset;
            if self.offset(start) == offset {
                return saturate(start);
            }
            // The clock was moved since it showed `begin`, or passed it so.
            let mut moves = self.tz.preceding(timestamp(nanos + 1));
            let Some(moved) = moves.next() else {
                return saturate(start);
            };
            let moved = moved.timestamp().as_nanosecond();
            if moved + self.offset(moved - 1) <= begin {
                return saturate(moved);
            }
            nanos = moved - 1;
        }
    }

    /// The first begin of a bucket after a time.
    pub(super) fn end(&self, nanos: i64) -> i64 {
        let mut nanos = i128::from(nanos);
        loop {
            let offset = self.offset(nanos);
            let begin = self.floor(nanos + offset);
            let midnight = (begin.div_euclid(DAY) + 1) * DAY;
            let next = midnight.min(begin + i128::from(self.step));
            let end = next - offset;
            if self.offset(end) == offset {
                return saturate(end);
            }
            let mut moves = self.tz.following(timestamp(nanos));
            let Some(moved) = moves.next() else {
                return saturate(end);
            };
            let moved = moved.timestamp().as_nanosecond();
            let shown = moved + self.offset(moved);
            if shown >= next || self.floor(shown) == shown {
                return saturate(moved);
            }
            nanos = moved;
        }
    }

    /// The last multiple of the step, counted from midnight, at or before a time of the wall.
    fn floor(&self, local: i128) -> i128 {
        let midnight = local.div_euclid(DAY) * DAY;
        let step = i128::from(self.step);
        midnight + (local - midnight) / step * step
    }

    /// By how many nanoseconds the wall clock is ahead of UTC.
    fn offset(&self, nanos: i128) -> i128 {
        i128::from(self.tz.to_offset(timestamp(nanos)).seconds()) * SECOND
    }
}

/// The instant of nanoseconds near those that `i64` holds, which the calendar always has.
pub(super) fn timestamp(nanos: i128) -> Timestamp {
    Timestamp::from_nanosecond(nanos).unwrap_or(Timestamp::MAX)
}

/// The nearest number of nanoseconds that is one of a report's.
pub(super) fn saturate(nanos: i128) -> i64 {
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}
