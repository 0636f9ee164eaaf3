//! `otolith capture`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::Mutex;
use std::thread;

use serde_json::Value;

use crate::support::{claude, otolith, run};

/// A capture that is running on a port of its own.
struct Capture {
    child: Child,
    address: String,
    said: BufReader<ChildStderr>,
}

impl Capture {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_otolith"))
            .args(["capture", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let address = line.split("://").nth(1).unwrap_or_else(|| panic!("{line}"));
        let address = address.split(' ').next().unwrap().to_owned();
        Self {
            child,
            address,
            said,
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it by a signal. What it printed, and what else it said.
    fn end(mut self, signal: &str) -> (Output, String) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(sent.success());
        let output = self.child.wait_with_output().unwrap();
        let mut said = String::new();
        self.said.read_to_string(&mut said).unwrap();
        (output, said)
    }
}

/// What is in a directory; nothing of it is rejected.
fn inspect(dir: &Path) -> Value {
    let found = run(otolith().args(["inspect", "--json"]).arg(dir)).json();
    assert_eq!(found["frames_rejected"], 0, "{found}");
    found
}

fn replay(capture: &Capture, arguments: &[&str]) -> i32 {
    let done = run(otolith()
        .args(["replay", "--speed", "max", "--to", &capture.url()])
        .args(arguments)
        .arg(claude()));
    assert!(!done.out.contains("s3cret") && !done.err.contains("s3cret"));
    done.code
}

#[test]
fn what_is_replayed_is_captured() {
    let dir = tempfile::tempdir().unwrap();
    for (signal, arguments) in [
        ("-TERM", ["--as", "agentic-ci", "--compress", "zstd"]),
        ("-INT", ["--as", "proto", "--fsync", "interval=100ms"]),
        ("-INT", ["--files", "by-signal", "--compress", "gzip"]),
    ] {
        let out = dir.path().join(arguments[1]);
        let mut all = vec!["--json", "--out", out.to_str().unwrap()];
        all.extend(arguments);
        let capture = Capture::start(&all);
        assert_eq!(replay(&capture, &[]), 0);
        let (output, said) = capture.end(signal);
        assert_eq!(output.status.code(), Some(0), "{said}");
        let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(outcome["requests"]["accepted"], 34);
        assert_eq!(outcome["items"]["accepted"], 193);
        let found = inspect(&out);
        assert_eq!(found["frames_read"], 34, "{found}");
        let files = outcome["files"]["list"].as_array().unwrap();
        let names: Vec<&str> = files.iter().map(|f| f["path"].as_str().unwrap()).collect();
        assert!(
            names.iter().all(|name| Path::new(name).exists()),
            "{names:?}"
        );
    }
}

#[test]
fn the_summary_is_for_people() {
    let dir = tempfile::tempdir().unwrap();
    let capture = Capture::start(&["--out", dir.path().to_str().unwrap()]);
    assert_eq!(replay(&capture, &["--compression", "gzip"]), 0);
    let (output, _) = capture.end("-TERM");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("requests    34 received = 34 accepted\n"),
        "{text}"
    );
    assert!(
        text.contains("\nitems       193 received = 193 accepted\n"),
        "{text}"
    );
    assert!(
        text.contains("\n            traces: 54 items in 10 requests\n"),
        "{text}"
    );
    assert!(text.contains("\nwritten     "), "{text}");
}

#[test]
fn what_was_not_taken_ends_with_3() {
    let capture = Capture::start(&["--discard", "--max-body", "1000", "--max-in-flight", "1MB"]);
    assert_eq!(replay(&capture, &[]), 3);
    let (output, _) = capture.end("-INT");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("\nnot taken   too_large (413): "), "{text}");
}

#[test]
fn faults_are_made_and_senders_come_through() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    let faults = "503@30%,drop@10%";
    let capture = Capture::start(&["--out", out, "--faults", faults, "--fault-seed", "7"]);
    assert_eq!(
        replay(&capture, &["--in-flight", "4"]),
        0,
        "all is repeated until it is taken"
    );
    let (output, said) = capture.end("-INT");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}\n{said}");
    assert!(text.contains(" = 34 accepted + "), "{text}");
    assert!(text.contains("answered with 503, "), "{text}");
    assert_eq!(inspect(dir.path())["frames_read"], 34);
}

#[test]
fn a_token_is_asked_for_and_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let token = dir.path().join("token");
    std::fs::write(&token, "s3cret\n").unwrap();
    let capture = Capture::start(&["--discard", "--token-file", token.to_str().unwrap()]);
    assert_eq!(replay(&capture, &[]), 3);
    assert_eq!(replay(&capture, &["-H", "Authorization: Bearer s3cret"]), 0);
    let (output, said) = capture.end("-INT");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("unauthorised (401): 34 requests"), "{text}");
    assert!(!text.contains("s3cret") && !said.contains("s3cret"));

    std::fs::write(&token, "two words").unwrap();
    let done = run(otolith()
        .args(["capture", "--discard", "--token-file"])
        .arg(&token));
    assert_eq!(done.code, 1);
    assert!(done.err.contains("hint: `openssl rand"), "{}", done.err);
    assert!(!done.err.contains("words"), "{}", done.err);
}

#[test]
fn what_makes_no_sense_is_wrong_usage() {
    let check = |arguments: &[&str], expected: &str| {
        let done = run(otolith().arg("capture").args(arguments));
        assert_eq!(done.code, 2, "{arguments:?}: {}", done.err);
        assert!(done.err.contains(expected), "{arguments:?}: {}", done.err);
    };
    check(&[], "--out <DIR>");
    check(&["--discard", "--out", "x"], "cannot be used with");
    check(&["--discard", "--as", "proto"], "cannot be used with");
    check(
        &["--out", "x", "--as", "proto", "--files", "together"],
        "files of its own",
    );
    check(&["--discard", "--listen", ":4318"], "0.0.0.0:4318");
    check(
        &["--discard", "--max-in-flight", "1MiB"],
        "twice --max-body",
    );
    check(&["--discard", "--faults", "lose@1%"], "found `lose`");
    check(&["--discard", "--tls-cert", "x"], "--tls-key");
    check(&["--out", "x", "--fsync", "interval=0s"], "interval=1s");
}

#[test]
fn two_captures_do_not_share_a_port_or_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    let capture = Capture::start(&["--out", out]);
    let done = run(otolith().args(["capture", "--discard", "--listen", &capture.address]));
    assert_eq!(done.code, 1);
    assert!(
        done.err.contains("hint: another program listens there"),
        "{}",
        done.err
    );
    let done = run(otolith().args(["capture", "--listen", "0", "--out", out]));
    assert_eq!(done.code, 1);
    assert!(
        done.err.contains("another capture is running"),
        "{}",
        done.err
    );
    capture.end("-INT");
}

#[test]
fn what_the_command_acknowledged_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    let capture = Capture::start(&["--out", out, "--compress", "zstd", "--rotate-size", "2000"]);
    let acknowledged = Mutex::new(Vec::new());
    let mut child = capture.child;
    thread::scope(|scope| {
        for sender in 0..4 {
            let (address, acknowledged) = (&capture.address, &acknowledged);
            scope.spawn(move || send(address, sender, acknowledged));
        }
        while acknowledged.lock().unwrap().len() < 200 {
            thread::yield_now();
        }
        child.kill().unwrap();
    });
    child.wait().unwrap();
    let lake = dir.path().join("lake");
    let converted = run(otolith()
        .args(["convert", "--quiet", out, "--lake"])
        .arg(&lake));
    assert_eq!(converted.code, 0, "{}", converted.err);
    let asked = run(otolith()
        .args([
            "sql",
            "--format",
            "csv",
            "SELECT body FROM unknown_service.logs",
            "--lake",
        ])
        .arg(&lake));
    let held: Vec<&str> = asked.out.lines().collect();
    for text in acknowledged.into_inner().unwrap() {
        assert!(held.contains(&text.as_str()), "{text} is lost");
    }
}

/// Sends one request after the other until nobody answers.
fn send(address: &str, sender: usize, acknowledged: &Mutex<Vec<String>>) {
    let mut stream = TcpStream::connect(address).unwrap();
    for number in 0.. {
        let text = format!("{sender} {number}");
        let body = format!(
            r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{{"stringValue":"{text}"}}}}]}}]}}]}}"#
        );
        let head = "POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
        let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        if stream.write_all(request.as_bytes()).is_err() {
            return;
        }
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n{}") {
            let mut byte = [0];
            match stream.read(&mut byte) {
                Ok(1) => answer.push(byte[0]),
                _ => return,
            }
        }
        acknowledged.lock().unwrap().push(text);
    }
}
