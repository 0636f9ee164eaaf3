//! Standard output is data, standard error everything else; a closed pipe is a normal end.

use std::io::Read as _;
use std::process::{Command, Stdio};

use crate::support::{capture, claude, lake_of, otolith, run};

#[test]
fn notes_go_to_standard_error_and_quiet_drops_them() {
    let mix = capture("mix-dev/agentic-ci.jsonl");
    let done = run(otolith()
        .args(["report", "cost", "--format", "csv"])
        .arg(&mix));
    assert!(done.err.contains("note: "), "{}", done.err);
    assert!(!done.out.contains("note: "));
    let quiet = run(otolith()
        .args(["report", "cost", "--format", "csv", "--quiet"])
        .arg(&mix));
    assert_eq!((quiet.code, quiet.err.as_str()), (0, ""));
    assert_eq!(quiet.out, done.out);
}

#[test]
fn no_escape_sequence_is_printed_without_a_terminal() {
    let done = run(otolith()
        .env_remove("NO_COLOR")
        .args(["report", "tools"])
        .arg(claude()));
    assert!(!done.out.contains('\u{1b}') && !done.err.contains('\u{1b}'));
}

#[test]
fn an_error_that_nobody_reads_is_an_error_all_the_same() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = Command::new(env!("CARGO_BIN_EXE_otolith"))
        .args(["inspect", "no-such.jsonl"])
        .stderr(writer)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
}

#[test]
fn a_dash_is_standard_output() {
    let dir = tempfile::tempdir().unwrap();
    let done = run(otolith()
        .current_dir(dir.path())
        .args(["report", "cost", "-q", "-o", "-"])
        .arg(std::path::absolute(claude()).unwrap()));
    assert!(done.out.contains("claude_code"), "{}", done.out);
    assert!(!dir.path().join("-").exists());
}

#[test]
fn a_closed_pipe_is_a_normal_end() {
    let dir = lake_of(&[capture("pysdk-http/file-exporter")]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_otolith"))
        .args(["sql", "--format", "jsonl", "--lake"])
        .arg(dir.path().join("lake"))
        .arg("SELECT * FROM metrics")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0; 16]).unwrap();
    drop(out);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(!err.contains("error") && !err.contains("panic"), "{err}");
}
