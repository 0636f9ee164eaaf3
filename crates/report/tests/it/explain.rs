//! The rows behind the numbers of `cost` and `tokens`.

use crate::support::{ask, captures, check, embedded, lake_of_files, numbers, only};
use otolith_lake::Lake;
use otolith_report::{
    Calendar, CostQuery, Dimension, Report, Selection, Signal, TokensQuery, ToolsQuery,
    explain_cost, explain_tokens, explain_tools,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const BY: [Dimension; 2] = [Dimension::Agent, Dimension::Model];

fn query(selection: Selection) -> CostQuery {
    CostQuery {
        by: BY.to_vec(),
        calendar: Calendar::default(),
        selection,
        pricing: embedded(),
    }
}

/// One column summed up over the rows of each group; groups without a number are left out.
fn sums(report: &Report, column: &str) -> BTreeMap<String, f64> {
    let mut found: BTreeMap<String, f64> = BTreeMap::new();
    for row in &report.rows {
        let row = report.row_to_json(row);
        if let Some(number) = row[column].as_f64() {
            let text = |key: &str| row[key].as_str().unwrap().to_owned();
            *found
                .entry(format!("{} | {}", text("agent"), text("model")))
                .or_default() += number;
        }
    }
    found
}

/// `FILE#FRAME/ITEM` of all rows of a table that fulfil a condition, with a column.
fn addresses(lake: &Lake, query: &str) -> BTreeMap<String, Value> {
    let report = otolith_report::sql(lake, ask(query)).unwrap();
    let row = |row: &Vec<_>| {
        let row = report.row_to_json(row);
        let address = format!("{}/{}", row["source"].as_str().unwrap(), row["item"]);
        (address, row["value"].clone())
    };
    report.rows.iter().map(row).collect()
}

#[test]
fn rows_add_up_to_the_cells() {
    for capture in ["claude-grpc", "codex-on", "mix-dev"] {
        let lake = lake_of_files(&captures().join(capture).join("file-exporter"));
        for selection in [Selection::default(), only(Signal::Metrics)] {
            let cells = otolith_report::cost(&lake, &query(selection.clone())).unwrap();
            let rows = explain_cost(&lake, &query(selection.clone())).unwrap();
            assert!(rows.rows.len() > cells.rows.len());
            let columns = ["cost_usd", "estimated_cost_usd", "estimated_cost_high_usd"];
            for column in columns {
                let expected = numbers(&cells, &["agent", "model"], column);
                check(&sums(&rows, column), &expected, capture);
            }
            let tokens = TokensQuery {
                by: BY.to_vec(),
                calendar: Calendar::default(),
                selection,
            };
            let cells = otolith_report::tokens(&lake, &tokens).unwrap();
            let rows = explain_tokens(&lake, &tokens).unwrap();
            for column in ["input_tokens", "output_tokens", "total_tokens"] {
                let expected = numbers(&cells, &["agent", "model"], column);
                check(&sums(&rows, column), &expected, capture);
            }
        }
    }
}

#[test]
fn a_row_says_where_its_request_lies() {
    let lake = lake_of_files(&captures().join("claude-http/file-exporter-proto"));
    let report = explain_cost(&lake, &query(Selection::default())).unwrap();
    let row = |row: &Vec<_>| {
        let row = report.row_to_json(row);
        assert_eq!(row["source"], "log api_request");
        (
            row["items"].as_str().unwrap().to_owned(),
            row["input_tokens"].clone(),
        )
    };
    let found: BTreeMap<String, Value> = report.rows.iter().map(row).collect();
    let expected = addresses(
        &lake,
        "SELECT source, item, input_tokens AS value FROM claude_code.logs WHERE event_name = 'api_request'",
    );
    assert_eq!(found.len(), 15);
    assert_eq!(found, expected);
}

#[test]
fn an_export_of_a_metric_lies_where_its_points_do() {
    let lake = lake_of_files(&captures().join("claude-grpc/agentic-ci.jsonl"));
    let report = explain_cost(&lake, &query(only(Signal::Metrics))).unwrap();
    let points = addresses(
        &lake,
        "SELECT source, item, series_id AS value FROM claude_code_agent_dev.metrics
         WHERE metric_name IN ('claude_code.token.usage', 'claude_code.cost.usage')",
    );
    let mut found = BTreeMap::new();
    for row in &report.rows {
        let row = report.row_to_json(row);
        let split = |column: &str| -> Vec<String> {
            let list = row[column].as_str().unwrap().split(", ");
            list.map(str::to_owned).collect()
        };
        let (items, series) = (split("items"), split("series_ids"));
        assert_eq!(items.len(), series.len(), "a point per series");
        let of_items: BTreeSet<String> =
            items.iter().map(|item| points[item].to_string()).collect();
        assert_eq!(of_items, series.into_iter().collect());
        found.extend(
            items
                .into_iter()
                .map(|item| (item.clone(), points[&item].clone())),
        );
    }
    // The last export of each process repeats what the one before had counted.
    let values = addresses(
        &lake,
        "SELECT source, item, value FROM claude_code_agent_dev.metrics
         WHERE metric_name IN ('claude_code.token.usage', 'claude_code.cost.usage')",
    );
    let frame = |address: &str| -> u64 {
        let (_, place) = address.split_once('#').unwrap();
        place.split('/').next().unwrap().parse().unwrap()
    };
    let mut in_order: Vec<&String> = points.keys().collect();
    in_order.sort_by_key(|address| frame(address));
    let mut last: BTreeMap<String, &Value> = BTreeMap::new();
    let mut changed = |address: &String| {
        let value = &values[address];
        last.insert(points[address].to_string(), value) != Some(value)
    };
    let expected: BTreeSet<&String> = in_order
        .into_iter()
        .filter(|address| changed(address))
        .collect();
    assert!(expected.len() < points.len(), "some counted nothing");
    assert_eq!(found.keys().collect::<BTreeSet<_>>(), expected);
}

#[test]
fn what_is_a_dimension_is_no_second_column() {
    let lake = lake_of_files(&captures().join("claude-http/file-exporter"));
    let report = explain_cost(&lake, &query(Selection::default())).unwrap();
    let names: Vec<&str> = report.columns.iter().map(|c| c.name.as_str()).collect();
    let distinct: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(distinct.len(), names.len(), "{names:?}");
    assert_eq!(names[..5], ["agent", "model", "time", "service", "session"]);
    assert_eq!(report.parameters["explain"], true);
}

#[test]
fn an_estimate_names_the_price_that_made_it() {
    let lake = lake_of_files(&captures().join("mix-dev/file-exporter"));
    let report = explain_cost(&lake, &query(Selection::default())).unwrap();
    let entries: BTreeSet<Vec<String>> = report
        .rows
        .iter()
        .map(|row| {
            let row = report.row_to_json(row);
            let columns = ["model", "from", "tier", "usd_per_million", "source"];
            let text = |column| row[format!("price_{column}")].as_str().unwrap().to_owned();
            columns.into_iter().map(text).collect()
        })
        .collect();
    let source = "price list of LiteLLM (PyPI litellm 1.109.1), which names \
                  https://platform.claude.com/docs/en/about-claude/pricing, checked against that page";
    let expected = [
        [
            "claude-opus-4-7",
            "2026-04-15",
            "standard",
            "input 5, cache_read 0.5, cache_creation_5m 6.25, cache_creation_1h 10, output 25",
            source,
        ],
        [
            "gpt-5-codex",
            "2025-09-01",
            "standard",
            "input 1.25, cache_read 0.125, output 10",
            "https://developers.openai.com/api/docs/models/gpt-5-codex (priority: \
             https://openai.com/api-priority-processing/)",
        ],
    ];
    let expected = expected.map(|entry| entry.map(str::to_owned).to_vec());
    assert_eq!(entries, BTreeSet::from(expected));
}

#[test]
fn the_calls_of_tools_add_up_and_say_where_they_lie() {
    for (capture, selection) in [
        ("claude-http", Selection::default()),
        ("codex-on", only(Signal::Metrics)),
        ("mix-dev", only(Signal::Traces)),
        ("mix-dev", Selection::default()),
    ] {
        let lake = lake_of_files(&captures().join(capture).join("file-exporter"));
        let query = ToolsQuery { selection };
        let cells = otolith_report::tools(&lake, &query).unwrap();
        let rows = explain_tools(&lake, &query).unwrap();
        assert!(!rows.rows.is_empty(), "{capture}");
        for column in ["calls", "success", "errors", "rejected"] {
            let mut found: BTreeMap<String, f64> = BTreeMap::new();
            for row in &rows.rows {
                let row = rows.row_to_json(row);
                assert!(row["items"].as_str().unwrap().contains('#'), "{row}");
                assert_eq!(
                    row["series_ids"].is_null(),
                    !row["source"].as_str().unwrap().starts_with("metric"),
                    "{row}"
                );
                let text = |key: &str| row[key].as_str().unwrap().to_owned();
                if let Some(number) = row[column].as_f64() {
                    let key = format!("{} | {}", text("agent"), text("tool"));
                    *found.entry(key).or_default() += number;
                }
            }
            check(
                &found,
                &numbers(&cells, &["agent", "tool"], column),
                capture,
            );
        }
    }
}
