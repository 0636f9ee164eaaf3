//! Codex in forms that the real captures lack.

use crate::agents::check;
use crate::otlp::{DELTA, Span, histogram, logs, spans, sum};
use crate::support::{cost, first_row, lake_of, noted, only, tokens};
use otolith_report::{Dimension, Selection, Signal};
use serde_json::{Value, json};

const BY: [Dimension; 2] = [Dimension::Agent, Dimension::Model];

fn codex_event(kind: &str, members: &Value) -> Value {
    let mut all = json!({
        "event.name": kind, "conversation.id": "c1", "model": "gpt-5", "slug": "gpt-5",
    });
    for (key, value) in members.as_object().unwrap() {
        all[key] = value.clone();
    }
    all
}

#[test]
fn codex_counts_completed_responses_that_have_numbers() {
    let counts = json!({
        "event.kind": "response.completed", "input_token_count": "1000",
        "output_token_count": "60", "cached_token_count": 1200, "reasoning_token_count": 40,
        "tool_token_count": "1060",
    });
    let plain = json!({"event.kind": "response.completed", "duration_ms": "12"});
    let records = [
        (1.0, codex_event("codex.sse_event", &plain)),
        (1.0, codex_event("codex.sse_event", &counts)),
    ];
    let lake = lake_of(&[logs("codex_cli_rs", "codex_otel.log_only", &records)]);
    let report = tokens(&lake, &BY, Selection::default());
    // More cached than input is a fault of the sender: nothing goes below 0.
    assert_eq!(
        first_row(&report),
        json!({
            "agent": "codex", "model": "gpt-5",
            "input_tokens": 0, "cache_read_tokens": 1200, "cache_creation_tokens": null,
            "output_tokens": 60, "reasoning_tokens": 40, "total_tokens": 1260,
            "source": "log codex.sse_event",
        })
    );
    assert_eq!(noted(&report, "negative_class"), 1);
}

#[test]
fn codex_cost_comes_from_its_metric_and_tokens_from_its_logs() {
    let counts = json!({
        "event.kind": "response.completed", "input_token_count": "1000",
        "output_token_count": "60",
    });
    let members = json!({"model": "gpt-5", "conversation.id": "c1", "turn.id": "t1"});
    let requests = [
        logs(
            "codex_cli_rs",
            "codex_otel.log_only",
            &[(1.0, codex_event("codex.sse_event", &counts))],
        ),
        sum(
            "codex_cli_rs",
            "codex",
            "codex.turn.cost_microusd",
            DELTA,
            &[(0.5, 2.0, 1234.0, members)],
        ),
    ];
    let lake = lake_of(&requests);
    let report = cost(&lake, &BY, Selection::default());
    assert_eq!(report.rows.len(), 1);
    assert_eq!(first_row(&report)["cost_usd"], json!(0.001_234));
    assert_eq!(
        first_row(&report)["source"],
        json!("metric codex.turn.cost_microusd"),
        "a source that told no cost is not named"
    );
    let report_of_tokens = tokens(&lake, &BY, Selection::default());
    assert_eq!(
        first_row(&report_of_tokens)["source"],
        json!("log codex.sse_event")
    );
    assert_eq!(noted(&report, "unpriced_model"), 0);
    let metrics_only = cost(&lake, &BY, only(Signal::Metrics));
    assert_eq!(first_row(&metrics_only)["cost_usd"], json!(0.001_234));
}

#[test]
fn codex_metrics_count_their_sums_without_the_total() {
    let point = |class: &str, value| {
        let members = json!({"token_type": class, "model": "gpt-5", "service_name": "codex"});
        (1.0, 2.0, value, members)
    };
    let points = [
        point("total", 1100.0),
        point("input", 1000.0),
        point("cached_input", 300.0),
        point("cache_write_input", 200.0),
        point("output", 100.0),
        point("reasoning_output", 60.0),
    ];
    let metric = histogram(
        "codex_exec",
        "codex",
        "codex.turn.token_usage",
        DELTA,
        &points,
    );
    check(
        &[metric],
        Selection::default(),
        &json!({
            "agent": "codex", "model": "gpt-5",
            "input_tokens": 500, "cache_read_tokens": 300, "cache_creation_tokens": 200,
            "output_tokens": 100, "reasoning_tokens": 60, "total_tokens": 1100,
            "source": "metric codex.turn.token_usage",
        }),
    );
}

#[test]
fn codex_spans_of_turns_and_of_responses_count_once() {
    let response = |id| Span {
        name: "completed",
        id,
        parent: 1,
        start: 1.0,
        end: 2.0,
        error: false,
        members: json!({
            "gen_ai.usage.input_tokens": 500, "gen_ai.usage.cache_read.input_tokens": 100,
            "gen_ai.usage.output_tokens": 20, "codex.usage.reasoning_output_tokens": 5,
            "codex.usage.total_tokens": 520, "model": "gpt-5",
        }),
    };
    let turn = Span {
        name: "session_task.turn",
        id: 1,
        parent: 0,
        start: 0.5,
        end: 3.0,
        error: false,
        members: json!({
            "codex.turn.token_usage.input_tokens": 1000,
            "codex.turn.token_usage.cached_input_tokens": 200,
            "codex.turn.token_usage.output_tokens": 40,
            "codex.turn.token_usage.reasoning_output_tokens": 10,
            "codex.turn.token_usage.total_tokens": 1040, "model": "gpt-5",
        }),
    };
    let expected = |source: &str| {
        json!({
            "agent": "codex", "model": "gpt-5",
            "input_tokens": 800, "cache_read_tokens": 200, "cache_creation_tokens": null,
            "output_tokens": 40, "reasoning_tokens": 10, "total_tokens": 1040,
            "source": source,
        })
    };
    let both = [turn, response(2), response(3)];
    let request = spans("codex_exec", "codex_otel", &both);
    check(
        &[request],
        Selection::default(),
        &expected("span session_task.turn"),
    );
    let request = spans("codex_exec", "codex_otel", &both[1..]);
    check(
        &[request],
        Selection::default(),
        &expected("span handle_responses"),
    );
}
