//! Real captures through the decoder into parts, against the truth that was computed without us.

mod capture;
mod restore;
mod rows;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use otolith_tables::Table;
use view::{Cell, Rows};

/// Captures whose files are not compressed.
const CAPTURES: [&str; 6] = [
    "claude-grpc",
    "claude-http",
    "claude-json",
    "mix-dev",
    "pysdk-grpc",
    "pysdk-http",
];

fn check_close(found: f64, expected: f64, what: &str) {
    let bound = 1e-9 * expected.abs().max(1e-9);
    assert!(
        (found - expected).abs() <= bound,
        "{what}: {found}, not {expected}"
    );
}

#[test]
fn both_encodings_of_a_capture_give_the_counts_of_the_truth() {
    for name in CAPTURES {
        let truth = capture::truth(name);
        for parts in [capture::json(name), capture::protobuf(name)] {
            let traces = Rows::of(&parts, Table::Traces);
            let counts = &truth["counts"];
            assert_eq!(traces.len(), counts["traces"]["spans"], "{name}");
            assert_eq!(
                Rows::of(&parts, Table::Logs).len(),
                counts["logs"]["log_records"],
                "{name}"
            );
            let points = [Table::Metrics, Table::Histograms, Table::Summaries];
            let points = points.map(|table| Rows::of(&parts, table));
            let point_count: usize = points.iter().map(Rows::len).sum();
            assert_eq!(point_count, counts["metrics"]["data_points"], "{name}");
            for (table, expected) in [
                (Table::SpanEvents, &truth["traces"]["span_events"]),
                (Table::SpanLinks, &truth["traces"]["span_links"]),
                (Table::Exemplars, &truth["metrics"]["exemplars"]),
            ] {
                assert_eq!(Rows::of(&parts, table).len(), *expected, "{name} {table}");
            }
            let distinct = |column| traces.texts(column).collect::<BTreeSet<_>>().len();
            assert_eq!(distinct("trace_id"), truth["traces"]["distinct_trace_ids"]);
            assert_eq!(distinct("span_id"), truth["traces"]["distinct_span_ids"]);
            let series: BTreeSet<i64> = points
                .iter()
                .flat_map(|rows| rows.iter("series_id"))
                .map(|cell| cell.int().unwrap())
                .collect();
            assert_eq!(series.len(), truth["metrics"]["distinct_series"], "{name}");
        }
    }
}

#[test]
fn both_encodings_of_a_capture_give_the_same_rows() {
    for name in CAPTURES {
        let (json, protobuf) = (capture::json(name), capture::protobuf(name));
        for table in Table::ALL {
            let (json, protobuf) = (Rows::of(&json, table), Rows::of(&protobuf, table));
            assert_eq!(json.names(), protobuf.names(), "{name} {table}");
            for column in json.names() {
                let pairs = json.iter(&column).zip(protobuf.iter(&column));
                for (row, (json, protobuf)) in pairs.enumerate() {
                    assert_eq!(json, protobuf, "{name} {table}.{column} row {row}");
                }
            }
        }
    }
}

#[test]
fn the_requests_of_claude_code_add_up() {
    for name in ["claude-grpc", "claude-http", "claude-json"] {
        let truth = capture::truth(name);
        let parts = capture::json(name);
        let logs = Rows::of(&parts, Table::Logs);
        let mut events: BTreeMap<String, i64> = BTreeMap::new();
        for event in logs.texts("event_name") {
            *events.entry(event).or_default() += 1;
        }
        assert_eq!(
            serde_json::json!(events),
            truth["logs"]["by_event"],
            "{name}"
        );
        for column in [
            "input_tokens",
            "cache_read_tokens",
            "cost_usd",
            "duration_ms",
        ] {
            let mut sums: BTreeMap<String, f64> = BTreeMap::new();
            for row in 0..logs.len() {
                if logs.at("event_name", row) == Cell::Text("api_request".to_owned())
                    && let Cell::Text(model) = logs.at("model", row)
                {
                    *sums.entry(model).or_default() += logs.at(column, row).number().unwrap();
                }
            }
            let expected = &truth["domain"][format!("log api_request sum of {column} by model")];
            assert_eq!(sums.len(), expected.as_object().unwrap().len());
            for (model, sum) in sums {
                check_close(sum, expected[&model].as_f64().unwrap(), column);
            }
        }
        // Sent as text on `tool_result` and as integer on `api_request`: one column.
        assert!(
            !logs.names().iter().any(|column| column.contains("__")),
            "{:?}",
            logs.names()
        );
        let tools = &truth["domain"]["log tool_result sum of duration_ms by tool_name"];
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for row in 0..logs.len() {
            if logs.at("event_name", row) == Cell::Text("tool_result".to_owned())
                && let Cell::Text(tool) = logs.at("tool_name", row)
            {
                *sums.entry(tool).or_default() += logs.at("duration_ms", row).int().unwrap();
            }
        }
        assert_eq!(serde_json::json!(sums), *tools, "{name}");
    }
}

#[test]
fn codex_logs_have_the_observed_time_and_their_event() {
    let parts = capture::json("mix-dev");
    let logs = Rows::of(&parts, Table::Logs);
    let mut records = 0;
    for row in 0..logs.len() {
        if logs.at("service_name", row) != Cell::Text("codex_exec".to_owned()) {
            continue;
        }
        records += 1;
        assert_eq!(logs.at("time_unix_nano", row), Cell::Null);
        let observed = logs.at("observed_time_unix_nano", row).int().unwrap();
        assert_eq!(logs.at("time", row).int().unwrap(), observed / 1_000);
        let Cell::Text(raw) = logs.at("event_name_attr", row) else {
            continue;
        };
        let short = raw.strip_prefix("codex.").unwrap_or(&raw).to_owned();
        assert_eq!(logs.at("event_name", row), Cell::Text(short));
    }
    let truth = capture::truth("mix-dev");
    assert_eq!(
        records,
        truth["counts"]["logs"]["log_records_by_service"]["codex_exec"]
    );
}
