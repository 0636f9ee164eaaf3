//! Errors: what is said, where, and with which exit code.

use crate::support::{claude, lake_of, otolith, run};

/// Runs a command that must end so, with nothing on standard output.
#[track_caller]
fn check(arguments: &[&str], code: i32, expected: &[&str]) {
    let done = run(otolith().args(arguments));
    assert_eq!(done.code, code, "{}", done.err);
    assert_eq!(done.out, "");
    assert!(done.err.starts_with("error: "), "{}", done.err);
    for text in expected {
        assert!(done.err.contains(text), "expected `{text}` in {}", done.err);
    }
}

#[test]
fn a_missing_capture_is_named() {
    for command in ["inspect", "replay --to http://127.0.0.1:9", "report cost"] {
        let mut arguments: Vec<&str> = command.split(' ').collect();
        arguments.push("no-such.jsonl");
        check(&arguments, 1, &["no-such.jsonl", "\nhint: "]);
    }
}

#[test]
fn a_directory_without_files_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    check(&["inspect", path], 1, &["no files in", path, "\nhint: "]);
    check(&["report", "cost", path], 1, &["no files in", path]);
}

#[test]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let file = claude();
    let file = file.to_str().unwrap();
    let to = [
        "report",
        "cost",
        "-q",
        "-o",
        "/no/such/directory/cost.txt",
        file,
    ];
    check(
        &to,
        1,
        &["error: failed to create `/no/such/directory/cost.txt`\n"],
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_a_failure() {
    let full = std::fs::File::create("/dev/full").unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_otolith"))
        .args(["inspect", "--json"])
        .arg(claude())
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.contains("failed to write the answer"), "{err}");
}

#[test]
fn a_directory_that_is_no_lake_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    for command in ["tables", "report cost"] {
        let mut arguments: Vec<&str> = command.split(' ').collect();
        arguments.extend(["--lake", path]);
        check(&arguments, 1, &[path, "\nhint: ", "otolith convert"]);
    }
    check(
        &["sql", "--lake", "/no/such/lake", "SELECT 1"],
        1,
        &["/no/such/lake"],
    );
}

#[test]
fn wrong_usage_ends_with_2() {
    check(&["convert", "a.jsonl"], 2, &["--lake"]);
    check(&["report", "cost"], 2, &["name captures", "--lake DIR"]);
    check(
        &["report", "cost", "--lake", "x", "y.jsonl"],
        2,
        &["exclude each other"],
    );
    check(
        &["report", "cost", "--by", "agent,colour", "y"],
        2,
        &["colour", "agent"],
    );
    check(
        &["report", "cost", "--by", "agent,agent", "y"],
        2,
        &["`agent` twice"],
    );
    check(
        &["report", "cost", "--reconcile", "--by", "agent", "y"],
        2,
        &["--reconcile", "--by"],
    );
    check(
        &["report", "tokens", "--explain", "--by", "type", "y"],
        2,
        &["--explain", "`type`"],
    );
    check(
        &["report", "cost", "--tz", "Mars/Olympus", "y"],
        2,
        &["Mars/Olympus"],
    );
    check(
        &["report", "cost", "--since", "yesterday", "y"],
        2,
        &["yesterday", "RFC 3339"],
    );
    check(
        &["report", "cost", "--json", "--format", "csv", "y"],
        2,
        &["--json", "--format"],
    );
    check(
        &["report", "cost", "--format", "xml", "y"],
        2,
        &["xml", "markdown"],
    );
    check(&["sql", "a.jsonl", "b.jsonl"], 2, &["query", "b.jsonl"]);
    check(&["replay", "y", "--to", "localhost:4318"], 2, &["http://"]);
    check(
        &["replay", "y", "--to", "http://h", "--speed=-1x"],
        2,
        &["--speed"],
    );
    check(
        &["replay", "y", "--to", "http://h", "--speed", "0x"],
        2,
        &["0x"],
    );
    check(
        &["inspect", "y", "--input-format", "xml"],
        2,
        &["xml", "proto-frames"],
    );
    check(
        &["inspect", "y", "--max-frame", "lots"],
        2,
        &["lots", "MiB"],
    );
    check(
        &["inspect", "y", "--max-frame", "0"],
        2,
        &["--max-frame", "greater than 0"],
    );
    check(
        &["tables", "--lake", "x", "db.spans"],
        2,
        &["spans", "traces"],
    );
}

#[test]
fn options_of_reading_captures_do_not_go_with_a_lake() {
    for option in [
        "--threads=2",
        "--dedup=requests",
        "--strict",
        "--max-frame=1MiB",
    ] {
        let name = option.split('=').next().unwrap();
        let cost = ["report", "cost", "--lake", "x", option];
        check(&cost, 2, &["--lake", name, "cannot be used"]);
        check(&["sql", "--lake", "x", option, "SELECT 1"], 2, &[name]);
    }
}

#[test]
fn more_threads_than_any_machine_has_are_refused() {
    for threads in ["0", "100000"] {
        let arguments = ["convert", "y", "--lake", "x", "--threads", threads];
        check(&arguments, 2, &[threads, "1..=1024"]);
    }
}

#[test]
fn control_characters_of_names_reach_no_terminal() {
    let done = run(otolith().args(["inspect", "a\u{1b}[31m\u{9b}b\nhint: c"]));
    assert_eq!(done.code, 1);
    assert!(
        done.err.contains("a\\u{1b}[31m\\u{9b}b\n    hint: c"),
        "{}",
        done.err
    );
    assert!(!done.err.contains('\u{1b}'));
}

#[test]
fn without_room_for_temporary_files_the_way_out_is_named() {
    let roomless = |before: &[&str], after: &[&str]| {
        let command = &mut otolith();
        command.env("TMPDIR", "/no/such/directory").args(before);
        run(command.arg(claude()).args(after))
    };
    let replay = ["replay", "--to", "http://127.0.0.1:9"];
    for (before, after) in [(&["sql"][..], &["SELECT 1"][..]), (&replay, &[])] {
        let done = roomless(before, after);
        assert_eq!(done.code, 1);
        assert!(
            done.err.contains("\nhint: ") && done.err.contains("TMPDIR"),
            "{}",
            done.err
        );
    }
    // A report keeps nothing on disk.
    assert_eq!(roomless(&["report", "cost"], &[]).code, 0);
}

#[test]
fn secrets_do_not_appear_in_errors() {
    for arguments in [
        ["-H", "Authorization Bearer s3cret", "--to", "http://h"],
        ["-H", "Authori zation: s3cret", "--to", "http://h"],
        ["-H", "a: b", "--to", "http://user:s3cret@h"],
    ] {
        let done = run(otolith().args(["replay", "y"]).args(arguments));
        assert_eq!(done.code, 2, "{}", done.err);
        assert!(!done.err.contains("s3cret"), "{}", done.err);
    }
}

#[test]
fn unknown_tables_and_databases_are_named_with_those_that_exist() {
    let dir = lake_of(&[claude()]);
    let lake = dir.path().join("lake");
    let lake = lake.to_str().unwrap();
    check(
        &["tables", "--lake", lake, "nobody"],
        1,
        &["`nobody`", "claude_code"],
    );
    check(
        &["tables", "--lake", lake, "claude_code.summaries"],
        1,
        &["`summaries`", "logs"],
    );
    check(
        &["sql", "--lake", lake, "SELECT * FROM nobody.logs"],
        1,
        &["nobody"],
    );
    check(
        &["sql", "--lake", lake, "SELEKT * FROM logs"],
        1,
        &["SELECT"],
    );
}

#[test]
fn strict_ends_with_1_at_the_first_reject() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _) = crate::support::corrupted(&dir);
    let lake = dir.path().join("lake");
    let done = run(otolith()
        .args(["convert", "--strict", "--lake"])
        .arg(&lake)
        .arg(&path));
    assert_eq!(done.code, 1, "{}", done.err);
    assert!(
        done.err.contains("corrupted.jsonl") && done.err.contains("frame 2"),
        "{}",
        done.err
    );
    let tables = run(otolith().args(["tables", "--json", "--lake"]).arg(&lake));
    assert!(!tables.out.contains("claude_code"), "{}", tables.out);
}
