//! Hostile input: never a panic, never unbounded recursion, always a reason.

use otolith_capture::RejectCode;
use otolith_otlp::problems::{
    BAD_JSON, BAD_UTF8, BAD_VALUE, NOT_OTLP, PROFILES, TOO_DEEP, TOO_MANY_ATTRIBUTES,
};
use otolith_otlp::{Decoder, Limits};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{decode, frame};
use crate::transcript::Transcript;

/// The frame is rejected as a whole, with this code, and nothing of it is left in the sink.
#[track_caller]
fn check(text: impl AsRef<[u8]>, expected: RejectCode) -> String {
    let (result, transcript) = decode(text);
    let reject = result.unwrap_err();
    assert_eq!(reject.code, expected, "{}", reject.message);
    assert_eq!(transcript.lines, [""; 0]);
    assert_eq!(transcript.rejects, [""; 0]);
    reject.message
}

const REQUEST: &str = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":{"stringValue":"\u00e9\n"}}]},"scopeSpans":[{"scope":{"name":"s"},"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","startTimeUnixNano":"1","name":"x","attributes":[{"key":"i","value":{"intValue":"-5"}},{"key":"d","value":{"doubleValue":1.5e3}},{"key":"l","value":{"arrayValue":{"values":[{"boolValue":true},{"bytesValue":"AAE="}]}}}],"events":[{"name":"e"}],"status":{"code":2}}],"schemaUrl":"u"}]}],"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","sum":{"dataPoints":[{"asInt":"5"},{"asDouble":0.5}],"aggregationTemporality":1}}]}]}]}"#;

#[test]
fn a_request_cut_anywhere_is_bad_json() {
    assert!(decode(REQUEST).0.is_ok());
    for length in 0..REQUEST.len() {
        check(&REQUEST[..length], BAD_JSON);
    }
}

#[test]
fn a_request_with_any_byte_replaced_never_panics() {
    let mut bytes = Vec::from(REQUEST);
    for place in 0..bytes.len() {
        let original = bytes[place];
        for replacement in [
            0, b'"', b'{', b'}', b'[', b']', b',', b'0', b'\\', b'n', 0x80,
        ] {
            bytes[place] = replacement;
            let (result, transcript) = decode(&bytes);
            let is_json = serde_json::from_slice::<serde_json::Value>(&bytes).is_ok();
            if result.is_ok() {
                assert!(is_json, "{}", String::from_utf8_lossy(&bytes));
            }
            if let Err(reject) = result {
                assert!(reject.code != BAD_JSON || !is_json, "{}", reject.message);
                assert_eq!(transcript.lines, [""; 0]);
            }
        }
        bytes[place] = original;
    }
}

#[test]
fn text_after_the_request_is_refused() {
    check(r#"{"resourceSpans":[]} x"#, BAD_JSON);
    check(r#"{"resourceSpans":[]}{}"#, BAD_JSON);
    assert!(decode("  {\"resourceSpans\":[]} \r\n").0.is_ok());
}

#[test]
fn bad_grammar_is_refused_wherever_it_stands() {
    for bad in [
        "tru",
        "nul",
        "01",
        "1.",
        ".5",
        "-",
        "+1",
        "1e",
        "0x1",
        "NaN",
        "Infinity",
        "'a'",
        "\"\t\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\":1 \"b\":2}",
        "[}",
        "{]",
        "",
    ] {
        check(format!(r#"{{"resourceSpans":[],"x":{bad}}}"#), BAD_JSON);
        check(
            format!(
                r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"kind":"bad","x":{bad}}}]}}]}}]}}"#
            ),
            BAD_JSON,
        );
        check(
            format!(
                r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{bad}}}]}}]}}]}}"#
            ),
            BAD_JSON,
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_grammar_is_that_of_serde_json(
        tokens in vec(select(&[
            "{", "}", "[", "]", ":", ",", "\"a\"", "\"\\n\"", "\"\\u00e9\"", "\"", "\\", "0", "1", "-", ".5",
            "e3", "true", "null", "fals", " ", "\n", "{\"b\":", "[1,", "\"c\":2}", "]]",
        ][..]), 0..12)
    ) {
        let value = tokens.concat();
        let is_json = serde_json::from_str::<serde_json::Value>(&value).is_ok();
        // Once skipped, once as an item that is rejected alone, once read as a value.
        for text in [
            format!(r#"{{"resourceLogs":[],"x":{value}}}"#),
            format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"flags":{{}},"x":{value}}}]}}]}}]}}"#),
            format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{value}}}]}}]}}]}}"#),
        ] {
            // What stands in the request could also end it early and go on in a valid way.
            let is_json = is_json || serde_json::from_str::<serde_json::Value>(&text).is_ok();
            prop_assert_eq!(decode(&text).0.is_ok(), is_json, "{}", text);
        }
    }
}

#[test]
fn a_hundred_thousand_brackets() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":[", "]}]")] {
        let open = open.repeat(100_000);
        let close = close.repeat(100_000);
        assert!(decode(format!(r#"{{"resourceSpans":{open}"#)).0.is_err());
        check(format!(r#"{{"x":{open}"#), BAD_JSON);
        let (result, _) = decode(format!(r#"{{"resourceSpans":[],"x":{open}null{close}}}"#));
        assert!(result.is_ok());
    }
    let open = r#"{"arrayValue":{"values":["#.repeat(100_000);
    check(
        format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{open}"#),
        BAD_JSON,
    );
}

#[test]
fn values_nested_too_deeply_are_rejected_alone() {
    let body = |depth: usize| {
        let open = r#"{"arrayValue":{"values":["#.repeat(depth);
        let close = "]}}".repeat(depth);
        format!(
            r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{open}{{}}{close}}},{{}}]}}]}}]}}"#
        )
    };
    let (result, _) = decode(body(64));
    assert_eq!(result.unwrap().items, 2);
    let (result, transcript) = decode(body(65));
    let decoded = result.unwrap();
    assert_eq!((decoded.items, decoded.rejected_items), (1, 1));
    assert!(transcript.rejects[0].contains(TOO_DEEP.0));
    // An option cannot ask for more than the stack holds.
    let limits = Limits {
        value_depth: usize::MAX,
        ..Limits::DEFAULT
    };
    let text = body(50_000);
    let mut transcript = Transcript::default();
    let result = Decoder::new(limits).decode(&frame(text.as_bytes()), &mut transcript);
    assert_eq!(result.unwrap().rejected_items, 1);
}

#[test]
fn too_many_attributes() {
    let attributes = |count: usize| {
        let list: Vec<_> = (0..count).map(|i| format!(r#"{{"key":"{i}"}}"#)).collect();
        list.join(",")
    };
    let record = |count| {
        let list = attributes(count);
        format!(
            r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"attributes":[{list}]}}]}}]}}]}}"#
        )
    };
    assert_eq!(decode(record(4096)).0.unwrap().items, 1);
    let (result, transcript) = decode(record(4097));
    assert_eq!(result.unwrap().rejected_items, 1);
    assert!(transcript.rejects[0].contains(TOO_MANY_ATTRIBUTES.0));
    let list = attributes(4097);
    check(
        format!(r#"{{"resourceLogs":[{{"resource":{{"attributes":[{list}]}}}}]}}"#),
        TOO_MANY_ATTRIBUTES,
    );
}

#[test]
fn bad_headers_reject_the_frame() {
    for bad in [
        r#"{"resourceSpans":{}}"#,
        r#"{"resourceSpans":[5]}"#,
        r#"{"resourceSpans":[{"resource":[]}]}"#,
        r#"{"resourceSpans":[{"resource":{"attributes":{"a":"b"}}}]}"#,
        r#"{"resourceSpans":[{"schemaUrl":{}}]}"#,
        r#"{"resourceSpans":[{"scopeSpans":[{"scope":{"name":5}}]}]}"#,
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":{}}]}]}"#,
        r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":[]}]}]}]}"#,
        r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"sum":[]}]}]}]}"#,
        r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"sum":{"aggregationTemporality":"SOMETIMES"}}]}]}]}"#,
    ] {
        let message = check(bad, BAD_VALUE);
        assert!(message.contains(" at byte "), "{message}");
    }
}

#[test]
fn what_is_not_otlp_is_named() {
    for text in [
        "5",
        "\"text\"",
        "[]",
        "null",
        "{}",
        r#"{"payload":{}}"#,
        r#"{"a":"hrTime"}"#,
    ] {
        check(text, NOT_OTLP);
    }
    check(r#"{"resourceProfiles":[]}"#, PROFILES);
    check(b"{\"resourceSpans\":\"\xff\"}", BAD_UTF8);
    check("", BAD_JSON);
    check("   ", BAD_JSON);
    check("\u{feff}{}", BAD_JSON);
}

#[test]
fn a_huge_metric_is_streamed_with_its_late_header() {
    let points: Vec<_> = (0..5000).map(|i| format!(r#"{{"asInt":{i}}}"#)).collect();
    let points = points.join(",");
    let (result, transcript) = decode(format!(
        r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"sum":{{"dataPoints":[{points}],"dataPoints":[{{"asInt":-1}},{{"asInt":{{}}}}],"isMonotonic":true,"dataPoints":null}},"name":"m"}},{{"name":"n","gauge":{{"dataPoints":[{{}}]}}}}]}}]}}]}}"#
    ));
    let decoded = result.unwrap();
    assert_eq!((decoded.items, decoded.rejected_items), (5002, 1));
    let lines = transcript.lines;
    assert!(lines[2].contains(r#"name: "m""#) && lines[2].contains("is_monotonic: true"));
    for (value, line) in (0..5000).chain([-1]).zip(&lines[3..]) {
        assert!(line.contains(&format!("Some(Int({value}))")), "{line}");
    }
    assert!(lines[5004].contains(r#"name: "n""#));
    assert_eq!(lines.len(), 5006);
}
