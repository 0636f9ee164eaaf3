//! `otolith convert`.

use std::fs;

use serde_json::Value;

use crate::support::{capture, claude, corrupted, otolith, run};

#[test]
fn a_clean_capture_ends_with_0_and_a_balanced_account() {
    let dir = tempfile::tempdir().unwrap();
    let done = run(otolith()
        .args(["convert", "--json", "--lake"])
        .arg(dir.path())
        .arg(claude()));
    assert_eq!(done.code, 0, "{}", done.err);
    let account = done.json();
    assert_eq!(account["frames_read"], 34, "{account}");
    assert_eq!(account["frames_converted"], 34);
    assert_eq!(account["items_read"], 54 + 61 + 78);
    assert_eq!(rows(&account, "traces"), 54);
    assert_eq!(rows(&account, "logs"), 78);
}

#[test]
fn a_broken_line_ends_with_3_and_the_rest_is_converted() {
    let dir = tempfile::tempdir().unwrap();
    let (path, good) = corrupted(&dir);
    let lake = dir.path().join("lake");
    let done = run(otolith().args(["convert", "--lake"]).arg(&lake).arg(&path));
    assert_eq!(done.code, 3, "{}", done.err);
    assert!(
        done.out.contains("corrupted.jsonl: frame 2"),
        "{}",
        done.out
    );
    let kept = format!("kept in {}", lake.join("_rejects").display());
    assert!(done.out.contains(&kept), "{}", done.out);
    let again = run(otolith()
        .args(["convert", "--json", "--force", "--lake"])
        .arg(&lake)
        .arg(&path));
    let account = again.json();
    assert_eq!(account["frames_converted"], good);
    assert_eq!(account["frames_rejected"], 1);
    assert_eq!(rows(&account, "logs"), 78);
    let rejects: Vec<_> = fs::read_dir(lake.join("_rejects")).unwrap().collect();
    assert_eq!(rejects.len(), 1);
}

#[test]
fn converting_again_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let lake = dir.path().join("lake");
    let tables = || run(otolith().args(["tables", "--json", "--lake"]).arg(&lake)).out;
    let convert = || {
        let done = run(otolith()
            .args(["convert", "--lake"])
            .arg(&lake)
            .arg(claude()));
        assert_eq!(done.code, 0, "{}", done.err);
        done.out
    };
    let first = (convert(), tables());
    let again = convert();
    assert!(
        again.contains("known       1 file without anything new"),
        "{again}"
    );
    assert!(again.contains("frames      0 read"), "{again}");
    assert_eq!(tables(), first.1);
    let forced = run(otolith()
        .args(["convert", "--force", "--lake"])
        .arg(&lake)
        .arg(claude()));
    assert_eq!((forced.code, forced.out), (0, first.0));
    let rows = |json: &str| {
        let json: Value = serde_json::from_str(json).unwrap();
        let tables = json["databases"][0]["tables"].as_array().unwrap().clone();
        let rows = tables.into_iter().map(|table| table["rows"].clone());
        rows.collect::<Vec<_>>()
    };
    assert_eq!(rows(&tables()), rows(&first.1));
    let verified = run(otolith().args(["verify", "--lake"]).arg(&lake));
    assert_eq!(verified.code, 0, "{}", verified.out);
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let dir = tempfile::tempdir().unwrap();
    let listing = |threads: &str| {
        let lake = dir.path().join(threads);
        let done = run(otolith()
            .args(["convert", "--threads", threads, "--lake"])
            .arg(&lake)
            .arg(capture("pysdk-http/file-exporter")));
        assert_eq!(done.code, 0, "{}", done.err);
        let mut files: Vec<(String, Vec<u8>)> = walk(&lake)
            .into_iter()
            .map(|path| {
                let name = path.strip_prefix(&lake).unwrap().display().to_string();
                (name, fs::read(path).unwrap())
            })
            .collect();
        files.retain(|(name, _)| name.ends_with(".parquet") || name.starts_with("_rejects"));
        files.sort();
        files
    };
    let one = listing("1");
    assert!(one.iter().any(|(name, _)| name.ends_with(".parquet")));
    assert!(one == listing("4"));
}

#[test]
fn standard_input_is_a_capture_and_known_the_next_time() {
    let dir = tempfile::tempdir().unwrap();
    let convert = |bytes: Vec<u8>| {
        let done = run(otolith()
            .args(["convert", "-", "--json", "--lake"])
            .arg(dir.path())
            .write_stdin(bytes));
        assert_eq!(done.code, 0, "{}", done.err);
        done.json()
    };
    let text = fs::read(claude()).unwrap();
    assert_eq!(rows(&convert(text.clone()), "logs"), 78);
    let again = convert(text.clone());
    assert_eq!(
        (&again["frames_read"], rows(&again, "logs")),
        (&0.into(), 0)
    );
    assert_eq!(fs::read_dir(dir.path().join("_runs")).unwrap().count(), 2);
    // The last line once more, as a file that has grown.
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let grown = convert([&text[..], lines[lines.len() - 1]].concat());
    assert_eq!(grown["frames_read"], 1, "{grown}");
    assert_eq!(grown["sources"][0]["known_frames"], 34);
}

#[test]
fn repeated_requests_are_dropped_on_demand() {
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("copy.jsonl");
    fs::copy(claude(), &copy).unwrap();
    let convert = |lake: &str, dedup: &[&str]| {
        run(otolith()
            .args(["convert", "--json", "--lake"])
            .arg(dir.path().join(lake))
            .args([claude(), copy.clone()])
            .args(dedup))
    };
    // A copy byte for byte would be known as the same capture.
    let text = fs::read_to_string(&copy).unwrap();
    fs::write(&copy, text.replace('\n', " \n")).unwrap();
    let kept = convert("kept", &[]).json();
    assert_eq!(rows(&kept, "logs"), 2 * 78);
    let dropped = convert("dropped", &["--dedup", "requests"]).json();
    assert_eq!(dropped["frames_skipped"], 34, "{dropped}");
    assert_eq!(rows(&dropped, "logs"), 78);
}

#[test]
fn a_lake_may_be_named_relative_to_where_one_stands() {
    let dir = tempfile::tempdir().unwrap();
    fs::copy(claude(), dir.path().join("x.jsonl")).unwrap();
    for line in [
        &["convert", "--lake", "lake", "x.jsonl"][..],
        &["convert", "--force", "--lake", "./lake", "x.jsonl"],
        &["tables", "--lake", "lake/../lake"],
        &["verify", "--lake", "lake"],
        &["drop", "--lake", "lake", "--before", "2026-11-21"],
    ] {
        let done = run(otolith().args(line).current_dir(dir.path()));
        assert_eq!(done.code, 0, "{line:?}: {}{}", done.out, done.err);
    }
}

#[test]
fn quiet_prints_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let done = run(otolith()
        .args(["convert", "-q", "--lake"])
        .arg(dir.path())
        .arg(claude()));
    assert_eq!(
        (done.code, done.out.as_str(), done.err.as_str()),
        (0, "", "")
    );
}

/// Rows of a table of Claude Code in an account.
fn rows(account: &Value, table: &str) -> u64 {
    let tables = account["tables"].as_array().unwrap();
    let found = tables
        .iter()
        .find(|t| t["database"] == "claude_code" && t["table"] == table);
    found.map_or(0, |table| table["rows"].as_u64().unwrap())
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(walk(&path)),
            false => files.push(path),
        }
    }
    files
}
