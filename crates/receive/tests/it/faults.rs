//! Faults made on purpose.

use std::time::{Duration, Instant};

use hyper::Version;
use otolith_receive::{Dialect, ReceiveOptions, Receiver};

use crate::client::{Client, JSON};
use crate::grpc::{LOGS, call, framed};
use crate::reading::{bodies, read_dir};
use crate::{discarding, log, stop, writing};

fn faulty(options: ReceiveOptions, spec: &str) -> ReceiveOptions {
    ReceiveOptions {
        faults: Some(spec.parse().unwrap()),
        ..options
    }
}

/// What becomes of 60 requests, one after another: a status, or 0 for no answer.
fn sequence(spec: &str, seed: u64) -> Vec<u16> {
    let faults = spec.parse::<otolith_receive::Faults>().unwrap();
    let options = ReceiveOptions {
        faults: Some(faults.with_seed(seed)),
        ..discarding()
    };
    let receiver = Receiver::start(&options).unwrap();
    let statuses: Vec<u16> = (0..60)
        .map(|_| {
            // A client of its own: another would repeat a request whose connection was dropped.
            let client = Client::new(receiver.addresses()[0], Version::HTTP_11);
            let headers = [("content-type", JSON)];
            let answer = client.try_send("POST", "/v1/logs", &headers, log("a"));
            answer.map_or(0, |answer| answer.status)
        })
        .collect();
    let count = |status| statuses.iter().filter(|s| **s == status).count() as u64;
    let outcome = stop(receiver);
    assert_eq!(outcome.requests.accepted, count(200));
    assert_eq!(outcome.injected.too_many, count(429));
    assert_eq!(outcome.injected.unavailable, count(503));
    assert_eq!(outcome.injected.dropped, count(0));
    assert!(outcome.is_clean(), "what was asked for is no loss");
    statuses
}

#[test]
fn a_seed_gives_one_sequence_of_faults() {
    let spec = "429@20%,503@20%,drop@20%";
    let first = sequence(spec, 1);
    for status in [200, 429, 503, 0] {
        assert!(first.contains(&status), "{status}: {first:?}");
    }
    assert_eq!(sequence(spec, 1), first);
    assert_ne!(sequence(spec, 2), first);
}

#[test]
fn waits_are_told_in_the_head() {
    let receiver = Receiver::start(&faulty(discarding(), "429=7s@100%")).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_11);
    let answer = client.post_json("/v1/logs", log("a"));
    assert_eq!((answer.status, answer.header("retry-after")), (429, "7"));
    stop(receiver);
    let receiver = Receiver::start(&faulty(discarding(), "503@100%")).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_11);
    let answer = client.post_json("/v1/logs", log("a"));
    assert_eq!((answer.status, answer.header("retry-after")), (503, ""));
    stop(receiver);
}

#[test]
fn delays_delay() {
    let receiver = Receiver::start(&faulty(discarding(), "delay=250ms@100%")).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_11);
    let begun = Instant::now();
    assert_eq!(client.post_json("/v1/logs", log("a")).status, 200);
    assert!(begun.elapsed() >= Duration::from_millis(250));
    assert_eq!(stop(receiver).injected.delayed, 1);
}

#[test]
fn what_is_rejected_on_purpose_is_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let options = faulty(writing(dir.path(), Dialect::JsonLines), "partial=2@100%");
    let receiver = Receiver::start(&options).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_11);
    let record = |text: &str| format!(r#"{{"body":{{"stringValue":"{text}"}}}}"#);
    let records = ["a", "b", "c"].map(record).join(",");
    let body = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{records}]}}]}}]}}"#);
    let answer = client.post_json("/v1/logs", body);
    let partial = &answer.json()["partialSuccess"];
    assert_eq!(partial["rejectedLogRecords"], "2");
    assert_eq!(partial["errorMessage"], "rejected on purpose");
    let answer = client.post_json("/v1/logs", log("alone"));
    assert_eq!(answer.json()["partialSuccess"]["rejectedLogRecords"], "1");
    let outcome = stop(receiver);
    assert_eq!((outcome.items.accepted, outcome.items.rejected), (1, 3));
    assert_eq!(
        (outcome.injected.partial, outcome.requests.partly_rejected),
        (2, 2)
    );
    assert_eq!(bodies(&read_dir(dir.path())), ["c"]);
}

#[test]
fn dropped_requests_are_not_kept_and_a_connection_of_http_2_is_dropped_as_a_whole() {
    let dir = tempfile::tempdir().unwrap();
    let options = faulty(writing(dir.path(), Dialect::JsonLines), "drop@100%");
    let receiver = Receiver::start(&options).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_2);
    let headers = [("content-type", "application/grpc")];
    let body = framed(0, b"\x0a\x06\x12\x04\x12\x02\x10\x09");
    assert!(client.try_send("POST", LOGS, &headers, body).is_err());
    let outcome = stop(receiver);
    assert!(outcome.injected.dropped >= 1);
    assert_eq!(outcome.requests.injected, outcome.injected.dropped);
    assert_eq!(read_dir(dir.path()).requests.len(), 0);
}

#[test]
fn without_faults_nothing_is_injected() {
    let receiver = Receiver::start(&faulty(discarding(), "drop@0%,429@0%")).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_2);
    for _ in 0..20 {
        let answer = call(&client, LOGS, None, framed(0, b""));
        assert_eq!(answer.header("grpc-status"), "0");
    }
    assert_eq!(stop(receiver).requests.injected, 0);
}
