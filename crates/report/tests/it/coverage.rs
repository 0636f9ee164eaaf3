//! What is missing, in real captures and in hand-written ones.

use crate::otlp::{DELTA, Span, at, logs, spans, sum};
use crate::support::{TestLake, captures, lake_of, lake_of_files, only};
use otolith_report::{CoverageQuery, Report, Selection, Signal};
use serde_json::{Value, json};

const SECOND: i64 = 1_000_000_000;

fn coverage(lake: &TestLake, gap_seconds: i64, selection: Selection) -> Report {
    let query = CoverageQuery {
        gap_nanos: gap_seconds * SECOND,
        selection,
    };
    otolith_report::coverage(lake, &query).unwrap()
}

/// Finding, service, signal, session and count of each row.
fn check(report: &Report, expected: &Value) {
    let rows = report.rows.iter().map(|row| {
        let row = report.row_to_json(row);
        let members = ["finding", "service", "signal", "session", "count"];
        Value::from(members.map(|member| row[member].clone()).to_vec())
    });
    assert_eq!(&Value::from(rows.collect::<Vec<_>>()), expected);
}

#[test]
fn real_captures_miss_what_their_description_says() {
    let of = |name: &str| {
        let lake = lake_of_files(&captures().join(name).join("agentic-ci.jsonl"));
        coverage(&lake, 3_600, Selection::default())
    };
    check(&of("claude-http"), &json!([]));
    // Recorded without sessions on logs and metrics; numbers are those of truth.json.
    check(
        &of("claude-json"),
        &json!([
            ["no_session", "claude-code", "metrics", null, 61],
            ["no_session", "claude-code", "logs", null, 78],
        ]),
    );
    // A remote parent, in both runs of the program.
    check(
        &of("pysdk-http"),
        &json!([["orphan_spans", "demo-worker", "traces", null, 2]]),
    );
}

#[test]
fn gaps_are_exact_and_longer_than_asked() {
    let record = |second: f64| (second, json!({"session.id": "s"}));
    let seconds = [100.0, 0.0, 1.0, 9.0, 30.0, 29.5];
    let lake = lake_of(&[logs("a", "x", &seconds.map(record))]);
    let lengths = |gap: i64| {
        let report = coverage(&lake, gap, only(Signal::Logs));
        let rows = report.rows.iter().map(|row| report.row_to_json(row));
        let gaps = rows.filter(|row| row["finding"] == "gap");
        gaps.map(|row| row["length_s"].as_f64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(lengths(1), [8.0, 20.5, 70.0]);
    assert_eq!(lengths(8), [20.5, 70.0]);
    assert_eq!(lengths(70), [0.0; 0]);
}

#[test]
fn sessions_and_signals_are_missed_where_others_have_them() {
    let record = |session: &str| (1.0, json!({"session.id": session}));
    let span = |id: u64, parent: u64, session: &str| Span {
        name: "s",
        id,
        parent,
        start: 1.0,
        end: 2.0,
        error: false,
        members: json!({"session.id": session}),
    };
    let requests = [
        logs("a", "x", &[record("both"), record("one"), record("one")]),
        spans("a", "x", &[span(1, 9, "both"), span(2, 1, "both")]),
        // No agent, and no session anywhere: it has none.
        sum("host", "x", "m", DELTA, &[(0.0, 1.0, 1.0, json!({}))]),
    ];
    let lake = lake_of(&requests);
    check(
        &coverage(&lake, 3_600, Selection::default()),
        &json!([
            ["missing_signal", "a", "metrics", null, null],
            ["orphan_spans", "a", "traces", null, 1],
            ["session_in_one_signal", "a", "logs", "one", 2],
            ["missing_signal", "host", "traces", null, null],
            ["missing_signal", "host", "logs", null, null],
        ]),
    );
    check(
        &coverage(&lake, 3_600, only(Signal::Traces)),
        &json!([["orphan_spans", "a", "traces", null, 1]]),
    );
    // A parent before the selected time is there nevertheless.
    let early = Span {
        start: 0.0,
        ..span(9, 0, "both")
    };
    let lake = lake_of(&[requests.to_vec(), vec![spans("b", "x", &[early])]].concat());
    let selection = Selection {
        since: Some(i64::try_from(at(0.5)).unwrap()),
        ..only(Signal::Traces)
    };
    check(&coverage(&lake, 3_600, selection), &json!([]));
}

#[test]
fn items_without_a_credible_time_are_told_of() {
    let point = json!({"timeUnixNano": "5", "asInt": "1"});
    let metric = json!({"name": "m", "gauge": {"dataPoints": [point]}});
    let lake = lake_of(&[
        crate::otlp::metric("a", "x", &metric),
        sum("a", "x", "n", DELTA, &[(0.0, 1.0, 1.0, json!({}))]),
    ]);
    check(
        &coverage(&lake, 3_600, only(Signal::Metrics)),
        &json!([["no_time", "a", "metrics", null, 1]]),
    );
}
