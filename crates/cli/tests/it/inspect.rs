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
