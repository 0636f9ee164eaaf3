//! One test per deviation that emitters are known for.

use otolith_capture::RejectCode;
use otolith_otlp::NoteCode;
use otolith_otlp::problems::{
    BAD_ID, BAD_VALUE, DUPLICATE_ATTRIBUTE_KEY, DUPLICATE_MEMBER, INT_OUT_OF_RANGE, NO_ITEMS,
    NO_KNOWN_DATA, PROFILES_IGNORED, SEVERAL_DATA_KINDS, STRING_INDEX_IGNORED,
};

use super::decode;

/// A request with one item, given as JSON, of the given signal.
pub(super) fn request(signal: &str, item: &str) -> String {
    match signal {
        "span" => format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{item}]}}]}}]}}"#),
        "log" => format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{item}]}}]}}]}}"#),
        kind => format!(
            r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"{kind}":{{"dataPoints":[{item}]}}}}]}}]}}]}}"#
        ),
    }
}

/// The item is taken; its visit contains `expected`; these notes are made.
#[track_caller]
pub(super) fn check_notes(signal: &str, item: &str, expected: &str, notes: &[NoteCode]) {
    let (result, transcript) = decode(request(signal, item));
    assert_eq!(
        result.map(|decoded| decoded.items),
        Ok(1),
        "{:?}",
        transcript.rejects
    );
    let visit = transcript.lines.last().unwrap();
    assert!(visit.contains(expected), "{item}: {visit}");
    assert_eq!(transcript.notes, notes, "{item}");
}

#[track_caller]
pub(super) fn check(signal: &str, item: &str, expected: &str) {
    check_notes(signal, item, expected, &[]);
}

/// The item is rejected alone with its bytes; the one after it is taken.
#[track_caller]
pub(super) fn check_reject(signal: &str, item: &str, code: RejectCode) {
    let (result, transcript) = decode(request(signal, &format!("{item} , {{}}")));
    let decoded = result.unwrap();
    assert_eq!((decoded.items, decoded.rejected_items), (1, 1), "{item}");
    let rest = format!(" {} ", code.0);
    assert!(
        transcript.rejects[0].contains(&rest),
        "{:?}",
        transcript.rejects
    );
    assert!(
        transcript.rejects[0].ends_with(item),
        "{:?}",
        transcript.rejects
    );
}

#[test]
fn snake_case_at_every_level() {
    let (result, transcript) = decode(
        r#"{"resource_spans":[{"resource":{"dropped_attributes_count":1,"entity_refs":[{"schema_url":"e","type":"t","id_keys":["a"],"description_keys":["b"]}]},"schema_url":"r","scope_spans":[{"schema_url":"s","spans":[{"trace_id":"0AF7651916CD43DD8448EB211C80319C","span_id":"b7ad6b7169203331","parent_span_id":"b7ad6b7169203332","trace_state":"t","start_time_unix_nano":"1","end_time_unix_nano":"2","dropped_attributes_count":3,"dropped_events_count":4,"dropped_links_count":5,"events":[{"time_unix_nano":"6","dropped_attributes_count":7}],"links":[{"trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","trace_state":"l","dropped_attributes_count":8}],"attributes":[{"key":"k","value":{"string_value":"v"}},{"key":"b","value":{"bool_value":true}},{"key":"i","value":{"int_value":"9"}},{"key":"d","value":{"double_value":0.5}},{"key":"a","value":{"array_value":{"values":[{"bytes_value":"AA=="}]}}},{"key":"m","value":{"kvlist_value":{}}}]}]}]}],
            "resource_logs":[{"scope_logs":[{"log_records":[{"time_unix_nano":1,"observed_time_unix_nano":2,"severity_number":3,"severity_text":"x","dropped_attributes_count":4,"trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","event_name":"e"}]}]}],
            "resource_metrics":[{"scope_metrics":[{"metrics":[
                {"exponential_histogram":{"data_points":[{"start_time_unix_nano":1,"time_unix_nano":2,"zero_count":3,"zero_threshold":0.5,"positive":{"bucket_counts":[1]}}],"aggregation_temporality":1}},
                {"histogram":{"data_points":[{"bucket_counts":[1,2],"explicit_bounds":[1.5],"exemplars":[{"filtered_attributes":[{"key":"f"}],"time_unix_nano":1,"as_int":5,"span_id":"b7ad6b7169203331","trace_id":"0af7651916cd43dd8448eb211c80319c"}]}]}},
                {"sum":{"data_points":[{"as_double":1.5}],"is_monotonic":true}},
                {"summary":{"data_points":[{"quantile_values":[{"quantile":0.5,"value":1}]}]}}]}]}]}"#,
    );
    assert_eq!(result.unwrap().items, 6);
    assert_eq!(transcript.notes, []);
    let camel = decode(
        r#"{"resourceSpans":[{"resource":{"droppedAttributesCount":1,"entityRefs":[{"schemaUrl":"e","type":"t","idKeys":["a"],"descriptionKeys":["b"]}]},"schemaUrl":"r","scopeSpans":[{"schemaUrl":"s","spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","parentSpanId":"b7ad6b7169203332","traceState":"t","startTimeUnixNano":"1","endTimeUnixNano":"2","droppedAttributesCount":3,"droppedEventsCount":4,"droppedLinksCount":5,"events":[{"timeUnixNano":"6","droppedAttributesCount":7}],"links":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","traceState":"l","droppedAttributesCount":8}],"attributes":[{"key":"k","value":{"stringValue":"v"}},{"key":"b","value":{"boolValue":true}},{"key":"i","value":{"intValue":"9"}},{"key":"d","value":{"doubleValue":0.5}},{"key":"a","value":{"arrayValue":{"values":[{"bytesValue":"AA=="}]}}},{"key":"m","value":{"kvlistValue":{}}}]}]}]}],
            "resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":1,"observedTimeUnixNano":2,"severityNumber":3,"severityText":"x","droppedAttributesCount":4,"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","eventName":"e"}]}]}],
            "resourceMetrics":[{"scopeMetrics":[{"metrics":[
                {"exponentialHistogram":{"dataPoints":[{"startTimeUnixNano":1,"timeUnixNano":2,"zeroCount":3,"zeroThreshold":0.5,"positive":{"bucketCounts":[1]}}],"aggregationTemporality":1}},
                {"histogram":{"dataPoints":[{"bucketCounts":[1,2],"explicitBounds":[1.5],"exemplars":[{"filteredAttributes":[{"key":"f"}],"timeUnixNano":1,"asInt":5,"spanId":"b7ad6b7169203331","traceId":"0af7651916cd43dd8448eb211c80319c"}]}]}},
                {"sum":{"dataPoints":[{"asDouble":1.5}],"isMonotonic":true}},
                {"summary":{"dataPoints":[{"quantileValues":[{"quantile":0.5,"value":1}]}]}}]}]}]}"#,
    );
    assert_eq!(transcript.lines, camel.1.lines);
    // What came through at all.
    for expected in [
        "status_message",
        "e\", type: \"t\", id_keys: [\"a\"]",
        "zero_threshold: 0.5",
    ] {
        assert!(transcript.text().contains(expected), "{expected}");
    }
    for absent in [
        "trace_id: None, span_id: None, trace_state",
        "_unix_nano: 0, name: \"\", kind",
    ] {
        assert!(!transcript.text().contains(absent), "{absent}");
    }
}

#[test]
fn old_instrumentation_library_names() {
    for (list, items, visit) in [
        ("Spans", "spans", "Span {"),
        ("Metrics", "metrics", "Metric {"),
        ("Logs", "logs", "LogRecord {"),
    ] {
        for prefix in ["instrumentationLibrary", "deprecatedScope"] {
            let (result, transcript) = decode(format!(
                r#"{{"resource{list}":[{{"{prefix}{list}":[{{"instrumentationLibrary":{{"name":"old"}},"{items}":[{{"gauge":{{}}}}]}}]}}]}}"#
            ));
            assert!(result.is_ok());
            assert!(transcript.lines[1].contains(r#"name: "old""#));
            assert!(transcript.lines[2].contains(visit));
        }
    }
}

#[test]
fn enums_as_names_numbers_and_quoted_numbers() {
    for value in [
        "2",
        "\"2\"",
        "\"SPAN_KIND_SERVER\"",
        "\"SERVER\"",
        "\"server\"",
        "2.0",
    ] {
        check("span", &format!(r#"{{"kind":{value}}}"#), " kind: 2,");
    }
    for value in ["2", "\"2\"", "\"STATUS_CODE_ERROR\"", "\"Error\""] {
        let item = format!(r#"{{"status":{{"code":{value}}}}}"#);
        check("span", &item, "status_code: 2 }");
    }
    for value in ["9", "\"9\"", "\"SEVERITY_NUMBER_INFO\"", "\"INFO\""] {
        let item = format!(r#"{{"severityNumber":{value}}}"#);
        check("log", &item, "severity_number: 9,");
    }
    check(
        "log",
        r#"{"severityNumber":"FATAL4"}"#,
        "severity_number: 24,",
    );
    for value in [
        "1",
        "\"1\"",
        "\"AGGREGATION_TEMPORALITY_DELTA\"",
        "\"DELTA\"",
    ] {
        let (_, transcript) = decode(format!(
            r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"sum":{{"aggregationTemporality":{value}}}}}]}}]}}]}}"#
        ));
        assert!(transcript.lines[2].contains("aggregation_temporality: 1,"));
    }
    // Unknown numbers are kept, unknown names are not numbers.
    check("span", r#"{"kind":77}"#, " kind: 77,");
    check_reject("span", r#"{"kind":"SPAN_KIND_"}"#, BAD_VALUE);
    check_reject("span", r#"{"kind":"LAYER"}"#, BAD_VALUE);
    check_reject("span", r#"{"kind":4294967296}"#, BAD_VALUE);
}

#[test]
fn ids_in_hex_and_base64() {
    let expected = format!("trace_id: Some({:?})", *b"0123456789abcdef");
    for id in [
        "30313233343536373839616263646566",
        "MDEyMzQ1Njc4OWFiY2RlZg==",
        "MDEyMzQ1Njc4OWFiY2RlZg",
    ] {
        check("span", &format!(r#"{{"traceId":"{id}"}}"#), &expected);
    }
    let expected = format!(" span_id: Some({:?})", [0xffu8, 0xef, 0xfe, 3, 4, 5, 6, 7]);
    for id in [
        "ffeffe0304050607",
        "FFEFFE0304050607",
        "/+/+AwQFBgc=",
        "_-_-AwQFBgc=",
    ] {
        check("span", &format!(r#"{{"spanId":"{id}"}}"#), &expected);
    }
    // A 32-character text of hex digits is hex though it is base64 too.
    check(
        "span",
        r#"{"traceId":"abcdabcdabcdabcdabcdabcdabcdabcd"}"#,
        "Some([171, 205, 171",
    );
    for id in [
        "\"\"",
        "null",
        "\"00000000000000000000000000000000\"",
        "\"AAAAAAAAAAAAAAAAAAAAAA==\"",
    ] {
        check("span", &format!(r#"{{"traceId":{id}}}"#), "trace_id: None,");
    }
    for id in [
        "abc",
        "0af7651916cd43dd",
        "0af7651916cd43dd8448eb211c80319g",
        "not base64 at all!",
    ] {
        check_reject("span", &format!(r#"{{"traceId":"{id}"}}"#), BAD_ID);
    }
    check_reject("span", r#"{"parentSpanId":"b7ad6b71692033"}"#, BAD_ID);
    check_reject("log", r#"{"spanId":5}"#, BAD_VALUE);
    check_reject("gauge", r#"{"exemplars":[{"traceId":"xyz"}]}"#, BAD_ID);
}

#[test]
fn null_is_absent() {
    check(
        "span",
        r#"{"traceId":null,"spanId":null,"parentSpanId":null,"traceState":null,"name":null,"kind":null,"startTimeUnixNano":null,"endTimeUnixNano":null,"attributes":null,"droppedAttributesCount":null,"events":null,"links":null,"status":null,"flags":null}"#,
        "Span { trace_id: None, span_id: None, trace_state: \"\", parent_span_id: None, flags: 0, name: \"\", kind: 0, start_time_unix_nano: 0, end_time_unix_nano: 0, attributes: [], dropped_attributes_count: 0, events: [], dropped_events_count: 0, links: [], dropped_links_count: 0, status_message: \"\", status_code: 0 }",
    );
    check(
        "span",
        r#"{"status":{"code":null,"message":null}}"#,
        "status_code: 0 }",
    );
    check("log", r#"{"body":null}"#, "body: None,");
    check("log", r#"{"body":{}}"#, "body: Some(Empty),");
    check(
        "gauge",
        r#"{"asDouble":null,"exemplars":null}"#,
        "value: None, exemplars: [],",
    );
    check(
        "histogram",
        r#"{"sum":null,"bucketCounts":null,"min":null}"#,
        "sum: None, bucket_counts: [],",
    );
    check(
        "exponentialHistogram",
        r#"{"positive":null,"scale":null}"#,
        "positive: None,",
    );
    for text in [
        r#"{"resourceSpans":null}"#,
        r#"{"resourceSpans":[]}"#,
        r#"{"resourceSpans":[null]}"#,
        r#"{"resourceSpans":[{"resource":null,"scopeSpans":null}]}"#,
        r#"{"resourceSpans":[{"scopeSpans":[{"scope":null,"spans":null,"schemaUrl":null}]}]}"#,
        r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[null,{},{"sum":null},{"sum":{"dataPoints":null}}]}]}]}"#,
    ] {
        let (result, _) = decode(text);
        assert_eq!(result.map(|decoded| decoded.items), Ok(0), "{text}");
    }
}

#[test]
fn times_and_counts_in_any_spelling() {
    for time in [
        "1700000000000000000",
        "\"1700000000000000000\"",
        "1.7e18",
        "\"1.7E+18\"",
    ] {
        check(
            "log",
            &format!(r#"{{"timeUnixNano":{time}}}"#),
            "{ time_unix_nano: 1700000000000000000,",
        );
    }
    check(
        "log",
        r#"{"timeUnixNano":"18446744073709551615"}"#,
        "{ time_unix_nano: 18446744073709551615,",
    );
    for time in [
        "-1",
        "1.5",
        "18446744073709551616",
        "\"\"",
        "\"today\"",
        "[1,2]",
        "{}",
        "false",
    ] {
        check_reject("log", &format!(r#"{{"timeUnixNano":{time}}}"#), BAD_VALUE);
    }
    check("span", r#"{"flags":"257"}"#, "flags: 257,");
    check(
        "span",
        r#"{"droppedLinksCount":4294967295}"#,
        "dropped_links_count: 4294967295,",
    );
    check_reject("span", r#"{"droppedLinksCount":4294967296}"#, BAD_VALUE);
    check_reject("span", r#"{"droppedEventsCount":-1}"#, BAD_VALUE);
}

#[test]
fn data_points_in_any_spelling() {
    for value in ["5", "\"5\"", "5.0"] {
        check("gauge", &format!(r#"{{"asInt":{value}}}"#), "Some(Int(5))");
        check(
            "sum",
            &format!(r#"{{"asDouble":{value}}}"#),
            "Some(Double(5.0))",
        );
    }
    check("gauge", r#"{"asDouble":"NaN"}"#, "Some(Double(NaN))");
    check_notes(
        "gauge",
        r#"{"asInt":1e+300}"#,
        "Some(Double(1e300))",
        &[INT_OUT_OF_RANGE],
    );
    check_reject("gauge", r#"{"asDouble":{}}"#, BAD_VALUE);
    check(
        "histogram",
        r#"{"count":"3","sum":"1.5","bucketCounts":["1",2],"explicitBounds":["0.5"],"min":"-Infinity","max":1,"flags":"1"}"#,
        "count: 3, sum: Some(1.5), bucket_counts: [1, 2], explicit_bounds: [0.5], exemplars: [], flags: 1, min: Some(-inf), max: Some(1.0) }",
    );
    check_reject("histogram", r#"{"explicitBounds":[1,null]}"#, BAD_VALUE);
    check_reject("histogram", r#"{"bucketCounts":[-1]}"#, BAD_VALUE);
    check(
        "exponentialHistogram",
        r#"{"scale":"-3","zeroCount":"2","positive":{"offset":-1,"bucketCounts":["1"]},"negative":{},"zeroThreshold":"1e-9"}"#,
        "scale: -3, zero_count: 2, positive: Some(Buckets { offset: -1, bucket_counts: [1] }), negative: Some(Buckets { offset: 0, bucket_counts: [] })",
    );
    check(
        "summary",
        r#"{"count":2,"sum":"1.5","quantileValues":[{"quantile":"0.5","value":1},{}]}"#,
        "QuantileValue { quantile: 0.5, value: 1.0 }, QuantileValue { quantile: 0.0, value: 0.0 }",
    );
    check(
        "sum",
        r#"{"exemplars":[{"asInt":"7","timeUnixNano":1,"filteredAttributes":[{"key":"f","value":{"boolValue":false}}]}]}"#,
        r#"Exemplar { filtered_attributes: [KeyValue { key: "f", value: Bool(false) }], time_unix_nano: 1, value: Some(Int(7))"#,
    );
}

#[test]
fn what_is_ignored_with_a_note() {
    check_notes(
        "span",
        r#"{"attributes":[{"keyStrindex":1}]}"#,
        r#"key: """#,
        &[STRING_INDEX_IGNORED],
    );
    let (result, transcript) = decode(r#"{"resourceProfiles":[{}],"resourceLogs":[]}"#);
    assert!(result.is_ok());
    assert_eq!(transcript.notes, [PROFILES_IGNORED, NO_ITEMS]);
}

#[test]
fn a_request_whose_items_have_unknown_names_is_noted() {
    for text in [
        r#"{"resourceSpans":[]}"#,
        r#"{"resourceSpans":[{"ScopeSpans":[{"spans":[{}]}]}]}"#,
    ] {
        let (result, transcript) = decode(text);
        assert_eq!(result.unwrap().items, 0);
        assert_eq!(transcript.notes, [NO_ITEMS], "{text}");
    }
}

#[test]
fn unknown_members_are_ignored_everywhere() {
    let (result, transcript) = decode(
        r#"{"x":[{}],"resourceSpans":[{"x":1,"resource":{"x":"y"},"scopeSpans":[{"x":{},"scope":{"x":null},"spans":[{"x":[[]],"deprecatedCode":1,"status":{"deprecatedCode":2},"events":[{"x":1}],"links":[{"x":1}]}],"scopeLogs":[]}]}],"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"x":1,"sum":{"x":2,"dataPoints":[{"x":3}]}}]}]}]}"#,
    );
    assert_eq!(result.unwrap().items, 2);
    assert_eq!(transcript.notes, []);
}

#[test]
fn several_signals_and_repeated_lists_add_up() {
    let (result, transcript) = decode(
        r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}],"logRecords":[{}]}],"scope_logs":[{"logRecords":[{}]}]}],"resourceSpans":[{"scopeSpans":[{"spans":[{}]}]}],"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}"#,
    );
    assert_eq!(result.unwrap().items, 5);
    assert_eq!(transcript.notes, [DUPLICATE_MEMBER; 3]);
    assert!(transcript.lines[0].starts_with("(Logs"));
    assert!(transcript.text().contains("(Traces"));
}

#[test]
fn a_metric_with_two_kinds_of_data_loses_nothing() {
    let (result, transcript) = decode(
        r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{"asInt":1}]},"sum":{"dataPoints":[{"asInt":2}],"aggregationTemporality":1},"name":"m"},{"name":"n","gauge":null,"sum":{"dataPoints":[{"asInt":3}]}}]}]}]}"#,
    );
    assert_eq!(result.unwrap().items, 3);
    assert_eq!(transcript.notes, [SEVERAL_DATA_KINDS]);
    let kinds: Vec<_> = transcript.lines[2..]
        .iter()
        .map(|line| line.trim_start().split([' ', '(']).next().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "Metric",
            "NumberPoint",
            "Metric",
            "NumberPoint",
            "Metric",
            "NumberPoint"
        ]
    );
    assert!(
        transcript.lines[4].contains(r#"name: "m""#) && transcript.lines[4].contains("kind: Sum")
    );
}

#[test]
fn a_metric_without_known_data_is_noted() {
    let (_, transcript) = decode(
        r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m"},{"name":"n","gauge":null},{"name":"o","futureKind":{"dataPoints":[{}]}},{"name":"p","gauge":{}},null]}]}]}"#,
    );
    let nothing = NO_KNOWN_DATA;
    assert_eq!(transcript.notes, [nothing, nothing, nothing, NO_ITEMS]);
}

#[test]
fn a_bad_item_is_rejected_alone_with_its_bytes() {
    let (result, transcript) = decode(
        r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[{"asInt":1}, {"asDouble":{} } ,{"asInt":2}]}}]}]}]}"#,
    );
    let decoded = result.unwrap();
    assert_eq!((decoded.items, decoded.rejected_items), (2, 1));
    assert_eq!(
        transcript.rejects,
        [r#"metrics bad_value 97 {"asDouble":{} }"#]
    );
    check_reject("span", "5", BAD_VALUE);
    check_reject("log", "null", BAD_VALUE);
    check_reject(
        "span",
        r#"{"events":[{"attributes":[{"value":{"doubleValue":{}}}]}]}"#,
        BAD_VALUE,
    );
}

#[test]
fn what_was_tolerated_in_a_rejected_item_is_not_noted() {
    let (result, transcript) = decode(request(
        "log",
        r#"{"attributes":[{"key":"a"},{"key":"a"}]},{"attributes":[{"key":"a"},{"key":"a"}],"flags":{}}"#,
    ));
    assert_eq!(result.unwrap().rejected_items, 1);
    assert_eq!(transcript.notes, [DUPLICATE_ATTRIBUTE_KEY]);
}
