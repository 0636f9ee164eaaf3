//! JSON of the JSON columns, in memory that a row has for itself.
//!
//! Unlike common readers this one keeps the order of members and repeated ones, tells integers from
//! doubles by their spelling, and reads doubles exactly.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

/// Deepest nesting of lists and objects: what the deepest value that decoders take needs as OTLP
/// JSON.
const MAX_DEPTH: usize = 1_100;

/// A JSON value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Json<'b> {
    Null,
    Bool(bool),
    /// A number without fraction and exponent.
    Int(i64),
    /// Any other number, always finite.
    Double(f64),
    Text(&'b str),
    List(&'b [Self]),
    Object(&'b [(&'b str, Self)]),
}

const NOT_JSON: &str = "it is not JSON";

/// Reads a text that is one JSON value.
///
/// # Errors
///
/// What is wrong with the text, for people.
pub(crate) fn parse<'b>(text: &'b str, bump: &'b Bump) -> Result<Json<'b>, &'static str> {
    let mut parser = Parser { text, at: 0, bump };
    let value = parser.value(0)?;
    match parser.peek() {
        None => Ok(value),
        Some(_) => Err(NOT_JSON),
    }
}

/// Reads a text that is a JSON object.
///
/// # Errors
///
/// As [`parse`].
pub(crate) fn parse_object<'b>(
    text: &'b str,
    bump: &'b Bump,
) -> Result<&'b [(&'b str, Json<'b>)], &'static str> {
    match parse(text, bump)? {
        Json::Object(members) => Ok(members),
        _ => Err("expected a JSON object"),
    }
}

#[derive(Debug)]
struct Parser<'b> {
    text: &'b str,
    at: usize,
    bump: &'b Bump,
}

impl<'b> Parser<'b> {
    /// The next byte that is not blank.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let blanks = rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
            .count();
        self.at += blanks;
        rest.get(blanks).copied()
    }

    /// Takes a byte if it is next.
    fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Result<(), &'static str> {
        if self.takes(byte) {
            Ok(())
        } else {
            Err(NOT_JSON)
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json<'b>, &'static str> {
        if depth > MAX_DEPTH {
            return Err("it is nested too deeply");
        }
        match self.peek().ok_or(NOT_JSON)? {
            b'"' => Ok(Json::Text(self.string()?)),
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'n' => self.word("null", Json::Null),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json<'b>, &'static str> {
        self.expect(b'{')?;
        let mut members = BumpVec::new_in(self.bump);
        if self.takes(b'}') {
            return Ok(Json::Object(&[]));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(NOT_JSON);
            }
            let key = self.string()?;
            self.expect(b':')?;
            members.push((key, self.value(depth + 1)?));
            if !self.takes(b',') {
                break;
            }
        }
        self.expect(b'}')?;
        Ok(Json::Object(members.into_bump_slice()))
    }

    fn list(&mut self, depth: usize) -> Result<Json<'b>, &'static str> {
        self.expect(b'[')?;
        let mut items = BumpVec::new_in(self.bump);
        if self.takes(b']') {
            return Ok(Json::List(&[]));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if !self.takes(b',') {
                break;
            }
        }
        self.expect(b']')?;
        Ok(Json::List(items.into_bump_slice()))
    }

    fn word(&mut self, word: &str, value: Json<'b>) -> Result<Json<'b>, &'static str> {
        if !self.text[self.at..].starts_with(word) {
            return Err(NOT_JSON);
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<Json<'b>, &'static str> {
        let is_of_number =
            |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let rest = &self.text[self.at..];
        let text = &rest[..rest.bytes().take_while(|byte| is_of_number(byte)).count()];
        self.at += text.len();
        if !text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Err(NOT_JSON);
        }
        if !text.contains(['.', 'e', 'E']) {
            let int = text.parse();
            return int
                .map(Json::Int)
                .map_err(|_| "an integer is beyond 64 bits");
        }
        match text.parse::<f64>() {
            Ok(double) if double.is_finite() => Ok(Json::Double(double)),
            Ok(_) => Err("a number is beyond a double"),
            Err(_) => Err(NOT_JSON),
        }
    }

    fn string(&mut self) -> Result<&'b str, &'static str> {
        let start = self.at;
        let mut is_plain = true;
        let mut at = start + 1;
        loop {
            match self.text.as_bytes().get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    is_plain = false;
                    at += 2;
                }
                Some(_) => at += 1,
                None => return Err(NOT_JSON),
            }
        }
        self.at = at + 1;
        if is_plain {
            return Ok(&self.text[start + 1..at]);
        }
        let text: String = serde_json::from_str(&self.text[start..=at]).map_err(|_| NOT_JSON)?;
        Ok(self.bump.alloc_str(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<Json<'_>, &'static str>) {
        let bump = Bump::new();
        assert_eq!(parse(text, &bump), expected, "{text}");
    }

    #[test]
    fn order_repeats_and_kinds_of_numbers_are_kept() {
        check(
            r#" {"b" : [1, 1.0, -0.0, 1e300, null], "a":true,"b":"x"} "#,
            Ok(Json::Object(&[
                (
                    "b",
                    Json::List(&[
                        Json::Int(1),
                        Json::Double(1.0),
                        Json::Double(-0.0),
                        Json::Double(1e300),
                        Json::Null,
                    ]),
                ),
                ("a", Json::Bool(true)),
                ("b", Json::Text("x")),
            ])),
        );
        check(
            "0.1234567890123456789",
            Ok(Json::Double(0.123_456_789_012_345_68)),
        );
        check(r#""a\"\u00e9\\""#, Ok(Json::Text("a\"\u{e9}\\")));
        check(&i64::MIN.to_string(), Ok(Json::Int(i64::MIN)));
    }

    #[test]
    fn what_is_not_json_is_an_error() {
        for text in [
            "",
            " ",
            "{",
            "[",
            "\"",
            "\"\\",
            "{\"a\"}",
            "{\"a\":}",
            "[1,]",
            "{,}",
            "tru",
            "nul",
            "-",
            "+1",
            ".5",
            "1 2",
            "{\"a\":1}x",
            "[1",
            "\"\\x\"",
            "{a:1}",
            "\u{e9}",
            "1-2.0",
            "\"\\\u{e9}\"",
        ] {
            let bump = Bump::new();
            assert!(parse(text, &bump).is_err(), "{text}");
        }
        check("9223372036854775808", Err("an integer is beyond 64 bits"));
        check("1e999", Err("a number is beyond a double"));
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        let bump = Bump::new();
        assert!(parse(&nested(MAX_DEPTH), &bump).is_ok());
        assert!(parse(&nested(100_000), &bump).is_err());
    }
}
