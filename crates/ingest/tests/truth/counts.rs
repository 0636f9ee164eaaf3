//! Counts, ids, names and sums of every capture.

use std::collections::{BTreeMap, BTreeSet};

use otolith_tables::Table;
use serde_json::Value as Json;

use crate::rows::{Cell, Row, Rows, converted};
use crate::{CAPTURES, agentic_ci, truth};

fn table(rows: &Rows, table: Table) -> &[Row] {
    rows.tables.get(&table).map_or(&[], Vec::as_slice)
}

/// Number of rows by the text that `key` makes of them, as truth.json writes it.
fn count_by(rows: &[Row], key: impl Fn(&Row) -> String) -> Json {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(key(row)).or_insert(0_u64) += 1;
    }
    serde_json::to_value(counts).unwrap()
}

fn distinct(rows: &[Row], column: &str) -> usize {
    let values: BTreeSet<String> = rows
        .iter()
        .filter_map(|row| row.get(column))
        .map(|cell| format!("{cell:?}"))
        .collect();
    values.len()
}

fn nulls(rows: &[Row], column: &str) -> usize {
    rows.iter().filter(|row| row.get(column).is_none()).count()
}

fn extreme(rows: &[Row], column: &str, last: bool) -> Json {
    let times = rows.iter().filter_map(|row| row.get(column)).map(Cell::int);
    let time = if last { times.max() } else { times.min() };
    Json::String(time.unwrap().to_string())
}

fn number_of(names: &[&str], name: &str) -> String {
    names
        .iter()
        .position(|known| *known == name)
        .unwrap()
        .to_string()
}

fn close(got: f64, expected: &Json, what: &str) {
    let expected = expected
        .as_f64()
        .unwrap_or_else(|| panic!("{what}: no number in the truth"));
    let tolerance = 1e-9 * expected.abs().max(1e-12);
    assert!(
        (got - expected).abs() <= tolerance,
        "{what}: {got}, expected {expected}"
    );
}

fn each_capture(check: impl Fn(&str, &Rows, &Json)) {
    for capture in CAPTURES {
        check(capture, &converted(&[agentic_ci(capture)]), &truth(capture));
    }
}

#[test]
fn rows_per_signal_and_service_equal_the_truth() {
    each_capture(|capture, rows, truth| {
        let service = |row: &Row| row.text("service_name").to_owned();
        let counts = &truth["counts"];
        let mut points = table(rows, Table::Metrics).to_vec();
        points.extend_from_slice(table(rows, Table::Histograms));
        points.extend_from_slice(table(rows, Table::Summaries));
        for (got, expected) in [
            (
                count_by(table(rows, Table::Traces), service),
                &counts["traces"]["spans_by_service"],
            ),
            (
                count_by(&points, service),
                &counts["metrics"]["data_points_by_service"],
            ),
            (
                count_by(table(rows, Table::Logs), service),
                &counts["logs"]["log_records_by_service"],
            ),
        ] {
            assert_eq!(&got, expected, "{capture}");
        }
    });
}

#[test]
fn spans_equal_the_truth() {
    each_capture(|capture, rows, truth| {
        let truth = &truth["traces"];
        let spans = table(rows, Table::Traces);
        assert_eq!(
            distinct(spans, "trace_id"),
            truth["distinct_trace_ids"],
            "{capture}"
        );
        assert_eq!(
            distinct(spans, "span_id"),
            truth["distinct_span_ids"],
            "{capture}"
        );
        assert_eq!(
            nulls(spans, "parent_span_id"),
            truth["root_spans"],
            "{capture}"
        );
        let ids: BTreeSet<&str> = spans.iter().map(|row| row.text("span_id")).collect();
        let orphans = spans
            .iter()
            .filter_map(|row| row.get("parent_span_id"))
            .filter(|parent| !ids.contains(parent.text()))
            .count();
        assert_eq!(orphans, truth["spans_whose_parent_is_absent"], "{capture}");
        assert_eq!(
            extreme(spans, "time_unix_nano", false),
            truth["first_start_unix_nano"],
            "{capture}"
        );
        assert_eq!(
            extreme(spans, "end_time_unix_nano", true),
            truth["last_end_unix_nano"],
            "{capture}"
        );
        let kinds = [
            "UNSPECIFIED",
            "INTERNAL",
            "SERVER",
            "CLIENT",
            "PRODUCER",
            "CONSUMER",
        ];
        let kind = |row: &Row| number_of(&kinds, row.text("span_kind"));
        assert_eq!(count_by(spans, kind), truth["spans_by_kind"], "{capture}");
        let codes = ["UNSET", "OK", "ERROR"];
        let code = |row: &Row| number_of(&codes, row.text("status_code"));
        assert_eq!(
            count_by(spans, code),
            truth["spans_by_status_code"],
            "{capture}"
        );
        for (service, names) in truth["spans_by_service_and_name"].as_object().unwrap() {
            let own: Vec<Row> = spans
                .iter()
                .filter(|row| row.text("service_name") == service)
                .cloned()
                .collect();
            let got = count_by(&own, |row| row.text("span_name").to_owned());
            assert_eq!(&got, names, "{capture}: {service}");
        }
        let nanos: i64 = spans
            .iter()
            .filter_map(|row| row.get("duration_nano"))
            .map(Cell::int)
            .sum();
        assert_eq!(
            nanos.to_string(),
            truth["total_duration_nanos"],
            "{capture}"
        );
        let attributes: usize = spans.iter().map(|row| row.item_attributes).sum();
        // Codex repeats `thread.id` in some spans: the last one is kept, the rest are noted.
        let repeated = usize::try_from(rows.repeated_attributes).unwrap();
        assert_eq!(attributes + repeated, truth["span_attributes"], "{capture}");
        let events = table(rows, Table::SpanEvents);
        let name = |row: &Row| row.text("event_name").to_owned();
        assert_eq!(
            count_by(events, name),
            truth["span_events_by_name"],
            "{capture}"
        );
        assert_eq!(
            table(rows, Table::SpanLinks).len(),
            truth["span_links"],
            "{capture}"
        );
    });
}

#[test]
fn log_records_equal_the_truth() {
    each_capture(|capture, rows, truth| {
        let truth = &truth["logs"];
        let logs = table(rows, Table::Logs);
        let field = |row: &Row| row.text("event_name_field").to_owned();
        assert_eq!(
            count_by(logs, field),
            truth["by_event_name_field"],
            "{capture}"
        );
        let attribute = |row: &Row| {
            row.get("event_name_attr")
                .map_or_else(|| "None".to_owned(), |cell| cell.text().to_owned())
        };
        assert_eq!(
            count_by(logs, attribute),
            truth["by_event_name_attribute"],
            "{capture}"
        );
        let severity = |row: &Row| row.get("severity_number").map_or(0, Cell::int).to_string();
        assert_eq!(
            count_by(logs, severity),
            truth["by_severity_number"],
            "{capture}"
        );
        let body = |row: &Row| format!("{}_value", row.text("body_kind"));
        let mut kinds = truth["by_body_kind"].as_object().unwrap().clone();
        // No body and an empty one are alike: the Collector's JSON does not tell them apart.
        let none: u64 = ["absent", "empty"]
            .iter()
            .filter_map(|kind| kinds.remove(*kind)?.as_u64())
            .sum();
        if none > 0 {
            kinds.insert("_value".to_owned(), none.into());
        }
        assert_eq!(count_by(logs, body), Json::Object(kinds), "{capture}");
        assert_eq!(
            nulls(logs, "time_unix_nano"),
            truth["time_zero"],
            "{capture}"
        );
        assert_eq!(
            nulls(logs, "observed_time_unix_nano"),
            truth["observed_time_zero"],
            "{capture}"
        );
        assert_eq!(
            nulls(logs, "time"),
            0,
            "{capture}: every record has some time"
        );
        assert_eq!(
            logs.len() - nulls(logs, "trace_id"),
            truth["with_trace_id"],
            "{capture}"
        );
        assert_eq!(
            distinct(logs, "trace_id"),
            truth["distinct_trace_ids"],
            "{capture}"
        );
        let attributes: usize = logs.iter().map(|row| row.item_attributes).sum();
        assert_eq!(attributes, truth["log_attributes"], "{capture}");
    });
}

#[test]
fn points_series_and_sums_equal_the_truth() {
    each_capture(|capture, rows, truth| {
        let truth = &truth["metrics"];
        let numbers = table(rows, Table::Metrics);
        let histograms = table(rows, Table::Histograms);
        let mut points = numbers.to_vec();
        points.extend_from_slice(histograms);
        points.extend_from_slice(table(rows, Table::Summaries));
        assert_eq!(
            distinct(&points, "series_id"),
            truth["distinct_series"],
            "{capture}"
        );
        assert_eq!(
            distinct(&points, "metric_name"),
            truth["distinct_metric_names"],
            "{capture}"
        );
        assert_eq!(
            nulls(&points, "start_time_unix_nano"),
            truth["start_time_zero"],
            "{capture}"
        );
        assert_eq!(
            table(rows, Table::Exemplars).len(),
            truth["exemplars"],
            "{capture}"
        );
        assert_eq!(
            extreme(&points, "time_unix_nano", false),
            truth["first_time_unix_nano"],
            "{capture}"
        );
        assert_eq!(
            extreme(&points, "time_unix_nano", true),
            truth["last_time_unix_nano"],
            "{capture}"
        );
        for entry in truth["each"].as_array().unwrap() {
            check_metric(&points, entry, &format!("{capture}: {}", entry["metric"]));
        }
    });
}

/// One entry of `metrics.each`: a service, scope, metric, type and temporality.
fn check_metric(points: &[Row], entry: &Json, what: &str) {
    let temporality = match entry["temporality"].as_str().unwrap() {
        "none" => String::new(),
        word => word.to_uppercase(),
    };
    let points: Vec<&Row> = points
        .iter()
        .filter(|row| row.text("service_name") == entry["service"])
        .filter(|row| row.text("scope_name") == entry["scope"])
        .filter(|row| row.text("metric_name") == entry["metric"])
        .filter(|row| row.text("metric_type") == entry["type"])
        .filter(|row| row.text("temporality") == temporality)
        .collect();
    assert_eq!(points.len(), entry["data_points"], "{what}: points");
    let series: BTreeSet<i64> = points
        .iter()
        .map(|row| row.get("series_id").unwrap().int())
        .collect();
    assert_eq!(series.len(), entry["series"], "{what}: series");
    assert!(
        points.iter().all(|row| row.text("unit") == entry["unit"]),
        "{what}: unit"
    );

    let doubles = |column: &str| -> Vec<f64> {
        points
            .iter()
            .filter_map(|row| row.get(column))
            .map(Cell::double)
            .collect()
    };
    if let Some(kinds) = entry["value_kinds"].as_object() {
        let ints = points
            .iter()
            .filter(|row| row.get("value_int").is_some())
            .count();
        assert_eq!(
            ints,
            kinds
                .get("as_int")
                .map_or(0, |n| n.as_u64().unwrap() as usize),
            "{what}"
        );
    }
    if let Some(sum) = entry.get("sum_of_deltas") {
        close(doubles("value").iter().sum(), sum, what);
    }
    if entry["type"] == "gauge" {
        let values = doubles("value");
        close(
            values.iter().copied().fold(f64::INFINITY, f64::min),
            &entry["min"],
            what,
        );
        close(
            values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            &entry["max"],
            what,
        );
        close(
            values.iter().sum::<f64>() / values.len() as f64,
            &entry["mean"],
            what,
        );
    }
    if temporality == "DELTA" && entry["type"].as_str().unwrap().ends_with("histogram") {
        let count: i64 = points
            .iter()
            .map(|row| row.get("count").unwrap().int())
            .sum();
        assert_eq!(count, entry["count"], "{what}: count");
        close(doubles("sum").iter().sum(), &entry["sum"], what);
    }
}
