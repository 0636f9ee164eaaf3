//! Objects whose writer put `[Circular]` in the place of what it had written before.

use otolith_otlp::problems::CUT_REFERENCE;

use super::{decode, metrics};

const CUT: &str = r#""[Circular]""#;

/// Reads a metric; expects this in its visits, the rejects by their code, and so many notes.
#[track_caller]
fn check(members: &str, points: &str, expected: &[&str], rejects: &[&str], notes: usize) {
    let members = format!(r#""descriptor":{{"name":"m"{members}"#);
    let (result, transcript) = decode(metrics(&members, points));
    result.unwrap();
    let text = transcript.text();
    for part in expected {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let codes: Vec<&str> = transcript
        .rejects
        .iter()
        .map(|reject| reject.split(' ').nth(1).unwrap())
        .collect();
    assert_eq!(codes, rejects);
    assert_eq!(transcript.notes, vec![CUT_REFERENCE; notes]);
}

const COUNTER: &str = r#","type":"COUNTER"},"aggregationTemporality":1"#;
const DELTA: &str = r#","type":"COUNTER"},"aggregationTemporality":0"#;
const OBSERVED: &str = r#","type":"OBSERVABLE_COUNTER"},"aggregationTemporality":1"#;

#[test]
fn the_end_of_all_points_is_the_time_of_the_collection() {
    check(
        COUNTER,
        &format!(
            r#"{{"startTime":[1,0],"endTime":[5,0],"value":1}},{{"startTime":[2,0],"endTime":{CUT},"value":2}}"#
        ),
        &["start_time_unix_nano: 2000000000, time_unix_nano: 5000000000"],
        &[],
        0,
    );
    // The first start of an observed value is its end.
    check(
        OBSERVED,
        &format!(
            r#"{{"startTime":[5,0],"endTime":{CUT},"value":1}},{{"startTime":{CUT},"endTime":{CUT},"value":2}}"#
        ),
        &["start_time_unix_nano: 5000000000, time_unix_nano: 5000000000, value: Some(Int(1))"],
        &[],
        1,
    );
}

#[test]
fn an_end_that_cannot_be_told_rejects_the_point() {
    check(
        COUNTER,
        &format!(
            r#"{{"endTime":{CUT},"value":0}},{{"endTime":[5,0],"value":1}},{{"endTime":[6,0],"value":1}},{{"endTime":{CUT},"value":2}}"#
        ),
        &["time_unix_nano: 6000000000"],
        &["lost_reference", "lost_reference"],
        0,
    );
}

#[test]
fn the_start_of_delta_points_is_the_last_collection() {
    check(
        DELTA,
        &format!(
            r#"{{"startTime":[4,0],"endTime":[5,0],"value":1}},{{"startTime":{CUT},"endTime":{CUT},"value":2}}"#
        ),
        &["start_time_unix_nano: 4000000000, time_unix_nano: 5000000000, value: Some(Int(2))"],
        &[],
        0,
    );
    check(
        DELTA,
        &format!(
            r#"{{"startTime":[3,0],"endTime":[5,0],"value":1}},{{"startTime":[4,0],"endTime":{CUT},"value":2}},{{"startTime":{CUT},"endTime":{CUT},"value":3}}"#
        ),
        &["start_time_unix_nano: 0, time_unix_nano: 5000000000, value: Some(Int(3))"],
        &[],
        1,
    );
}

#[test]
fn the_start_of_observed_values_is_known_if_there_is_no_other() {
    check(
        OBSERVED,
        &format!(
            r#"{{"startTime":[3,0],"endTime":[5,0],"value":1}},{{"startTime":{CUT},"endTime":{CUT},"value":2}}"#
        ),
        &["start_time_unix_nano: 0, time_unix_nano: 5000000000, value: Some(Int(2))"],
        &[],
        1,
    );
}

#[test]
fn points_whose_attributes_are_cut_belong_to_no_series() {
    check(
        COUNTER,
        &format!(
            r#"{{"attributes":{{"a":1}},"endTime":[5,0],"value":1}},{{"attributes":{CUT},"endTime":{CUT},"value":2}}"#
        ),
        &["value: Some(Int(1))"],
        &["lost_reference"],
        0,
    );
    // A list that is shared is a text now.
    check(
        COUNTER,
        &format!(r#"{{"attributes":{{"a":{CUT}}},"endTime":[5,0],"value":1}}"#),
        &[r#"String("[Circular]")"#],
        &[],
        1,
    );
}

#[test]
fn bounds_of_histograms_are_those_that_fit() {
    let point = |bounds: &str, counts: &str| {
        format!(
            r#"{{"endTime":[5,0],"value":{{"count":1,"sum":1,"buckets":{{"boundaries":{bounds},"counts":{counts}}}}}}}"#
        )
    };
    let members = r#"},"dataPointType":0"#;
    check(
        members,
        &[point("[1,2]", "[1,0,0]"), point(CUT, "[0,1,0]")].join(","),
        &["bucket_counts: [0, 1, 0], explicit_bounds: [1.0, 2.0]"],
        &[],
        0,
    );
    // Nothing was written before: count and sum stay.
    check(
        members,
        &point(CUT, "[0,1,0]"),
        &["count: 1, sum: Some(1.0), bucket_counts: [], explicit_bounds: []"],
        &[],
        1,
    );
    // Another metric has some that fit, or two have.
    let other = |points: &str| {
        format!(r#"{{"descriptor":{{"name":"o"}},"dataPointType":0,"dataPoints":[{points}]}}"#)
    };
    let all = |metrics: &[String]| {
        let (result, transcript) = decode(format!(
            r#"{{"scopeMetrics":[{{"metrics":[{}]}}]}}"#,
            metrics.join(",")
        ));
        result.unwrap();
        (transcript.text(), transcript.notes.len())
    };
    let (one, two) = (point("[1,2]", "[1,0,0]"), point("[1,3]", "[1,0,0]"));
    let cut = other(&point(CUT, "[0,0,7]"));
    let (text, notes) = all(&[other(&one), cut.clone()]);
    assert!(
        text.contains("[0, 0, 7], explicit_bounds: [1.0, 2.0]"),
        "{text}"
    );
    assert_eq!(notes, 0);
    let (text, notes) = all(&[other(&one), other(&two), cut]);
    assert!(!text.contains('7'), "{text}");
    assert_eq!(notes, 1);
}

#[test]
fn links_and_times_of_spans_are_known_if_there_is_one_to_choose() {
    let context =
        |id: &str| format!(r#"{{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"{id}"}}"#);
    let (parent, other) = (context("00f067aa0ba902b7"), context("00f067aa0ba902b8"));
    let span = |links: &str| {
        format!(
            r#"{{"_spanContext":{},"parentSpanContext":{parent},"links":[{links}],"startTime":[1,0],"endTime":{CUT}}}"#,
            context("b7ad6b7169203331")
        )
    };
    let check = |text: String, linked: &str, notes: usize| {
        let (result, transcript) = decode(text);
        result.unwrap();
        let text = transcript.text();
        assert!(text.contains(linked), "{text}");
        assert!(text.contains("end_time_unix_nano: 1000000000"), "{text}");
        assert_eq!(transcript.notes, vec![CUT_REFERENCE; notes]);
    };
    let cut = format!(r#"{{"context":{CUT}}}"#);
    check(
        span(&cut),
        "span_id: Some([0, 240, 103, 170, 11, 169, 2, 183]), trace_state: \"\", attributes: []",
        0,
    );
    check(
        span(&format!(r#"{{"context":{other}}},{cut}"#)),
        "Link { trace_id: None, span_id: None",
        1,
    );
    let log = format!(
        r#"{{"hrTime":[1,5],"hrTimeObserved":{CUT},"resource":{CUT},"instrumentationScope":{CUT},"attributes":{CUT}}}"#
    );
    let (result, transcript) = decode(log);
    result.unwrap();
    let text = transcript.text();
    assert!(
        text.contains("observed_time_unix_nano: 1000000005"),
        "{text}"
    );
    assert_eq!(transcript.notes, vec![CUT_REFERENCE; 3]);
}
