//! Two zones of which the offsets of 2026 are written down here, so that a ledger depends on no
//! library of time zones.

/// Seconds in a day.
const DAY: i64 = 86_400;

/// A time zone in 2026.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Its IANA name.
    pub name: &'static str,
    /// Offset from UTC in seconds outside summer time.
    standard: i64,
    /// When summer time begins and ends, in seconds since the Unix epoch; an hour is added within.
    summer: (i64, i64),
}

/// Without summer time.
pub const UTC: Zone = Zone {
    name: "UTC",
    standard: 0,
    summer: (0, 0),
};

/// Summer time from 2026-03-29T01:00Z to 2026-10-25T01:00Z.
pub const BERLIN: Zone = Zone {
    name: "Europe/Berlin",
    standard: 3_600,
    summer: (1_774_746_000, 1_792_890_000),
};

/// Summer time from 2026-03-08T07:00Z to 2026-11-01T06:00Z.
pub const NEW_YORK: Zone = Zone {
    name: "America/New_York",
    standard: -5 * 3_600,
    summer: (1_772_953_200, 1_793_512_800),
};

/// A unit of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// `2026-10-25T02:00+01:00`
    Hour,
    /// `2026-10-25`
    Day,
    /// `2026-W43`, by ISO 8601.
    Week,
    /// `2026-10`
    Month,
}

impl Zone {
    /// The name of the unit that a time (nanoseconds since the Unix epoch) lies in.
    pub fn name_of(&self, unit: Unit, unix_nano: u64) -> String {
        let seconds = (unix_nano / 1_000_000_000).cast_signed();
        let is_summer = (self.summer.0..self.summer.1).contains(&seconds);
        let offset = self.standard + if is_summer { 3_600 } else { 0 };
        let local = seconds + offset;
        let day = local.div_euclid(DAY);
        let (year, month, of_month) = civil(day);
        match unit {
            Unit::Hour => {
                let hour = local.rem_euclid(DAY) / 3_600;
                let sign = if offset < 0 { '-' } else { '+' };
                let offset = offset.abs() / 3_600;
                format!("{year}-{month:02}-{of_month:02}T{hour:02}:00{sign}{offset:02}:00")
            }
            Unit::Day => format!("{year}-{month:02}-{of_month:02}"),
            Unit::Week => {
                // The week belongs to the year of its Thursday; 1970-01-01 was one.
                let thursday = day - (day + 3).rem_euclid(7) + 3;
                let (year, ..) = civil(thursday);
                let mut first = thursday;
                while civil(first - 7).0 == year {
                    first -= 7;
                }
                format!("{year}-W{:02}", (thursday - first) / 7 + 1)
            }
            Unit::Month => format!("{year}-{month:02}"),
        }
    }
}

/// Year, month and day of a day since 1970-01-01, counted through the months.
pub(crate) fn civil(mut day: i64) -> (i64, u32, i64) {
    let mut year = 1970;
    loop {
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let len = if is_leap { 366 } else { 365 };
        if day < len {
            let february = if is_leap { 29 } else { 28 };
            let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            let mut month = 0;
            while day >= months[month] {
                day -= months[month];
                month += 1;
            }
            return (year, month as u32 + 1, day + 1);
        }
        day -= len;
        year += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-10-25T00:30:00Z.
    const NIGHT: u64 = 1_792_888_200_000_000_000;
    const HOUR: u64 = 3_600_000_000_000;

    fn check(zone: Zone, unit: Unit, time: u64, expected: &str) {
        assert_eq!(zone.name_of(unit, time), expected);
    }

    #[test]
    fn an_hour_that_comes_twice_has_two_names() {
        check(BERLIN, Unit::Hour, NIGHT, "2026-10-25T02:00+02:00");
        check(BERLIN, Unit::Hour, NIGHT + HOUR, "2026-10-25T02:00+01:00");
        check(NEW_YORK, Unit::Hour, NIGHT, "2026-10-24T20:00-04:00");
        let week_later = NIGHT + (7 * 24 + 6) * HOUR;
        check(NEW_YORK, Unit::Hour, week_later, "2026-11-01T01:00-05:00");
        check(
            NEW_YORK,
            Unit::Hour,
            week_later - HOUR,
            "2026-11-01T01:00-04:00",
        );
    }

    #[test]
    fn units_have_the_names_of_the_calendar() {
        check(UTC, Unit::Day, NIGHT, "2026-10-25");
        check(UTC, Unit::Week, NIGHT, "2026-W43");
        check(UTC, Unit::Week, NIGHT + 24 * HOUR, "2026-W44");
        check(UTC, Unit::Month, NIGHT + 7 * 24 * HOUR, "2026-11");
        // 2027-01-01 is a Friday of the last week of 2026.
        check(UTC, Unit::Week, 1_798_761_600_000_000_000, "2026-W53");
        // 2028-02-29.
        check(UTC, Unit::Day, 1_835_395_200_000_000_000, "2028-02-29");
    }
}
