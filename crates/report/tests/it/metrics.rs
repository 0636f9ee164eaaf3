//! `metrics`: every metric of every real capture, and hand-written ones.

use crate::otlp::{CUMULATIVE, DELTA, histogram, logs, metric, sum};
use crate::support::{ask, captures, lake_of, lake_of_files, noted};
use otolith_lake::Lake;
use otolith_report::{Glob, MetricsQuery, Report, Selection, Signal, sql};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn metrics(lake: &Lake, selection: Selection) -> Report {
    otolith_report::metrics(lake, &MetricsQuery { selection }).unwrap()
}

/// Rows as JSON by service, scope, metric and temporality.
fn by_name(report: &Report) -> BTreeMap<[String; 4], Value> {
    let mut rows = BTreeMap::new();
    for row in &report.rows {
        let row = report.row_to_json(row);
        let text = |name: &str| row[name].as_str().unwrap_or("none").to_lowercase();
        let key = ["service", "scope", "metric", "temporality"].map(text);
        assert!(rows.insert(key, row).is_none());
    }
    rows
}

/// The first values of the series of a metric, added up: value, or count and sum.
fn first_values(lake: &Lake, truth: &Value, columns: &[&str]) -> Vec<f64> {
    let table = if truth["type"] == "sum" {
        "metrics"
    } else {
        "histograms"
    };
    let query = format!(
        "SELECT series_id, {} FROM {table} WHERE metric_name = '{}' AND scope_name = '{}' \
         AND temporality = 'CUMULATIVE' ORDER BY time_unix_nano",
        columns.join(", "),
        truth["metric"].as_str().unwrap(),
        truth["scope"].as_str().unwrap(),
    );
    let report = sql(lake, ask(&query)).unwrap();
    let mut first: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in &report.rows {
        let numbers = row[1..].iter().map(|c| c.to_json().as_f64().unwrap());
        let series = row[0].to_json().to_string();
        first.entry(series).or_insert_with(|| numbers.collect());
    }
    let sum = |column: usize| first.values().map(|v| v[column]).sum();
    (0..columns.len()).map(sum).collect()
}

fn close(found: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap_or_else(|| panic!("{what}"));
    let close = (found - expected).abs() <= 1e-9 * expected.abs();
    assert!(close, "{what}: {found} instead of {expected}");
}

fn check_row(lake: &Lake, row: &Value, truth: &Value, what: &str) {
    let number = |name: &str| row[name].as_f64().unwrap_or(0.0);
    let null = |names: &[&str]| {
        for name in names {
            assert!(row[*name].is_null(), "{what}, {name}");
        }
    };
    assert_eq!(row["points"], truth["data_points"], "{what}");
    assert_eq!(row["series"], truth["series"], "{what}");
    assert_eq!(row["type"], truth["type"], "{what}");
    let unit = row["unit"].as_str().unwrap_or("");
    assert_eq!(unit, truth["unit"], "{what}");
    let words = [truth["type"].as_str(), truth["temporality"].as_str()].map(Option::unwrap);
    match (words, truth["monotonic"].as_bool().unwrap()) {
        (["sum", "delta"], _) => {
            close(number("total"), &truth["sum_of_deltas"], what);
            null(&["before_capture", "last", "mean", "count_total"]);
        }
        (["sum", "cumulative"], true) => {
            let all = number("total") + number("before_capture");
            close(all, &truth["increase_from_start"], what);
            let first = first_values(lake, truth, &["value"]);
            // A difference of large numbers has their error.
            let between = &truth["increase_between_points"];
            let error = (all - first[0] - between.as_f64().unwrap()).abs();
            assert!(error <= 1e-9 * all, "{what}: {error}");
            null(&["last", "mean", "count_total"]);
        }
        (["sum", "cumulative"], false) => {
            close(number("last"), &truth["sum_of_last_values"], what);
            close(number("min"), &truth["min"], what);
            close(number("max"), &truth["max"], what);
            null(&["total", "before_capture", "count_total"]);
        }
        (["gauge", _], _) => {
            for name in ["min", "mean", "max"] {
                close(number(name), &truth[name], what);
            }
            null(&["total", "before_capture", "last", "count_total"]);
        }
        ([_, "delta"], _) => {
            close(number("count_total"), &truth["count"], what);
            close(number("sum_total"), &truth["sum"], what);
            null(&["total", "count_before_capture", "sum_before_capture"]);
        }
        ([_, "cumulative"], _) => {
            let first = first_values(lake, truth, &["count", "sum"]);
            for (index, name) in ["count", "sum"].into_iter().enumerate() {
                let all =
                    number(&format!("{name}_total")) + number(&format!("{name}_before_capture"));
                close(all, &truth[format!("{name}_increase_from_start")], what);
                let between = all - first[index];
                close(
                    between,
                    &truth[format!("{name}_increase_between_points")],
                    what,
                );
            }
            null(&["total", "before_capture"]);
        }
        other => panic!("{what}: {other:?}"),
    }
    if !words[0].contains("sum") && !truth["min"].is_null() {
        close(number("min"), &truth["min"], what);
        close(number("max"), &truth["max"], what);
    }
}

#[test]
fn every_metric_of_the_captures_is_as_its_truth() {
    let text = std::fs::read_to_string(captures().join("truth.json")).unwrap();
    let truth: BTreeMap<String, Value> = serde_json::from_str(&text).unwrap();
    let mut checked = 0;
    for (name, truth) in &truth {
        let lake = lake_of_files(&captures().join(name).join("file-exporter-proto"));
        let report = metrics(&lake, Selection::default());
        let mut rows = by_name(&report);
        for each in truth["metrics"]["each"].as_array().unwrap() {
            let text = |name: &str| each[name].as_str().unwrap().to_lowercase();
            let key = ["service", "scope", "metric", "temporality"].map(text);
            let what = format!("{name}, {key:?}");
            let row = rows.remove(&key).unwrap_or_else(|| panic!("{what}"));
            check_row(&lake, &row, each, &what);
            checked += 1;
        }
        assert!(rows.is_empty(), "{name}: {rows:?}");
        assert_eq!(noted(&report, "duplicates_removed"), 0, "{name}");
    }
    assert!(checked > 150, "{checked}");
}

#[test]
fn processors_did_not_compute_since_they_were_switched_on() {
    let lake = lake_of_files(&captures().join("pysdk-http/file-exporter-proto"));
    let rows = by_name(&metrics(&lake, Selection::default()));
    let cpu = rows.values().find(|r| r["metric"] == "system.cpu.time");
    // Two CPUs over the 20 seconds of two runs, in which the start time is the program's.
    let total = cpu.unwrap()["total"].as_f64().unwrap();
    assert!((20.0..60.0).contains(&total), "{total}");
}

fn one(requests: &[Value], selection: Selection) -> (Value, Report) {
    let report = metrics(&lake_of(requests), selection);
    assert_eq!(report.rows.len(), 1, "{:?}", report.rows);
    (report.row_to_json(&report.rows[0]), report)
}

fn counter(temporality: u8, points: &[(f64, f64, f64)]) -> Value {
    let point = |(start, time, value): &(f64, f64, f64)| (*start, *time, *value, json!({}));
    let points: Vec<_> = points.iter().map(point).collect();
    sum("svc", "lib", "jobs", temporality, &points)
}

fn begin(time: f64) -> Value {
    logs("svc", "lib", &[(time, json!({"n": 1}))])
}

#[test]
fn what_a_counter_held_before_the_capture_is_apart() {
    let request = counter(CUMULATIVE, &[(1.0, 300.0, 100.0), (1.0, 310.0, 130.0)]);
    let (row, report) = one(&[request], Selection::default());
    assert_eq!(
        row,
        json!({
            "service": "svc", "scope": "lib", "metric": "jobs", "type": "sum",
            "temporality": "CUMULATIVE", "monotonic": true, "unit": null, "points": 2, "series": 1,
            "total": 30.0, "before_capture": 100.0, "last": null,
            "min": null, "mean": null, "max": null,
            "count_total": null, "count_before_capture": null,
            "sum_total": null, "sum_before_capture": null,
        })
    );
    assert_eq!(noted(&report, "unknown_start"), 1);
    // One point alone tells nothing about the capture: unknown, not 0.
    let (row, _) = one(
        &[counter(CUMULATIVE, &[(1.0, 300.0, 100.0)])],
        Selection::default(),
    );
    assert_eq!(
        (&row["total"], &row["before_capture"]),
        (&Value::Null, &json!(100.0))
    );
}

#[test]
fn a_series_may_restart_often() {
    let points = [
        (1.0, 10.0, 5.0),
        (1.0, 20.0, 8.0),
        (21.0, 30.0, 4.0),
        (31.0, 40.0, 6.0),
        (31.0, 50.0, 2.0),
    ];
    let (row, report) = one(
        &[begin(0.0), counter(CUMULATIVE, &points)],
        Selection::default(),
    );
    assert_eq!((&row["total"], &row["series"]), (&json!(20.0), &json!(1)));
    assert_eq!(noted(&report, "counter_reset"), 1);
}

#[test]
fn duplicates_negative_deltas_and_unknown_temporality_are_noted() {
    let request = counter(DELTA, &[(1.0, 2.0, 5.0), (2.0, 3.0, -2.0)]);
    let (row, report) = one(&[request.clone(), request], Selection::default());
    assert_eq!((&row["total"], &row["points"]), (&json!(3.0), &json!(2)));
    assert_eq!(noted(&report, "duplicates_removed"), 2);
    assert_eq!(noted(&report, "negative_delta"), 1);
    let (row, report) = one(&[counter(0, &[(1.0, 2.0, 5.0)])], Selection::default());
    assert_eq!((&row["total"], &row["points"]), (&Value::Null, &json!(1)));
    assert_eq!(noted(&report, "unspecified_temporality"), 1);
}

#[test]
fn a_selection_narrows_by_time_service_and_signal() {
    let points = [(1.0, 10.0, 5.0), (1.0, 20.0, 8.0), (1.0, 30.0, 9.0)];
    let requests = [begin(0.0), counter(CUMULATIVE, &points)];
    let at = |seconds| Some(crate::otlp::at(seconds).cast_signed());
    let selection = Selection {
        since: at(15.0),
        until: at(30.0),
        ..Selection::default()
    };
    // The point before the range is what the first of the range is measured from.
    let (row, _) = one(&requests, selection);
    assert_eq!((&row["total"], &row["points"]), (&json!(3.0), &json!(1)));
    let lake = lake_of(&requests);
    let rows = |selection| metrics(&lake, selection).rows.len();
    let services = Glob::new("other*");
    let selection = Selection {
        services: Some(services),
        ..Selection::default()
    };
    assert_eq!(rows(selection), 0);
    let selection = Selection {
        signal: Some(Signal::Logs),
        ..Selection::default()
    };
    assert_eq!(rows(selection), 0);
}

#[test]
fn histograms_and_summaries_count_observations() {
    let points = [(1.0, 2.0, 10.0, json!({})), (2.0, 3.0, 20.0, json!({}))];
    let request = histogram("svc", "lib", "latency", DELTA, &points);
    let (row, _) = one(&[request], Selection::default());
    let names = ["count_total", "sum_total", "mean", "total"];
    assert_eq!(
        names.map(|name| row[name].clone()),
        [json!(2), json!(30.0), json!(15.0), Value::Null]
    );
    let point = |time: f64, count: u64, sum: f64| {
        json!({
            "startTimeUnixNano": crate::otlp::at(1.0).to_string(),
            "timeUnixNano": crate::otlp::at(time).to_string(),
            "count": count.to_string(), "sum": sum, "attributes": [],
        })
    };
    let points = [point(10.0, 2, 3.0), point(20.0, 5, 9.0)];
    let request = metric(
        "svc",
        "lib",
        &json!({"name": "sizes", "unit": "By", "summary": {"dataPoints": points}}),
    );
    let (row, _) = one(&[begin(0.5), request], Selection::default());
    let names = ["type", "temporality", "unit", "count_total", "sum_total"];
    assert_eq!(
        names.map(|name| row[name].clone()),
        [
            json!("summary"),
            Value::Null,
            json!("By"),
            json!(5),
            json!(9.0)
        ]
    );
}
