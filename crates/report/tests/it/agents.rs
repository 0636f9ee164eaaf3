//! Agents of which there is no real capture yet.

use crate::otlp::{CUMULATIVE, DELTA, Span, histogram, logs, spans, sum};
use crate::support::{cost, first_row, lake_of, noted, tokens};
use otolith_report::{Dimension, Selection, SummaryQuery};
use serde_json::{Value, json};

const BY: [Dimension; 2] = [Dimension::Agent, Dimension::Model];

/// Converts requests and compares the only row of `tokens`.
pub fn check(requests: &[Value], selection: Selection, expected: &Value) {
    let lake = lake_of(requests);
    let report = tokens(&lake, &BY, selection);
    assert_eq!(report.rows.len(), 1, "{:?}", report.rows);
    assert_eq!(first_row(&report), *expected);
}

pub fn gemini_response() -> Value {
    logs(
        "gemini-cli",
        "gemini-cli",
        &[
            (
                1.0,
                json!({
                    "event.name": "gemini_cli.api_response",
                    "session.id": "s1",
                    "model": "gemini-3-pro",
                    "input_token_count": 1000,
                    "cached_content_token_count": 400,
                    "output_token_count": 50,
                    "thoughts_token_count": 30,
                    "tool_token_count": 7,
                    "total_token_count": 1087,
                    "duration_ms": 1200,
                    "prompt_id": "p1",
                }),
            ),
            (
                1.0,
                json!({
                    // The same tokens again, by the conventions' event.
                    "event.name": "gen_ai.client.inference.operation.details",
                    "session.id": "s1",
                    "gen_ai.usage.input_tokens": 1000,
                    "gen_ai.usage.output_tokens": 50,
                }),
            ),
        ],
    )
}

fn gemini_tokens(source: &str) -> Value {
    json!({
        "agent": "gemini_cli", "model": "gemini-3-pro",
        "input_tokens": 600, "cache_read_tokens": 400, "cache_creation_tokens": null,
        "output_tokens": 80, "reasoning_tokens": 30, "total_tokens": 1080,
        "source": source,
    })
}

/// Gemini's metric: each class a series of its own, cumulative, exported twice.
fn gemini_metric() -> Value {
    let point = |time, class: &str, value| {
        let members = json!({"session.id": "s1", "model": "gemini-3-pro", "type": class});
        (0.5, time, value, members)
    };
    sum(
        "gemini-cli",
        "gemini-cli",
        "gemini_cli.token.usage",
        CUMULATIVE,
        &[
            point(10.0, "input", 600.0),
            point(10.0, "output", 20.0),
            point(20.0, "input", 1000.0),
            point(20.0, "output", 50.0),
            point(20.0, "cache", 400.0),
            point(20.0, "thought", 30.0),
        ],
    )
}

#[test]
fn gemini_output_excludes_thoughts_and_input_includes_cache() {
    let expected = gemini_tokens("log gemini_cli.api_response");
    check(&[gemini_response()], Selection::default(), &expected);
    // Logs win over the metric, and nothing is added.
    check(
        &[gemini_metric(), gemini_response()],
        Selection::default(),
        &expected,
    );
}

#[test]
fn gemini_metrics_stand_in_where_there_are_no_logs() {
    // A log of another kind shows that the capture began before the series.
    let begin = logs(
        "gemini-cli",
        "gemini-cli",
        &[(
            0.1,
            json!({
                "event.name": "gemini_cli.config", "session.id": "s1",
            }),
        )],
    );
    let expected = gemini_tokens("metric gemini_cli.token.usage");
    check(&[begin, gemini_metric()], Selection::default(), &expected);
}

#[test]
fn gemini_has_no_cost_and_says_so() {
    let lake = lake_of(&[gemini_response()]);
    let report = cost(&lake, &BY, Selection::default());
    assert_eq!(first_row(&report)["cost_usd"], Value::Null);
    assert_eq!(noted(&report, "unpriced_model"), 1);
    let note = report
        .notes
        .iter()
        .find(|n| n.code.as_str() == "unpriced_model");
    assert!(note.unwrap().text.starts_with("gemini_cli, gemini-3-pro: "));
}

fn qwen(members: &Value) -> Value {
    let mut all = json!({
        "event.name": "qwen-code.api_response", "session.id": "s1", "model": "qwen3-coder",
        "response_id": "r1", "input_token_count": 1000, "cached_content_token_count": 100,
    });
    for (key, value) in members.as_object().unwrap() {
        all[key] = value.clone();
    }
    all
}

fn qwen_tokens(output: u64, reasoning: u64, source: &str) -> Value {
    json!({
        "agent": "qwen_code", "model": "qwen3-coder",
        "input_tokens": 900, "cache_read_tokens": 100, "cache_creation_tokens": null,
        "output_tokens": output, "reasoning_tokens": reasoning,
        "total_tokens": 1000 + output, "source": source,
    })
}

#[test]
fn qwen_output_follows_its_rule() {
    let cases = [
        // The total decides.
        (
            json!({"output_token_count": 80, "thoughts_token_count": 30, "total_token_count": 1080}),
            80,
            30,
        ),
        (
            json!({"output_token_count": 50, "thoughts_token_count": 30, "total_token_count": 1080}),
            80,
            30,
        ),
        // Without a useful total thoughts are inside output, unless they are more than it.
        (
            json!({"output_token_count": 80, "thoughts_token_count": 30, "total_token_count": 7}),
            80,
            30,
        ),
        (
            json!({"output_token_count": 80, "thoughts_token_count": 30}),
            80,
            30,
        ),
        (
            json!({"output_token_count": 20, "thoughts_token_count": 30}),
            50,
            30,
        ),
    ];
    for (members, output, reasoning) in cases {
        let request = logs("qwen-code", "qwen-code", &[(1.0, qwen(&members))]);
        let expected = qwen_tokens(output, reasoning, "log qwen-code.api_response");
        check(&[request], Selection::default(), &expected);
    }
}

#[test]
fn qwen_events_sent_as_spans_count_where_logs_are_absent() {
    let counts = json!({
        "output_token_count": 80, "thoughts_token_count": 30, "total_token_count": 1080,
    });
    let mut members = qwen(&counts);
    members["log.bridge"] = json!(true);
    let bridge = Span {
        name: "qwen-code.api_response",
        id: 1,
        parent: 0,
        start: 1.0,
        end: 2.0,
        error: false,
        members,
    };
    let request = spans("qwen-code", "qwen-code", &[bridge]);
    let expected = qwen_tokens(80, 30, "span qwen-code.api_response");
    check(
        std::slice::from_ref(&request),
        Selection::default(),
        &expected,
    );
    let log = logs("qwen-code", "qwen-code", &[(1.0, qwen(&counts))]);
    let expected = qwen_tokens(80, 30, "log qwen-code.api_response");
    check(&[request, log], Selection::default(), &expected);
}

#[test]
fn qwen_errors_sent_as_spans_are_errors() {
    let bridge = |id, name, event: &str| Span {
        name,
        id,
        parent: 0,
        start: 1.0,
        end: 2.0,
        error: false,
        members: json!({
            "event.name": event, "session.id": "s1", "model": "qwen3-coder", "log.bridge": true,
        }),
    };
    let lake = lake_of(&[spans(
        "qwen-code",
        "qwen-code",
        &[
            bridge(1, "qwen-code.api_response", "qwen-code.api_response"),
            bridge(2, "qwen-code.api_error", "qwen-code.api_error"),
        ],
    )]);
    let report = otolith_report::summary(&lake, &SummaryQuery::default()).unwrap();
    let row = first_row(&report);
    assert_eq!(
        (&row["api_requests"], &row["api_errors"]),
        (&json!(1), &json!(1))
    );
}

#[test]
fn qwen_requests_stand_in_where_there_are_no_events() {
    let request = Span {
        name: "qwen-code.llm_request",
        id: 1,
        parent: 0,
        start: 1.0,
        end: 2.0,
        error: false,
        members: json!({
            "session.id": "s1", "gen_ai.request.model": "qwen3-coder",
            "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 80,
            "gen_ai.usage.cache_read.input_tokens": 100, "thoughts_token_count": 30,
        }),
    };
    let expected = qwen_tokens(80, 30, "span qwen-code.llm_request");
    check(
        &[spans("qwen-code", "qwen-code.tracing", &[request])],
        Selection::default(),
        &expected,
    );
}

/// An agent span with the sum of two chats below it, as Copilot sends it.
fn chat_spans() -> [Span; 3] {
    let chat = |id, response: &str, input: u64, output: u64| Span {
        name: "chat gpt-5.1",
        id,
        parent: 1,
        start: 1.0,
        end: 2.0,
        error: false,
        members: json!({
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
            "gen_ai.conversation.id": "c1", "gen_ai.request.model": "gpt-5.1",
            "gen_ai.response.model": "gpt-5.1", "gen_ai.response.id": response,
            "gen_ai.usage.input_tokens": input, "gen_ai.usage.output_tokens": output,
            "gen_ai.usage.cache_read.input_tokens": 10,
        }),
    };
    let agent = Span {
        name: "invoke_agent GitHub Copilot",
        id: 1,
        parent: 0,
        start: 0.5,
        end: 3.0,
        error: false,
        members: json!({
            "gen_ai.operation.name": "invoke_agent", "gen_ai.conversation.id": "c1",
            "gen_ai.usage.input_tokens": 300, "gen_ai.usage.output_tokens": 30,
        }),
    };
    [agent, chat(2, "r1", 100, 10), chat(3, "r2", 200, 20)]
}

fn chat_tokens(agent: &str, source: &str) -> Value {
    json!({
        "agent": agent, "model": "gpt-5.1",
        "input_tokens": 280, "cache_read_tokens": 20, "cache_creation_tokens": null,
        "output_tokens": 30, "reasoning_tokens": null, "total_tokens": 330,
        "source": source,
    })
}

#[test]
fn copilot_counts_leaf_chats_only() {
    let metric = histogram(
        "github-copilot",
        "github.copilot",
        "gen_ai.client.token.usage",
        CUMULATIVE,
        &[(
            0.9,
            5.0,
            300.0,
            json!({
                "gen_ai.token.type": "input", "gen_ai.response.model": "gpt-5.1",
            }),
        )],
    );
    let requests = [
        spans("github-copilot", "github.copilot", &chat_spans()),
        metric,
    ];
    let expected = chat_tokens("copilot_cli", "span chat");
    check(&requests, Selection::default(), &expected);
    let requests = [spans("copilot-chat", "copilot-chat", &chat_spans())];
    let expected = chat_tokens("copilot_vscode", "span chat");
    check(&requests, Selection::default(), &expected);
}

#[test]
fn an_unknown_agent_by_the_conventions_is_its_service() {
    let expected = chat_tokens("my-bot", "span inference");
    check(
        &[spans("my-bot", "lib", &chat_spans())],
        Selection::default(),
        &expected,
    );
}

#[test]
fn an_inference_span_around_another_is_a_roll_up() {
    let [_, mut outer, mut inner] = chat_spans();
    outer.parent = 0;
    inner.parent = outer.id;
    let lake = lake_of(&[spans("my-bot", "lib", &[outer, inner])]);
    let report = tokens(&lake, &BY, Selection::default());
    assert_eq!(first_row(&report)["total_tokens"], json!(220));
}

#[test]
fn counters_and_histograms_of_one_name_are_told_apart_by_kind() {
    let names = ["input_tokens", "output_tokens", "cache_read.input_tokens"];
    let metric = |name: &str, value: f64| {
        let name = format!("gen_ai.client.inference.usage.{name}");
        let members = json!({"gen_ai.request.model": "m"});
        sum("my-bot", "lib", &name, DELTA, &[(1.0, 2.0, value, members)])
    };
    let amounts = [100.0, 10.0, 40.0];
    let requests: Vec<Value> = names
        .iter()
        .zip(amounts)
        .map(|(n, a)| metric(n, a))
        .collect();
    check(
        &requests,
        Selection::default(),
        &json!({
            "agent": "my-bot", "model": "m",
            "input_tokens": 60, "cache_read_tokens": 40, "cache_creation_tokens": null,
            "output_tokens": 10, "reasoning_tokens": null, "total_tokens": 110,
            "source": "metric gen_ai.client.inference.usage",
        }),
    );
}

#[test]
fn histograms_of_operations_stand_in_for_usage_counters() {
    let metric = |name: &str, value: f64| {
        let name = format!("gen_ai.client.inference.operation.{name}");
        let members = json!({"gen_ai.request.model": "m"});
        histogram("my-bot", "lib", &name, DELTA, &[(1.0, 2.0, value, members)])
    };
    let requests = [metric("input_tokens", 100.0), metric("output_tokens", 10.0)];
    check(
        &requests,
        Selection::default(),
        &json!({
            "agent": "my-bot", "model": "m",
            "input_tokens": 100, "cache_read_tokens": null, "cache_creation_tokens": null,
            "output_tokens": 10, "reasoning_tokens": null, "total_tokens": 110,
            "source": "histogram gen_ai.client.inference.operation",
        }),
    );
}

/// Fields of a draft in which histograms had the names of today's counters.
#[test]
fn a_draft_s_histograms_count_by_their_sums() {
    let name = "gen_ai.client.inference.usage.input_tokens";
    let members = json!({"gen_ai.request.model": "m"});
    let points = [(1.0, 2.0, 70.0, members.clone()), (2.0, 3.0, 30.0, members)];
    let lake = lake_of(&[histogram("my-bot", "lib", name, DELTA, &points)]);
    let row = first_row(&tokens(&lake, &BY, Selection::default()));
    assert_eq!(row["input_tokens"], json!(100));
    assert_eq!(
        row["source"],
        json!("histogram gen_ai.client.inference.usage")
    );
}
