//! Events, metrics and list prices held against each other.

use crate::otlp::{DELTA, at, logs, sum};
use crate::support::{captures, embedded, lake_of, lake_of_files, noted, only};
use otolith_lake::Lake;
use otolith_report::{Calendar, ReconcileQuery, Report, Selection, Signal, time_text};
use serde_json::{Value, json};

fn ask(lake: &Lake, selection: Selection) -> Report {
    let query = ReconcileQuery {
        calendar: Calendar::default(),
        selection,
        pricing: embedded(),
    };
    otolith_report::reconcile(lake, &query).unwrap()
}

fn rows(report: &Report) -> Vec<Value> {
    let rows = report.rows.iter();
    rows.map(|row| report.row_to_json(row)).collect()
}

#[test]
fn sources_of_real_captures_agree() {
    for capture in ["claude-http", "claude-grpc", "claude-json", "mix-dev"] {
        let lake = lake_of_files(&captures().join(capture).join("file-exporter"));
        let report = ask(&lake, Selection::default());
        let row = &rows(&report)[0];
        assert_eq!(row["agent"], "claude_code", "{capture}");
        for column in ["event_cost_usd", "metric_cost_usd", "estimated_cost_usd"] {
            assert_eq!(row[column], row["cost_usd"], "{capture}, {column}");
        }
        for column in ["metric_difference_usd", "difference_usd"] {
            assert_eq!(row[column], json!(0.0), "{capture}, {column}");
        }
        assert_eq!(row["gaps"], Value::Null, "{capture}");
        assert_eq!(row["event_source"], "log api_request");
        assert_eq!(row["metric_source"], "metric claude_code.cost.usage");
    }
}

#[test]
fn an_agent_that_reports_no_cost_has_a_gap_where_it_could() {
    let lake = lake_of_files(&captures().join("codex-off/file-exporter"));
    let report = ask(&lake, Selection::default());
    let row = &rows(&report)[0];
    assert_eq!(row["cost_usd"], Value::Null);
    // Its events never have a cost, so that they lack none.
    assert_eq!(row["gaps"], "no metric cost");
    assert_eq!(noted(&report, "cost_gap"), 1);
    // What was not read cannot be missing.
    let report = ask(&lake, only(Signal::Logs));
    assert_eq!(rows(&report)[0]["gaps"], Value::Null);
}

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;

/// A request of 100 uncached tokens, which cost 0.0005 dollars.
fn event(hours: f64, model: &str) -> (f64, Value) {
    let members = json!({
        "event.name": "api_request", "event.sequence": hours as u64, "session.id": "s",
        "model": model, "input_tokens": 100, "output_tokens": 0, "cost_usd": 0.0005,
    });
    (hours * HOUR, members)
}

fn metric(hours: f64) -> (f64, f64, f64, Value) {
    let members = json!({"session.id": "s", "model": "claude-opus-4-7"});
    let time = hours * HOUR;
    (time - 60.0, time + 30.0, 0.0005, members)
}

fn gaps(events: &[(f64, Value)], points: &[(f64, f64, f64, Value)]) -> Vec<Value> {
    let scope = "com.anthropic.claude_code.events";
    let requests = [
        logs("claude-code", scope, events),
        sum("claude-code", "", "claude_code.cost.usage", DELTA, points),
    ];
    let report = ask(&lake_of(&requests), Selection::default());
    rows(&report)
        .into_iter()
        .map(|row| row["gaps"].clone())
        .collect()
}

fn time(seconds: f64) -> String {
    time_text(i64::try_from(at(seconds)).unwrap())
}

const OPUS: &str = "claude-opus-4-7";

#[test]
fn a_source_that_falls_silent_is_named_with_its_last_time() {
    // 1.79e18 ns is 13:33:20; the next day begins after ten and a half hours.
    let events = [event(1.0, OPUS), event(25.0, OPUS), event(49.0, OPUS)];
    let last = time(HOUR + 30.0);
    let silent = json!(format!("no metric cost since {last}"));
    assert_eq!(
        gaps(&events, &[metric(1.0)]),
        [Value::Null, silent.clone(), silent]
    );
}

#[test]
fn a_source_that_comes_later_is_named_with_its_first_time() {
    let first = time(DAY + HOUR + 30.0);
    let gaps = gaps(&[event(1.0, OPUS), event(25.0, OPUS)], &[metric(25.0)]);
    let missing = json!(format!("no metric cost until {first}"));
    assert_eq!(gaps, [missing, Value::Null]);
}

#[test]
fn a_part_of_a_day_can_be_missing() {
    let events = [event(1.0, OPUS), event(2.0, OPUS), event(4.0, OPUS)];
    let until = time(2.0 * HOUR + 30.0);
    assert_eq!(
        gaps(&events, &[metric(1.0), metric(2.0)]),
        [json!(format!("metric cost only until {until}"))]
    );
    let from = time(4.0 * HOUR - 60.0);
    assert_eq!(
        gaps(&events, &[metric(4.0)]),
        [json!(format!("metric cost only from {from}"))]
    );
    let until = time(HOUR);
    let points = [metric(1.0), metric(2.0)];
    assert_eq!(
        gaps(&events[..1], &points),
        [json!(format!("event cost only until {until}"))]
    );
}

#[test]
fn days_of_one_source_alone_lack_the_others() {
    assert_eq!(gaps(&[event(1.0, OPUS)], &[]), [json!("no metric cost")]);
    assert_eq!(
        gaps(&[], &[metric(1.0)]),
        [json!("no event cost; no tokens")]
    );
    let events = [event(1.0, OPUS), event(1.1, "secret")];
    assert_eq!(
        gaps(&events, &[metric(1.1)]),
        [json!("no estimate of 1 of 2 records")]
    );
}
