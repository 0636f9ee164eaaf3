//! Reports over captures answer as those over their lake do. Of hand-written requests that is
//! asserted where their lakes are made ([`crate::support::lake_of`]).

use crate::otlp::{attributes, logs, resource};
use crate::support::{Passes, captures, check_directly, lake_of, tokens};
use otolith_capture::find_sources;
use otolith_report::{Dimension, Selection};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_capture_in_every_dialect_answers_as_its_lake() {
    let mut count = 0;
    for (number, capture) in sorted(&captures()).into_iter().enumerate() {
        for (dialect, files) in sorted(&capture).into_iter().enumerate() {
            // What is wanted is left out behind the decoders, which alone know dialects: of each
            // capture one is read for each wish apart, in turn.
            let passes = if dialect == number % 4 {
                Passes::PerWish
            } else {
                Passes::One
            };
            let sources = find_sources(&[files]).unwrap();
            check_directly(&sources, 1 + count % 2, &[None], passes);
            count += 1;
        }
    }
    assert_eq!(count, 36);
}

/// What is in a directory, in order of name, but for the truth.
fn sorted(dir: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut all: Vec<PathBuf> = all
        .filter(|path| path.file_name().unwrap() != "truth.json")
        .collect();
    all.sort();
    all
}

#[test]
fn all_captures_together_answer_as_their_lake() {
    let sources = find_sources(&[captures()]).unwrap();
    check_directly(&sources, 2, &[None], Passes::One);
}

/// A request of an agent that is only known by its service.
fn chat(members: &Value) -> Value {
    logs("claude-code", "any", &[(1.0, members.clone())])
}

#[test]
fn values_count_wherever_they_lie() {
    // Other records have taken the columns: the key has a side column, or none at all.
    let number = json!({"event.name": "else", "model": 7, "input.tokens": "x"});
    let request = json!({
        "event.name": "api_request",
        "model": "opus",
        "session.id": "s",
        "request_id": "r",
        "input_tokens": 5,
    });
    let lake = lake_of(&[chat(&number), chat(&request)]);
    let report = tokens(&lake, &[Dimension::Model], Selection::default());
    let row = report.row_to_json(&report.rows[0]);
    assert_eq!(
        (&row["model"], &row["input_tokens"]),
        (&json!("opus"), &json!(5))
    );
}

#[test]
fn captures_begin_with_what_nobody_wants() {
    // The span is in no report; the series starts a minute and more after it.
    let span = |start: u64| {
        json!({"resourceSpans": [{
            "resource": resource("claude-code"),
            "scopeSpans": [{"scope": {"name": "x"}, "spans": [{
                "traceId": "0102030405060708090a0b0c0d0e0f10",
                "spanId": "0102030405060708",
                "name": "nothing",
                "startTimeUnixNano": start.to_string(),
                "endTimeUnixNano": start.to_string(),
            }]}],
        }]})
    };
    let begin = crate::otlp::at(0.0);
    let point = json!({
        "attributes": attributes(&json!({"type": "input", "model": "opus"})),
        "startTimeUnixNano": (begin + 100_000_000_000).to_string(),
        "timeUnixNano": (begin + 400_000_000_000).to_string(),
        "asInt": "9",
    });
    let metric = json!({"resourceMetrics": [{
        "resource": resource("claude-code"),
        "scopeMetrics": [{"scope": {"name": "x"}, "metrics": [{
            "name": "claude_code.token.usage",
            "sum": {
                "aggregationTemporality": 2,
                "isMonotonic": true,
                "dataPoints": [point],
            },
        }]}],
    }]});
    let total = |requests: &[Value]| {
        let report = tokens(&lake_of(requests), &[], Selection::default());
        report
            .rows
            .first()
            .map(|row| report.row_to_json(row)["total_tokens"].clone())
    };
    assert_eq!(total(&[metric.clone(), span(begin)]), Some(json!(9)));
    assert_eq!(total(&[metric, span(begin + 300_000_000_000)]), None);
}
