//! Attribute and body values in the spellings that emitters use.

use otolith_otlp::NoteCode;
use otolith_otlp::problems::{
    BAD_VALUE, DUPLICATE_ATTRIBUTE_KEY, DUPLICATE_MEMBER, INT_OUT_OF_RANGE, LONE_SURROGATE,
    STRING_INDEX_IGNORED,
};

use super::decode;
use super::tolerances::{check, check_notes, check_reject, request};

/// The body of a log record, as an `AnyValue`.
#[track_caller]
fn check_value(value: &str, expected: &str) {
    check_value_notes(value, expected, &[]);
}

#[track_caller]
fn check_value_notes(value: &str, expected: &str, notes: &[NoteCode]) {
    let item = format!(r#"{{"body":{value}}}"#);
    check_notes("log", &item, &format!("body: Some({expected}),"), notes);
    // The same inside of an attribute.
    let item = format!(r#"{{"attributes":[{{"key":"k","value":{value}}}]}}"#);
    check_notes(
        "span",
        &item,
        &format!(r#"KeyValue {{ key: "k", value: {expected} }}"#),
        notes,
    );
}

#[test]
fn int_values_in_any_spelling() {
    for value in ["5", "\"5\"", "5.0", "\"5.0\"", "0.5e1", "50e-1"] {
        check_value(&format!(r#"{{"intValue":{value}}}"#), "Int(5)");
    }
    check_value(r#"{"intValue":1e3}"#, "Int(1000)");
    check_value(
        r#"{"intValue":"-9223372036854775808"}"#,
        "Int(-9223372036854775808)",
    );
    check_value(r#"{"intValue":9007199254740993}"#, "Int(9007199254740993)");
    check_value(r#"{"intValue":null}"#, "Empty");
    for (value, double) in [
        ("1e+300", "1e300"),
        ("5.5", "5.5"),
        ("\"9223372036854775808\"", "9.223372036854776e18"),
        ("\"NaN\"", "NaN"),
    ] {
        let value = format!(r#"{{"intValue":{value}}}"#);
        check_value_notes(&value, &format!("Double({double})"), &[INT_OUT_OF_RANGE]);
    }
    for value in ["\"\"", "\"five\"", "true", "{}", "[]", "1e400"] {
        check_reject(
            "log",
            &format!(r#"{{"body":{{"intValue":{value}}}}}"#),
            BAD_VALUE,
        );
    }
}

#[test]
fn double_values_in_any_spelling() {
    for value in ["1.5", "\"1.5\"", "15e-1", "\"15E-1\""] {
        check_value(&format!(r#"{{"doubleValue":{value}}}"#), "Double(1.5)");
    }
    check_value(r#"{"doubleValue":2}"#, "Double(2.0)");
    check_value(r#"{"doubleValue":"NaN"}"#, "Double(NaN)");
    check_value(r#"{"doubleValue":"Infinity"}"#, "Double(inf)");
    check_value(r#"{"doubleValue":"-Infinity"}"#, "Double(-inf)");
    for value in ["{}", "[]", "true", "\"\"", "\"many\"", "1e999"] {
        check_reject(
            "log",
            &format!(r#"{{"body":{{"doubleValue":{value}}}}}"#),
            BAD_VALUE,
        );
    }
}

#[test]
fn other_values_in_any_spelling() {
    check_value(r#"{"boolValue":true}"#, "Bool(true)");
    check_value(r#"{"boolValue":"true"}"#, "Bool(true)");
    check_value(r#"{"boolValue":"false"}"#, "Bool(false)");
    check_value(r#"{"boolValue":null}"#, "Empty");
    check_reject("log", r#"{"body":{"boolValue":1}}"#, BAD_VALUE);
    check_value(r#"{"arrayValue":{}}"#, "Array([])");
    check_value(r#"{"arrayValue":{"values":null}}"#, "Array([])");
    check_value(r#"{"arrayValue":null}"#, "Empty");
    check_value(
        r#"{"arrayValue":{"values":[{},null]}}"#,
        "Array([Empty, Empty])",
    );
    check_value(r#"{"kvlistValue":{}}"#, "KeyValueList([])");
    check_value(r#"{"kvlistValue":null}"#, "Empty");
    check_value(
        r#"{"kvlistValue":{"values":[{"key":"a"},{"key":"a","value":{"intValue":1}}]}}"#,
        r#"KeyValueList([KeyValue { key: "a", value: Empty }, KeyValue { key: "a", value: Int(1) }])"#,
    );
    for bytes in ["\"+/8AAQ==\"", "\"-_8AAQ\"", "[251,255,0,\"1\"]"] {
        check_value(
            &format!(r#"{{"bytesValue":{bytes}}}"#),
            "Bytes([251, 255, 0, 1])",
        );
    }
    check_value(r#"{"bytesValue":""}"#, "Bytes([])");
    check_reject("log", r#"{"body":{"bytesValue":[256]}}"#, BAD_VALUE);
    check_reject("log", r#"{"body":{"bytesValue":"%"}}"#, BAD_VALUE);
    check_reject("log", r#"{"body":{"stringValue":5}}"#, BAD_VALUE);
    check_reject("log", r#"{"body":"text"}"#, BAD_VALUE);
    check_value("{}", "Empty");
    check_value(r#"{"futureValue":[{"a":1}]}"#, "Empty");
}

#[test]
fn the_last_of_several_values_wins() {
    let twice = &[DUPLICATE_MEMBER];
    check_value_notes(r#"{"stringValue":"a","intValue":1}"#, "Int(1)", twice);
    check_value_notes(
        r#"{"intValue":1,"stringValue":"a"}"#,
        r#"String("a")"#,
        twice,
    );
    check_value(r#"{"intValue":1,"stringValue":null}"#, "Int(1)");
    check_notes(
        "gauge",
        r#"{"asInt":1,"asDouble":2}"#,
        "value: Some(Double(2.0))",
        twice,
    );
    check_notes(
        "gauge",
        r#"{"asDouble":2,"asInt":1}"#,
        "value: Some(Int(1))",
        twice,
    );
    check_notes("span", r#"{"name":"a","name":"b"}"#, r#"name: "b""#, twice);
    check_notes(
        "log",
        r#"{"event_name":"a","eventName":"b"}"#,
        r#"event_name: "b""#,
        twice,
    );
}

#[test]
fn repeated_attribute_keys_keep_the_last_value() {
    check_notes(
        "span",
        r#"{"attributes":[{"key":"a","value":{"intValue":1}},{"key":"b"},{"key":"a","value":{"intValue":2}}]}"#,
        r#"attributes: [KeyValue { key: "a", value: Int(2) }, KeyValue { key: "b", value: Empty }]"#,
        &[DUPLICATE_ATTRIBUTE_KEY],
    );
    let keys: Vec<_> = (0..4000)
        .map(|i| format!(r#"{{"key":"k{}","value":{{"intValue":{i}}}}}"#, i % 2000))
        .collect();
    let (result, transcript) = decode(request(
        "log",
        &format!(r#"{{"attributes":[{}]}}"#, keys.join(",")),
    ));
    assert_eq!(result.unwrap().items, 1);
    assert_eq!(transcript.notes.len(), 2000);
    assert!(transcript.lines[2].contains(
        r#"[KeyValue { key: "k0", value: Int(2000) }, KeyValue { key: "k1", value: Int(2001) }"#
    ));
}

#[test]
fn attributes_without_value_or_key() {
    check(
        "span",
        r#"{"attributes":[{"key":"a"}]}"#,
        r#"{ key: "a", value: Empty }"#,
    );
    check(
        "span",
        r#"{"attributes":[{"key":"a","value":null}]}"#,
        r#"{ key: "a", value: Empty }"#,
    );
    check(
        "span",
        r#"{"attributes":[{"value":{"intValue":1}}]}"#,
        r#"{ key: "", value: Int(1) }"#,
    );
    check(
        "span",
        r#"{"attributes":[{"value":{"intValue":1},"key":"a"}]}"#,
        r#"{ key: "a", value: Int(1) }"#,
    );
    check_reject("span", r#"{"attributes":{"a":"b"}}"#, BAD_VALUE);
    check_reject("span", r#"{"attributes":[5]}"#, BAD_VALUE);
}

#[test]
fn escapes_in_strings_and_names() {
    check_value(
        r#"{"stringValue":"a\"\\\/\b\f\n\r\t\u0041"}"#,
        r#"String("a\"\\/\u{8}\u{c}\n\r\tA")"#,
    );
    check_value(
        r#"{"string\u0056alue":"\ud83d\ude00"}"#,
        &format!("String({:?})", "\u{1f600}"),
    );
    for half in [
        r"\ud83d",
        r"\ude00",
        r"\ud83dx",
        r"\ud83d\u0041",
        r"\ud83d\n",
    ] {
        let value = format!(r#"{{"stringValue":"{half}"}}"#);
        let (result, transcript) = decode(request("log", &format!(r#"{{"body":{value}}}"#)));
        assert_eq!(result.map(|decoded| decoded.items), Ok(1), "{half}");
        assert!(transcript.lines[2].contains('\u{fffd}'));
        assert_eq!(transcript.notes, [LONE_SURROGATE], "{half}");
    }
    check(
        "span",
        r#"{"startTimeUnixNano":"\u0031"}"#,
        "start_time_unix_nano: 1,",
    );
}

#[test]
fn string_indexes_are_ignored() {
    check_value_notes(
        r#"{"stringValueStrindex":5}"#,
        "Empty",
        &[STRING_INDEX_IGNORED],
    );
}
