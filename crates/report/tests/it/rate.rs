//! Tokens per bucket of time, and with a row per type.

use crate::otlp::logs;
use crate::support::{TestLake, captures, lake_of, lake_of_files, noted, numbers, tokens};
use otolith_report::{
    Calendar, Cell, Dimension, Report, ReportError, Selection, TokenFill, TokenRateQuery,
    TokenTypesQuery, TokensBy, time_zone,
};
use serde_json::json;

fn query(every: &str, fill: TokenFill) -> TokenRateQuery {
    TokenRateQuery {
        every: every.parse().unwrap(),
        by: vec![Dimension::Agent],
        fill,
        calendar: Calendar::default(),
        selection: Selection::default(),
    }
}

fn rate(lake: &TestLake, every: &str, fill: TokenFill) -> Report {
    otolith_report::token_rate(lake, &query(every, fill)).unwrap()
}

/// Requests of one agent at seconds after the begin, with so many input tokens.
fn requests(of: &[(f64, u64)]) -> TestLake {
    let requests: Vec<_> = of
        .iter()
        .enumerate()
        .map(|(index, (second, input))| {
            let members = json!({
                "event.name": "api_request",
                "model": "opus",
                "session.id": "s",
                "request_id": index.to_string(),
                "input_tokens": input,
            });
            logs("claude-code", "any", &[(*second, members)])
        })
        .collect();
    lake_of(&requests)
}

fn column(report: &Report, name: &str) -> Vec<Cell> {
    let rows = 0..report.rows.len();
    rows.map(|row| report.cell(row, name).unwrap().clone())
        .collect()
}

#[test]
fn buckets_add_up_to_the_tokens_of_every_capture() {
    let lake = lake_of_files(&captures().join("mix-dev/agentic-ci.jsonl"));
    let all = tokens(&lake, &[Dimension::Agent], Selection::default());
    for every in ["1s", "1m", "1h", "1d", "1w", "1month"] {
        for fill in [TokenFill::Zero, TokenFill::None] {
            let report = rate(&lake, every, fill);
            for class in [
                "input_tokens",
                "output_tokens",
                "reasoning_tokens",
                "total_tokens",
            ] {
                let mut sums = std::collections::BTreeMap::new();
                for row in 0..report.rows.len() {
                    let agent = report.cell(row, "agent").unwrap().to_json();
                    let agent = agent.as_str().unwrap().to_owned();
                    if let Cell::Int(n) = report.cell(row, class).unwrap() {
                        *sums.entry(agent).or_insert(0.0) += *n as f64;
                    }
                }
                assert_eq!(sums, numbers(&all, &["agent"], class), "{every} {class}");
            }
        }
    }
}

#[test]
fn zeros_stand_only_between_what_was_used() {
    let lake = requests(&[(1.0, 5), (2.0, 7), (31.0, 8)]);
    let none = rate(&lake, "10s", TokenFill::None);
    assert_eq!(column(&none, "input_tokens"), [12, 8].map(Cell::Int));
    let zero = rate(&lake, "10s", TokenFill::Zero);
    assert_eq!(column(&zero, "input_tokens"), [12, 0, 0, 8].map(Cell::Int));
    assert_eq!(
        column(&zero, "tokens_per_s"),
        [1.2, 0.0, 0.0, 0.8].map(Cell::Double)
    );
    assert_eq!(
        column(&zero, "tokens_per_min"),
        [72.0, 0.0, 0.0, 48.0].map(Cell::Double)
    );
    // What the agent never reports is unknown, not zero.
    assert_eq!(column(&zero, "reasoning_tokens"), [const { Cell::Null }; 4]);
    let error = otolith_report::token_rate(
        &requests(&[(0.0, 1), (2e6, 1)]),
        &query("1s", TokenFill::Zero),
    );
    assert!(matches!(error, Err(ReportError::TooManyBuckets { .. })));
}

#[test]
fn a_rate_is_that_of_the_selected_part_of_a_bucket() {
    let lake = requests(&[(1.0, 5), (2.0, 7)]);
    let begin = i64::try_from(crate::otlp::at(0.0)).unwrap();
    let query = TokenRateQuery {
        selection: Selection {
            since: Some(begin + 1_500_000_000),
            until: Some(begin + 5_000_000_000),
            ..Selection::default()
        },
        ..query("10s", TokenFill::Zero)
    };
    let report = otolith_report::token_rate(&lake, &query).unwrap();
    assert_eq!(column(&report, "bucket_s"), [Cell::Double(3.5)]);
    assert_eq!(column(&report, "tokens_per_s"), [Cell::Double(2.0)]);
}

#[test]
fn a_day_of_a_change_of_clocks_has_25_hours() {
    let noon_of_october_25 = 2_929_600.0;
    let calendar = Calendar {
        tz: time_zone("Europe/Berlin").unwrap(),
        ..Calendar::default()
    };
    let query = TokenRateQuery {
        calendar,
        ..query("1d", TokenFill::None)
    };
    let lake = requests(&[(noon_of_october_25, 5)]);
    let report = otolith_report::token_rate(&lake, &query).unwrap();
    assert_eq!(
        column(&report, "bucket"),
        [Cell::Text("2026-10-25".to_owned())]
    );
    assert_eq!(column(&report, "bucket_s"), [Cell::Double(90_000.0)]);
}

#[test]
fn types_are_rows_that_equal_the_columns() {
    let lake = lake_of_files(&captures().join("codex-on/agentic-ci.jsonl.zst"));
    let by = vec![TokensBy::Dimension(Dimension::Model), TokensBy::Type];
    let query = TokenTypesQuery {
        by,
        calendar: Calendar::default(),
        selection: Selection::default(),
    };
    let rows = otolith_report::token_types(&lake, &query).unwrap();
    let columns = tokens(&lake, &[Dimension::Model], Selection::default());
    let found = numbers(&rows, &["model", "type"], "tokens");
    let mut count = 0;
    for r#type in [
        "input",
        "cache_read",
        "cache_creation",
        "output",
        "reasoning",
    ] {
        for (model, expected) in numbers(&columns, &["model"], &format!("{type}_tokens")) {
            assert_eq!(found[&format!("{model} | {type}")], expected);
            count += 1;
        }
    }
    assert_eq!((found.len(), count), (count, 15));
    assert_eq!(found["gpt-5 | output"], 279.0);
    assert_eq!(noted(&rows, "part_of_output"), 14);
}
