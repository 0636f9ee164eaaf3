//! Running the command in tests.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// The command, without colours and with no terminal.
pub fn otolith() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_otolith"));
    command.env("NO_COLOR", "1");
    command
}

/// A file or directory of the real captures.
pub fn capture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../testdata/captures")
        .join(name)
}

/// A small capture of Claude Code: 54 spans, 61 points, 78 records in 34 requests.
pub fn claude() -> PathBuf {
    capture("claude-http/agentic-ci.jsonl")
}

/// A capture with one broken line after the first good one, and how many good lines it has.
pub fn corrupted(dir: &TempDir) -> (PathBuf, u64) {
    let text = std::fs::read_to_string(claude()).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let good = lines.len() as u64;
    lines.insert(1, "{\"path\":\"/v1/logs\",\"payload\":{\"resourceLogs\":[");
    let path = dir.path().join("corrupted.jsonl");
    std::fs::write(&path, lines.join("\n")).unwrap();
    (path, good)
}

/// A lake made from a capture.
pub fn lake_of(paths: &[PathBuf]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    otolith()
        .args(["convert", "--quiet", "--lake"])
        .arg(dir.path().join("lake"))
        .args(paths)
        .assert()
        .success();
    dir
}

/// What a finished command left.
pub struct Done {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Done {
    /// Standard output as one JSON object.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error} in {}\n{}", self.out, self.err))
    }
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Done {
    let output = command.output().unwrap();
    Done {
        code: output.status.code().expect("the command ends by itself"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Text without the sequences that move a terminal's cursor; one that is cut off stays.
pub fn without_sequences(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        kept.push_str(before);
        match after.find(|c: char| c.is_ascii_alphabetic()) {
            Some(end) => rest = &after[end + 1..],
            None => {
                rest = &rest[before.len()..];
                break;
            }
        }
    }
    kept + rest
}
