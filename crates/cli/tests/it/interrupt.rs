//! Ctrl-C.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::sink::Sink;
use crate::support::{claude, otolith, run};

fn spawn(command: &mut Command) -> Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What Ctrl-C on a terminal does.
fn interrupt(child: &Child) {
    let pid = child.id().to_string();
    let status = Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(status.success());
}

#[test]
fn an_interrupted_conversion_leaves_no_table() {
    let dir = tempfile::tempdir().unwrap();
    let lake = dir.path().join("lake");
    let mut child = spawn(
        Command::new(env!("CARGO_BIN_EXE_otolith"))
            .args(["convert", "-", "--lake"])
            .arg(&lake),
    );
    let mut stdin = child.stdin.take().unwrap();
    let bytes = std::fs::read(claude()).unwrap();
    // The lake is made after Ctrl-C is taken care of.
    while !lake.join("_otolith.json").exists() {
        thread::yield_now();
    }
    stdin.write_all(&bytes).unwrap();
    interrupt(&child);
    // The input goes on until nobody reads it.
    while stdin.write_all(&bytes).is_ok() {}
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let tables = run(otolith().args(["tables", "--json", "--lake"]).arg(&lake)).json();
    assert_eq!(tables["databases"], serde_json::json!([]));
    assert!(!lake.join("_tmp").exists());
}

#[test]
fn a_replay_that_is_interrupted_while_it_reads_sends_nothing() {
    let sink = Sink::start("200 OK");
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("run.hlog");
    let mut child = spawn(
        Command::new(env!("CARGO_BIN_EXE_otolith"))
            .args(["replay", "-", "--to", &sink.url, "--hdr"])
            .arg(&log),
    );
    let mut stdin = child.stdin.take().unwrap();
    // The file is made after Ctrl-C is taken care of.
    while !log.exists() {
        thread::yield_now();
    }
    interrupt(&child);
    // The input goes on until nobody reads it.
    let bytes = std::fs::read(claude()).unwrap();
    while stdin.write_all(&bytes).is_ok() {}
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(told, "interrupted: nothing was sent\n");
    assert!(sink.take().is_empty());
}

#[test]
fn an_interrupted_replay_tells_what_was_done() {
    let sink = Sink::start("200 OK");
    let child = spawn(
        Command::new(env!("CARGO_BIN_EXE_otolith"))
            .args(["replay", "--json", "--speed", "0.01x", "--to", &sink.url])
            .arg(claude()),
    );
    while sink.count() == 0 {
        thread::yield_now();
    }
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let outcome: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(outcome["ended"], "interrupted");
    let requests = &outcome["requests"];
    let unsent = requests["unsent"].as_u64().unwrap();
    assert!(unsent > 0 && unsent < 34, "{requests}");
}

#[test]
fn a_replay_that_was_interrupted_or_killed_goes_on() {
    let sink = Sink::start("200 OK");
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state.json");
    let command = |rate: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_otolith"));
        command
            .args([
                "replay", "--json", "--rate", rate, "--to", &sink.url, "--resume",
            ])
            .args([&state, &claude()]);
        command
    };
    let child = spawn(&mut command("20/s"));
    while sink.count() < 3 {
        thread::yield_now();
    }
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let first: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();

    let mut dry = command("20/s");
    dry.arg("--dry-run");
    let told = run(&mut dry.into());
    assert_eq!(told.code, 0, "{}", told.err);
    let told = told.json();
    let (plan, left) = (&told["plan"], &told["plan"]["left"]);
    assert_eq!(plan["planned"]["requests"], 34);
    let accepted = first["requests"]["accepted"].as_u64().unwrap();
    assert_eq!(left["requests"], 34 - accepted);
    let seconds = |plan: &serde_json::Value| plan["expected_seconds"].as_f64().unwrap();
    assert!(seconds(left) < seconds(plan), "{plan}");

    let mut child = spawn(&mut command("20/s"));
    // Until it has been written down that it has begun.
    let before = std::fs::read(&state).unwrap();
    let mut now = before.clone();
    while now == before {
        thread::yield_now();
        now = std::fs::read(&state).unwrap();
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let last = run(&mut command("1000/s").into());
    assert_eq!(last.code, 0, "{}", last.err);
    let last = last.json();
    assert_eq!(last["earlier"]["runs"], 2);
    let requests = |value: &serde_json::Value| value.as_u64().unwrap();
    let accepted = requests(&last["earlier"]["accepted_requests"]);
    assert!(
        accepted >= requests(&first["requests"]["accepted"]),
        "{last}"
    );
    assert_eq!(accepted + requests(&last["requests"]["accepted"]), 34);
    assert!(sink.take().len() >= 34);
    assert!(!state.exists());
}
