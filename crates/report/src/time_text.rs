//! Times as text.

const NANOS: i64 = 1_000_000_000;
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Days of 400 years, after which the calendar repeats.
const ERA_DAYS: i64 = 146_097;
/// Days from 1 March of the year 0 to 1 January 1970.
const EPOCH_DAYS: i64 = 719_468;

/// RFC 3339 text in UTC of nanoseconds since the Unix epoch, with the fraction it has.
pub fn time_text(nanos: i64) -> String {
    let mut text = String::new();
    append_time(&mut text, nanos);
    text
}

/// Appends what [`time_text`] returns. Answers may have hundreds of thousands of times, for which
/// a library of all calendars takes several times as long (`cargo xtask bench joins`).
pub fn append_time(out: &mut String, nanos: i64) {
    let (seconds, fraction) = (nanos.div_euclid(NANOS), nanos.rem_euclid(NANOS));
    let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (year, month, day) = date(days);
    let mut buffer = *b"0000-00-00T00:00:00.000000000";
    put(&mut buffer[..4], year);
    put(&mut buffer[5..7], month);
    put(&mut buffer[8..10], day);
    put(&mut buffer[11..13], second / HOUR);
    put(&mut buffer[14..16], second % HOUR / MINUTE);
    put(&mut buffer[17..19], second % MINUTE);
    put(&mut buffer[20..], fraction);
    let text = std::str::from_utf8(&buffer).expect("digits and signs are ASCII");
    out.push_str(match fraction {
        0 => &text[..19],
        _ => text.trim_end_matches('0'),
    });
    out.push('Z');
}

/// Year, month and day of a number of days since 1970-01-01. Years begin in March here, so that a
/// leap day is the last: <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH_DAYS;
    let (era, day) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let is_next_year = month >= 10;
    let month = if is_next_year { month - 9 } else { month + 3 };
    (era * 400 + year + i64::from(is_next_year), month, day)
}

/// Puts the last digits of a number that is not negative.
fn put(digits: &mut [u8], mut number: i64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use proptest::prelude::*;

    fn check(nanos: i64) {
        let time = Timestamp::from_nanosecond(i128::from(nanos)).unwrap();
        assert_eq!(time_text(nanos), time.to_string(), "{nanos}");
    }

    #[test]
    fn every_day_has_its_date() {
        let days = i64::MIN / NANOS / DAY..i64::MAX / NANOS / DAY;
        days.for_each(|day| check(day * DAY * NANOS));
        check(i64::MIN);
        check(i64::MAX);
    }

    proptest! {
        #[test]
        fn times_are_as_the_library_has_them(nanos in any::<i64>(), zeros in 0..10_u32) {
            let unit = 10_i64.pow(zeros);
            check(nanos / unit * unit);
            check(nanos % (DAY * NANOS));
        }
    }
}
