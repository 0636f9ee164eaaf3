//! `otolith replay`.

use std::fs;

use crate::sink::Sink;
use crate::support::{capture, claude, otolith, run};

#[test]
fn every_request_of_a_capture_arrives() {
    let sink = Sink::start("200 OK");
    let done = run(otolith()
        .args(["replay", "--speed", "max", "--json", "--to", &sink.url])
        .args(["-H", "x-token: s3cret"])
        .arg(claude()));
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.json().is_object());
    assert!(!done.out.contains("s3cret") && !done.err.contains("s3cret"));
    let received = sink.take();
    assert_eq!(received.len(), 34);
    let to = |path: &str| {
        received
            .iter()
            .filter(|request| request.path == path)
            .count()
    };
    assert_eq!(
        (to("/v1/traces"), to("/v1/metrics"), to("/v1/logs")),
        (10, 11, 13)
    );
    assert!(
        received
            .iter()
            .all(|request| request.headers.contains("x-token: s3cret"))
    );
}

#[test]
fn proto_bodies_arrive_byte_for_byte() {
    let sink = Sink::start("200 OK");
    let file = capture("claude-http/file-exporter-proto/logs.binpb");
    let done = run(otolith()
        .args(["replay", "--speed", "max", "--to", &sink.url])
        .arg(&file));
    assert_eq!(done.code, 0, "{}", done.err);
    let mut bodies: Vec<Vec<u8>> = sink.take().into_iter().map(|r| r.body).collect();
    let mut frames = Vec::new();
    let bytes = fs::read(&file).unwrap();
    let mut rest = bytes.as_slice();
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let (frame, tail) = tail.split_at(u32::from_be_bytes(*length) as usize);
        frames.push(frame.to_vec());
        rest = tail;
    }
    bodies.sort();
    frames.sort();
    assert_eq!(bodies, frames);
}

#[test]
fn a_refusing_receiver_ends_with_3() {
    let sink = Sink::start("400 Bad Request");
    let done = run(otolith()
        .args(["replay", "--speed", "max", "--to", &sink.url])
        .arg(claude()));
    assert_eq!(done.code, 3, "{}\n{}", done.out, done.err);
    assert!(done.out.contains("400"), "{}", done.out);
    assert_eq!(sink.take().len(), 34, "what cannot succeed is not repeated");
}

#[test]
fn a_receiver_that_is_not_there_is_a_failure() {
    let done = run(otolith()
        .args(["replay", "--speed", "max", "--retries", "0"])
        .args(["--to", "http://127.0.0.1:1"])
        .arg(claude()));
    assert_eq!(done.code, 1);
    assert!(
        done.out.starts_with("requests    34 planned = "),
        "{}",
        done.out
    );
    assert!(
        done.err.contains("no connection to `http://127.0.0.1:1`"),
        "{}",
        done.err
    );
    assert!(done.err.contains("\nhint: "), "{}", done.err);
}

#[test]
fn the_environment_names_the_receiver_and_its_secrets_stay_hidden() {
    let (sink, logs) = (Sink::start("200 OK"), Sink::start("400 Bad Request"));
    let done = run(otolith()
        .args([
            "replay",
            "--speed",
            "max",
            "--json",
            "-H",
            "x-given: given-s3cret",
        ])
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &sink.url)
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")
        .env(
            "OTEL_EXPORTER_OTLP_HEADERS",
            "x-token=generic%20s3cret,x-given=lost",
        )
        .env(
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
            format!("{}/in?key=query-s3cret", logs.url),
        )
        .env("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "x-token=logs-s3cret")
        .arg(claude()));
    assert_eq!(done.code, 3, "{}", done.err);
    for text in [&done.out, &done.err] {
        assert!(!text.contains("s3cret"), "{text}");
    }
    let received = sink.take();
    assert_eq!(received.len(), 21, "{}\n{}", done.out, done.err);
    for request in &received {
        assert!(
            request.headers.contains("x-token: generic s3cret"),
            "{}",
            request.headers
        );
        assert!(
            request.headers.contains("x-given: given-s3cret"),
            "{}",
            request.headers
        );
        assert!(request.headers.contains("content-type: application/json"));
    }
    let received = logs.take();
    assert_eq!(received.len(), 13, "{}\n{}", done.out, done.err);
    for request in &received {
        assert_eq!(request.path, "/in?key=query-s3cret");
        assert!(
            request.headers.contains("x-token: logs-s3cret"),
            "{}",
            request.headers
        );
    }
}

#[test]
fn a_receiver_must_be_named_and_bad_variables_are() {
    let done = run(otolith().args(["replay"]).arg(claude()));
    assert_eq!(done.code, 2, "{}", done.err);
    assert!(
        done.err.contains("`OTEL_EXPORTER_OTLP_ENDPOINT`"),
        "{}",
        done.err
    );
    let done = run(otolith()
        .args(["replay", "--to", "http://127.0.0.1:1"])
        .env("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "s3cret")
        .arg(claude()));
    assert_eq!(done.code, 2, "{}", done.err);
    assert!(
        done.err.contains("`OTEL_EXPORTER_OTLP_TRACES_HEADERS`"),
        "{}",
        done.err
    );
    assert!(!done.err.contains("s3cret"), "{}", done.err);
}

#[test]
fn requests_are_multiplied_changed_and_divided() {
    let sink = Sink::start("200 OK");
    let done = run(otolith()
        .args(["replay", "--speed", "max", "--json", "--to", &sink.url])
        .args(["--multiply", "3", "--fresh-ids", "--times", "live"])
        .args(["--max-request-bytes", "2KiB"])
        .arg(claude()));
    assert_eq!(done.code, 0, "{}\n{}", done.out, done.err);
    let outcome = done.json();
    assert_eq!(outcome["requests"]["accepted"], 3 * 34);
    assert_eq!(outcome["times"], "live");
    let divided = outcome["divided_requests"].as_u64().unwrap();
    assert!(divided > 0, "{outcome}");
    let received = sink.take();
    assert_eq!(received.len() as u64, outcome["attempts"].as_u64().unwrap());
    assert!(received.len() > 3 * 34);
    assert!(received.iter().all(|request| request.body.len() <= 2 << 10));
    let names = |suffix: &str| {
        let name = format!("claude-code{suffix}");
        let with = |body: &[u8]| body.windows(name.len()).any(|w| w == name.as_bytes());
        received
            .iter()
            .filter(|request| with(&request.body))
            .count()
    };
    assert!(names("-1") > 0 && names("-2") > 0 && names("-3") == 0);
    let done = run(otolith()
        .args([
            "replay",
            "--to",
            "http://127.0.0.1:1",
            "--max-request-bytes",
            "0",
        ])
        .arg(claude()));
    assert_eq!(done.code, 2, "{}", done.err);
}

#[test]
fn settings_that_do_not_go_together_are_told_before_anything_is_read() {
    let refused = |arguments: &[&str], code: i32, text: &str| {
        let done = run(otolith()
            .args(["replay", "--to", "https://127.0.0.1:1"])
            .args(arguments)
            .arg(claude()));
        assert_eq!(done.code, code, "{}", done.err);
        assert!(done.err.contains(text), "{}", done.err);
    };
    refused(&["--protocol", "http"], 2, "`http/json`");
    refused(&["--compression", "zip"], 2, "`zstd`");
    let level = ["--compression", "gzip", "--compression-level", "10"];
    refused(&level, 2, "from 0 to 9");
    refused(&["--protocol", "grpc", "--no-keep-alive"], 2, "HTTP/1.1");
    refused(&["--client-cert", "/nonexistent"], 2, "go together");
    refused(
        &["--cacert", "/nonexistent/ca.pem"],
        1,
        "/nonexistent/ca.pem",
    );
    refused(
        &["--cacert", "/nonexistent/ca.pem"],
        1,
        "\nhint: name PEM files",
    );
}

#[test]
fn a_dry_run_tells_what_would_be_sent_and_sends_nothing() {
    let sink = Sink::start("200 OK");
    let dry = |options: &[&str]| {
        let done = run(otolith()
            .args(["replay", "--dry-run", "--to", &sink.url])
            .args(options)
            .arg(claude()));
        assert_eq!(done.code, 0, "{}", done.err);
        done
    };
    let told = dry(&["--json", "--speed", "2x"]).json();
    let plan = &told["plan"];
    assert_eq!(
        (&plan["requests"], &plan["cut_gaps"]),
        (&34.into(), &0.into())
    );
    let recorded = plan["recorded_seconds"].as_f64().unwrap();
    let expected = plan["expected_seconds"].as_f64().unwrap();
    assert!((expected * 2.0 - recorded).abs() < 1e-6, "{plan}");
    let parts = told["rate"].as_array().unwrap();
    for amount in ["requests", "items", "bytes"] {
        let sum: u64 = parts.iter().map(|p| p[amount].as_u64().unwrap()).sum();
        assert_eq!(Some(sum), plan[amount].as_u64(), "{amount}");
    }
    assert!(parts.len() <= 21);

    let cut = dry(&["--json", "--max-gap", "100ms"]).json();
    let plan = &cut["plan"];
    assert!(plan["cut_gaps"].as_u64() > Some(0), "{plan}");
    let whole =
        plan["expected_seconds"].as_f64().unwrap() + plan["left_out_seconds"].as_f64().unwrap();
    assert!((whole - recorded).abs() < 1e-6 && whole > 1.0, "{plan}");

    let max = dry(&["--json", "--speed", "max"]).json();
    assert_eq!(max["plan"]["expected_seconds"], serde_json::Value::Null);
    assert_eq!(max["rate"], serde_json::json!([]));
    let text = dry(&[]).out;
    for name in ["would send", "recorded", "takes", "rate"] {
        assert!(text.lines().any(|line| line.starts_with(name)), "{text}");
    }
    assert!(sink.take().is_empty());
}

#[test]
fn a_dry_run_needs_no_receiver_and_gaps_are_cut_in_the_run() {
    let done = run(otolith().args(["replay", "--dry-run"]).arg(claude()));
    assert_eq!(done.code, 0, "{}", done.err);
    let sink = Sink::start("200 OK");
    let done = run(otolith()
        .args(["replay", "--json", "--max-gap", "1ms", "--to", &sink.url])
        .arg(claude()));
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(sink.take().len(), 34);
    let outcome = done.json();
    // 33 gaps of at most a millisecond; recorded were seconds.
    assert!(outcome["plan"]["expected_seconds"].as_f64() <= Some(0.0331));
    assert!(outcome["plan"]["recorded_seconds"].as_f64() > Some(1.0));
}

#[test]
fn loops_and_rates_send_as_told() {
    let sink = Sink::start("200 OK");
    let replay = |options: &[&str]| {
        let done = run(otolith()
            .args(["replay", "--json", "--to", &sink.url])
            .args(options)
            .arg(claude()));
        assert_eq!(done.code, 0, "{}", done.err);
        (done.json(), sink.take())
    };
    let (outcome, seen) = replay(&["--rate", "500/s", "--loop", "2"]);
    assert_eq!(seen.len(), 68);
    assert_eq!(outcome["plan"]["requests"], 34);
    assert_eq!(outcome["plan"]["planned"]["requests"], 68);
    assert_eq!(outcome["pace"], "500/s");
    assert_eq!(outcome["load"], "open");
    let intended = outcome["intended_requests_per_second"].as_f64().unwrap();
    assert!((intended - 500.0).abs() < 0.01, "{outcome}");
    let (outcome, seen) = replay(&["--speed", "max", "--loop", "forever", "--requests", "50"]);
    assert_eq!((seen.len(), &outcome["load"]), (50, &"closed".into()));
    let (outcome, seen) = replay(&[
        "--rate",
        "1000/s",
        "--ramp",
        "100ms",
        "--loop",
        "forever",
        "--duration",
        "150ms",
    ]);
    // 50 below the ramp, 50 after it.
    assert_eq!((seen.len(), &outcome["items"]["unsent"]), (100, &0.into()));
}

#[test]
fn a_dry_run_tells_of_runs_without_an_end() {
    let told = run(otolith()
        .args(["replay", "--dry-run", "--loop", "forever", "--rate", "5/s"])
        .arg(claude()));
    assert_eq!(told.code, 0, "{}", told.err);
    for line in ["captures    34 requests", "takes       until its end"] {
        assert!(told.out.contains(line), "{}", told.out);
    }
    let told = run(otolith()
        .args([
            "replay",
            "--dry-run",
            "--json",
            "--loop",
            "forever",
            "--rate",
            "5/s",
        ])
        .args(["--duration", "1m"])
        .arg(claude()));
    assert_eq!(told.json()["plan"]["planned"]["requests"], 300);
}

#[test]
fn paces_that_make_no_sense_are_refused() {
    let refused = |options: &[&str], expected: &str| {
        let done = run(otolith()
            .args(["replay", "--dry-run"])
            .args(options)
            .arg(claude()));
        assert_eq!(done.code, 2, "{options:?}: {}", done.err);
        assert!(done.err.contains(expected), "{options:?}: {}", done.err);
    };
    refused(&["--speed", "5/s"], "expected a speed such as");
    refused(&["--rate", "10x"], "expected a speed such as");
    refused(&["--rate", "1/s,2/s"], "each stage but the last needs");
    refused(&["--rate", "5/s", "--speed", "10x"], "cannot be used with");
    refused(&["--rate", "5/s", "--max-gap", "1s"], "cannot be used with");
    refused(
        &["--speed", "max", "--ramp", "1s"],
        "no --ramp to --speed max",
    );
    refused(&["--loop", "0"], "or `forever`");
    refused(
        &["--loop", "forever", "--max-gap", "0s"],
        "Give --rate, --loop N",
    );
}
