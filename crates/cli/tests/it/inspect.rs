//! `otolith inspect`.

use std::fs;

use crate::support::{capture, claude, corrupted, otolith, run};

#[test]
fn a_capture_is_described() {
    let done = run(otolith().arg("inspect").arg(claude()));
    assert_eq!(done.code, 0, "{}", done.err);
    for text in [
        "claude-code",
        "34",
        "traces",
        "metrics",
        "logs",
        "2026-11-20",
    ] {
        assert!(
            done.out.contains(text),
            "expected `{text}` in\n{}",
            done.out
        );
    }
    assert_eq!(done.err, "");
}

#[test]
fn json_is_one_object() {
    let done = run(otolith()
        .args(["inspect", "--json"])
        .arg(capture("codex-on/file-exporter-proto")));
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.json().is_object());
    assert_eq!(done.out.lines().count(), 1);
}

#[test]
fn standard_input_is_a_capture() {
    let bytes = fs::read(capture("codex-on/agentic-ci.jsonl.zst")).unwrap();
    let done = run(otolith().args(["inspect", "-"]).write_stdin(bytes));
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.out.contains("codex_exec"), "{}", done.out);
}

#[test]
fn a_broken_line_is_shown_and_ends_with_3() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _) = corrupted(&dir);
    let done = run(otolith().arg("inspect").arg(&path));
    assert_eq!(done.code, 3, "{}", done.err);
    assert!(done.out.contains("frame 2"), "{}", done.out);
}

#[test]
fn metrics_that_cannot_be_added_up_are_listed() {
    let metric = |name: &str, kind: &str, temporality: u8| {
        format!(
            r#"{{"name":"{name}","{kind}":{{"aggregationTemporality":{temporality},"dataPoints":[{{"asInt":"1","timeUnixNano":"1795132800000000000"}}]}}}}"#
        )
    };
    let metrics = [
        metric("good.sum", "sum", 1),
        metric("bad.sum", "sum", 0),
        metric("some.gauge", "gauge", 0),
    ];
    let line = format!(
        r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{}]}}]}}]}}"#,
        metrics.join(",")
    );
    let done = run(otolith().args(["inspect", "-"]).write_stdin(line.clone()));
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.out.contains("\nbad.sum "), "{}", done.out);
    let counts = "3 metrics: 1 delta, 0 cumulative, 1 unknown, 1 without temporality";
    assert!(done.out.contains(counts), "{}", done.out);
    assert!(!done.out.contains("good.sum") && !done.out.contains("some.gauge"));
    let json = run(otolith().args(["inspect", "--json", "-"]).write_stdin(line)).json();
    assert_eq!(json["metrics"].as_array().unwrap().len(), 3);
}
