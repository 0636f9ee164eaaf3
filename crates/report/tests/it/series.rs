//! Temporality: what counters counted, told from what they stood at.

use crate::otlp::{CUMULATIVE, DELTA, Point, logs, sum};
use crate::support::{first_row, lake_of, noted, tokens};
use otolith_report::{Report, Selection};
use serde_json::{Value, json};

const SERVICE: &str = "claude-code";
const SCOPE: &str = "com.anthropic.claude_code";

fn point(start: f64, time: f64, value: f64) -> Point {
    let members = json!({"session.id": "s1", "model": "m", "type": "input"});
    (start, time, value, members)
}

fn usage(temporality: u8, points: &[Point]) -> Value {
    sum(
        SERVICE,
        SCOPE,
        "claude_code.token.usage",
        temporality,
        points,
    )
}

/// A record that shows when the capture began.
fn begin(time: f64) -> Value {
    let members = json!({"event.name": "user_prompt", "session.id": "s1"});
    logs(
        SERVICE,
        "com.anthropic.claude_code.events",
        &[(time, members)],
    )
}

fn report(requests: &[Value]) -> Report {
    tokens(&lake_of(requests), &[], Selection::default())
}

fn check(requests: &[Value], total: u64, code: &str, count: u64) {
    let report = report(requests);
    assert_eq!(first_row(&report)["total_tokens"], json!(total));
    if !code.is_empty() {
        assert_eq!(noted(&report, code), count, "{:?}", report.notes);
    }
}

#[test]
fn delta_points_are_summed_and_their_copies_removed() {
    let points = [point(1.0, 2.0, 10.0), point(2.0, 3.0, 5.0)];
    check(&[usage(DELTA, &points)], 15, "duplicates_removed", 0);
    // The request sent twice, as after a lost answer.
    let request = usage(DELTA, &points);
    check(&[request.clone(), request], 15, "duplicates_removed", 2);
}

#[test]
fn cumulative_points_are_differenced_across_requests_and_out_of_order() {
    let requests = [
        begin(0.5),
        usage(CUMULATIVE, &[point(1.0, 3.0, 40.0)]),
        usage(CUMULATIVE, &[point(1.0, 2.0, 10.0)]),
        usage(CUMULATIVE, &[point(1.0, 4.0, 45.0)]),
    ];
    check(&requests, 45, "counter_reset", 0);
}

#[test]
fn a_restart_counts_in_full_whether_by_start_time_or_by_fall() {
    let by_start = [point(1.0, 2.0, 10.0), point(3.0, 4.0, 12.0)];
    check(
        &[begin(0.5), usage(CUMULATIVE, &by_start)],
        22,
        "counter_reset",
        0,
    );
    let by_fall = [point(1.0, 2.0, 10.0), point(1.0, 4.0, 3.0)];
    check(
        &[begin(0.5), usage(CUMULATIVE, &by_fall)],
        13,
        "counter_reset",
        1,
    );
}

#[test]
fn two_processes_on_one_series_are_told_apart() {
    let points = [
        point(1.0, 10.0, 100.0),
        point(2.0, 10.5, 7.0),
        point(1.0, 20.0, 110.0),
        point(2.0, 20.5, 9.0),
    ];
    check(
        &[begin(0.5), usage(CUMULATIVE, &points)],
        119,
        "counter_reset",
        0,
    );
}

#[test]
fn what_was_counted_before_the_capture_is_left_out_with_a_note() {
    let points = [point(1.0, 110.0, 100.0), point(1.0, 120.0, 130.0)];
    let requests = [begin(105.0), usage(CUMULATIVE, &points)];
    check(&requests, 30, "unknown_start", 1);
}

/// In a capture of metrics alone nothing is older than the first export, which yet tells of what
/// happened before it.
#[test]
fn the_first_export_of_a_process_counts_without_logs() {
    let points = [point(1.0, 60.0, 100.0), point(1.0, 120.0, 130.0)];
    check(&[usage(CUMULATIVE, &points)], 130, "early_start", 1);
    // Exports of this process must have been missed.
    let points = [point(1.0, 200.0, 100.0), point(1.0, 260.0, 130.0)];
    check(&[usage(CUMULATIVE, &points)], 30, "unknown_start", 1);
}

#[test]
fn an_item_of_1970_does_not_begin_the_capture() {
    let points = [point(1.0, 110.0, 100.0), point(1.0, 120.0, 130.0)];
    let mut odd = begin(0.0);
    odd["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["timeUnixNano"] = json!("1790000000");
    let requests = [odd, begin(105.0), usage(CUMULATIVE, &points)];
    check(&requests, 30, "unknown_start", 1);
}

#[test]
fn points_without_a_temporality_are_left_out_with_a_note() {
    let points = [point(1.0, 2.0, 10.0)];
    let lake = lake_of(&[begin(0.5), usage(0, &points)]);
    let report = tokens(&lake, &[], Selection::default());
    assert!(report.rows.is_empty());
    assert_eq!(noted(&report, "unspecified_temporality"), 1);
}
