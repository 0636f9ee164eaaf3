//! Key order never matters.

use otolith_otlp::{Decoder, Limits};
use proptest::prelude::*;
use serde_json::Value;

use super::{decode, frame};
use crate::transcript::Transcript;

/// Writes a JSON tree with the members of each object in an order that `seed` decides.
fn write(tree: &Value, seed: &mut u64, out: &mut String) {
    match tree {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            for last in (1..members.len()).rev() {
                *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                members.swap(last, (*seed >> 33) as usize % (last + 1));
            }
            out.push('{');
            for (index, (name, value)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write(value, seed, out);
            }
            out.push('}');
        }
        Value::Array(elements) => {
            out.push('[');
            for (index, value) in elements.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(value, seed, out);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

const REQUEST: &str = r#"{"resourceMetrics":[
    {"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}}],"droppedAttributesCount":1,
        "entityRefs":[{"type":"service","idKeys":["service.name"],"schemaUrl":"e"}]},
     "scopeMetrics":[
        {"scope":{"name":"s1","version":"1"},"schemaUrl":"u1","metrics":[
            {"name":"m1","unit":"s","description":"d","metadata":[{"key":"k","value":{"intValue":"1"}}],
             "sum":{"dataPoints":[{"asInt":"1","timeUnixNano":"5"},{"asInt":{}},{"asDouble":0.5}],"aggregationTemporality":2,"isMonotonic":true}},
            {"name":"m2","histogram":{"aggregationTemporality":1,"dataPoints":[{"count":"2","sum":1.5,"bucketCounts":["1","1"],"explicitBounds":[0.5],"exemplars":[{"asDouble":1,"spanId":"b7ad6b7169203331"}]}]}}]},
        {"scope":{"name":"s2"},"metrics":[{"name":"m3","gauge":{"dataPoints":[{"asInt":1,"attributes":[{"key":"a","value":{"kvlistValue":{"values":[{"key":"x","value":{"boolValue":true}}]}}}]}]}}]},
        {"metrics":[{"name":"m4","summary":{"dataPoints":[{"count":1,"sum":2,"quantileValues":[{"quantile":0.5,"value":3}]}]}}],"schemaUrl":"u3"}],
     "schemaUrl":"r1"},
    {"scopeMetrics":[{"scope":{"name":"s4"},"metrics":[{"name":"m5","exponentialHistogram":{"dataPoints":[{"scale":-3,"positive":{"offset":-1,"bucketCounts":["1"]}}]}}],"schemaUrl":"u4"}],"schemaUrl":"r2"},
    {"resource":{"attributes":[{"key":"b","value":{"doubleValue":"NaN"}}]},"scopeMetrics":[{"metrics":[]}]}]}"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_member_order_gives_the_same_visits(mut seed in any::<u64>()) {
        let tree: Value = serde_json::from_str(REQUEST).unwrap();
        let mut text = String::new();
        write(&tree, &mut seed, &mut text);
        let (result, transcript) = decode(&text);
        let decoded = result.unwrap();
        prop_assert_eq!((decoded.items, decoded.rejected_items), (6, 1));
        prop_assert_eq!(&transcript.notes, &[]);
        let (_, expected) = decode(REQUEST);
        prop_assert_eq!(transcript.text(), expected.text());
        let code = |rejects: &[String]| rejects[0].split(' ').nth(1).map(String::from);
        prop_assert_eq!(code(&transcript.rejects), code(&expected.rejects));
    }
}

#[test]
fn a_decoder_does_not_remember_frames() {
    let tree: Value = serde_json::from_str(REQUEST).unwrap();
    let mut decoder = Decoder::new(Limits::DEFAULT);
    for seed in 0..50 {
        let mut text = String::new();
        write(&tree, &mut { seed }, &mut text);
        // Frames in the usual order, in others, and broken ones, through one decoder.
        let cut = &text[..text.len() / 2];
        let broken = text.replace("e5", "e5\"\"");
        for text in [REQUEST, &text, cut, &broken, &text.replace("0.5", "{}")] {
            let mut transcript = Transcript::default();
            let result = decoder.decode(&frame(text.as_bytes()), &mut transcript);
            let (expected_result, expected) = decode(text);
            assert_eq!(result, expected_result);
            assert_eq!(transcript.lines, expected.lines);
            assert_eq!(transcript.rejects, expected.rejects);
            assert_eq!(transcript.notes, expected.notes);
        }
    }
}

#[test]
fn late_headers_at_both_levels() {
    let (result, transcript) = decode(
        r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"eventName":"e"}],"scope":{"name":"s"},"schemaUrl":"u"}],"schemaUrl":"v","resource":{"droppedAttributesCount":7}}]}"#,
    );
    assert_eq!(result.unwrap().items, 1);
    let lines = transcript.lines;
    assert!(
        lines[0].contains("dropped_attributes_count: 7"),
        "{}",
        lines[0]
    );
    assert!(lines[0].contains(r#"schema_url: "v""#), "{}", lines[0]);
    assert!(lines[1].contains(r#"name: "s""#), "{}", lines[1]);
    assert!(lines[1].contains(r#"schema_url: "u""#), "{}", lines[1]);
    assert_eq!(lines.len(), 3);
}

#[test]
fn a_late_header_that_says_nothing_new_is_fine() {
    let (result, transcript) = decode(
        r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}],"scope":{},"schemaUrl":""}],"schemaUrl":null,"resource":null}]}"#,
    );
    assert_eq!(result.unwrap().items, 1);
    assert_eq!(transcript.lines.len(), 3);
}

#[test]
fn schema_urls_are_found_whatever_frames_came_before() {
    let without =
        r#"{"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{},"logRecords":[{}]}]}]}"#;
    let behind = r#"{"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{},"logRecords":[{}],"schemaUrl":"s"}],"schemaUrl":"r"}]}"#;
    let unusual = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}],"schemaUrl":"s"}],"resource":{"droppedAttributesCount":7},"schemaUrl":"r"}]}"#;
    let mut decoder = Decoder::new(Limits::DEFAULT);
    let mut check = |text: &str| {
        let mut transcript = Transcript::default();
        let result = decoder.decode(&frame(text.as_bytes()), &mut transcript);
        let (expected_result, expected) = decode(text);
        assert_eq!(
            (result, transcript.lines),
            (expected_result, expected.lines)
        );
    };
    for frames in [30, 100, 100] {
        for _ in 0..frames {
            check(without);
        }
        check(behind);
        for _ in 0..frames {
            check(without);
        }
        check(unusual);
        check(behind);
    }
}
