//! What a request looks like on the wire, when it goes out, and which ones do.

use std::io::Read as _;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use otolith_capture::Source;
use otolith_replay::{Compression, Headers, Pace, Times};
use prost::Message as _;

use crate::sink::Sink;
use crate::{log_line, options, replay};

fn source(name: &str, lines: &[String]) -> Source {
    Source::from_bytes(name, lines.concat().into_bytes())
}

/// The texts of the log records in a body.
fn texts(body: &[u8]) -> Vec<String> {
    let request = ExportLogsServiceRequest::decode(body).unwrap();
    let groups = request.resource_logs.into_iter();
    let scopes = groups.flat_map(|group| group.scope_logs);
    let records = scopes.flat_map(|scope| scope.log_records);
    records
        .map(|record| match record.body.and_then(|body| body.value) {
            Some(Value::StringValue(text)) => text,
            other => panic!("expected a text, found {other:?}"),
        })
        .collect()
}

fn all_texts(sink: &Sink) -> Vec<String> {
    let received = sink.received();
    received.iter().flat_map(|r| texts(&r.body)).collect()
}

#[test]
fn requests_are_those_of_otlp_over_http() {
    let sink = Sink::accepting();
    let mut options = options(&format!("{}/base/", sink.url()));
    let header = ("Authorization".to_owned(), "Bearer s3cret".to_owned());
    options.headers = Headers::new([header]).unwrap();
    let sources = [source("a.jsonl", &[log_line(0, "a"), log_line(1, "b")])];
    let outcome = replay(&sources, &options);
    assert!(outcome.is_clean());
    assert_eq!(outcome.items.accepted, 2);
    let received = sink.received();
    assert_eq!(received.len(), 2);
    for request in &*received {
        assert_eq!(request.path, "/base/v1/logs");
        let header = |name| request.headers.get(name).map(|v| v.to_str().unwrap());
        assert_eq!(header("content-type"), Some("application/x-protobuf"));
        assert_eq!(header("content-encoding"), None);
        assert_eq!(header("authorization"), Some("Bearer s3cret"));
        let agent = concat!("otolith/", env!("CARGO_PKG_VERSION"));
        assert_eq!(header("user-agent"), Some(agent));
        let length = request.body.len().to_string();
        assert_eq!(header("content-length"), Some(&*length));
    }
    let json = serde_json::to_string(&outcome).unwrap();
    assert!(!json.contains("s3cret"), "{json}");
}

#[test]
fn gzip_is_declared_and_undone_to_the_same_bytes() {
    let line = [log_line(0, &"x".repeat(500))];
    let plain = Sink::accepting();
    replay(&[source("a", &line)], &options(&plain.url()));
    let sink = Sink::accepting();
    let mut options = options(&sink.url());
    options.compression = Compression::Gzip;
    let outcome = replay(&[source("a", &line)], &options);
    let received = sink.received();
    assert_eq!(received[0].headers["content-encoding"], "gzip");
    let mut body = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(&*received[0].body);
    decoder.read_to_end(&mut body).unwrap();
    assert_eq!(body, plain.received()[0].body);
    assert_eq!(outcome.bytes.on_the_wire, received[0].body.len() as u64);
    assert!(outcome.bytes.on_the_wire < outcome.bytes.sent);
}

#[test]
fn files_are_merged_by_arrival_and_disorder_is_put_right() {
    let sink = Sink::accepting();
    let sources = [
        source(
            "a",
            &[log_line(10, "a"), log_line(30, "c"), log_line(20, "b")],
        ),
        source("b", &[log_line(5, "first"), log_line(25, "between")]),
    ];
    let outcome = replay(&sources, &options(&sink.url()));
    assert_eq!(all_texts(&sink), ["first", "a", "b", "between", "c"]);
    assert_eq!(outcome.plan.disordered_requests, 1);
    assert_eq!(outcome.plan.recorded_seconds, 0.025);
    assert_eq!(outcome.plan.longest_gap_seconds, 0.01);
}

#[test]
fn rejected_frames_are_counted_and_not_sent() {
    let sink = Sink::accepting();
    let broken = "{\"resourceLogs\":[{\"scopeLogs\":7}]}\n".to_owned();
    let torn = log_line(3, "torn")[..100].to_owned();
    let empty = "{\"resourceLogs\":[]}\n".to_owned();
    let sources = [source(
        "a",
        &[log_line(1, "a"), broken, empty, log_line(2, "b"), torn],
    )];
    let outcome = replay(&sources, &options(&sink.url()));
    assert_eq!(all_texts(&sink), ["a", "b"]);
    let plan = &outcome.plan;
    let counts = (
        plan.frames,
        plan.requests,
        plan.rejected_frames,
        plan.empty_frames,
    );
    assert_eq!(counts, (5, 2, 2, 1));
    let rejected: u64 = plan.rejects.iter().map(|reject| reject.frames).sum();
    assert_eq!(rejected, 2, "{:?}", plan.rejects);
    let frames: Vec<u64> = plan
        .rejects
        .iter()
        .flat_map(|reject| reject.examples.iter().map(|example| example.frame))
        .collect();
    assert!(frames.contains(&2) && frames.contains(&5), "{frames:?}");
    assert!(!outcome.is_clean());
}

#[test]
fn a_bad_item_stays_behind_alone() {
    let sink = Sink::accepting();
    let good = r#"{"body":{"stringValue":"good"}}"#;
    let bad = r#"{"body":{"doubleValue":{}}}"#;
    let line = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{good},{bad}]}}]}}]}}"#);
    let outcome = replay(&[source("a", &[line])], &options(&sink.url()));
    assert_eq!(all_texts(&sink), ["good"]);
    assert_eq!((outcome.plan.items, outcome.plan.rejected_items), (1, 1));
    assert_eq!(outcome.plan.untimed_requests, 1);
    assert!(!outcome.is_clean());
}

#[test]
fn nothing_goes_out_before_its_time() {
    let sink = Sink::accepting();
    let mut options = options(&sink.url());
    options.pace = Pace::speed(10.0).unwrap();
    options.in_flight = 8.try_into().unwrap();
    let lines: Vec<String> = (0..5).map(|i| log_line(i * 50, "x")).collect();
    let before = Instant::now();
    let outcome = replay(&[source("a", &lines)], &options);
    let received = sink.received();
    for (i, request) in received.iter().enumerate() {
        let due = Duration::from_millis(5) * i as u32;
        assert!(request.at - before >= due, "request {i}");
    }
    assert_eq!(outcome.plan.expected_seconds, Some(0.02));
    assert_eq!(outcome.lateness.unwrap().count, 5);
    assert!(outcome.duration_seconds >= 0.02);
    let intended = outcome.intended_requests_per_second.unwrap();
    assert!((intended - 200.0).abs() < 1e-6, "{intended}");
}

#[test]
fn shifted_times_are_those_of_the_run() {
    let sink = Sink::accepting();
    let mut options = options(&sink.url());
    options.times = Times::Shift;
    // The arrival is the time of the request; what lies inside is moved by the same offset.
    let outcome = replay(&[source("a", &[log_line(0, "x")])], &options);
    let request = ExportLogsServiceRequest::decode(&*sink.received()[0].body).unwrap();
    let record = &request.resource_logs[0].scope_logs[0].log_records[0];
    let shift = outcome.shift_nanos.unwrap();
    let expected = 1_700_000_000_000_000_000_u64.checked_add_signed(shift);
    assert_eq!(Some(record.time_unix_nano), expected);
    assert!(outcome.is_clean());
}

#[test]
fn an_empty_capture_is_a_clean_run_of_nothing() {
    let sink = Sink::accepting();
    let outcome = replay(&[source("a", &[])], &options(&sink.url()));
    assert!(outcome.is_clean());
    assert_eq!(outcome.requests.planned, 0);
    assert_eq!(outcome.latency, None);
}
