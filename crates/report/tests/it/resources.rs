//! What hosts did while spans ran.

use crate::otlp::{CUMULATIVE, DELTA, Span, attributes, spans};
use crate::readings::{counter, gauge, host};
use crate::support::{captures, lake_of, lake_of_files, lake_of_runs, lake_of_sources, noted};
use otolith_capture::Source;
use otolith_report::{
    Data, Report, Selection, SessionResourcesQuery, TraceResourcesQuery, session_resources,
    trace_resources,
};
use serde_json::{Value, json};
use std::fs;

/// Every report that reads what `resources_wanted` wants.
pub fn reports(data: Data<'_>, selection: &Selection) -> Vec<Report> {
    let mut reports = Vec::new();
    for root_only in [false, true] {
        let query = TraceResourcesQuery {
            trace: None,
            root_only,
            selection: selection.clone(),
        };
        reports.push(trace_resources(data, &query).unwrap().into_report());
    }
    let query = SessionResourcesQuery {
        selection: selection.clone(),
    };
    reports.push(session_resources(data, &query).unwrap().into_report());
    reports
}

fn of_roots(data: Data<'_>) -> (Report, Vec<Value>) {
    let report = reports(data, &Selection::default()).swap_remove(1);
    let rows = report.rows.iter().map(|row| report.row_to_json(row));
    let rows = rows.collect();
    (report, rows)
}

fn close(found: &Value, expected: f64) -> bool {
    let found = found.as_f64();
    found.is_some_and(|found| (found - expected).abs() <= 1e-9 * expected.abs())
}

/// The root span that is all of a trace of the truth.
fn root_of<'a>(rows: &'a [Value], expected: &Value) -> Option<&'a Value> {
    let nanos = |member: &str| expected[member].as_str().unwrap().parse::<i64>().unwrap();
    let (start, end) = (nanos("start_unix_nano"), nanos("end_unix_nano"));
    rows.iter().find(|row| {
        row["trace_id"] == expected["trace_id"]
            && row["start"] == json!(otolith_report::time_text(start))
            && close(&row["duration_ms"], (end - start) as f64 / 1e6)
    })
}

/// Compares the CPU of traces whose root span is all of the trace with the truth of a capture;
/// returns how many there were. `empty` is the note of first readings without any state: the truth
/// counts each as busy, which it was not known to be.
fn check_truth(name: &str, empty: u64) -> usize {
    let truth = fs::read_to_string(captures().join("truth.json")).unwrap();
    let truth: Value = serde_json::from_str(&truth).unwrap();
    let lake = lake_of_files(&captures().join(name).join("agentic-ci.jsonl"));
    let (report, rows) = of_roots((&lake).into());
    assert_eq!(noted(&report, "empty_reading"), empty);
    let mut compared = 0;
    for expected in truth[name]["cpu_during_traces"].as_array().unwrap() {
        let members = expected.as_object().unwrap();
        let is_cpu = |key: &&String| key.starts_with("system.cpu.utilization");
        let key = members.keys().find(is_cpu);
        let (Some(row), Some(key)) = (root_of(&rows, expected), key) else {
            continue;
        };
        let cpu = &expected[key];
        let samples = cpu["sample_times"].as_i64().unwrap();
        let mean = cpu["avg_busy"].as_f64().unwrap();
        let found = row["cpu_samples"].as_i64().unwrap();
        compared += 1;
        if found == samples {
            assert!(close(&row["cpu_sample_mean"], mean), "{row}");
            let max = cpu["max_busy_of_one_sample_time"].as_f64().unwrap();
            assert!(close(&row["cpu_busy_max"], max), "{row}");
        } else {
            // One sample is the first reading of the emitter.
            assert_eq!((found, empty > 0), (samples - 1, true), "{row}");
            let rest = (mean * samples as f64 - 1.0) / found as f64;
            assert!(close(&row["cpu_sample_mean"], rest), "{row}");
        }
    }
    compared
}

#[test]
fn the_cpu_of_real_traces_is_that_of_their_truth() {
    assert_eq!(check_truth("mix-dev", 2), 3);
    assert_eq!(check_truth("pysdk-http", 4), 4);
}

/// The requests of a capture without the points of a metric.
fn without_metric(name: &str, metric: &str) -> Vec<Source> {
    let text = fs::read_to_string(captures().join(name).join("agentic-ci.jsonl")).unwrap();
    let without = |line: &str| {
        let mut request: Value = serde_json::from_str(line).unwrap();
        let resources = request["payload"]["resourceMetrics"].as_array_mut();
        for resource in resources.into_iter().flatten() {
            for scope in resource["scopeMetrics"].as_array_mut().unwrap() {
                let metrics = scope["metrics"].as_array_mut().unwrap();
                metrics.retain(|each| each["name"] != metric);
            }
        }
        request.to_string()
    };
    let lines: Vec<String> = text.lines().map(without).collect();
    let bytes = lines.join("\n").into_bytes();
    vec![Source::from_bytes("without.jsonl", bytes)]
}

#[test]
fn the_time_that_cpus_spent_tells_the_same_of_real_traces_as_their_truth() {
    let truth = fs::read_to_string(captures().join("truth.json")).unwrap();
    let truth: Value = serde_json::from_str(&truth).unwrap();
    let lake = lake_of_sources(&without_metric("mix-dev", "system.cpu.utilization"));
    let (_, rows) = of_roots((&lake).into());
    let mut compared = 0;
    for expected in truth["mix-dev"]["cpu_during_traces"].as_array().unwrap() {
        let Some(row) = root_of(&rows, expected) else {
            continue;
        };
        // The truth has the share of all that was spent between the first and the last point within
        // the trace, and between the points around it. The report weighs the share of each gap by
        // its part of the trace, so it is near both; counters have steps of 0.01 s.
        let shares = &expected["busy share from system.cpu.time of host-monitor"];
        let inside = shares["first to last point inside"].as_f64().unwrap();
        let around = &shares["last point before to first point after"];
        let around = around.as_f64().unwrap();
        let busy = row["cpu_busy"].as_f64().unwrap();
        let nearest = busy.clamp(inside.min(around), inside.max(around));
        assert!((busy - nearest).abs() < 0.01, "{busy} {shares}");
        compared += 1;
    }
    assert_eq!(compared, 3);
}

#[test]
fn the_memory_of_a_real_trace_is_that_of_its_samples() {
    let lake = lake_of_files(&captures().join("mix-dev/agentic-ci.jsonl"));
    let (_, rows) = of_roots((&lake).into());
    let row = &rows[0];
    assert_eq!(row["span_name"], "claude_code.interaction");
    assert_eq!(row["memory_samples"], row["cpu_samples"]);
    let number = |column: &str| row[column].as_f64().unwrap();
    assert!(number("memory_used_bytes_min") < number("memory_used_bytes"));
    assert!(number("memory_used_bytes") < number("memory_used_bytes_max"));
}

fn mimas() -> Value {
    host(Some("mimas"))
}

/// A root span of `mimas` of some seconds.
fn span(start: f64, end: f64) -> Value {
    let span = Span {
        name: "work",
        id: (start * 10.0) as u64 + 1,
        parent: 0,
        start,
        end,
        error: false,
        members: json!({"session.id": "s"}),
    };
    spans("worker", "any", &[span])
}

/// The same without a host.
fn homeless(start: f64, end: f64) -> Value {
    let mut request = span(start, end);
    request["resourceSpans"][0]["resource"] =
        json!({"attributes": attributes(&json!({"service.name": "worker"}))});
    request
}

/// Mean, samples and carried of the CPU of each root span.
fn check(requests: &[Value], expected: &[(Option<f64>, Option<u64>, Option<bool>)]) -> Report {
    let lake = lake_of(requests);
    let (report, rows) = of_roots((&lake).into());
    let number = |value: &Value| value.as_f64().map(|x| (x * 1e9).round() / 1e9);
    let row = |row: &Value| {
        let carried = row["cpu_carried"].as_bool();
        (
            number(&row["cpu_busy"]),
            row["cpu_samples"].as_u64(),
            carried,
        )
    };
    let found: Vec<_> = rows.iter().map(row).collect();
    assert_eq!(found, expected);
    report
}

const NONE: (Option<f64>, Option<u64>, Option<bool>) = (None, None, None);

fn some(mean: f64, samples: u64, carried: bool) -> (Option<f64>, Option<u64>, Option<bool>) {
    (Some(mean), Some(samples), Some(carried))
}

/// Two cores as the Collector has them, every 10 s; one is busy by 0.5, the other by 0.1 more each
/// time, from 0.
fn utilization(of: Option<&str>) -> Value {
    let mut readings = Vec::new();
    for step in 0..6 {
        let time = f64::from(step) * 10.0;
        let second = 1.0 - f64::from(step) / 10.0;
        for (cpu, idle) in [("cpu0", 0.5), ("cpu1", second)] {
            readings.push((time, idle, json!({"cpu": cpu, "state": "idle"})));
            let user = json!({"cpu": cpu, "state": "user"});
            readings.push((time, (1.0 - idle) / 2.0, user));
        }
    }
    gauge(&host(of), "system.cpu.utilization", &readings)
}

#[test]
fn busy_is_not_idle_and_samples_weigh_by_time() {
    let metrics = utilization(Some("mimas"));
    // 5 s at 0.3, 10 s at 0.35: time until the samples at 10 and 20 s.
    let long = (0.3 * 5.0 + 0.35 * 10.0) / 15.0;
    let long = (long * 1e9_f64).round() / 1e9;
    check(
        &[metrics, span(5.0, 25.0), span(31.0, 34.0), span(90.0, 91.0)],
        &[some(long, 2, false), some(0.4, 0, true), NONE],
    );
}

#[test]
fn hosts_are_matched_by_name_else_the_only_one_is_meant() {
    let (mimas, dione) = (utilization(Some("mimas")), utilization(Some("dione")));
    let found = some(0.3, 1, false);
    let at_ten = (9.0, 11.0);
    let named = span(at_ten.0, at_ten.1);
    let unnamed = homeless(at_ten.0, at_ten.1);
    check(&[mimas.clone(), named.clone()], &[found]);
    check(&[mimas.clone(), unnamed.clone()], &[found]);
    check(&[utilization(None), named.clone()], &[found]);
    check(&[mimas.clone(), dione.clone(), named.clone()], &[found]);
    let report = check(&[mimas, dione.clone(), unnamed.clone()], &[NONE]);
    assert_eq!(noted(&report, "ambiguous_host"), 1);
    let report = check(&[dione.clone(), named], &[NONE]);
    assert_eq!(noted(&report, "unknown_host"), 1);
    // Another span names a second host.
    let report = check(&[dione, unnamed, span(50.0, 51.0)], &[NONE, NONE]);
    assert_eq!(noted(&report, "ambiguous_host"), 1);
    let report = check(&[span(1.0, 2.0)], &[NONE]);
    assert_eq!(noted(&report, "unknown_host"), 1);
}

#[test]
fn counters_of_cpu_time_are_differenced() {
    // As JavaScript names them. 10 s each time, of which 8 idle, then 2.
    let reading = |time: f64, idle: f64, user: f64| {
        let of = |state: &str| json!({"system.cpu.logical_number": "0", "system.cpu.state": state});
        [(time, idle, of("idle")), (time, user, of("user"))]
    };
    let cumulative = [
        reading(10.0, 1_000.0, 500.0),
        reading(20.0, 1_008.0, 502.0),
        reading(30.0, 1_010.0, 510.0),
    ];
    let metrics = counter(
        &mimas(),
        ("system.cpu.time", "s"),
        CUMULATIVE,
        &cumulative.concat(),
    );
    let expected = [some(0.2, 1, false), some(0.8, 1, false)];
    check(&[metrics, span(12.0, 20.0), span(29.0, 31.0)], &expected);
    let deltas = [reading(20.0, 8.0, 2.0), reading(30.0, 2.0, 8.0)];
    let metrics = counter(&mimas(), ("system.cpu.time", "s"), DELTA, &deltas.concat());
    check(&[metrics, span(12.0, 20.0), span(29.0, 31.0)], &expected);
}

#[test]
fn what_a_counter_cannot_tell_is_noted() {
    let of = |mode: &str| json!({"cpu.logical_number": 0, "cpu.mode": mode});
    let readings = [
        (10.0, 1_000.0, of("idle")),
        (10.0, 500.0, of("user")),
        // The machine was started anew.
        (20.0, 8.0, of("idle")),
        (20.0, 2.0, of("user")),
        (30.0, 10.0, of("idle")),
        (30.0, 10.0, of("user")),
        (40.0, 12.0, of("user")),
    ];
    let metrics = counter(&mimas(), ("system.cpu.time", "s"), CUMULATIVE, &readings);
    let report = check(
        &[
            metrics,
            span(15.0, 20.0),
            span(25.0, 30.0),
            span(39.0, 40.0),
        ],
        &[NONE, some(0.8, 1, false), some(0.8, 0, true)],
    );
    assert_eq!(noted(&report, "counter_reset"), 2);
    assert_eq!(noted(&report, "no_idle_state"), 1);
    assert_eq!(noted(&report, "no_samples"), 1);
}

#[test]
fn what_is_sent_twice_counts_once() {
    let metrics = utilization(Some("mimas"));
    let requests = [metrics.clone(), span(9.0, 11.0), span(9.0, 11.0), metrics];
    let report = check(&requests, &[some(0.3, 1, false)]);
    // 12 readings of idle cores and a span.
    assert_eq!(noted(&report, "duplicates_removed"), 13);
}

const STEPS: u32 = 600;

/// How busy a core of the fleet was.
fn share(host: u32, cpu: u32, step: u32) -> f64 {
    f64::from((host + cpu * 3 + step * 7) % 10) / 10.0
}

/// Two hosts of four cores in two states, every 10 s: more rows than are read at once.
fn fleet(steps: impl Iterator<Item = u32> + Clone) -> Source {
    let mut requests = Vec::new();
    for (number, name) in (0..).zip(["mimas", "dione"]) {
        let mut readings = Vec::new();
        for step in steps.clone() {
            for cpu in 0..4 {
                for (state, of) in [("user", 0.0), ("idle", 1.0)] {
                    let value = (of - share(number, cpu, step)).abs();
                    let members = json!({"cpu": format!("cpu{cpu}"), "state": state});
                    readings.push((f64::from(step) * 10.0, value, members));
                }
            }
        }
        let request = gauge(&host(Some(name)), "system.cpu.utilization", &readings);
        requests.push(request.to_string());
    }
    let name = format!("fleet-{}.jsonl", steps.map(u64::from).sum::<u64>());
    Source::from_bytes(&name, requests.join("\n").into_bytes())
}

#[test]
fn it_does_not_matter_in_how_many_runs_and_in_which_order_samples_came() {
    let spans = [span(9.0, 31.0), span(55.0, 56.0), span(2_000.0, 3_500.0)];
    let spans = spans.map(|request| request.to_string()).join("\n");
    let spans = [Source::from_bytes("spans.jsonl", spans.into_bytes())];
    let ask = |runs: &[Source]| {
        let mut all = vec![spans.as_slice()];
        all.extend(runs.iter().map(std::slice::from_ref));
        of_roots((&lake_of_runs(&all)).into())
    };
    let (report, rows) = ask(&[fleet(0..STEPS)]);
    assert_eq!(noted(&report, "duplicates_removed"), 0);
    let busy = |step: u32| (0..4).map(|cpu| share(0, cpu, step)).sum::<f64>() / 4.0;
    for (row, steps) in rows.iter().zip([1..4, 5..6, 200..351]) {
        let shares: Vec<f64> = steps.map(busy).collect();
        let mean = shares.iter().sum::<f64>() / shares.len() as f64;
        let extreme = |of: fn(f64, f64) -> f64| shares.iter().copied().reduce(of).unwrap();
        assert!(close(&row["cpu_sample_mean"], mean), "{row}");
        assert!(close(&row["cpu_busy_min"], extreme(f64::min)), "{row}");
        assert!(close(&row["cpu_busy_max"], extreme(f64::max)), "{row}");
        let carried = row["start"] == rows[1]["start"];
        assert_eq!(row["cpu_carried"], carried, "{row}");
        let count = if carried { 0 } else { shares.len() };
        assert_eq!(row["cpu_samples"], count, "{row}");
    }
    // Late and early in turn, and the later half first.
    let even = fleet((0..STEPS).step_by(2));
    let odd = fleet((1..STEPS).step_by(2));
    let halves = [fleet(STEPS / 2..STEPS), fleet(0..STEPS / 2)];
    for runs in [[even, odd], halves] {
        let (report, found) = ask(&runs);
        assert_eq!(noted(&report, "duplicates_removed"), 0);
        assert_eq!(found, rows);
    }
    // A part of it twice: the idle shares of two hosts of four cores.
    let (report, found) = ask(&[fleet(0..400), fleet(300..STEPS)]);
    assert_eq!(noted(&report, "duplicates_removed"), 100 * 2 * 4);
    assert_eq!(found, rows);
}

#[test]
fn spans_without_an_end_have_no_resources() {
    let report = check(&[utilization(None), span(11.0, 9.0)], &[NONE]);
    assert_eq!(noted(&report, "no_end"), 1);
}

#[test]
fn sessions_show_what_was_before_and_after() {
    let memory = |time: f64, used: f64| {
        [
            (time, used, json!({"state": "used"})),
            (time, 7.0, json!({"state": "free"})),
        ]
    };
    let memory = [memory(0.0, 100.0), memory(10.0, 200.0), memory(20.0, 400.0)].concat();
    let child = Span {
        name: "step",
        id: 99,
        parent: 91,
        start: 9.0,
        end: 10.0,
        error: false,
        members: json!({"session.id": "mine"}),
    };
    let mut root = span(9.0, 11.0);
    root["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"] = json!([]);
    let requests = [
        utilization(Some("mimas")),
        gauge(&host(Some("mimas")), "system.memory.usage", &memory),
        root,
        spans("worker", "any", &[child]),
    ];
    let lake = lake_of(&requests);
    let report = reports((&lake).into(), &Selection::default()).swap_remove(2);
    let rows: Vec<Value> = report
        .rows
        .iter()
        .map(|row| report.row_to_json(row))
        .collect();
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!(row["session"], "mine");
    let numbers = |columns: [&str; 4]| columns.map(|column| row[column].as_f64());
    let memory = [
        "memory_before_bytes",
        "memory_used_bytes",
        "memory_used_bytes_max",
        "memory_after_bytes",
    ];
    assert_eq!(numbers(memory), [100.0, 200.0, 200.0, 400.0].map(Some));
    let cpu = ["cpu_before", "cpu_busy", "cpu_busy_max", "cpu_after"];
    assert_eq!(numbers(cpu), [0.25, 0.3, 0.3, 0.35].map(Some));
}

#[test]
fn one_trace_can_be_asked_for() {
    let lake = lake_of_files(&captures().join("mix-dev/agentic-ci.jsonl"));
    let query = TraceResourcesQuery {
        trace: Some("BE4090B88FDE5C3B34F24DB800EE197B".to_owned()),
        root_only: false,
        selection: Selection::default(),
    };
    let report = trace_resources(&lake, &query).unwrap().into_report();
    let ids = report
        .rows
        .iter()
        .map(|row| report.row_to_json(row)["trace_id"].clone());
    let ids: Vec<Value> = ids.collect();
    assert!(ids.len() > 5);
    assert!(
        ids.iter()
            .all(|id| id == "be4090b88fde5c3b34f24db800ee197b")
    );
}
