//! `otolith convert --redact`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Done, capture, claude, corrupted, otolith, run};

fn convert(lake: &Path, path: &Path, options: &[&str]) -> Done {
    let mut command = otolith();
    command.args(["convert", "--lake"]).arg(lake).arg(path);
    run(command.args(options))
}

fn sql(lake: &Path, query: &str) -> Value {
    let mut command = otolith();
    command.args(["sql", "--json", "--lake"]).arg(lake);
    run(command.arg(query)).json()
}

#[test]
fn values_are_removed_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let lake = dir.path().join("lake");
    let done = convert(
        &lake,
        &claude(),
        &["--redact", "prompts,ids,emails,no.such"],
    );
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(
        done.out
            .contains("redacted    emails: 0, ids: 420, prompts: 65, "),
        "{}",
        done.out
    );
    assert!(done.out.contains("no.such: 0 (removed)\n"), "{}", done.out);
    assert!(
        done.out
            .contains("note        --redact `no.such` fitted no attribute"),
        "{}",
        done.out
    );
    let tables = run(otolith()
        .args(["tables", "--lake"])
        .arg(&lake)
        .arg("claude_code.logs"));
    assert!(
        !tables.out.contains("user_id") && tables.out.contains("session_id"),
        "{}",
        tables.out
    );
}

#[test]
fn hashes_are_equal_in_every_lake_of_a_key() {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    fs::write(&key, "not guessable at all").unwrap();
    let key = key.to_str().unwrap();
    let users = |lake: &str, place: &str| {
        let lake = dir.path().join(lake);
        let options = ["--redact", "ids", "--redact-key", key, "--json"];
        let done = convert(&lake, &capture(place), &options);
        assert_eq!(done.code, 0, "{}", done.err);
        assert_eq!(done.json()["redacted"][0]["how"], "hashed");
        assert!(!done.out.contains("guessable") && !done.err.contains("guessable"));
        sql(&lake, "SELECT DISTINCT user_id FROM claude_code.logs")["rows"].clone()
    };
    let users_of_one = users("one", "claude-http/agentic-ci.jsonl");
    let id = users_of_one[0]["user_id"].as_str().unwrap();
    assert!(id.starts_with("redacted:") && id.len() == 41, "{id}");
    assert_eq!(users_of_one, users("two", "claude-http/file-exporter"));
}

#[test]
fn a_mistyped_key_is_told_with_json_too() {
    let dir = tempfile::tempdir().unwrap();
    let done = convert(dir.path(), &claude(), &["--json", "--redact", "promts"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(done.json()["redacted"][0]["values"], 0);
    assert!(
        done.err
            .contains("note: --redact `promts` fitted no attribute"),
        "{}",
        done.err
    );
}

#[test]
fn bad_keys_are_clear_errors_that_show_nothing_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    let lake = dir.path().join("lake");
    let with = |key: &Path| {
        convert(
            &lake,
            &claude(),
            &["--redact", "ids", "--redact-key", key.to_str().unwrap()],
        )
    };
    let done = with(&key);
    assert_eq!(done.code, 1);
    assert!(
        done.err
            .starts_with("error: failed to read the redaction key `"),
        "{}",
        done.err
    );
    fs::write(&key, "s3cret").unwrap();
    let done = with(&key);
    assert_eq!(done.code, 1);
    assert!(
        done.err
            .contains("expected a redaction key of 16 to 65536 bytes, found 6"),
        "{}",
        done.err
    );
    assert!(!done.err.contains("s3cret"));
    assert!(!lake.exists(), "nothing was begun");
}

#[test]
fn wrong_usage_ends_with_2() {
    let dir = tempfile::tempdir().unwrap();
    for (options, expected) in [
        (&["--redact-key", "x"][..], "--redact"),
        (&["--redact", "a,,b"], "found nothing"),
        (&["--redact", "a*b"], "`*` at the end"),
    ] {
        let done = convert(dir.path(), &claude(), options);
        assert_eq!(done.code, 2, "{}", done.err);
        assert!(done.err.contains(expected), "{}", done.err);
    }
}

#[test]
fn rejects_keep_no_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _) = corrupted(&dir);
    let lake = dir.path().join("lake");
    let done = convert(&lake, &path, &["--redact", "prompts"]);
    assert_eq!(done.code, 3, "{}", done.err);
    let rejects = fs::read_dir(lake.join("_rejects")).unwrap().next().unwrap();
    let text = fs::read_to_string(rejects.unwrap().path()).unwrap();
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&line["bytes"], &line["redacted"]),
        (&Value::Null, &Value::Bool(true))
    );
    let done = convert(&dir.path().join("again"), &lake.join("_rejects"), &[]);
    assert_eq!(done.code, 3);
    assert!(done.out.contains("left out by redaction"), "{}", done.out);
}
