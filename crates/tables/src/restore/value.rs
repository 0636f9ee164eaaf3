//! Values out of JSON, by the rules that `value/json.rs` writes them by.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bumpalo::Bump;
use otolith_otlp::{KeyValue, Value};

use super::json::Json;

/// Deepest nesting of lists and maps, that of the decoders.
const MAX_DEPTH: usize = 256;

const NO_ANY_VALUE: &str = "expected an OTLP JSON `AnyValue`";
const TOO_DEEP: &str = "a value is nested too deeply";

/// A value in the form of the JSON rest.
///
/// # Errors
///
/// What is wrong with it, for people.
pub(crate) fn plain<'b>(json: Json<'b>, bump: &'b Bump) -> Result<Value<'b>, &'static str> {
    Reader { bump }.plain(json, 0)
}

/// An OTLP JSON `AnyValue`.
///
/// # Errors
///
/// As [`plain`].
pub(crate) fn otlp<'b>(json: Json<'b>, bump: &'b Bump) -> Result<Value<'b>, &'static str> {
    Reader { bump }.otlp(json, 0)
}

#[derive(Clone, Copy, Debug)]
struct Reader<'b> {
    bump: &'b Bump,
}

impl<'b> Reader<'b> {
    fn plain(self, json: Json<'b>, depth: usize) -> Result<Value<'b>, &'static str> {
        if depth > MAX_DEPTH {
            return Err(TOO_DEEP);
        }
        Ok(match json {
            Json::Null => Value::Empty,
            Json::Bool(truth) => Value::Bool(truth),
            Json::Int(int) => Value::Int(int),
            Json::Double(double) => Value::Double(double),
            Json::Text(text) => Value::String(text),
            Json::List(items) => {
                Value::Array(self.all(items, |item| self.plain(*item, depth + 1))?)
            }
            Json::Object([("bytesValue" | "doubleValue" | "kvlistValue", _)]) => {
                self.otlp(json, depth)?
            }
            Json::Object(members) => Value::KeyValueList(self.all(members, |(key, value)| {
                let value = self.plain(*value, depth + 1)?;
                Ok(KeyValue { key, value })
            })?),
        })
    }

    fn otlp(self, json: Json<'b>, depth: usize) -> Result<Value<'b>, &'static str> {
        if depth > MAX_DEPTH {
            return Err(TOO_DEEP);
        }
        let (name, value) = match json {
            Json::Object([]) => return Ok(Value::Empty),
            Json::Object([(name, value)]) => (*name, *value),
            _ => return Err(NO_ANY_VALUE),
        };
        Ok(match (name, value) {
            ("stringValue", Json::Text(text)) => Value::String(text),
            ("boolValue", Json::Bool(truth)) => Value::Bool(truth),
            ("intValue", Json::Int(int)) => Value::Int(int),
            ("intValue", Json::Text(text)) => Value::Int(text.parse().map_err(|_| NO_ANY_VALUE)?),
            ("doubleValue", Json::Double(double)) => Value::Double(double),
            ("doubleValue", Json::Int(int)) => Value::Double(int as f64),
            ("doubleValue", Json::Text("NaN")) => Value::Double(f64::NAN),
            ("doubleValue", Json::Text("Infinity")) => Value::Double(f64::INFINITY),
            ("doubleValue", Json::Text("-Infinity")) => Value::Double(f64::NEG_INFINITY),
            ("bytesValue", Json::Text(text)) => {
                let bytes = STANDARD.decode(text).map_err(|_| "expected base64")?;
                Value::Bytes(self.bump.alloc_slice_copy(&bytes))
            }
            ("arrayValue", list) => {
                let items = values(list)?;
                Value::Array(self.all(items, |item| self.otlp(*item, depth + 1))?)
            }
            ("kvlistValue", list) => {
                Value::KeyValueList(self.all(values(list)?, |entry| self.entry(*entry, depth + 1))?)
            }
            _ => return Err(NO_ANY_VALUE),
        })
    }

    fn entry(self, json: Json<'b>, depth: usize) -> Result<KeyValue<'b>, &'static str> {
        let (Json::Object([("key", Json::Text(key)), ("value", value)])
        | Json::Object([("value", value), ("key", Json::Text(key))])) = json
        else {
            return Err("expected an OTLP JSON `KeyValue`");
        };
        let value = self.otlp(*value, depth)?;
        Ok(KeyValue { key, value })
    }

    fn all<T, U: Copy>(
        self,
        items: &'b [T],
        read: impl Fn(&'b T) -> Result<U, &'static str>,
    ) -> Result<&'b [U], &'static str> {
        let mut read_items = bumpalo::collections::Vec::with_capacity_in(items.len(), self.bump);
        for item in items {
            read_items.push(read(item)?);
        }
        Ok(read_items.into_bump_slice())
    }
}

/// The `values` of a list or map in OTLP JSON.
fn values<'b>(json: Json<'b>) -> Result<&'b [Json<'b>], &'static str> {
    match json {
        Json::Object([]) => Ok(&[]),
        Json::Object([("values", Json::List(items))]) => Ok(items),
        _ => Err(NO_ANY_VALUE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::restore::json::parse;
    use proptest::prelude::*;

    fn check(text: &str, expected: Result<Value<'_>, &'static str>) {
        let bump = Bump::new();
        let json = parse(text, &bump).unwrap();
        assert_eq!(plain(json, &bump), expected, "{text}");
    }

    #[test]
    fn wrapped_values_are_otlp_json_and_all_others_plain() {
        check(
            "[1,1.0,null]",
            Ok(Value::Array(&[
                Value::Int(1),
                Value::Double(1.0),
                Value::Empty,
            ])),
        );
        check(r#"{"bytesValue":"AP8="}"#, Ok(Value::Bytes(b"\x00\xff")));
        check(
            r#"{"doubleValue":"-Infinity"}"#,
            Ok(Value::Double(f64::NEG_INFINITY)),
        );
        let entry = |key, value| KeyValue { key, value };
        check(
            r#"{"kvlistValue":{"values":[{"key":"a","value":{}},{"key":"a","value":{"intValue":"-5"}}]}}"#,
            Ok(Value::KeyValueList(&[
                entry("a", Value::Empty),
                entry("a", Value::Int(-5)),
            ])),
        );
        check(
            r#"{"bytesValue":"AP8=","a":true}"#,
            Ok(Value::KeyValueList(&[
                entry("bytesValue", Value::String("AP8=")),
                entry("a", Value::Bool(true)),
            ])),
        );
        check("{}", Ok(Value::KeyValueList(&[])));
    }

    #[test]
    fn what_looks_like_otlp_json_and_is_not_is_an_error() {
        for text in [
            r#"{"bytesValue":"%"}"#,
            r#"{"bytesValue":5}"#,
            r#"{"doubleValue":"x"}"#,
            r#"{"kvlistValue":[]}"#,
            r#"{"kvlistValue":{"values":[{"key":"a"}]}}"#,
            r#"{"kvlistValue":{"values":[{"key":"a","value":{"intValue":"x"}}]}}"#,
            r#"{"kvlistValue":{"values":[{"key":"a","value":{"x":1}}]}}"#,
        ] {
            let bump = Bump::new();
            let json = parse(text, &bump).unwrap();
            assert!(plain(json, &bump).is_err(), "{text}");
        }
    }

    #[test]
    fn the_deepest_value_that_decoders_take_is_read_back() {
        let mut value = "{}".to_owned();
        for _ in 0..MAX_DEPTH {
            value = format!(r#"{{"kvlistValue":{{"values":[{{"key":"k","value":{value}}}]}}}}"#);
        }
        let bump = Bump::new();
        let json = parse(&value, &bump).unwrap();
        assert!(otlp(json, &bump).is_ok());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u00", "\\ud800", "1", "-", "1.5e", "null", "true",
                "\"kvlistValue\":", "\"values\":", "\"bytesValue\":\"AA\"", "\"doubleValue\":", "\"key\"", "\u{e9}", " ",
            ]), 0..12),
        ) {
            let bump = Bump::new();
            let text = pieces.concat();
            if let Ok(json) = parse(&text, &bump) {
                let _ = plain(json, &bump);
                let _ = otlp(json, &bump);
            }
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let bump = Bump::new();
        let text = "[".repeat(1_000) + &"]".repeat(1_000);
        let json = parse(&text, &bump).unwrap();
        assert_eq!(plain(json, &bump), Err(TOO_DEEP));
    }
}
