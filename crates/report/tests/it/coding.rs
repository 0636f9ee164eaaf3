//! Claude Code in forms that the real captures lack.

use crate::agents::{check, gemini_response};
use crate::otlp::{CUMULATIVE, DELTA, at, logs, sum};
use crate::support::{Passes, check_directly, cost, first_row, lake_of, noted, tokens};
use otolith_capture::Source;
use otolith_report::{Dimension, Duplicates, Selection, SummaryQuery, ToolsQuery};
use serde_json::{Value, json};

const BY: [Dimension; 2] = [Dimension::Agent, Dimension::Model];

fn api_request(sequence: u64, name: &str) -> Value {
    json!({
        "event.name": name, "event.sequence": sequence, "session.id": "s1",
        "user.email": "ada@example.org", "model": "claude-opus-4-7",
        // Before 2.1.122 every number came as text.
        "input_tokens": "100", "output_tokens": "10", "cache_read_tokens": "1000",
        "cache_creation_tokens": "50", "cost_usd": "0.0123", "duration_ms": "250",
    })
}

const CLAUDE_EVENTS: &str = "com.anthropic.claude_code.events";

fn claude_tokens(requests: u64) -> Value {
    json!({
        "agent": "claude_code", "model": "claude-opus-4-7",
        "input_tokens": 100 * requests, "cache_read_tokens": 1000 * requests,
        "cache_creation_tokens": 50 * requests, "output_tokens": 10 * requests,
        "reasoning_tokens": null, "total_tokens": 1160 * requests,
        "source": "log api_request",
    })
}

#[test]
fn claude_events_count_with_and_without_their_prefix() {
    let records = [
        (1.0, api_request(1, "api_request")),
        (2.0, api_request(2, "claude_code.api_request")),
    ];
    let request = logs("claude-code", CLAUDE_EVENTS, &records);
    check(&[request], Selection::default(), &claude_tokens(2));
    // Neither scope nor service tells, but the prefix does.
    let request = logs(
        "renamed",
        "",
        &[(2.0, api_request(2, "claude_code.api_request"))],
    );
    check(&[request], Selection::default(), &claude_tokens(1));
}

#[test]
fn repeated_requests_count_once_unless_told_otherwise() {
    let records = [
        (1.0, api_request(1, "api_request")),
        (1.0, api_request(1, "api_request")),
        // A continued session counts its events anew.
        (9.0, api_request(1, "api_request")),
    ];
    let lake = lake_of(&[logs("claude-code", CLAUDE_EVENTS, &records)]);
    let report = tokens(&lake, &BY, Selection::default());
    assert_eq!(first_row(&report), claude_tokens(2));
    assert_eq!(noted(&report, "duplicates_removed"), 1);
    let keep = Selection {
        duplicates: Duplicates::Keep,
        ..Selection::default()
    };
    let report = tokens(&lake, &BY, keep);
    assert_eq!(first_row(&report), claude_tokens(3));
    assert_eq!(noted(&report, "duplicates_kept"), 1);
}

#[test]
fn repeats_are_told_however_many_requests_lie_between() {
    const REQUESTS: u64 = 2_100;
    let request = |number: u64| (number as f64, api_request(number, "api_request"));
    // The first of all comes again at the end, and one of the middle.
    let numbers = (0..REQUESTS).chain([1_000, 0]);
    let records: Vec<(f64, Value)> = numbers.map(request).collect();
    let line = logs("claude-code", CLAUDE_EVENTS, &records).to_string();
    let sources = [Source::from_bytes("test.jsonl", line.into_bytes())];
    let lake = check_directly(&sources, 2, &[None], Passes::One);
    let report = tokens(&lake, &BY, Selection::default());
    assert_eq!(first_row(&report), claude_tokens(REQUESTS));
    assert_eq!(noted(&report, "duplicates_removed"), 2);
}

#[test]
fn notes_are_about_the_selected_time() {
    let records = [
        (1.0, api_request(1, "api_request")),
        (1.0, api_request(1, "api_request")),
        (5.0, api_request(2, "api_request")),
        (5.0, api_request(2, "api_request")),
        (5.0, api_request(2, "api_request")),
    ];
    let lake = lake_of(&[logs("claude-code", CLAUDE_EVENTS, &records)]);
    let since = |seconds: f64| Selection {
        since: Some(at(seconds).cast_signed()),
        ..Selection::default()
    };
    let removed = |seconds| noted(&tokens(&lake, &BY, since(seconds)), "duplicates_removed");
    assert_eq!([removed(0.0), removed(4.0), removed(6.0)], [3, 2, 0]);
}

#[test]
fn money_is_summed_without_rounding_errors() {
    let records: Vec<(f64, Value)> = (0..10)
        .map(|n| {
            (
                f64::from(n),
                api_request(u64::try_from(n).unwrap(), "api_request"),
            )
        })
        .collect();
    let lake = lake_of(&[logs("claude-code", CLAUDE_EVENTS, &records)]);
    let report = cost(&lake, &[Dimension::User], Selection::default());
    assert_eq!(first_row(&report)["user"], json!("ada@example.org"));
    assert_eq!(first_row(&report)["cost_usd"], json!(0.123));
    assert_eq!(noted(&report, "unpriced_model"), 0);
}

#[test]
fn claude_metrics_count_for_sessions_without_logs() {
    let point = |session: &str, value| {
        let members = json!({"session.id": session, "model": "claude-opus-4-7", "type": "input"});
        (4.0, 5.0, value, members)
    };
    let scope = "com.anthropic.claude_code";
    let points = [point("s1", 100.0), point("s2", 7.0)];
    let requests = [
        logs(
            "claude-code",
            CLAUDE_EVENTS,
            &[(4.5, api_request(1, "api_request"))],
        ),
        sum(
            "claude-code",
            scope,
            "claude_code.token.usage",
            DELTA,
            &points,
        ),
    ];
    let report = tokens(
        &lake_of(&requests),
        &[Dimension::Session],
        Selection::default(),
    );
    assert_eq!(
        report.row_to_json(&report.rows[0])["total_tokens"],
        json!(1160)
    );
    let second = report.row_to_json(&report.rows[1]);
    assert_eq!(second["session"], json!("s2"));
    assert_eq!(second["total_tokens"], json!(7));
    assert_eq!(second["source"], json!("metric claude_code.token.usage"));
}

#[test]
fn metrics_without_sessions_never_count_beside_logs_of_their_time() {
    let point = |time: f64| {
        (
            time - 1.0,
            time,
            100.0,
            json!({"model": "claude-opus-4-7", "type": "input"}),
        )
    };
    let scope = "com.anthropic.claude_code";
    let points = [point(60.0), point(90_000.0)];
    let requests = [
        logs(
            "claude-code",
            CLAUDE_EVENTS,
            &[(4.5, api_request(1, "api_request"))],
        ),
        sum(
            "claude-code",
            scope,
            "claude_code.token.usage",
            DELTA,
            &points,
        ),
    ];
    let report = tokens(&lake_of(&requests), &[Dimension::Day], Selection::default());
    let totals: Vec<Value> = (0..report.rows.len())
        .map(|row| report.cell(row, "total_tokens").unwrap().to_json())
        .collect();
    assert_eq!(totals, [json!(1160), json!(100)]);
    assert_eq!(noted(&report, "covered_by_better_source"), 1);
}

#[test]
fn logs_without_sessions_cover_metrics_of_their_time_only() {
    let mut record = api_request(1, "api_request");
    record.as_object_mut().unwrap().remove("session.id");
    let point = |time: f64| {
        (
            time - 1.0,
            time,
            100.0,
            json!({"model": "claude-opus-4-7", "type": "input"}),
        )
    };
    let points = [point(60.0), point(90_000.0)];
    let requests = [
        // Twice the same record, which has nothing but its content for an identity.
        logs(
            "claude-code",
            CLAUDE_EVENTS,
            &[(4.5, record.clone()), (4.5, record)],
        ),
        sum(
            "claude-code",
            "com.anthropic.claude_code",
            "claude_code.token.usage",
            DELTA,
            &points,
        ),
    ];
    let report = tokens(&lake_of(&requests), &[], Selection::default());
    assert_eq!(first_row(&report)["total_tokens"], json!(1260));
    assert_eq!(noted(&report, "duplicates_removed"), 1);
}

/// A continued session is another process on the same series; its first point starts anew.
#[test]
fn a_continued_session_counts_what_both_processes_counted() {
    let point = |start, time, value| {
        let members = json!({"session.id": "s1", "model": "m", "type": "output"});
        (start, time, value, members)
    };
    let points = [
        point(1.0, 60.0, 100.0),
        point(1.0, 120.0, 150.0),
        point(200.0, 260.0, 40.0),
        // Two processes at once, such as `claude -c` in two windows.
        point(1.0, 265.0, 160.0),
        point(200.0, 320.0, 70.0),
    ];
    let scope = "com.anthropic.claude_code";
    let lake = lake_of(&[sum(
        "claude-code",
        scope,
        "claude_code.token.usage",
        CUMULATIVE,
        &points,
    )]);
    let report = tokens(&lake, &BY, Selection::default());
    assert_eq!(first_row(&report)["output_tokens"], json!(230));
    assert_eq!(noted(&report, "counter_reset"), 0);
}

#[test]
fn rejected_tools_are_told_from_calls() {
    let tool = |event: &str, members: &Value| {
        let mut all = json!({"event.name": event, "session.id": "s1", "tool_name": "Bash"});
        for (key, value) in members.as_object().unwrap() {
            all[key] = value.clone();
        }
        all
    };
    let result = |id: &str, ms: &str| {
        tool(
            "tool_result",
            &json!({"tool_use_id": id, "success": "true", "duration_ms": ms}),
        )
    };
    let decision = |id: &str, decision: &str| {
        tool(
            "tool_decision",
            &json!({"tool_use_id": id, "decision": decision}),
        )
    };
    let records = [
        (1.0, decision("a", "accept")),
        (2.0, result("a", "10")),
        (3.0, result("b", "30")),
        (3.0, result("c", "20")),
        (
            4.0,
            tool(
                "tool_result",
                &json!({"tool_use_id": "d", "success": "false", "duration_ms": "40"}),
            ),
        ),
        (5.0, decision("e", "reject")),
    ];
    let lake = lake_of(&[logs("claude-code", CLAUDE_EVENTS, &records)]);
    let report = otolith_report::tools(&lake, &ToolsQuery::default()).unwrap();
    assert_eq!(
        first_row(&report),
        json!({
            "agent": "claude_code", "tool": "Bash", "calls": 4, "success": 3, "errors": 1,
            "success_rate": 0.75, "rejected": 1, "total_ms": 100.0, "mean_ms": 25.0, "p50_ms": 20.0,
            "p95_ms": 40.0, "max_ms": 40.0, "source": "log tool_decision, log tool_result",
        })
    );
}

#[test]
fn selection_narrows_by_time_and_service() {
    let records: Vec<(f64, Value)> = [1.0, 2.0, 3.0]
        .iter()
        .zip(1..)
        .map(|(time, n)| (*time, api_request(n, "api_request")))
        .collect();
    let lake = lake_of(&[logs("claude-code", CLAUDE_EVENTS, &records)]);
    let total = |selection: Selection| {
        let report = tokens(&lake, &BY, selection);
        report
            .rows
            .first()
            .map(|_| first_row(&report)["total_tokens"].clone())
    };
    let time = |seconds| Some(i64::try_from(at(seconds)).unwrap());
    let range = Selection {
        since: time(2.0),
        until: time(3.0),
        ..Selection::default()
    };
    assert_eq!(total(range), Some(json!(1160)));
    let service = |glob: &str| Selection {
        services: Some(otolith_report::Glob::new(glob)),
        ..Selection::default()
    };
    assert_eq!(total(service("claude*")), Some(json!(3480)));
    assert_eq!(total(service("codex*")), None);
}

#[test]
fn a_summary_has_a_sum_per_agent_and_of_all() {
    let requests = [
        logs(
            "claude-code",
            CLAUDE_EVENTS,
            &[(1.0, api_request(1, "api_request"))],
        ),
        gemini_response(),
    ];
    let report = otolith_report::summary(&lake_of(&requests), &SummaryQuery::default()).unwrap();
    let rows: Vec<Value> = report
        .rows
        .iter()
        .map(|row| report.row_to_json(row))
        .collect();
    let column = |name: &str| rows.iter().map(|r| r[name].clone()).collect::<Vec<_>>();
    assert_eq!(
        column("agent"),
        [
            "claude_code",
            "claude_code",
            "gemini_cli",
            "gemini_cli",
            "all"
        ]
    );
    assert_eq!(
        column("model"),
        ["claude-opus-4-7", "all", "gemini-3-pro", "all", "all"]
    );
    assert_eq!(column("total_tokens"), [1160, 1160, 1080, 1080, 2240]);
    let cost = json!(0.0123);
    assert_eq!(
        column("cost_usd"),
        [cost.clone(), cost.clone(), Value::Null, Value::Null, cost]
    );
    assert_eq!(column("api_time_s"), [0.25, 0.25, 1.2, 1.2, 1.45]);
}
