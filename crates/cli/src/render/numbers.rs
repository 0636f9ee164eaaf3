//! Numbers for people and for machines.

use std::fmt;

use otolith_report::NanoDollars;

/// Digits of a dollar's fraction that are always shown.
const CENT_DIGITS: usize = 2;
/// Digits of a dollar's fraction that there are.
const NANO_DIGITS: usize = 9;

/// A count with thousands grouped: `1,234,567`.
pub fn count(n: u64) -> String {
    group(&n.to_string())
}

/// An integer with thousands grouped: `-1,234`.
pub fn integer(n: i64) -> String {
    let digits = group(&n.unsigned_abs().to_string());
    if n < 0 { format!("-{digits}") } else { digits }
}

fn group(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in decimal units, three digits: `312 B`, `4.70 kB`, `68.2 MB`, `1.20 GB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if n < 1_000 {
        return format!("{n} B");
    }
    let mut value = n as f64 / 1e3;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1e3;
        unit += 1;
    }
    let digits = match value {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {}", UNITS[unit])
}

/// A length of time: `0.123 s`, `11.2 s`, `3 min 20 s`, `5 h 12 min`, `3 d 4 h`.
pub fn seconds(seconds: f64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    if seconds < 10.0 {
        return format!("{} s", double((seconds * 1e3).round() / 1e3));
    }
    if seconds < 120.0 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    let (large, small) = match whole {
        n if n < HOUR => ((MINUTE, "min"), (1, "s")),
        n if n < DAY => ((HOUR, "h"), (MINUTE, "min")),
        _ => ((DAY, "d"), (HOUR, "h")),
    };
    format!(
        "{} {} {} {}",
        whole / large.0,
        large.1,
        whole % large.0 / small.0,
        small.1
    )
}

/// A double for people: at most four digits behind the point, more only for small values.
pub fn double(x: f64) -> String {
    if !x.is_finite() {
        return machine_double(x);
    }
    let size = x.abs();
    if size != 0.0 && !(1e-4..1e15).contains(&size) {
        return format!("{x:.3e}");
    }
    let digits = match size {
        s if s >= 100.0 => 1,
        s if s >= 1.0 => 2,
        _ => 4,
    };
    let text = trim(&format!("{x:.digits$}"), 0);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let (sign, whole) = match whole.strip_prefix('-') {
        Some(whole) => ("-", whole),
        None => ("", whole),
    };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", group(whole))
}

/// A double with all its digits, as the shortest text that reads back as the same value.
pub fn machine_double(x: f64) -> String {
    let mut text = String::new();
    append_double(&mut text, x);
    text
}

/// Appends what [`machine_double`] returns.
pub fn append_double(out: &mut String, x: f64) {
    if x.is_nan() {
        out.push_str("NaN");
    } else if x.is_infinite() {
        out.push_str(if x > 0.0 { "Infinity" } else { "-Infinity" });
    } else if x != 0.0 && !(1e-7..1e21).contains(&x.abs()) {
        append(out, format_args!("{x:e}"));
    } else if !append_short(out, x) {
        append(out, format_args!("{x}"));
    }
}

/// Appends the digits of a finite double as a library has them that takes a third of the time of the
/// standard library; false if it has an exponent there, or where two texts might be as short and as
/// near, of which the libraries take different ones. That takes a number whose exact digits end soon:
/// one of few bits, or a large one.
fn append_short(out: &mut String, x: f64) -> bool {
    if x.abs() >= 8e6 || x.to_bits().trailing_zeros() >= 16 {
        return false;
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(x);
    if text.contains('e') {
        return false;
    }
    out.push_str(text.strip_suffix(".0").unwrap_or(text));
    true
}

/// Appends without an allocation.
pub fn append(out: &mut String, text: fmt::Arguments<'_>) {
    use fmt::Write as _;
    // Writing to a string cannot fail.
    let _ = out.write_fmt(text);
}

/// Dollars exactly, without needless zeros, at least two digits: `0.06909`, `12.00`.
pub fn dollars(amount: NanoDollars) -> String {
    trim(&amount.to_string(), CENT_DIGITS)
}

/// Dollars exactly, with this many digits behind the point (at least as many as it takes).
pub fn dollars_padded(amount: NanoDollars, digits: usize) -> String {
    trim(&amount.to_string(), digits)
}

/// How many digits behind the point it takes to show an amount exactly, at least two.
pub fn dollar_digits(amount: NanoDollars) -> usize {
    let mut nanos = amount.0.unsigned_abs();
    let mut digits = NANO_DIGITS;
    while digits > CENT_DIGITS && nanos.is_multiple_of(10) {
        nanos /= 10;
        digits -= 1;
    }
    digits
}

/// Drops zeros at the end of a decimal fraction, down to `digits` digits.
fn trim(text: &str, digits: usize) -> String {
    let Some(point) = text.find('.') else {
        return text.to_owned();
    };
    let kept = text.trim_end_matches('0').len().max(point + 1 + digits);
    text[..kept.min(text.len())]
        .trim_end_matches('.')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: String, expected: &str) {
        assert_eq!(text, expected);
    }

    #[test]
    fn counts_are_grouped() {
        check(count(0), "0");
        check(count(999), "999");
        check(count(1_000), "1,000");
        check(count(1_234_567), "1,234,567");
        check(integer(-1_234), "-1,234");
        check(integer(i64::MIN), "-9,223,372,036,854,775,808");
    }

    #[test]
    fn bytes_have_three_digits() {
        check(bytes(999), "999 B");
        check(bytes(1_000), "1.00 kB");
        check(bytes(68_249_000), "68.2 MB");
        check(bytes(999_999), "1.00 MB");
        check(bytes(123_456_789_012), "123 GB");
    }

    #[test]
    fn lengths_of_time_have_two_units() {
        check(seconds(0.1234), "0.123 s");
        check(seconds(11.24), "11.2 s");
        check(seconds(200.0), "3 min 20 s");
        check(seconds(18_720.0), "5 h 12 min");
        check(seconds(273_600.0), "3 d 4 h");
    }

    #[test]
    fn dollars_are_exact() {
        check(dollars(NanoDollars(69_090_000)), "0.06909");
        check(dollars(NanoDollars(12_000_000_000)), "12.00");
        check(dollars(NanoDollars(1)), "0.000000001");
        check(dollars(NanoDollars(-1_500_000_000)), "-1.50");
        check(dollars(NanoDollars(i64::MAX)), "9223372036.854775807");
        check(dollars_padded(NanoDollars(500_000_000), 4), "0.5000");
        assert_eq!(dollar_digits(NanoDollars(0)), 2);
        assert_eq!(dollar_digits(NanoDollars(69_090_000)), 5);
    }

    #[test]
    fn doubles_are_short_for_people_and_whole_for_machines() {
        check(double(0.0), "0");
        check(double(1234.567), "1,234.6");
        check(double(0.12345), "0.1235");
        check(double(-1.5), "-1.5");
        check(double(1e-9), "1.000e-9");
        check(double(f64::NAN), "NaN");
        check(machine_double(0.1), "0.1");
        check(machine_double(1e300), "1e300");
        check(machine_double(f64::NEG_INFINITY), "-Infinity");
    }

    #[test]
    fn doubles_are_as_the_standard_library_has_them() {
        // Bits that look random, and numbers of few digits.
        let mut bits = 1_u64;
        let mut next = || {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            bits
        };
        for _ in 0..100_000 {
            let any = f64::from_bits(next());
            let share = (next() >> 11) as f64 / (1_u64 << 53) as f64;
            let few = (next() >> 40) as f64 / 1e4;
            // Ties are among these: of so many bits before and behind the point.
            let bits = next() % 54;
            let power = (1_u64 << (next() % 54)) as f64;
            let tie = (next() >> 11 >> bits) as f64 / power;
            let all = [
                any,
                share,
                share * 1e6,
                -share * 1e-5,
                few,
                tie,
                share * 1e20,
                0.0,
                -0.0,
            ];
            for x in all {
                if x == 0.0 || (1e-7..1e21).contains(&x.abs()) {
                    check(machine_double(x), &x.to_string());
                }
            }
        }
    }
}
