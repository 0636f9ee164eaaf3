//! What agents did: tool calls, sessions, errors and prompts, of real captures by their truth.

use crate::otlp::{CUMULATIVE, DELTA, Span, histogram, logs, spans, sum};
use crate::support::{
    TestLake, captures, check, cost, lake_of, lake_of_files, noted, numbers, sessions_query, tokens,
};
use otolith_report::{
    Cell, CoverageQuery, Data, Dimension, ErrorsQuery, PromptQuery, Report, Selection, Signal,
    ToolCallsQuery,
};
use otolith_tables::Wanted;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

type Ask = fn(Data<'_>, &Selection) -> Report;
type Want = fn(Option<Signal>) -> Wanted;

/// Reports that want more of captures than those of usage do, with what they want.
pub const ASKED: [(Want, Ask); 4] = [
    (otolith_report::sessions_wanted, |data, selection| {
        otolith_report::sessions(data, &sessions_query(selection.clone())).unwrap()
    }),
    (otolith_report::errors_wanted, |data, selection| {
        let selection = selection.clone();
        otolith_report::errors(data, &ErrorsQuery { selection }).unwrap()
    }),
    (otolith_report::coverage_wanted, |data, selection| {
        let query = CoverageQuery {
            gap_nanos: 500_000_000,
            selection: selection.clone(),
        };
        otolith_report::coverage(data, &query).unwrap()
    }),
    (otolith_report::prompt_wanted, |data, selection| {
        // Two prompts of which a tool call tells; "p" is a hand-written one.
        let mut ids = BTreeSet::from(["p".to_owned()]);
        let query = ToolCallsQuery {
            selection: selection.clone(),
        };
        let calls = otolith_report::tool_calls(data, &query).unwrap();
        ids.extend(texts(&calls, "prompt_id").into_iter().take(2));
        let of = |id: String| {
            let selection = selection.clone();
            otolith_report::prompt(data, &PromptQuery { id, selection }).unwrap()
        };
        let reports = ids.into_iter().map(of);
        let all = reports.reduce(|mut all, report| {
            all.rows.extend(report.rows);
            all
        });
        all.unwrap()
    }),
];

fn texts(report: &Report, column: &str) -> Vec<String> {
    let cells = (0..report.rows.len()).filter_map(|row| match report.cell(row, column) {
        Some(Cell::Text(text)) => Some(text.clone()),
        _ => None,
    });
    cells.collect()
}

/// The times of rows that begin with one.
fn times(report: &Report) -> Vec<i64> {
    let times = report.rows.iter().map(|row| match row[0] {
        Cell::Time(nanos) => nanos,
        _ => panic!("a row begins with a time"),
    });
    times.collect()
}

fn tool_calls(lake: &TestLake) -> Report {
    otolith_report::tool_calls(lake, &ToolCallsQuery::default()).unwrap()
}

fn sessions(lake: &TestLake) -> Report {
    otolith_report::sessions(lake, &sessions_query(Selection::default())).unwrap()
}

fn errors(lake: &TestLake) -> Report {
    otolith_report::errors(lake, &ErrorsQuery::default()).unwrap()
}

fn prompt(lake: &TestLake, id: &str) -> Report {
    let query = PromptQuery {
        id: id.to_owned(),
        selection: Selection::default(),
    };
    otolith_report::prompt(lake, &query).unwrap()
}

/// Each capture of coding agents, with its truth.
fn each_capture(test: impl Fn(&TestLake, &Value, &str)) {
    let truth = std::fs::read(captures().join("truth.json")).unwrap();
    let truth: Value = serde_json::from_slice(&truth).unwrap();
    for name in [
        "claude-http",
        "claude-grpc",
        "claude-json",
        "codex-on",
        "codex-off",
        "codex-grpc",
        "mix-dev",
    ] {
        let lake = lake_of_files(&captures().join(name).join("file-exporter"));
        test(&lake, &truth[name], name);
    }
}

/// Lines of a capture's truth for either agent, by agent and the parts of their keys that are
/// taken.
fn truth_of(
    truth: &Value,
    lines: [(&str, &str); 2],
    take: impl Fn(&str, &[&str]) -> Option<String>,
) -> BTreeMap<String, f64> {
    let mut found = BTreeMap::new();
    for (agent, line) in lines {
        for (key, count) in truth["domain"][line].as_object().into_iter().flatten() {
            let parts: Vec<&str> = key.split(" | ").collect();
            if let Some(key) = take(agent, &parts) {
                *found.entry(key).or_insert(0.0) += count.as_f64().unwrap();
            }
        }
    }
    found
}

/// How many rows have each combination of texts.
fn counts(report: &Report, keys: &[&str]) -> BTreeMap<String, f64> {
    let mut found = BTreeMap::new();
    for row in 0..report.rows.len() {
        let text = |key: &&str| match report.cell(row, key).unwrap() {
            Cell::Text(text) => text.clone(),
            other => other.to_json().to_string(),
        };
        let key: Vec<String> = keys.iter().map(text).collect();
        *found.entry(key.join(" | ")).or_insert(0.0) += 1.0;
    }
    found
}

/// One column summed over rows by the texts of another.
fn sums(report: &Report, key: &str, column: &str) -> BTreeMap<String, f64> {
    let mut found = BTreeMap::new();
    for row in 0..report.rows.len() {
        let Cell::Text(key) = report.cell(row, key).unwrap() else {
            continue;
        };
        if let Some(number) = report.cell(row, column).unwrap().to_json().as_f64() {
            *found.entry(key.clone()).or_insert(0.0) += number;
        }
    }
    found
}

const TOOL_RESULTS: [(&str, &str); 2] = [
    ("claude_code", "log tool_result count by tool_name, success"),
    ("codex", "log codex.tool_result count by tool_name, success"),
];

#[test]
fn each_tool_call_of_the_truth_is_a_row() {
    each_capture(|lake, truth, name| {
        let report = tool_calls(lake);
        let expected = truth_of(truth, TOOL_RESULTS, |agent, parts| {
            let outcome = if parts[1] == "true" {
                "success"
            } else {
                "error"
            };
            Some(format!("{agent} | {} | {outcome}", parts[0]))
        });
        assert_eq!(
            counts(&report, &["agent", "tool", "outcome"]),
            expected,
            "{name}"
        );
        let line = "log tool_result sum of duration_ms by tool_name";
        let expected = truth_of(truth, [("", line), ("", "")], |_, parts| {
            Some(parts[0].to_owned())
        });
        let mut found = sums(&report, "tool", "duration_ms");
        // The truth has no durations of Codex.
        found.retain(|tool, _| tool != "exec_command");
        check(&found, &expected, name);
        let ids: BTreeSet<_> = texts(&report, "tool_call_id").into_iter().collect();
        assert_eq!(ids.len(), report.rows.len(), "{name}");
        assert!(times(&report).is_sorted(), "{name}");
    });
}

#[test]
fn errors_are_those_of_the_truth_and_of_the_api() {
    each_capture(|lake, truth, name| {
        let report = errors(lake);
        let lines = [
            ("claude_code", "log api_error count by model, status_code"),
            (
                "codex",
                "log codex.api_request count by model, http.response.status_code",
            ),
        ];
        let expected = truth_of(truth, lines, |agent, parts| {
            (parts[1] != "200").then(|| format!("{agent} | {} | {}", parts[0], parts[1]))
        });
        let mut found = numbers(&report, &["agent", "model", "status"], "errors");
        found.retain(|_, errors| *errors > 0.0);
        assert_eq!(found, expected, "{name}");
        // Claude Code tells of requests that were answered in the end only how often it tried: as
        // often as the API refused it.
        let refused = truth["api_answers"].as_object().unwrap().iter();
        let refused = refused.filter(|(key, _)| {
            key.starts_with("messages |") && (key.ends_with("429") || key.ends_with("500"))
        });
        let refused: f64 = refused.map(|(_, a)| a["requests"].as_f64().unwrap()).sum();
        let retries = sums(&report, "agent", "retries");
        assert_eq!(
            retries.get("claude_code").copied().unwrap_or(0.0),
            refused,
            "{name}"
        );
    });
}

#[test]
fn sessions_add_up_to_the_truth_and_to_other_reports() {
    each_capture(|lake, truth, name| {
        let report = sessions(lake);
        if name == "claude-json" {
            // It was recorded without ids of sessions.
            assert!(report.rows.is_empty() && noted(&report, "no_session") > 0);
            return;
        }
        let expected = truth_of(truth, TOOL_RESULTS, |agent, _| Some(agent.to_owned()));
        assert_eq!(sums(&report, "agent", "tool_calls"), expected, "{name}");
        let all = tokens(lake, &[Dimension::Agent], Selection::default());
        for column in ["input_tokens", "output_tokens", "total_tokens"] {
            let expected = numbers(&all, &["agent"], column);
            assert_eq!(sums(&report, "agent", column), expected, "{name} {column}");
        }
        let all = cost(lake, &[Dimension::Agent], Selection::default());
        for column in [
            "cost_usd",
            "estimated_cost_usd",
            "estimated_cost_low_usd",
            "estimated_cost_high_usd",
        ] {
            let expected = numbers(&all, &["agent"], column);
            check(&sums(&report, "agent", column), &expected, name);
        }
        assert!(!sums(&report, "agent", "estimated_cost_usd").is_empty());
        for row in 0..report.rows.len() {
            let Some(Cell::Double(length)) = report.cell(row, "length_s") else {
                panic!("{name}: a session has a length");
            };
            assert!((0.0..60.0).contains(length), "{name}: {length}");
        }
    });
}

#[test]
fn the_events_of_prompts_add_up_to_their_sessions() {
    let lake = lake_of_files(&captures().join("claude-http/file-exporter"));
    let calls = tool_calls(&lake);
    let mut found: BTreeMap<String, f64> = BTreeMap::new();
    let mut events = 0;
    for id in texts(&calls, "prompt_id")
        .into_iter()
        .collect::<BTreeSet<_>>()
    {
        let report = prompt(&lake, &id);
        events += report.rows.len();
        assert_eq!(texts(&report, "event")[0], "user_prompt");
        for (session, dollars) in sums(&report, "session", "cost_usd") {
            *found.entry(session).or_insert(0.0) += dollars;
        }
        assert!(times(&report).is_sorted());
    }
    let expected = numbers(
        &cost(&lake, &[Dimension::Session], Selection::default()),
        &["session"],
        "cost_usd",
    );
    check(&found, &expected, "cost");
    // All that name a prompt, but for the two of the run that failed and called no tool.
    assert_eq!(events, 56);
    assert!(prompt(&lake, "nothing").rows.is_empty());
}

#[test]
fn a_count_is_zero_only_where_it_would_be_told() {
    let request = json!({"event.name": "api_request", "session.id": "logs", "model": "opus",
        "request_id": "r", "input_tokens": 5, "duration_ms": 1_000});
    let point = (
        1.0,
        5.0,
        7.0,
        json!({"type": "input", "session.id": "points", "model": "opus"}),
    );
    let report = sessions(&lake_of(&[
        logs("claude-code", "any", &[(10.0, request)]),
        sum(
            "claude-code",
            "any",
            "claude_code.token.usage",
            DELTA,
            &[point],
        ),
    ]));
    let row = |index: usize| report.row_to_json(&report.rows[index]);
    let (points, logs) = (row(0), row(1));
    assert_eq!(points["session"], "points");
    assert_eq!(
        (&points["tool_calls"], &points["prompts"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        (&points["length_s"], &points["total_tokens"]),
        (&json!(4.0), &json!(7))
    );
    assert_eq!(
        (&logs["tool_calls"], &logs["prompts"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(
        (&logs["api_requests"], &logs["api_errors"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(noted(&report, "not_told"), 1 + 1 + 1 + 1 + 1 + 2);
}

#[test]
fn calls_that_are_only_counted_have_no_rows() {
    let point = (1.0, 5.0, 3.0, json!({"tool": "shell", "success": "true"}));
    let lake = lake_of(&[sum(
        "codex_exec",
        "any",
        "codex.tool.call",
        CUMULATIVE,
        &[point],
    )]);
    let report = tool_calls(&lake);
    assert!(report.rows.is_empty());
    assert_eq!(noted(&report, "only_counted"), 3);
    let tools = otolith_report::tools(&lake, &otolith_report::ToolsQuery::default()).unwrap();
    let row = tools.row_to_json(&tools.rows[0]);
    assert_eq!((&row["calls"], &row["p95_ms"]), (&json!(3), &Value::Null));
    assert_eq!(noted(&tools, "unknown_duration"), 3);
    // A histogram of durations counts no calls of the mapping.
    let lengths = histogram(
        "codex_exec",
        "any",
        "codex.tool.call.duration_ms",
        DELTA,
        &[(1.0, 5.0, 3.0, json!({"tool": "shell"}))],
    );
    assert!(tool_calls(&lake_of(&[lengths])).rows.is_empty());
}

#[test]
fn prompts_of_other_agents_are_found_by_their_keys() {
    let gemini = |members: Value| {
        let mut all = json!({"session.id": "s", "prompt_id": "p", "model": "flash"});
        all.as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        all
    };
    let lake = lake_of(&[
        logs(
            "gemini-cli",
            "gemini-cli",
            &[
                (1.0, gemini(json!({"event.name": "gemini_cli.user_prompt"}))),
                (
                    2.0,
                    gemini(
                        json!({"event.name": "gemini_cli.api_response", "input_token_count": 9,
                "output_token_count": 4, "cached_content_token_count": 2}),
                    ),
                ),
                // The same tokens again, under other keys.
                (
                    2.0,
                    gemini(
                        json!({"event.name": "gen_ai.client.inference.operation.details",
                "gen_ai.usage.input_tokens": 9}),
                    ),
                ),
                (
                    3.0,
                    gemini(
                        json!({"event.name": "gemini_cli.tool_call", "function_name": "ls",
                "success": true, "duration_ms": 5, "decision": "accept"}),
                    ),
                ),
                (
                    4.0,
                    json!({"event.name": "gemini_cli.user_prompt", "prompt_id": "q"}),
                ),
            ],
        ),
        spans(
            "copilot-chat",
            "copilot-chat",
            &[
                Span {
                    name: "invoke_agent a",
                    id: 1,
                    parent: 0,
                    start: 5.0,
                    end: 9.0,
                    error: false,
                    members: json!({"gen_ai.operation.name": "invoke_agent",
                    "copilot_chat.chat_session_id": "p", "gen_ai.usage.input_tokens": 8}),
                },
                Span {
                    name: "chat m",
                    id: 2,
                    parent: 1,
                    start: 6.0,
                    end: 7.0,
                    error: false,
                    members: json!({"gen_ai.operation.name": "chat",
                    "copilot_chat.chat_session_id": "p", "gen_ai.usage.input_tokens": 8}),
                },
            ],
        ),
    ]);
    let report = prompt(&lake, "p");
    assert_eq!(
        texts(&report, "event"),
        [
            "user_prompt",
            "api_response",
            "gen_ai.client.inference.operation.details",
            "tool_call",
            "invoke_agent a",
            "chat m",
        ]
    );
    let total: f64 = sums(&report, "agent", "total_tokens").values().sum();
    assert_eq!(total, 9.0 + 4.0 + 8.0);
}
