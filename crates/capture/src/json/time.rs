//! Arrival times of envelopes.

use jiff::Timestamp;

use super::text;

/// Unix nanoseconds of a time in an envelope: RFC 3339 text, or a number of seconds,
/// milliseconds, microseconds or nanoseconds, told apart by size (valid from 1973 on).
pub(super) fn unix_nano(value: &[u8]) -> Option<u64> {
    if value.starts_with(b"\"") {
        let text = text::of(value)?;
        return match text.parse::<Timestamp>() {
            Ok(time) => u64::try_from(time.as_nanosecond()).ok(),
            Err(_) => number(&text),
        };
    }
    number(str::from_utf8(value).ok()?)
}

fn number(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let nanos_per_unit: u64 = match whole.len() {
        ..=11 => 1_000_000_000,
        12..=14 => 1_000_000,
        15..=17 => 1_000,
        _ => 1,
    };
    let whole = whole.parse::<u64>().ok()?.checked_mul(nanos_per_unit)?;
    let mut scale = nanos_per_unit / 10;
    let mut part = 0;
    for digit in fraction.bytes() {
        part += u64::from(digit - b'0') * scale;
        scale /= 10;
    }
    whole.checked_add(part)
}

#[cfg(test)]
mod tests {
    fn check(value: &str, expected: Option<u64>) {
        assert_eq!(super::unix_nano(value.as_bytes()), expected, "{value}");
    }

    #[test]
    fn times_are_text_or_numbers() {
        let expected = Some(1_763_640_000_123_456_000);
        check(r#""2025-11-20T12:00:00.123456+00:00""#, expected);
        check(r#""2025-11-20T13:00:00.123456+01:00""#, expected);
        check(r#""2025-11-20T12:00:00.123456Z""#, expected);
        check("1763640000.123456", expected);
        check("1763640000123.456", expected);
        check("1763640000123456", expected);
        check("1763640000123456000", expected);
        check(r#""1763640000123456000""#, expected);
    }

    #[test]
    fn what_is_no_time_is_none() {
        for value in [
            "null",
            "-1",
            "1e9",
            r#""yesterday""#,
            "99999999999999999999",
            "\"1969-01-01T00:00:00Z\"",
        ] {
            check(value, None);
        }
    }
}
