//! Real captures against `truth.json`: what plain Python counted in the decoded protobuf
//! messages must stand in the tables, whatever dialect the capture came in.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod counts;
mod dialects;
mod javascript_sdk;
mod rows;

use std::path::{Path, PathBuf};

/// Every capture of the catalogue (`testdata/README.md`).
const CAPTURES: [&str; 9] = [
    "codex-on",
    "codex-off",
    "codex-grpc",
    "claude-http",
    "claude-grpc",
    "claude-json",
    "pysdk-http",
    "pysdk-grpc",
    "mix-dev",
];

fn captures_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/captures")
}

/// The capture as one agentic-ci file, compressed or not.
fn agentic_ci(capture: &str) -> PathBuf {
    let dir = captures_dir().join(capture);
    let plain = dir.join("agentic-ci.jsonl");
    if plain.exists() {
        plain
    } else {
        dir.join("agentic-ci.jsonl.zst")
    }
}

/// What is known of the capture.
fn truth(capture: &str) -> serde_json::Value {
    let text = std::fs::read_to_string(captures_dir().join("truth.json")).unwrap();
    let all: serde_json::Value = serde_json::from_str(&text).unwrap();
    all[capture].clone()
}
