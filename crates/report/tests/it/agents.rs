//! Agents of which there is no real capture yet, and the odd forms of those there are.

use crate::otlp::{CUMULATIVE, DELTA, Span, histogram, logs, spans, sum};
use crate::support::{cost, first_row, lake_of, noted, only, tokens};
use otolith_report::{Dimension, Duplicates, Selection, Signal, SummaryQuery, ToolsQuery};
use serde_json::{Value, json};

const BY: [Dimension; 2] = [Dimension::Agent, Dimension::Model];

/// Converts requests and compares the only row of `tokens`.
fn check(requests: &[Value], selection: Selection, expected: &Value) {
    let lake = lake_of(requests);
    let report = tokens(&lake, &BY, selection);
    assert_eq!(report.rows.len(), 1, "{:?}", report.rows);
    assert_eq!(first_row(&report), *expected);
}

fn gemini_response() -> Value {
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
    let tokens = json!({
        "event.kind": "response.completed", "input_token_count": "1000",
        "output_token_count": "60", "cached_token_count": 1200, "reasoning_token_count": 40,
        "tool_token_count": "1060",
    });
    let plain = json!({"event.kind": "response.completed", "duration_ms": "12"});
    let records = [
        (1.0, codex_event("codex.sse_event", &plain)),
        (1.0, codex_event("codex.sse_event", &tokens)),
    ];
    let lake = lake_of(&[logs("codex_cli_rs", "codex_otel.log_only", &records)]);
    let report = crate::support::tokens(&lake, &BY, Selection::default());
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
    let tokens = json!({
        "event.kind": "response.completed", "input_token_count": "1000",
        "output_token_count": "60",
    });
    let members = json!({"model": "gpt-5", "conversation.id": "c1", "turn.id": "t1"});
    let requests = [
        logs(
            "codex_cli_rs",
            "codex_otel.log_only",
            &[(1.0, codex_event("codex.sse_event", &tokens))],
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
    assert_eq!(noted(&report, "unpriced_model"), 0);
    let metrics_only = cost(&lake, &BY, only(Signal::Metrics));
    assert_eq!(first_row(&metrics_only)["cost_usd"], json!(0.001_234));
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
    let time = |seconds| Some(i64::try_from(crate::otlp::at(seconds)).unwrap());
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
