//! `otolith cat`.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

use crate::support::{claude, lake_of, otolith, run};

fn cat(lake: &Path, rest: &[&str]) -> Command {
    let mut command = otolith();
    command.args(["cat", "--lake"]).arg(lake).args(rest);
    command
}

#[test]
fn requests_go_to_standard_output_and_the_summary_to_standard_error() {
    let dir = lake_of(&[claude()]);
    let done = run(&mut cat(&dir.path().join("lake"), &["--as", "jsonl"]));
    assert_eq!(done.code, 0, "{}", done.err);
    let lines: Vec<Value> = done
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0]["resourceSpans"].is_array());
    let summary = "3 requests with 54 spans, 61 data points, 78 log records: ";
    assert!(done.err.starts_with(summary), "{}", done.err);
}

#[test]
fn what_comes_out_is_a_capture_with_the_same_items() {
    let dir = lake_of(&[claude()]);
    for format in ["jsonl", "proto"] {
        let file = dir.path().join(format);
        let done = run(cat(&dir.path().join("lake"), &["--as", format, "--json", "-o"]).arg(&file));
        assert_eq!(done.code, 0, "{}", done.err);
        let summary = done.json();
        assert_eq!(summary["data_points"], 61, "{summary}");
        assert_eq!(summary["bytes_written"], file.metadata().unwrap().len());
        let again = run(otolith()
            .args(["convert", "--json", "--lake"])
            .arg(dir.path().join("again"))
            .arg(&file));
        assert_eq!(again.json()["items_read"], 54 + 61 + 78);
    }
}

#[test]
fn one_signal_can_be_selected() {
    let dir = lake_of(&[claude()]);
    let lake = dir.path().join("lake");
    let done = run(&mut cat(
        &lake,
        &["--as", "jsonl", "--signal", "logs", "--json"],
    ));
    assert_eq!(done.out.lines().count(), 1);
    let summary: Value = serde_json::from_str(&done.err).unwrap();
    assert_eq!(summary["log_records"], 78);
    assert_eq!(summary["spans"], 0);
}

#[test]
fn a_file_is_replaced_at_the_end_or_left_alone() {
    let dir = lake_of(&[claude()]);
    let file = dir.path().join("out.jsonl");
    fs::write(&file, "before").unwrap();
    let nowhere = dir.path().join("nowhere");
    let done = run(cat(&nowhere, &["--as", "jsonl", "-o"]).arg(&file));
    assert_eq!(done.code, 1);
    assert_eq!(fs::read_to_string(&file).unwrap(), "before");
    let done = run(cat(&dir.path().join("lake"), &["-q", "--as", "jsonl", "-o"]).arg(&file));
    assert_eq!(
        (done.code, done.out.as_str(), done.err.as_str()),
        (0, "", "")
    );
    assert!(
        fs::read_to_string(&file)
            .unwrap()
            .starts_with("{\"resourceSpans\"")
    );
    let left = fs::read_dir(dir.path()).unwrap();
    let hidden = left.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.as_encoded_bytes().starts_with(b".")
    });
    assert_eq!(hidden.count(), 0);
}

#[test]
fn the_format_must_be_named() {
    let done = run(&mut cat(Path::new("x"), &[]));
    assert_eq!(done.code, 2);
    assert!(done.err.contains("--as <FORMAT>"), "{}", done.err);
}
