//! What the versions of the SDK and the programs write.

use otolith_otlp::problems::INT_OUT_OF_RANGE;

use super::{check, decode, metrics};

const SPAN: &str = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"x"}},{"key":"pid","value":{"intValue":7}}]},"scopeSpans":[{"scope":{"name":"s","version":"1"},"schemaUrl":"u","spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","parentSpanId":"00f067aa0ba902b7","flags":FLAGS,"name":"n","kind":3,"startTimeUnixNano":"1700000000000000001","endTimeUnixNano":"1700000001500000000","attributes":[{"key":"b","value":{"boolValue":true}},{"key":"l","value":{"arrayValue":{"values":[{"stringValue":"y"},{"intValue":2}]}}}],"droppedAttributesCount":1,"events":[{"name":"e","timeUnixNano":"1700000001000000000","attributes":[{"key":"d","value":{"doubleValue":0.5}}],"droppedAttributesCount":4}],"droppedEventsCount":2,"links":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"00f067aa0ba902b7","flags":257,"attributes":[{"key":"k","value":{"stringValue":"v"}}]}],"droppedLinksCount":3,"status":{"code":2,"message":"m"}}]}]}]}"#;

#[test]
fn spans_of_each_layout_are_the_same_span() {
    let attributes = r#""attributes":{"b":true,"l":["y",2]}"#;
    let events = r#""events":[{"name":"e","time":[1700000001,0],"attributes":{"d":0.5},"droppedAttributesCount":4}]"#;
    let links = r#""links":[{"context":{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"00f067aa0ba902b7","traceFlags":1},"attributes":{"k":"v"}}]"#;
    let context = r#"{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","traceFlags":1,"traceState":{"_internalState":{}}}"#;
    let scope = r#"{"name":"s","version":"1","schemaUrl":"u"}"#;
    let rest = r#""name":"n","kind":2,"startTime":[1700000000,1],"endTime":[1700000001,500000000],"status":{"code":2,"message":"m"}"#;
    // SDK 1.x: the parent's id alone, the library, resource attributes under `_attributes`.
    check(
        &format!(
            r#"{{{attributes},{links},{events},"_droppedAttributesCount":1,"_droppedEventsCount":2,"_droppedLinksCount":3,{rest},"_ended":true,"_spanContext":{context},"parentSpanId":"00f067aa0ba902b7","resource":{{"_attributes":{{"service.name":"x","pid":7}},"asyncAttributesPending":false,"_syncAttributes":"[Circular]"}},"instrumentationLibrary":{scope},"_spanProcessor":{{"attributes":{{"not":"these"}},"deep":[[[{{}}]]]}}}}"#
        ),
        &SPAN.replace("FLAGS", "1"),
    );
    // SDK 2.x: the parent's context, the scope, pairs, of which the first of a key counts.
    check(
        &format!(
            r#"{{"_spanContext":{context},"parentSpanContext":{{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"00f067aa0ba902b7","traceFlags":1,"isRemote":true}},{attributes},{links},{events},"_droppedAttributesCount":1,"_droppedEventsCount":2,"_droppedLinksCount":3,{rest},"resource":{{"_rawAttributes":[["service.name","x"],["pending",{{}}],["none",null],["pid",7],["pid",8]],"_memoizedAttributes":{{"no":1}}}},"instrumentationScope":{scope}}}"#
        ),
        &SPAN.replace("FLAGS", "769"),
    );
    // Copilot in VS Code: public members, one after another.
    check(
        &format!(
            r#"{{"resource":{{"attributes":{{"service.name":"x","pid":7}}}},"instrumentationScope":{scope},"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","traceFlags":1,"parentSpanId":"00f067aa0ba902b7",{rest},"duration":[1,499999999],{attributes},{links},{events},"ended":true,"droppedAttributesCount":1,"droppedEventsCount":2,"droppedLinksCount":3}}"#
        ),
        &SPAN.replace("FLAGS", "1"),
    );
}

#[test]
fn a_root_of_the_new_sdk_has_no_remote_parent() {
    check(
        r#"{"_spanContext":{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","traceFlags":0},"kind":0,"startTime":[1,0],"instrumentationScope":{"name":"s"}}"#,
        r#"{"resourceSpans":[{"scopeSpans":[{"scope":{"name":"s"},"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","flags":256,"kind":1,"startTimeUnixNano":1000000000}]}]}]}"#,
    );
}

#[test]
fn spans_of_the_copilot_cli_have_their_context_as_their_own() {
    check(
        r#"{"type":"span","traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","parentSpanId":null,"name":"chat","kind":2,"startTime":[1,0],"endTime":[2,0],"attributes":{"cost":1.0,"n":1},"status":{"code":0},"events":[{"name":"e","timestamp":[1,5],"attributes":{}}],"resource":{"attributes":{"service.name":"github-copilot"},"schemaUrl":"u"},"instrumentationScope":{"name":"github.copilot","version":"1.0.10"}}"#,
        r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"github-copilot"}}]},"schemaUrl":"u","scopeSpans":[{"scope":{"name":"github.copilot","version":"1.0.10"},"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"chat","kind":3,"startTimeUnixNano":1000000000,"endTimeUnixNano":2000000000,"attributes":[{"key":"cost","value":{"doubleValue":1}},{"key":"n","value":{"intValue":1}}],"events":[{"name":"e","timeUnixNano":1000000005}]}]}]}]}"#,
    );
}

#[test]
fn log_records_of_each_layout_are_the_same_record() {
    let otlp = r#"{"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{"name":"l"},"logRecords":[{"timeUnixNano":"1700000000000000001","observedTimeUnixNano":"1700000000000000002","severityNumber":17,"severityText":"ERROR","body":{"kvlistValue":{"values":[{"key":"a","value":{}},{"key":"b","value":{"arrayValue":{"values":[{"intValue":1}]}}}]}},"attributes":[{"key":"event.name","value":{"stringValue":"e"}}],"droppedAttributesCount":2,"flags":1,"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331"}]}]}]}"#;
    let context = r#"{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","traceFlags":1}"#;
    let body = r#"{"a":null,"b":[1]}"#;
    check(
        &format!(
            r#"{{"attributes":{{"event.name":"e"}},"totalAttributesCount":3,"_isReadonly":true,"hrTime":[1700000000,1],"hrTimeObserved":[1700000000,2],"spanContext":{context},"_severityNumber":17,"_severityText":"ERROR","_body":{body},"resource":{{"_attributes":{{}}}},"instrumentationScope":{{"name":"l"}},"_logRecordLimits":{{}}}}"#
        ),
        otlp,
    );
    check(
        &format!(
            r#"{{"resource":{{"_rawAttributes":[]}},"instrumentationScope":{{"name":"l"}},"attributes":{{"event.name":"e"}},"_hrTime":[1700000000,1],"_hrTimeObserved":[1700000000,2],"_spanContext":{context},"_severityText":"ERROR","_severityNumber":17,"_body":{body},"_attributesCount":1,"_droppedAttributesCount":2,"_isReadonly":true}}"#
        ),
        otlp,
    );
    check(
        &format!(
            r#"{{"resource":{{"attributes":{{}}}},"instrumentationScope":{{"name":"l"}},"attributes":{{"event.name":"e"}},"hrTime":"2023-11-14T22:13:20.000000001Z","hrTimeObserved":[1700000000,2],"spanContext":{context},"severityText":"ERROR","severityNumber":17,"body":{body},"droppedAttributesCount":2}}"#
        ),
        otlp,
    );
    // Missing severity, missing body.
    check(
        r#"{"hrTime":[0,5],"_eventName":"x","resource":null}"#,
        r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":5,"eventName":"x"}]}]}]}"#,
    );
}

#[test]
fn numbers_are_integers_unless_they_have_a_fraction_or_exponent() {
    check(
        r#"{"hrTime":[1,0],"attributes":{"a":0,"b":-9223372036854775808,"c":9007199254740993,"d":1.0,"e":1e+21,"f":-0.5,"g":null}}"#,
        r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":1000000000,"attributes":[{"key":"a","value":{"intValue":0}},{"key":"b","value":{"intValue":"-9223372036854775808"}},{"key":"c","value":{"intValue":"9007199254740993"}},{"key":"d","value":{"doubleValue":1}},{"key":"e","value":{"doubleValue":1e21}},{"key":"f","value":{"doubleValue":-0.5}},{"key":"g"}]}]}]}]}"#,
    );
    let (result, transcript) = decode(r#"{"hrTime":[1,0],"_body":12345678901234567890}"#);
    result.unwrap();
    assert_eq!(transcript.notes, [INT_OUT_OF_RANGE]);
    assert!(transcript.text().contains("Double(1.2345678901234567e19)"));
}

fn otlp_metrics(metric: &str) -> String {
    format!(
        r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"scope":{{"name":"s"}},"metrics":[{metric}]}}]}}]}}"#
    )
}

const TIMES: &str = r#""startTime":[1,0],"endTime":[2,0]"#;
const OTLP_TIMES: &str = r#""startTimeUnixNano":1000000000,"timeUnixNano":2000000000"#;

#[test]
fn kinds_and_temporalities_have_the_numbers_of_the_sdk() {
    let point = format!(r#"{{"attributes":{{"k":"v"}},{TIMES},"value":5}}"#);
    let otlp_point = |value: &str| {
        format!(
            r#"{{"attributes":[{{"key":"k","value":{{"stringValue":"v"}}}}],{OTLP_TIMES},{value}}}"#
        )
    };
    for (temporality, of_otlp) in [(0, 1), (1, 2)] {
        check(
            &metrics(
                &format!(
                    r#""descriptor":{{"name":"m","description":"d","unit":"u","type":"COUNTER","valueType":0}},"aggregationTemporality":{temporality},"dataPointType":3,"isMonotonic":true"#
                ),
                &point,
            ),
            &otlp_metrics(&format!(
                r#"{{"name":"m","description":"d","unit":"u","sum":{{"aggregationTemporality":{of_otlp},"isMonotonic":true,"dataPoints":[{}]}}}}"#,
                otlp_point("\"asInt\":5")
            )),
        );
    }
    check(
        &metrics(
            r#""descriptor":{"name":"m","type":"OBSERVABLE_GAUGE","valueType":1},"aggregationTemporality":1,"dataPointType":2"#,
            &point,
        ),
        &otlp_metrics(&format!(
            r#"{{"name":"m","gauge":{{"dataPoints":[{}]}}}}"#,
            otlp_point("\"asDouble\":5")
        )),
    );
    // NaN becomes `null`: a point without a value.
    check(
        &metrics(
            r#""dataPointType":2,"descriptor":{"name":"m","valueType":1}"#,
            &format!(r#"{{{TIMES},"value":null}}"#),
        ),
        &otlp_metrics(&format!(
            r#"{{"name":"m","gauge":{{"dataPoints":[{{{OTLP_TIMES}}}]}}}}"#
        )),
    );
}

#[test]
fn what_is_not_numbered_shows_in_instrument_and_value() {
    let number = format!(r#"{{{TIMES},"value":5}}"#);
    for (instrument, data) in [
        (
            "COUNTER",
            r#""sum":{"aggregationTemporality":2,"isMonotonic":true,"#,
        ),
        ("UP_DOWN_COUNTER", r#""sum":{"aggregationTemporality":2,"#),
        ("GAUGE", r#""gauge":{"#),
    ] {
        check(
            &metrics(
                &format!(
                    r#""descriptor":{{"name":"m","type":"{instrument}"}},"aggregationTemporality":1"#
                ),
                &number,
            ),
            &otlp_metrics(&format!(
                r#"{{"name":"m",{data}"dataPoints":[{{{OTLP_TIMES},"asInt":5}}]}}}}"#
            )),
        );
    }
}

const HISTOGRAM: &str =
    r#"{"count":3,"sum":6.5,"min":1,"max":4,"buckets":{"boundaries":[2,4],"counts":[1,2,0]}}"#;
const OTLP_HISTOGRAM: &str =
    r#""count":3,"sum":6.5,"min":1,"max":4,"explicitBounds":[2,4],"bucketCounts":[1,2,0]"#;

#[test]
fn histograms_are_read_with_and_without_their_number() {
    let point = format!(r#"{{{TIMES},"value":{HISTOGRAM}}}"#);
    let otlp = otlp_metrics(&format!(
        r#"{{"name":"m","histogram":{{"aggregationTemporality":1,"dataPoints":[{{{OTLP_TIMES},{OTLP_HISTOGRAM}}}]}}}}"#
    ));
    for kind in [r#","dataPointType":0"#, ""] {
        check(
            &metrics(
                &format!(r#""descriptor":{{"name":"m"}},"aggregationTemporality":0{kind}"#),
                &point,
            ),
            &otlp,
        );
    }
    let point = format!(
        r#"{{{TIMES},"value":{{"count":3,"sum":6.5,"scale":-2,"zeroCount":1,"positive":{{"offset":-4,"bucketCounts":[1,1]}},"negative":{{"offset":0,"bucketCounts":[]}}}}}}"#
    );
    let otlp = otlp_metrics(&format!(
        r#"{{"name":"m","exponentialHistogram":{{"aggregationTemporality":1,"dataPoints":[{{{OTLP_TIMES},"count":3,"sum":6.5,"scale":-2,"zeroCount":1,"positive":{{"offset":-4,"bucketCounts":[1,1]}},"negative":{{"offset":0,"bucketCounts":[]}}}}]}}}}"#
    ));
    for kind in [r#","dataPointType":1"#, ""] {
        check(
            &metrics(
                &format!(r#""descriptor":{{"name":"m"}},"aggregationTemporality":0{kind}"#),
                &point,
            ),
            &otlp,
        );
    }
}

#[test]
fn a_metric_alone_is_cumulative_and_a_number_is_a_gauge() {
    check(
        &format!(
            r#"{{"type":"metric","name":"m","description":"d","unit":"s","dataPoints":[{{"attributes":{{}},{TIMES},"value":{HISTOGRAM}}}]}}"#
        ),
        &otlp_metrics(&format!(
            r#"{{"name":"m","description":"d","unit":"s","histogram":{{"aggregationTemporality":2,"dataPoints":[{{{OTLP_TIMES},{OTLP_HISTOGRAM}}}]}}}}"#
        ))
        .replace(r#"{"name":"s"}"#, "{}"),
    );
    check(
        &format!(r#"{{"type":"metric","name":"m","dataPoints":[{{{TIMES},"value":1}}]}}"#),
        &otlp_metrics(&format!(
            r#"{{"name":"m","gauge":{{"dataPoints":[{{{OTLP_TIMES},"asInt":1}}]}}}}"#
        ))
        .replace(r#"{"name":"s"}"#, "{}"),
    );
}
