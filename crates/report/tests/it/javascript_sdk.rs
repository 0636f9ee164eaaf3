//! Dumps of the JavaScript SDK by agents, with numbers computed by hand from the scenarios in
//! `testdata/javascript-sdk/make`.

use crate::support::{Passes, check_directly, cost, lake_of_files, noted, tokens};
use otolith_capture::find_sources;
use otolith_report::{Dimension, Report, Selection, Signal, ToolsQuery};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const BY: [Dimension; 2] = [Dimension::Agent, Dimension::Model];

fn file(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/javascript-sdk");
    dir.join(name)
}

/// Some columns of all rows.
fn cells(report: &Report, columns: &[&str]) -> Vec<Vec<Value>> {
    let rows = report.rows.iter().map(|row| report.row_to_json(row));
    rows.map(|row| columns.iter().map(|name| row[*name].clone()).collect())
        .collect()
}

fn signal(signal: Option<Signal>) -> Selection {
    Selection {
        signal,
        ..Selection::default()
    }
}

/// Expects these tokens: agent, model, input, cache read and creation, output, reasoning, source.
#[track_caller]
fn check_tokens(name: &str, only: Option<Signal>, expected: &Value) {
    let lake = lake_of_files(&file(name));
    let columns = [
        "agent",
        "model",
        "input_tokens",
        "cache_read_tokens",
        "cache_creation_tokens",
        "output_tokens",
        "reasoning_tokens",
        "source",
    ];
    let report = tokens(&lake, &BY, signal(only));
    assert_eq!(json!(cells(&report, &columns)), *expected, "{name}");
}

/// Expects these calls: agent, tool, calls, success, errors, rejected, source.
#[track_caller]
fn check_tools(name: &str, only: Option<Signal>, expected: &Value) {
    let lake = lake_of_files(&file(name));
    let query = ToolsQuery {
        selection: signal(only),
    };
    let report = otolith_report::tools(&*lake, &query).unwrap();
    let columns = [
        "agent", "tool", "calls", "success", "errors", "rejected", "source",
    ];
    assert_eq!(json!(cells(&report, &columns)), *expected, "{name}");
}

#[test]
fn gemini_counts_responses_once_from_logs_or_metrics() {
    // 1200 - 200 + 1400 - 1100 input tokens; 80 + 40 + 60 + 25 output tokens and thoughts.
    let expected = |source: &str| {
        json!([
            [
                "gemini_cli",
                "gemini-2.5-flash",
                500,
                0,
                null,
                20,
                0,
                source
            ],
            [
                "gemini_cli",
                "gemini-2.5-pro",
                1300,
                1300,
                null,
                205,
                65,
                source
            ],
        ])
    };
    let (logs, metrics) = (
        "log gemini_cli.api_response",
        "metric gemini_cli.token.usage",
    );
    for name in ["gemini-cli/seen.json", "gemini-cli/otlp.jsonl"] {
        check_tokens(name, None, &expected(logs));
        check_tokens(name, Some(Signal::Logs), &expected(logs));
        check_tokens(name, Some(Signal::Metrics), &expected(metrics));
        check_tokens(name, Some(Signal::Traces), &json!([]));
    }
}

#[test]
fn gemini_counts_tools_from_logs_or_metrics() {
    let expected = |source: &str| {
        json!([
            ["gemini_cli", "read_file", 1, 1, 0, 0, source],
            ["gemini_cli", "run_shell_command", 1, 0, 1, 0, source],
            ["gemini_cli", "write_file", 0, null, null, 1, source],
        ])
    };
    let name = "gemini-cli/seen.json";
    check_tools(name, None, &expected("log gemini_cli.tool_call"));
    check_tools(
        name,
        Some(Signal::Metrics),
        &expected("metric gemini_cli.tool.call.count"),
    );
}

#[test]
fn gemini_reports_no_cost_and_list_prices_estimate_it() {
    let lake = lake_of_files(&file("gemini-cli/seen.json"));
    let report = cost(&lake, &BY, Selection::default());
    let rows = cells(&report, &["model", "cost_usd", "estimated_cost_usd"]);
    let pro = rows.iter().find(|row| row[0] == "gemini-2.5-pro");
    // Per million: 1.25 for input, 0.125 for what was cached, 10 for output and thoughts.
    let estimate = (1300.0 * 1.25 + 1300.0 * 0.125 + 205.0 * 10.0) / 1e6;
    assert_eq!(
        json!(pro),
        json!(["gemini-2.5-pro", null, estimate]),
        "{rows:?}"
    );
}

#[test]
fn qwen_counts_responses_and_tools() {
    let source = "log qwen-code.api_response";
    check_tokens(
        "qwen-code/ancestors.json",
        None,
        &json!([[
            "qwen_code",
            "qwen3-coder-plus",
            1200,
            5000,
            null,
            190,
            50,
            source
        ]]),
    );
    let source = "log qwen-code.tool_call";
    check_tools(
        "qwen-code/ancestors.json",
        None,
        &json!([
            ["qwen_code", "edit", 1, 0, 1, 0, source],
            ["qwen_code", "read_file", 1, 1, 0, 0, source],
        ]),
    );
}

#[test]
fn copilot_in_vs_code_counts_spans_and_not_their_metrics_or_sums() {
    let name = "copilot-chat/lines.jsonl";
    check_tokens(
        name,
        None,
        &json!([[
            "copilot_vscode",
            "gpt-5-2025-08-07",
            4000,
            5500,
            null,
            320,
            null,
            "span chat"
        ]]),
    );
    check_tokens(
        name,
        Some(Signal::Metrics),
        &json!([[
            "copilot_vscode",
            "gpt-5",
            9500,
            null,
            null,
            320,
            null,
            "metric gen_ai.client.token.usage"
        ]]),
    );
    let tools = |source: &str| {
        json!([
            ["copilot_vscode", "readFile", 1, 1, 0, 0, source],
            ["copilot_vscode", "runInTerminal", 1, 0, 1, 0, source],
        ])
    };
    check_tools(name, None, &tools("span execute_tool"));
    check_tools(
        name,
        Some(Signal::Logs),
        &tools("log copilot_chat.tool.call"),
    );
}

#[test]
fn copilot_cli_counts_spans_of_both_forms_and_not_metrics_without_a_service() {
    let name = "copilot-cli/telemetry.jsonl";
    // Two spans of the SDK, one with `cache_write`, one with `cache_creation`; one in OTLP.
    check_tokens(
        name,
        None,
        &json!([
            [
                "copilot_cli",
                "claude-haiku-4.5",
                6,
                17111,
                19371,
                178,
                107,
                "span chat"
            ],
            [
                "copilot_cli",
                "gpt-5-mini",
                1000,
                null,
                null,
                10,
                null,
                "span chat"
            ],
        ]),
    );
    let lake = lake_of_files(&file(name));
    let report = tokens(&lake, &BY, Selection::default());
    assert_eq!(noted(&report, "covered_by_better_source"), 2);
    // The histogram is exported twice, and counts from its start.
    check_tokens(
        name,
        Some(Signal::Metrics),
        &json!([[
            "copilot_cli",
            "claude-haiku-4.5",
            36488,
            null,
            null,
            178,
            null,
            "metric gen_ai.client.token.usage"
        ]]),
    );
    check_tools(
        name,
        None,
        &json!([["copilot_cli", "view", 1, 1, 0, 0, "span execute_tool"]]),
    );
}

#[test]
fn dumps_answer_directly_as_their_lakes() {
    for name in [
        "gemini-cli/seen.json",
        "qwen-code/ancestors.json",
        "copilot-chat/lines.jsonl",
        "copilot-cli/telemetry.jsonl",
    ] {
        let sources = find_sources(&[file(name)]).unwrap();
        let signals = [Signal::Traces, Signal::Metrics, Signal::Logs].map(Some);
        check_directly(
            &sources,
            2,
            &[&signals[..], &[None]].concat(),
            Passes::PerWish,
        );
    }
}
