//! Whether a JSON request may pass as it is: it says the same to every receiver.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::{Map, Number, Value};

/// Longer payloads are encoded anew: comparing takes some ten times their size in memory.
const MAX_BYTES: usize = 16 << 20;

/// Whether a JSON payload is canonical OTLP JSON: what every receiver must understand as the
/// encoder's text of the same request, `ours`.
///
/// It is if each member of `ours` is there under the same name with the same value (64-bit integers
/// as digits or numbers, ids in any case, doubles however written), and what is there besides is
/// empty or unknown, which receivers ignore. Names in snake case, names of enums, ids in base64 and
/// the like are not canonical, and nothing of more than 16 MiB counts as such.
pub(crate) fn is_canonical(payload: &[u8], ours: &[u8]) -> bool {
    if payload.len() > MAX_BYTES {
        return false;
    }
    // Nesting is bounded by the parser: what is over its bound is encoded anew.
    match (
        serde_json::from_slice(payload),
        serde_json::from_slice(ours),
    ) {
        (Ok(Value::Object(theirs)), Ok(Value::Object(ours))) => object(&theirs, &ours),
        _ => false,
    }
}

fn object(theirs: &Map<String, Value>, ours: &Map<String, Value>) -> bool {
    let is_there = |(name, ours): (&String, &Value)| match theirs.get(name) {
        Some(theirs) => value(name, theirs, ours),
        None => is_nothing(ours),
    };
    ours.iter().all(is_there)
}

fn value(name: &str, theirs: &Value, ours: &Value) -> bool {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => object(theirs, ours),
        (Value::Array(theirs), Value::Array(ours)) => {
            let theirs = match theirs.len() == ours.len() {
                true => theirs.iter().collect(),
                false => last_of_each_key(theirs),
            };
            let mut pairs = theirs.iter().zip(ours);
            theirs.len() == ours.len() && pairs.all(|(theirs, ours)| value(name, theirs, ours))
        }
        (Value::String(theirs), Value::String(ours)) if name.ends_with("Id") => {
            theirs.eq_ignore_ascii_case(ours)
        }
        // Integers of 64 bits, which we write as digits.
        (Value::Number(theirs), Value::String(ours)) => {
            (theirs.is_i64() || theirs.is_u64()) && theirs.to_string() == *ours
        }
        (Value::Number(theirs), Value::Number(ours)) => number(theirs) == number(ours),
        _ => theirs == ours,
    }
}

/// Attributes without those whose key comes again: the last value, in the place of the first. So
/// does the decoder; receivers differ, and shall see what the emitter sent.
fn last_of_each_key(attributes: &[Value]) -> Vec<&Value> {
    let key = |attribute: &Value| attribute.get("key").cloned();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut kept: Vec<&Value> = Vec::new();
    for attribute in attributes {
        let Some(Value::String(key)) = key(attribute) else {
            kept.push(attribute);
            continue;
        };
        match places.entry(key) {
            Entry::Occupied(place) => kept[*place.get()] = attribute,
            Entry::Vacant(place) => {
                place.insert(kept.len());
                kept.push(attribute);
            }
        }
    }
    kept
}

fn number(number: &Number) -> Option<u64> {
    // By their bits: a negative zero is another value.
    number.as_f64().map(f64::to_bits)
}

/// Whether a value is as good as none.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty() || text == "0",
        Value::Array(values) => values.is_empty(),
        Value::Object(members) => members.values().all(is_nothing),
    }
}

#[cfg(test)]
mod tests {
    use otolith_capture::{Encoding, Frame, Origin, SignalHint};
    use otolith_otlp::{Decoder, JsonRequestEncoder, Limits};

    use super::*;

    /// What our encoder makes of a payload.
    fn ours(payload: &str) -> Vec<u8> {
        let frame = Frame {
            bytes: payload.as_bytes(),
            encoding: Encoding::Json,
            signal: SignalHint::Unknown,
            origin: Origin {
                file: "a".into(),
                frame: 1,
                offset: 0,
            },
            arrival_unix_nano: None,
        };
        let mut encoder = JsonRequestEncoder::new();
        let mut decoder = Decoder::new(Limits::DEFAULT);
        decoder.decode(&frame, &mut encoder).unwrap();
        encoder.take().remove(0).1
    }

    #[track_caller]
    fn check(span: &str, expected: bool) {
        let payload =
            format!(r#"{{"resourceSpans": [{{"scopeSpans": [{{"spans": [ {{{span}}} ]}}]}}]}}"#);
        let found = is_canonical(payload.as_bytes(), &ours(&payload));
        assert_eq!(found, expected, "{span}");
    }

    #[test]
    fn what_every_receiver_understands_is_canonical() {
        check(
            r#""name":"a","traceState":"","events":[],"status":{}"#,
            true,
        );
        check(
            r#""startTimeUnixNano":"5","endTimeUnixNano":6,"kind":3"#,
            true,
        );
        check(
            r#""traceId":"0102030405060708090A0B0C0D0E0F10","flags":0"#,
            true,
        );
        let attributes = |value: &str| format!(r#""attributes":[{{"key":"k","value":{value}}}]"#);
        check(&attributes(r#"{"intValue":5}"#), true);
        check(&attributes(r#"{"intValue":"5"}"#), true);
        check(&attributes(r#"{"doubleValue":5}"#), true);
        check(&attributes(r#"{"doubleValue":1.50e0}"#), true);
        check(&attributes(r#"{"doubleValue":"NaN"}"#), true);
        check(&attributes(r#"{"bytesValue":"AQI="}"#), true);
        check(&attributes(r#"{"boolValue":false}"#), true);
        check(r#""name":"a","invented":{"x":[1]}"#, true);
        let twice = r#"{"key":"k","value":{"intValue":5}}"#;
        check(&format!(r#""attributes":[{twice},{{}},{twice}]"#), true);
    }

    #[test]
    fn what_needs_tolerance_is_not() {
        check(r#""start_time_unix_nano":"5""#, false);
        check(r#""kind":"SPAN_KIND_SERVER""#, false);
        check(r#""kind":"3""#, false);
        check(r#""traceId":"AQIDBAUGBwgJCgsMDQ4PEA==""#, false);
        let attributes = |value: &str| format!(r#""attributes":[{{"key":"k","value":{value}}}]"#);
        check(&attributes(r#"{"bytesValue":"AQI"}"#), false);
        check(&attributes(r#"{"doubleValue":"1.5"}"#), false);
        check(&attributes(r#"{"boolValue":"true"}"#), false);
        check(r#""startTimeUnixNano":5.0"#, false);
    }
}
