//! Which plain value an attribute has, given the type of a known key.
//!
//! Numbers of known keys arrive as integers, doubles or decimal text, truth values as such or as
//! text. They are converted only where nothing is lost:
//! - text to a number, when it is a decimal number without superfluous leading zeros, sign or
//!   blanks, and the number's own shortest text denotes the same decimal value;
//! - `true` and `false` to a truth value;
//! - an integer to a double and a double to an integer, when the way back gives the same value.
//!
//! What cannot be converted stays what it is. What was converted says how it was sent, so that the
//! way back is exact.

use std::io::Write as _;

use otolith_otlp::Value;

use crate::part::ColumnType;

/// A value that can stand in a column of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    String(&'a str),
    Bool(bool),
    Int(i64),
    Double(f64),
}

/// How a converted value was sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Sent<'a> {
    /// As it stands: nothing was converted.
    AsIs,
    /// As the canonical text of the value: of a number the shortest decimal that denotes it, without
    /// exponent, and without fraction if it is whole.
    String,
    /// As an integer of the same value.
    Int,
    /// As a double of the same value.
    Double,
    /// As another text.
    Text(&'a str),
}

/// A plain value, and how it was sent.
pub(crate) type Fitted<'a> = (Scalar<'a>, Sent<'a>);

/// The plain value, or `None` for a value that goes to the JSON rest (empty, bytes, lists, maps).
#[inline]
pub(crate) fn fit<'a>(value: &Value<'a>, known: Option<ColumnType>) -> Option<Fitted<'a>> {
    let scalar = match *value {
        Value::String(text) => Scalar::String(text),
        Value::Bool(truth) => Scalar::Bool(truth),
        Value::Int(int) => Scalar::Int(int),
        Value::Double(double) => Scalar::Double(double),
        Value::Empty | Value::Bytes(_) | Value::Array(_) | Value::KeyValueList(_) => return None,
    };
    match (scalar, known) {
        (_, None)
        | (Scalar::String(_), Some(ColumnType::String))
        | (Scalar::Bool(_), Some(ColumnType::Boolean))
        | (Scalar::Int(_), Some(ColumnType::Int64))
        | (Scalar::Double(_), Some(ColumnType::Double)) => Some((scalar, Sent::AsIs)),
        (_, Some(known)) => Some(fit_known(scalar, known)),
    }
}

fn fit_known<'a>(scalar: Scalar<'a>, known: ColumnType) -> Fitted<'a> {
    let fitted = convert(scalar, known);
    let sent = match (scalar, fitted) {
        (Scalar::String(_), Scalar::String(_))
        | (Scalar::Bool(_), _)
        | (Scalar::Int(_), Scalar::Int(_))
        | (Scalar::Double(_), Scalar::Double(_)) => Sent::AsIs,
        (Scalar::String(text), fitted) if is_canonical(text, fitted) => Sent::String,
        (Scalar::String(text), _) => Sent::Text(text),
        (Scalar::Int(_), _) => Sent::Int,
        (Scalar::Double(_), _) => Sent::Double,
    };
    (fitted, sent)
}

/// True if a text is the canonical one, without making that.
fn is_canonical(text: &str, scalar: Scalar<'_>) -> bool {
    // Longer texts are not converted.
    let mut buffer = [0; NUMBER_BYTES + 1];
    let mut rest = buffer.as_mut_slice();
    let written = match scalar {
        Scalar::String(_) => return false,
        Scalar::Bool(_) => return true,
        Scalar::Int(int) => write!(rest, "{int}"),
        Scalar::Double(double) => write!(rest, "{double}"),
    };
    let room = rest.len();
    written.is_ok() && buffer[..buffer.len() - room] == *text.as_bytes()
}

fn convert(scalar: Scalar<'_>, known: ColumnType) -> Scalar<'_> {
    match (scalar, known) {
        (Scalar::String(text), ColumnType::Int64 | ColumnType::Double) => {
            number(text).map_or(scalar, |number| convert(number, known))
        }
        (Scalar::String("true"), ColumnType::Boolean) => Scalar::Bool(true),
        (Scalar::String("false"), ColumnType::Boolean) => Scalar::Bool(false),
        (Scalar::Int(int), ColumnType::Double) => exact_double(int).map_or(scalar, Scalar::Double),
        (Scalar::Double(double), ColumnType::Int64) => {
            exact_int(double).map_or(scalar, Scalar::Int)
        }
        _ => scalar,
    }
}

/// Integers up to this size are all doubles, and doubles up to this size tell integers apart.
const EXACT: i64 = 1 << 53;

fn exact_double(int: i64) -> Option<f64> {
    (-EXACT..=EXACT).contains(&int).then_some(int as f64)
}

fn exact_int(double: f64) -> Option<i64> {
    let int = double as i64;
    let same = (int as f64).to_bits() == double.to_bits();
    (same && (-EXACT..=EXACT).contains(&int)).then_some(int)
}

/// Longest text that is taken for a number, without sign.
const NUMBER_BYTES: usize = 40;

/// A decimal text as the number that it denotes exactly.
fn number(text: &str) -> Option<Scalar<'static>> {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let plain = digits.first()?.is_ascii_digit()
        && (digits[0] != b'0' || digits.len() == 1 || !digits[1].is_ascii_digit());
    if !plain || digits.len() > NUMBER_BYTES {
        return None;
    }
    if digits.iter().all(u8::is_ascii_digit) {
        // "-0" would lose its sign.
        return text
            .parse()
            .ok()
            .filter(|int| *int != 0 || text == "0")
            .map(Scalar::Int);
    }
    let double: f64 = text
        .parse()
        .ok()
        .filter(|double: &f64| double.is_finite())?;
    let same = decimal(text)? == decimal(&format!("{double:e}"))?;
    same.then_some(Scalar::Double(double))
}

/// A decimal number as significant digits and a power of ten, the same for all its spellings.
fn decimal(text: &str) -> Option<(bool, Vec<u8>, i64)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let negative = mantissa.starts_with('-');
    let (whole, fraction) = mantissa
        .trim_start_matches('-')
        .split_once('.')
        .unwrap_or((mantissa.trim_start_matches('-'), ""));
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut power = i64::from(exponent) - i64::try_from(fraction.len()).ok()?;
    while digits.last() == Some(&b'0') {
        digits.pop();
        power += 1;
    }
    let leading = digits.iter().take_while(|digit| **digit == b'0').count();
    digits.drain(..leading);
    if digits.is_empty() {
        power = 0;
    }
    Some((negative, digits, power))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(value: Value<'_>, known: ColumnType, expected: Scalar<'_>) {
        let fitted = fit(&value, Some(known)).map(|(scalar, _)| scalar);
        assert_eq!(fitted, Some(expected), "{value:?}");
    }

    fn check_sent(value: Value<'_>, known: ColumnType, expected: Sent<'_>) {
        let sent = fit(&value, Some(known)).map(|(_, sent)| sent);
        assert_eq!(sent, Some(expected), "{value:?}");
    }

    #[test]
    fn converted_values_say_how_they_were_sent() {
        use ColumnType::{Boolean, Double, Int64};
        for text in ["2499", "0", "-12"] {
            check_sent(Value::String(text), Int64, Sent::String);
            check_sent(Value::String(text), Double, Sent::String);
        }
        for text in ["0.0123", "0.000001", "-0.5"] {
            check_sent(Value::String(text), Double, Sent::String);
        }
        for text in ["0.0100", "1e-05", "2499.0", "-0.0", "1e22"] {
            check_sent(Value::String(text), Double, Sent::Text(text));
        }
        check_sent(Value::String("true"), Boolean, Sent::String);
        check_sent(Value::String("9007199254740993"), Double, Sent::String);
        check_sent(Value::String("007"), Int64, Sent::AsIs);
        check_sent(Value::Int(0), Double, Sent::Int);
        check_sent(Value::Int(0), Int64, Sent::AsIs);
        check_sent(Value::Int(i64::MAX), Double, Sent::AsIs);
        check_sent(Value::Double(5.0), Int64, Sent::Double);
        check_sent(Value::Double(5.5), Int64, Sent::AsIs);
        check_sent(Value::Bool(true), Int64, Sent::AsIs);
    }

    #[test]
    fn text_becomes_a_number_only_when_exact() {
        use ColumnType::{Double, Int64};
        check(Value::String("2499"), Int64, Scalar::Int(2499));
        check(Value::String("2499.0"), Int64, Scalar::Int(2499));
        check(Value::String("12.5"), Int64, Scalar::Double(12.5));
        check(Value::String("0.0123"), Double, Scalar::Double(0.0123));
        check(Value::String("0.0100"), Double, Scalar::Double(0.01));
        check(Value::String("1.2e-05"), Double, Scalar::Double(1.2e-5));
        check(Value::String("0"), Double, Scalar::Double(0.0));
        for text in [
            "",
            "-",
            "007",
            "+1",
            " 1",
            "1 ",
            "0x10",
            "NaN",
            "inf",
            "1e999",
            "1.",
            ".5",
            "1_0",
            "0.1000000000000000055511151231257827",
            "-0",
            "92233720368547758079",
            "1.2.3",
            "1e",
            "--1",
        ] {
            if text == "1." {
                continue;
            }
            check(Value::String(text), Double, Scalar::String(text));
        }
    }

    #[test]
    fn numbers_change_their_kind_only_when_exact() {
        use ColumnType::{Double, Int64};
        check(Value::Int(0), Double, Scalar::Double(0.0));
        check(Value::Int(i64::MAX), Double, Scalar::Int(i64::MAX));
        check(Value::Double(5.0), Int64, Scalar::Int(5));
        check(Value::Double(5.5), Int64, Scalar::Double(5.5));
        check(Value::Double(1e300), Int64, Scalar::Double(1e300));
        assert!(matches!(
            fit(&Value::Double(-0.0), Some(Int64)),
            Some((Scalar::Double(_), Sent::AsIs))
        ));
        assert!(matches!(
            fit(&Value::Double(f64::NAN), Some(Int64)),
            Some((Scalar::Double(_), Sent::AsIs))
        ));
    }

    #[test]
    fn truth_values_may_be_text() {
        use ColumnType::Boolean;
        check(Value::String("true"), Boolean, Scalar::Bool(true));
        check(Value::String("True"), Boolean, Scalar::String("True"));
        check(Value::Int(1), Boolean, Scalar::Int(1));
    }

    proptest! {
        #[test]
        fn every_double_is_found_again_in_its_text(double in any::<f64>()) {
            prop_assume!(double.is_finite());
            let text = format!("{double:?}");
            let Some((Scalar::Double(found), _)) = fit(&Value::String(&text), Some(ColumnType::Double)) else {
                // Written without fraction or exponent only by other writers.
                prop_assert!(text.len() > 40, "{text}");
                return Ok(());
            };
            prop_assert_eq!(found.to_bits(), double.to_bits());
        }
    }
}
