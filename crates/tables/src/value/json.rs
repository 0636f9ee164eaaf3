//! Values as JSON text: the JSON rest columns, and OTLP JSON.
//!
//! The JSON rest is plain JSON wherever that tells the kind: text, truth values, `null` for an
//! empty value, integers without and doubles always with a fraction or exponent, lists, and maps as
//! objects. What plain JSON cannot tell is an object with one member that is named like the OTLP
//! JSON field: `{"bytesValue":"<base64>"}`, `{"doubleValue":"NaN"}` (also `Infinity`, `-Infinity`),
//! and `{"kvlistValue":{"values":[...]}}` in OTLP JSON for a map that repeats a key or that would
//! itself look like such an object. So the rest can be turned back exactly.

use std::collections::HashSet;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use otolith_otlp::{EntityRef, KeyValue, Value};

/// Begins the keys under which values of base columns stand in the JSON rest.
pub(crate) const RESERVED_PREFIX: &str = "otolith.";
/// Put before keys of attributes that begin like reserved ones.
pub(crate) const ESCAPE_PREFIX: &str = "otolith.attribute.";

/// Member names that mark a value which plain JSON cannot tell.
const WRAPPERS: [&str; 7] = [
    "stringValue",
    "boolValue",
    "intValue",
    "doubleValue",
    "bytesValue",
    "arrayValue",
    "kvlistValue",
];

/// Writes text as a JSON string.
pub(crate) fn write_text(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(&mut *out, text).expect("writing to memory does not fail");
}

/// Writes a double so that it cannot be taken for an integer.
pub(crate) fn write_double(out: &mut Vec<u8>, double: f64) {
    if double.is_finite() {
        write!(out, "{double:?}").expect("writing to memory does not fail");
    } else {
        out.extend_from_slice(b"{\"doubleValue\":");
        write_text(out, not_finite(double));
        out.push(b'}');
    }
}

fn not_finite(double: f64) -> &'static str {
    if double.is_nan() {
        "NaN"
    } else if double > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// Writes a value in the form of the JSON rest.
pub(crate) fn write_rest(out: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Empty => out.extend_from_slice(b"null"),
        Value::String(text) => write_text(out, text),
        Value::Bool(truth) => out.extend_from_slice(if *truth { b"true" } else { b"false" }),
        Value::Int(int) => write!(out, "{int}").expect("writing to memory does not fail"),
        Value::Double(double) => write_double(out, *double),
        Value::Bytes(_) => write_otlp(out, value),
        Value::Array(items) => write_list(out, items, write_rest),
        Value::KeyValueList(entries) if is_plain(entries) => {
            out.push(b'{');
            for (index, entry) in entries.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_text(out, entry.key);
                out.push(b':');
                write_rest(out, &entry.value);
            }
            out.push(b'}');
        }
        Value::KeyValueList(_) => write_otlp(out, value),
    }
}

/// True when a JSON object tells all of a map.
fn is_plain(entries: &[KeyValue<'_>]) -> bool {
    if let [entry] = entries {
        return !WRAPPERS.contains(&entry.key);
    }
    let mut keys = HashSet::with_capacity(entries.len());
    entries.iter().all(|entry| keys.insert(entry.key))
}

fn write_list<T>(out: &mut Vec<u8>, items: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

/// Writes a value as an OTLP JSON `AnyValue`.
pub(crate) fn write_otlp(out: &mut Vec<u8>, value: &Value<'_>) {
    out.push(b'{');
    match value {
        Value::Empty => {}
        Value::String(text) => {
            out.extend_from_slice(b"\"stringValue\":");
            write_text(out, text);
        }
        Value::Bool(truth) => write!(out, "\"boolValue\":{truth}").expect("memory does not fail"),
        Value::Int(int) => write!(out, "\"intValue\":\"{int}\"").expect("memory does not fail"),
        Value::Double(double) if double.is_finite() => {
            write!(out, "\"doubleValue\":{double:?}").expect("memory does not fail");
        }
        Value::Double(double) => {
            out.extend_from_slice(b"\"doubleValue\":");
            write_text(out, not_finite(*double));
        }
        Value::Bytes(bytes) => {
            write!(out, "\"bytesValue\":\"{}\"", STANDARD.encode(bytes))
                .expect("memory does not fail");
        }
        Value::Array(items) => {
            out.extend_from_slice(b"\"arrayValue\":{\"values\":");
            write_list(out, items, write_otlp);
            out.push(b'}');
        }
        Value::KeyValueList(entries) => {
            out.extend_from_slice(b"\"kvlistValue\":{\"values\":");
            write_list(out, entries, |out, entry| {
                out.extend_from_slice(b"{\"key\":");
                write_text(out, entry.key);
                out.extend_from_slice(b",\"value\":");
                write_otlp(out, &entry.value);
                out.push(b'}');
            });
            out.push(b'}');
        }
    }
    out.push(b'}');
}

/// Attributes as a JSON object in the form of the JSON rest; `None` without attributes.
pub(crate) fn object(attributes: &[KeyValue<'_>]) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut out = vec![b'{'];
    for (index, attribute) in attributes.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_text(&mut out, attribute.key);
        out.push(b':');
        write_rest(&mut out, &attribute.value);
    }
    out.push(b'}');
    Some(text(out))
}

/// Entity references as OTLP JSON; `None` without any.
pub(crate) fn entity_refs(entity_refs: &[EntityRef<'_>]) -> Option<String> {
    if entity_refs.is_empty() {
        return None;
    }
    let refs: Vec<_> = entity_refs
        .iter()
        .map(|entity| {
            serde_json::json!({
                "schemaUrl": entity.schema_url,
                "type": entity.r#type,
                "idKeys": entity.id_keys,
                "descriptionKeys": entity.description_keys,
            })
        })
        .collect();
    Some(serde_json::Value::Array(refs).to_string())
}

/// JSON text that was written as bytes, borrowed.
pub(crate) fn as_text(json: &[u8]) -> &str {
    std::str::from_utf8(json).expect("JSON of UTF-8 text is UTF-8")
}

/// JSON text that was written as bytes.
pub(crate) fn text(json: Vec<u8>) -> String {
    String::from_utf8(json).expect("JSON of UTF-8 text is UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: Value<'_>, expected: &str) {
        let mut out = Vec::new();
        write_rest(&mut out, &value);
        assert_eq!(text(out), expected);
    }

    fn entry<'a>(key: &'a str, value: Value<'a>) -> KeyValue<'a> {
        KeyValue { key, value }
    }

    #[test]
    fn plain_json_is_used_where_it_tells_the_kind() {
        check(Value::Empty, "null");
        check(Value::String("a\"\u{1}"), r#""a\"\u0001""#);
        check(Value::Bool(true), "true");
        check(Value::Int(5), "5");
        check(Value::Double(5.0), "5.0");
        check(Value::Double(1e300), "1e300");
        check(Value::Double(-0.0), "-0.0");
        check(Value::Array(&[Value::Int(1), Value::Empty]), "[1,null]");
        check(
            Value::KeyValueList(&[entry("a", Value::Int(1)), entry("b", Value::Array(&[]))]),
            r#"{"a":1,"b":[]}"#,
        );
    }

    #[test]
    fn what_plain_json_loses_is_written_as_otlp_json() {
        check(Value::Bytes(b"\x00\xff"), r#"{"bytesValue":"AP8="}"#);
        check(
            Value::Double(f64::NEG_INFINITY),
            r#"{"doubleValue":"-Infinity"}"#,
        );
        check(
            Value::KeyValueList(&[entry("intValue", Value::Int(1))]),
            r#"{"kvlistValue":{"values":[{"key":"intValue","value":{"intValue":"1"}}]}}"#,
        );
        check(
            Value::KeyValueList(&[entry("a", Value::Empty), entry("a", Value::Bool(false))]),
            r#"{"kvlistValue":{"values":[{"key":"a","value":{}},{"key":"a","value":{"boolValue":false}}]}}"#,
        );
    }

    #[test]
    fn bodies_are_otlp_json() {
        let mut out = Vec::new();
        write_otlp(
            &mut out,
            &Value::Array(&[Value::String("x"), Value::Double(f64::NAN)]),
        );
        assert_eq!(
            text(out),
            r#"{"arrayValue":{"values":[{"stringValue":"x"},{"doubleValue":"NaN"}]}}"#
        );
    }
}
