//! Numbers from text, exactly: an integer never passes through a double.

/// What integer text denotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Integer {
    /// An integer that fits 65 bits and a sign.
    Exact(i128),
    /// A number with a fraction, or too large.
    Other,
    /// Not a number.
    Invalid,
}

/// Reads an integer as emitters write it: `5`, `-5`, `5.0`, `1e3`, `1.7e18`, leading zeros too
/// (they come in quoted numbers).
pub(super) fn integer(text: &str) -> Integer {
    if let Some(value) = plain(text.as_bytes()) {
        return Integer::Exact(i128::from(value));
    }
    decimal(text)
}

/// The common case: 1 to 19 digits and nothing else.
#[inline]
pub(super) fn plain(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 19 {
        return None;
    }
    let mut value = 0u64;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        // At most 19 digits: below 2^64.
        value = value * 10 + u64::from(digit);
    }
    Some(value)
}

/// The number of sixteen digits; `None` if a byte is none.
#[inline]
pub(super) fn sixteen_digits(digits: &[u8; 16]) -> Option<u64> {
    let (eights, _) = digits.as_chunks::<8>();
    let high = eight_digits(u64::from_le_bytes(eights[0]))?;
    let low = eight_digits(u64::from_le_bytes(eights[1]))?;
    Some(high * 100_000_000 + low)
}

/// The number of eight digits, the first of which is in the lowest byte; `None` if a byte is none.
#[inline]
fn eight_digits(text: u64) -> Option<u64> {
    const HIGH_HALVES: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    // Six more than a digit is still below 0x40; more than `9` is not.
    let over = text.wrapping_add(0x0606_0606_0606_0606);
    if text & HIGH_HALVES != ZEROS || over & HIGH_HALVES != ZEROS {
        return None;
    }
    // Neighbours become one number: of two digits, then of four, then of eight.
    let ones = text ^ ZEROS;
    let pairs = (ones * 10 + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours * 10_000 + (fours >> 32)) & 0xffff_ffff)
}

/// The general case: sign, fraction and exponent.
#[cold]
fn decimal(text: &str) -> Integer {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        None => (text, 0),
        Some((mantissa, exponent)) => match exponent_of(exponent) {
            Some(exponent) => (mantissa, exponent),
            None => return Integer::Invalid,
        },
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        None => (mantissa, ""),
        Some((_, "")) => return Integer::Invalid,
        Some(parts) => parts,
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return Integer::Invalid;
    }
    // The value is `digits * 10^scale`, with digits free of zeros at both ends.
    let digits = whole.bytes().chain(fraction.bytes());
    let leading = digits.clone().take_while(|byte| *byte == b'0').count();
    let trailing = digits
        .clone()
        .rev()
        .take_while(|byte| *byte == b'0')
        .count();
    let total = whole.len() + fraction.len();
    if leading == total {
        return Integer::Exact(0);
    }
    let significant = total - leading - trailing;
    let scale = exponent
        .saturating_sub(fraction.len() as i64)
        .saturating_add(trailing as i64);
    if !(0..=20).contains(&scale) || significant as i64 + scale > 20 {
        return Integer::Other;
    }
    let mut value = 0i128;
    for byte in digits.skip(leading).take(significant) {
        value = value * 10 + i128::from(byte - b'0');
    }
    for _ in 0..scale {
        value *= 10;
    }
    Integer::Exact(if negative { -value } else { value })
}

/// An exponent, cut to what makes a difference.
fn exponent_of(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut value = 0i64;
    for byte in digits {
        value = (value * 10 + i64::from(byte - b'0')).min(1 << 40);
    }
    Some(if negative { -value } else { value })
}

/// Reads a double from a JSON number, or from the text of a quoted one, which may also be NaN or
/// infinite. `None` for what is no number and for finite numbers beyond the range of doubles.
pub(super) fn double(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    // The standard parser takes `inf`, `infinity` and `nan` in any case, as the Collector does.
    let spelled_out = text.bytes().any(|byte| matches!(byte, b'n' | b'N'));
    (value.is_finite() || spelled_out).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Integer) {
        assert_eq!(integer(text), expected, "{text}");
    }

    #[test]
    fn integers_in_any_spelling() {
        for (text, expected) in [
            ("0", 0),
            ("-0", 0),
            ("5", 5),
            ("-5", -5),
            ("007", 7),
            ("5.0", 5),
            ("5.000", 5),
            ("1e3", 1000),
            ("1E+3", 1000),
            ("1.5e1", 15),
            ("1200e-2", 12),
            ("1.7e18", 1_700_000_000_000_000_000),
            ("0e999999999999999999999", 0),
            ("0.0e-5", 0),
            ("9223372036854775807", i128::from(i64::MAX)),
            ("-9223372036854775808", i128::from(i64::MIN)),
            ("18446744073709551615", i128::from(u64::MAX)),
            ("9999999999999999999", 9_999_999_999_999_999_999),
        ] {
            check(text, Integer::Exact(expected));
        }
    }

    #[test]
    fn sixteen_digits_are_one_number() {
        let check = |text: &str, expected| {
            let digits = text.as_bytes().first_chunk().expect("sixteen bytes");
            assert_eq!(sixteen_digits(digits), expected, "{text}");
        };
        for value in [0, 1, 1_234_567_890_123_456, 9_999_999_999_999_999] {
            check(&format!("{value:016}"), Some(value));
        }
        for place in 0..16 {
            for byte in (0..=u8::MAX).filter(|byte| !byte.is_ascii_digit()) {
                let mut digits = *b"1794787208768550";
                digits[place] = byte;
                assert_eq!(sixteen_digits(&digits), None, "{digits:?}");
            }
            let mut digits = [b'0'; 16];
            digits[place] = b'7';
            let power = 10u64.pow(15 - place as u32);
            assert_eq!(sixteen_digits(&digits), Some(7 * power));
        }
    }

    #[test]
    fn numbers_that_are_no_integers() {
        for text in [
            "5.5",
            "1e-1",
            "1e300",
            "1e+300",
            "1e99999999999999999999999",
            "1e-99999999999999999999999",
            "1234567890123456789012345",
        ] {
            check(text, Integer::Other);
        }
    }

    #[test]
    fn texts_that_are_no_numbers() {
        for text in [
            "", "-", "+5", "5.", ".5", "e5", "1e", "1e+", "0x10", "5 ", " 5", "five", "1.2.3",
            "1e2e3", "NaN", "--5",
        ] {
            check(text, Integer::Invalid);
        }
    }

    #[test]
    fn doubles_with_names_and_without() {
        assert_eq!(double("1e300"), Some(1e300));
        assert_eq!(double("-0.5"), Some(-0.5));
        assert_eq!(double("Infinity"), Some(f64::INFINITY));
        assert_eq!(double("-Infinity"), Some(f64::NEG_INFINITY));
        assert!(double("NaN").is_some_and(f64::is_nan));
        assert_eq!(double("1e400"), None);
        assert_eq!(double("-1e400"), None);
        assert_eq!(double(""), None);
        assert_eq!(double("one"), None);
    }
}
