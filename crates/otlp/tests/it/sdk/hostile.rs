//! Hostile objects: never a panic, never unbounded recursion, always a reason.

use std::fs;
use std::path::Path;

use otolith_capture::{Encoding, RejectCode};
use otolith_otlp::problems::{
    BAD_ID, BAD_JSON, BAD_UTF8, BAD_VALUE, JAVASCRIPT_SDK_DUMP, TOO_DEEP, TOO_MANY_ATTRIBUTES,
};
use otolith_otlp::{Decoder, Limits};

use super::{decode, frame, metrics};
use crate::transcript::Transcript;

/// The frame is rejected as a whole, with this code, where `^` stands in the text, and nothing of it
/// is left in the sink.
#[track_caller]
fn check(text: &str, expected: RejectCode) {
    let (before, after) = text.split_once('^').unwrap();
    let (result, transcript) = decode(format!("{before}{after}"));
    let reject = result.unwrap_err();
    assert_eq!(
        (reject.code, reject.offset),
        (expected, before.len()),
        "{}",
        reject.message
    );
    assert_eq!(transcript.lines, [""; 0]);
    assert_eq!(transcript.abandons, 1);
}

#[test]
fn values_of_the_wrong_kind_reject_the_frame() {
    for time in [
        "^[1]",
        "^[1,2,3]",
        "^[-1,0]",
        "^[1,1000000000]",
        "^[1.5,0]",
        "^[18446744074,0]",
        "^{}",
        "^5",
        "^true",
        r#"^"soon""#,
        r#"^"1969-12-31T23:59:59Z""#,
    ] {
        check(&format!(r#"{{"hrTime":{time}}}"#), BAD_VALUE);
    }
    for members in [
        r#""attributes":^["a"]"#,
        r#""attributes":^"a""#,
        r#""resource":^[]"#,
        r#""resource":{"_rawAttributes":[^"a"]}"#,
        r#""instrumentationScope":{"name":^1}"#,
        r#""_severityNumber":^{}"#,
        r#""_severityNumber":^9999999999"#,
        r#""_spanContext":^"x""#,
    ] {
        check(&format!(r#"{{"hrTime":[1,0],{members}}}"#), BAD_VALUE);
    }
    check(
        r#"{"_spanContext":{"traceId":^"xyz"},"startTime":[1,0]}"#,
        BAD_ID,
    );
    check(
        r#"{"traceId":"","spanId":^"0af7","startTime":[1,0]}"#,
        BAD_ID,
    );
    check(r#"{"scopeMetrics":^{}}"#, BAD_VALUE);
    check(r#"{"scopeMetrics":[^7]}"#, BAD_VALUE);
    check(
        r#"{"scopeMetrics":[{"metrics":[^{"name":"m","sum":{}}]}]}"#,
        BAD_VALUE,
    );
    check(
        &metrics(r#""descriptor":{},"dataPointType":^4"#, ""),
        BAD_VALUE,
    );
    check(
        &metrics(r#""descriptor":{},"aggregationTemporality":^2"#, ""),
        BAD_VALUE,
    );
}

#[test]
fn objects_that_are_none_of_the_sdk_are_named() {
    for text in [
        "^{}",
        r#"^{"instrumentationScope":{}}"#,
        r#"^{"name":"x","startTime":[1,0]}"#,
    ] {
        check(text, JAVASCRIPT_SDK_DUMP);
    }
    check("^[]", BAD_VALUE);
    check("^", BAD_JSON);
    let (result, _) = decode(b"{\"_body\":\"\xff\"}");
    assert_eq!(result.unwrap_err().code, BAD_UTF8);
}

#[test]
fn bounds_are_those_of_otlp() {
    let list = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let map = |depth: usize| {
        format!(
            "{}{{}}{}",
            r#"{"a":"#.repeat(depth - 1),
            "}".repeat(depth - 1)
        )
    };
    for value in [list(64), map(64)] {
        assert!(decode(format!(r#"{{"_body":{value}}}"#)).0.is_ok());
        assert!(
            decode(format!(
                r#"{{"hrTime":[1,0],"attributes":{{"k":{value}}}}}"#
            ))
            .0
            .is_ok()
        );
    }
    let begin = "[".repeat(64);
    check(
        &format!(r#"{{"_body":{begin}^[]{}}}"#, "]".repeat(64)),
        TOO_DEEP,
    );
    check(
        &format!(
            r#"{{"_body":{}^{{}}{}}}"#,
            r#"{"a":"#.repeat(64),
            "}".repeat(64)
        ),
        TOO_DEEP,
    );
    // What nobody reads may be as deep as it likes.
    assert!(
        decode(format!(
            r#"{{"_body":"x","_spanProcessor":{}}}"#,
            list(100_000)
        ))
        .0
        .is_ok()
    );

    let many = |count: usize| {
        let members: Vec<String> = (0..count).map(|key| format!(r#""k{key}":1"#)).collect();
        members.join(",")
    };
    let pairs = |count: usize| {
        let pairs: Vec<String> = (0..count).map(|key| format!(r#"["k{key}",1]"#)).collect();
        pairs.join(",")
    };
    assert!(
        decode(format!(r#"{{"_body":1,"attributes":{{{}}}}}"#, many(4096)))
            .0
            .is_ok()
    );
    check(
        &format!(r#"{{"_body":1,"attributes":^{{{}}}}}"#, many(4097)),
        TOO_MANY_ATTRIBUTES,
    );
    check(
        &format!(
            r#"{{"_body":1,"resource":{{"attributes":^{{{}}}}}}}"#,
            many(4097)
        ),
        TOO_MANY_ATTRIBUTES,
    );
    check(
        &format!(
            r#"{{"_body":1,"resource":{{"_rawAttributes":^[{}]}}}}"#,
            pairs(4097)
        ),
        TOO_MANY_ATTRIBUTES,
    );
}

#[test]
fn a_bad_point_is_rejected_alone() {
    let good = r#"{"endTime":[1,0],"value":1}"#;
    for (kind, bad, code) in [
        (3, r#"{"endTime":[1,0],"value":"x"}"#, "bad_value"),
        (3, r#"{"endTime":5,"value":1}"#, "bad_value"),
        (3, r#"{"endTime":[1,0],"value":{"count":1}}"#, "bad_value"),
        (3, r#"[]"#, "bad_value"),
        (
            3,
            r#"{"attributes":7,"endTime":[1,0],"value":1}"#,
            "bad_value",
        ),
    ] {
        let text = metrics(
            &format!(r#""descriptor":{{"name":"m"}},"dataPointType":{kind}"#),
            &[good, bad, good].join(","),
        );
        let (result, transcript) = decode(&text);
        let decoded = result.unwrap();
        assert_eq!((decoded.items, decoded.rejected_items), (2, 1), "{bad}");
        let offset = text.find(bad).unwrap();
        assert_eq!(
            transcript.rejects,
            [format!("metrics {code} {offset} {bad}")]
        );
    }
    let histogram = metrics(
        r#""descriptor":{"name":"m"},"dataPointType":0"#,
        r#"{"endTime":[1,0],"value":7},{"endTime":[1,0]},{"endTime":[1,0],"value":{"buckets":{"boundaries":[null],"counts":[1,2]}}}"#,
    );
    let (result, transcript) = decode(histogram);
    assert_eq!(result.unwrap().rejected_items, 3);
    assert_eq!(transcript.rejects.len(), 3);
}

/// Every object of real dumps.
fn real_objects() -> Vec<String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/javascript-sdk");
    let mut objects = Vec::new();
    for sdk in ["sdk-1", "sdk-2"] {
        let text = fs::read_to_string(dir.join(sdk).join("lines.jsonl")).unwrap();
        objects.extend(text.lines().map(str::to_owned));
        let text = fs::read_to_string(dir.join(sdk).join("seen.json")).unwrap();
        objects.extend(text.split_inclusive("\n}\n").map(str::to_owned));
    }
    assert!(objects.len() > 60);
    objects
}

#[test]
fn real_objects_cut_or_broken_never_panic() {
    let mut decoder = Decoder::new(Limits::DEFAULT);
    let mut try_one = |bytes: &[u8]| {
        let mut transcript = Transcript::default();
        let result = decoder.decode(&frame(bytes, Encoding::JavaScriptSdk), &mut transcript);
        if result.is_err() {
            assert_eq!(transcript.lines, [""; 0]);
        }
        result
    };
    for (number, object) in real_objects().iter().enumerate() {
        assert!(try_one(object.as_bytes()).is_ok(), "{object}");
        // A step that is prime meets all places of all objects in time.
        for place in (number % 397..object.trim_end().len()).step_by(397) {
            let reject = try_one(&object.as_bytes()[..place]).unwrap_err();
            assert_eq!(reject.code, BAD_JSON, "{}", reject.message);
            let mut bytes = object.clone().into_bytes();
            for replacement in [b'"', b'{', b'}', b']', b',', b'0', b'n', 0x80] {
                bytes[place] = replacement;
                if try_one(&bytes).is_ok() {
                    assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_ok());
                }
            }
        }
    }
}
