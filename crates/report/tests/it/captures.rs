//! Every real capture, in each of its dialects, gives the amounts of `truth.json`.

use crate::support::{
    TestLake, captures, check, cost, lake_of_files, noted, numbers, only, tokens,
};
use otolith_lake::Lake;
use otolith_report::{Dimension, Report, Selection, Signal, SummaryQuery, ToolsQuery};
use serde_json::Value;
use std::collections::BTreeMap;

const BY: [Dimension; 2] = [Dimension::Agent, Dimension::Model];

/// Amounts of one line of a capture's truth, by the parts of its keys; empty if there is none.
fn domain(truth: &Value, name: &str) -> BTreeMap<String, f64> {
    let members = truth["domain"][name].as_object().into_iter().flatten();
    members
        .map(|(key, amount)| (key.clone(), amount.as_f64().unwrap()))
        .collect()
}

/// The amounts of one class, `model | class`, by `agent | model`.
fn class(amounts: &BTreeMap<String, f64>, agent: &str, class: &str) -> BTreeMap<String, f64> {
    let mut found = BTreeMap::new();
    for (key, amount) in amounts {
        if let Some((model, word)) = key.split_once(" | ")
            && word == class
        {
            found.insert(format!("{agent} | {model}"), *amount);
        }
    }
    found
}

fn prefixed(amounts: BTreeMap<String, f64>, agent: &str) -> BTreeMap<String, f64> {
    let prefix = |(key, amount)| (format!("{agent} | {key}"), amount);
    amounts.into_iter().map(prefix).collect()
}

fn minus(mut a: BTreeMap<String, f64>, b: &BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    for (key, amount) in &mut a {
        *amount -= b[key];
    }
    a
}

fn join(a: BTreeMap<String, f64>, b: BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    a.into_iter().chain(b).collect()
}

/// Tokens by class as the given road tells them: column -> `agent | model` -> amount.
struct Expected {
    input: BTreeMap<String, f64>,
    cache_read: BTreeMap<String, f64>,
    output: BTreeMap<String, f64>,
    reasoning: BTreeMap<String, f64>,
}

fn from_logs(truth: &Value) -> Expected {
    let claude = |what: &str| {
        let line = format!("log api_request sum of {what} by model");
        prefixed(domain(truth, &line), "claude_code")
    };
    let codex = |what: &str| {
        let line =
            format!("log codex.sse_event (records with input_token_count) sum of {what} by model");
        prefixed(domain(truth, &line), "codex")
    };
    let cached = codex("cached_token_count");
    Expected {
        input: join(
            claude("input_tokens"),
            minus(codex("input_token_count"), &cached),
        ),
        cache_read: join(claude("cache_read_tokens"), cached),
        output: join(claude("output_tokens"), codex("output_token_count")),
        reasoning: codex("reasoning_token_count"),
    }
}

fn from_metrics(truth: &Value) -> Expected {
    let claude = domain(truth, "metric claude_code.token.usage by model, type");
    let line = "metric codex.turn.token_usage by model, token_type (histogram sum)";
    let codex = domain(truth, line);
    let claude = |word| class(&claude, "claude_code", word);
    let codex = |word| class(&codex, "codex", word);
    let cached = codex("cached_input");
    Expected {
        input: join(claude("input"), minus(codex("input"), &cached)),
        cache_read: join(claude("cacheRead"), cached),
        output: join(claude("output"), codex("output")),
        reasoning: codex("reasoning_output"),
    }
}

fn check_tokens(report: &Report, expected: &Expected, what: &str) {
    let column = |name| numbers(report, &["agent", "model"], name);
    check(&column("input_tokens"), &expected.input, what);
    check(&column("cache_read_tokens"), &expected.cache_read, what);
    check(&column("output_tokens"), &expected.output, what);
    check(&column("reasoning_tokens"), &expected.reasoning, what);
}

/// The stand-in API's own count of what it answered.
fn check_api_answers(report: &Report, truth: &Value, what: &str) {
    let mut expected: BTreeMap<String, f64> = BTreeMap::new();
    for (key, answer) in truth["api_answers"].as_object().unwrap() {
        let words: Vec<&str> = key.split(" | ").collect();
        if words[2] != "status 200" {
            continue;
        }
        let members = ["input", "cacheRead", "cacheCreation", "output"];
        let total: f64 = members.iter().filter_map(|m| answer[*m].as_f64()).sum();
        *expected.entry(words[1].to_owned()).or_default() += total;
    }
    check(
        &numbers(report, &["model"], "total_tokens"),
        &expected,
        what,
    );
}

fn check_tools(lake: &Lake, truth: &Value, what: &str) {
    let query = ToolsQuery::default();
    let report = otolith_report::tools(lake, &query).unwrap();
    let mut counts: [BTreeMap<String, f64>; 3] = Default::default();
    let lines = [
        ("claude_code", "log tool_result count by tool_name, success"),
        ("codex", "log codex.tool_result count by tool_name, success"),
    ];
    for (agent, line) in lines {
        for (key, amount) in domain(truth, line) {
            let (tool, success) = key.split_once(" | ").unwrap();
            let key = format!("{agent} | {tool}");
            let column = if success == "true" { 1 } else { 2 };
            for (index, counts) in counts.iter_mut().enumerate() {
                let amount = if index == 0 || index == column {
                    amount
                } else {
                    0.0
                };
                *counts.entry(key.clone()).or_default() += amount;
            }
        }
    }
    for (column, expected) in ["calls", "success", "errors"].into_iter().zip(&counts) {
        check(
            &numbers(&report, &["agent", "tool"], column),
            expected,
            what,
        );
    }
    let durations = domain(truth, "log tool_result sum of duration_ms by tool_name");
    let mut found = numbers(&report, &["agent", "tool"], "total_ms");
    found.retain(|key, _| key.starts_with("claude_code"));
    check(&found, &prefixed(durations, "claude_code"), what);
}

fn check_summary(lake: &Lake, truth: &Value, what: &str) {
    let report = otolith_report::summary(lake, &SummaryQuery::default()).unwrap();
    let claude = |column| {
        let mut found = numbers(&report, &["agent", "model"], column);
        found.retain(|key, _| key.starts_with("claude_code") && !key.ends_with("all"));
        found
    };
    let line = |line| prefixed(domain(truth, line), "claude_code");
    let counts = line("log api_request count by model");
    check(&claude("api_requests"), &counts, what);
    let mut seconds = line("log api_request sum of duration_ms by model");
    seconds.values_mut().for_each(|ms| *ms /= 1e3);
    check(&claude("api_time_s"), &seconds, what);
    let active = domain(truth, "metric claude_code.active_time.total by type");
    let mut found = numbers(&report, &["agent", "model"], "active_time_s");
    found.retain(|key, _| key.starts_with("all"));
    let active: BTreeMap<_, _> = active
        .into_values()
        .map(|s| ("all | all".into(), s))
        .collect();
    check(&found, &active, what);
}

fn check_codex_requests(lake: &Lake, truth: &Value, what: &str) {
    let report = otolith_report::summary(lake, &SummaryQuery::default()).unwrap();
    let (mut good, mut bad) = (0.0, 0.0);
    for (key, amount) in domain(
        truth,
        "log codex.api_request count by model, http.response.status_code",
    ) {
        *(if key.ends_with(" | 200") {
            &mut good
        } else {
            &mut bad
        }) += amount;
    }
    let expected = |amount| {
        let known = good + bad > 0.0;
        known
            .then(|| ("codex | all".to_owned(), amount))
            .into_iter()
            .collect()
    };
    for (column, amount) in [("api_requests", good), ("api_errors", bad)] {
        let mut found = numbers(&report, &["agent", "model"], column);
        found.retain(|key, _| key == "codex | all");
        check(&found, &expected(amount), what);
    }
}

fn check_all(lake: &TestLake, truth: &Value, what: &str) -> Vec<Report> {
    let report = tokens(lake, &BY, Selection::default());
    check_tokens(&report, &from_logs(truth), what);
    check_api_answers(&report, truth, what);
    let metrics = tokens(lake, &BY, only(Signal::Metrics));
    check_tokens(&metrics, &from_metrics(truth), what);
    check_api_answers(&metrics, truth, what);
    // No counter began before its capture, and none was read twice.
    assert_eq!(noted(&metrics, "unknown_start"), 0, "{what}");
    assert_eq!(noted(&report, "duplicates_removed"), 0, "{what}");

    let money = cost(lake, &BY, Selection::default());
    let line = domain(truth, "log api_request sum of cost_usd by model");
    let found = numbers(&money, &["agent", "model"], "cost_usd");
    check(&found, &prefixed(line, "claude_code"), what);
    let by_metric = cost(lake, &BY, only(Signal::Metrics));
    let line = domain(truth, "metric claude_code.cost.usage by model");
    let found = numbers(&by_metric, &["agent", "model"], "cost_usd");
    check(&found, &prefixed(line, "claude_code"), what);
    // Codex reports no cost: its models are named, once per request.
    let line = "log codex.sse_event response.completed records with token counts by model";
    let requests: f64 = domain(truth, line).values().sum();
    assert_eq!(noted(&money, "unpriced_model") as f64, requests, "{what}");

    check_tools(lake, truth, what);
    check_summary(lake, truth, what);
    check_codex_requests(lake, truth, what);
    vec![report, money]
}

fn check_capture(name: &str) {
    let dir = captures().join(name);
    let truth = std::fs::read_to_string(captures().join("truth.json")).unwrap();
    let truth = &serde_json::from_str::<Value>(&truth).unwrap()[name];
    let plain = dir.join("agentic-ci.jsonl");
    let packed = dir.join("agentic-ci.jsonl.zst");
    let one_file = if plain.exists() { plain } else { packed };
    let lake = lake_of_files(&one_file);
    let reports = check_all(&lake, truth, name);
    for dialect in ["file-exporter", "file-exporter-proto"] {
        let lake = lake_of_files(&dir.join(dialect));
        let same = [
            tokens(&lake, &BY, Selection::default()),
            cost(&lake, &BY, Selection::default()),
        ];
        assert_eq!(same.as_slice(), reports, "{name}, {dialect}");
        check_tools(&lake, truth, dialect);
    }
}

#[test]
fn claude_code_over_http() {
    check_capture("claude-http");
}

#[test]
fn claude_code_with_cumulative_metrics_under_another_service_name() {
    check_capture("claude-grpc");
}

#[test]
fn claude_code_without_sessions_on_metrics() {
    check_capture("claude-json");
}

#[test]
fn codex_with_a_run_that_fails_for_good() {
    check_capture("codex-on");
}

#[test]
fn codex_over_json() {
    check_capture("codex-off");
}

#[test]
fn codex_over_grpc() {
    check_capture("codex-grpc");
}

#[test]
fn two_agents_and_a_host_in_one_capture() {
    check_capture("mix-dev");
}

#[test]
fn a_program_that_is_no_agent_uses_nothing() {
    let lake = lake_of_files(&captures().join("pysdk-grpc/agentic-ci.jsonl"));
    assert!(tokens(&lake, &BY, Selection::default()).rows.is_empty());
    assert!(cost(&lake, &BY, Selection::default()).rows.is_empty());
}
