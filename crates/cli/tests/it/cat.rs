//! `otolith cat`.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::{Value, json};

use crate::support::{Done, claude, corrupted, lake_of, otolith, run};

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

/// `otolith cat` of captures.
fn cat_captures(paths: &[&Path], rest: &[&str]) -> Done {
    run(otolith().arg("cat").args(paths).args(rest))
}

/// Requests and items by signal.
fn counts(inspection: &Value) -> Vec<Value> {
    let signals = inspection["signals"].as_array().unwrap().iter();
    let counts = signals.map(|s| json!([s["signal"], s["requests"], s["items"]]));
    counts.collect()
}

fn inspect(path: &Path) -> Value {
    run(otolith().args(["inspect", "--json"]).arg(path)).json()
}

#[test]
fn captures_become_captures_and_the_summary_balances() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("out.binpb.zst");
    let out = file.to_str().unwrap();
    let done = cat_captures(&[&claude()], &["--as", "proto", "--json", "-o", out]);
    assert_eq!(done.code, 0, "{}", done.err);
    let summary = done.json();
    assert_eq!(
        (&summary["frames_read"], &summary["requests"]),
        (&json!(34), &json!(34))
    );
    assert_eq!(summary["files"], json!([out]));
    let found = inspect(&file);
    assert_eq!(
        found["sources"][0]["layout"],
        "zstd > length-prefixed protobuf"
    );
    assert_eq!(found["frames_read"], 34);
    assert_eq!(counts(&found), counts(&inspect(&claude())));
    // Whatever the name says.
    let rest = ["-q", "--as", "jsonl", "--compress", "none", "-o", out];
    let done = cat_captures(&[&claude()], &rest);
    assert_eq!(
        (done.code, done.out.as_str(), done.err.as_str()),
        (0, "", "")
    );
    assert_eq!(inspect(&file)["sources"][0]["layout"], "JSON lines");
}

#[test]
fn slices_samples_and_redaction_go_together() {
    let rest = [
        "--as",
        "jsonl",
        "--service",
        "claude-*",
        "--signal",
        "logs",
        "--since",
        "2026-11-20",
        "--sample-traces",
        "50%",
        "--redact",
        "prompts,emails,ids",
        "--sort",
        "--threads",
        "2",
    ];
    let done = cat_captures(&[&claude()], &rest);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.err.contains("\nnot selected: "), "{}", done.err);
    assert!(done.err.contains("redacted "), "{}", done.err);
    assert!(
        done.out
            .lines()
            .all(|line| line.starts_with("{\"resourceLogs\""))
    );
    assert!(!done.out.contains("user.id") && done.out.contains("session.id"));
    let none = cat_captures(&[&claude()], &["--as", "jsonl", "--service", "other"]);
    assert_eq!((none.code, none.out.as_str()), (0, ""));
}

/// A log record at noon of a day of November 2026.
fn record(day: u32) -> String {
    let nanos = (1_793_534_400_u64 + u64::from(day - 1) * 86_400) * 1_000_000_000;
    format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"timeUnixNano":"{nanos}","body":{{"stringValue":"day {day}"}}}}]}}]}}]}}"#
    )
}

#[test]
fn spans_of_time_count_back_from_the_newest_item_of_captures_and_lakes() {
    let dir = tempfile::tempdir().unwrap();
    let [one, two] = ["one.jsonl", "two.jsonl"].map(|name| dir.path().join(name));
    fs::write(&one, [record(20), record(3)].join("\n")).unwrap();
    fs::write(&two, record(11)).unwrap();
    let days = |done: Done| {
        assert_eq!(done.code, 0, "{}", done.err);
        let days = [3, 11, 20].map(|day| done.out.find(&format!("day {day}\"")));
        days.map(|place| place.is_some())
    };
    let paths = [one.as_path(), two.as_path()];
    let check = |back: &str, expected| {
        assert_eq!(
            days(cat_captures(&paths, &["--as", "jsonl", "--since", back])),
            expected
        );
    };
    check("10d", [false, true, true]);
    check("217h", [false, true, true]);
    check("1w", [false, false, true]);
    check("2026-11-04", [false, true, true]);
    let all = cat_captures(&paths, &["--as", "jsonl"]);
    assert_eq!(all.out, [3, 11, 20].map(|day| record(day) + "\n").concat());
    let lake = lake_of(&[one, two]);
    let lake = lake.path().join("lake");
    let of_lake = |rest: &[&str]| days(run(&mut cat(&lake, rest)));
    assert_eq!(
        of_lake(&["--as", "jsonl", "--since", "10d"]),
        [false, true, true]
    );
    assert_eq!(
        of_lake(&["--as", "jsonl", "--until", "10d"]),
        [true, false, false]
    );
    let done = run(otolith()
        .args(["cat", "-", "--as", "jsonl", "--since", "7d"])
        .write_stdin(record(3)));
    assert_eq!(done.code, 1);
    assert!(done.err.contains("can be read only once"), "{}", done.err);
}

#[test]
fn large_outputs_are_split_into_captures() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("part.jsonl");
    let out = file.to_str().unwrap();
    let split = ["--as", "agentic-ci", "--split-size", "64KiB", "-o", out];
    let done = cat_captures(&[&claude()], &split);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(!file.exists());
    let found = inspect(dir.path());
    assert!(found["sources"].as_array().unwrap().len() > 2);
    assert_eq!(counts(&found), counts(&inspect(&claude())));
    let again = cat_captures(&[&claude()], &split);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("there is one already"), "{}", again.err);
    assert!(again.err.contains("hint: "), "{}", again.err);
}

#[test]
fn what_is_rejected_is_told_and_strict_writes_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let (path, good) = corrupted(&dir);
    let out = dir.path().join("out");
    let rest = ["--as", "varint", "-o", out.to_str().unwrap()];
    let done = cat_captures(&[&path], &[&rest[..], &["--strict"]].concat());
    assert_eq!(done.code, 1, "{}", done.err);
    assert!(!out.exists());
    let done = cat_captures(&[&path], &rest);
    assert_eq!(done.code, 3, "{}", done.err);
    assert!(
        done.err.contains("rejected    torn_record: 1"),
        "{}",
        done.err
    );
    assert_eq!(inspect(&out)["frames_read"], good);
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let refused = |args: &[&str], expected: &str| {
        let done = run(otolith().arg("cat").args(args));
        assert_eq!(done.code, 2, "{args:?}: {}", done.err);
        assert!(done.err.contains(expected), "{args:?}: {}", done.err);
    };
    refused(&["--as", "jsonl"], "<PATH>...");
    refused(
        &["x", "--lake", "y", "--as", "jsonl"],
        "cannot be used with",
    );
    refused(
        &["--lake", "y", "--as", "jsonl", "--dedup", "requests"],
        "cannot be used with",
    );
    refused(
        &["x", "--as", "jsonl", "--split-size", "1MiB"],
        "--output <FILE>",
    );
    refused(
        &["x", "--as", "jsonl", "--split-size", "1MiB", "-o", "-"],
        "-o FILE",
    );
    refused(
        &["x", "--as", "jsonl", "--split-size", "0", "-o", "f"],
        "greater than 0",
    );
    refused(
        &["x", "--as", "jsonl", "--sample-traces", "200%"],
        "expected a share",
    );
    refused(&["x", "--as", "yaml"], "agentic-ci");
}
