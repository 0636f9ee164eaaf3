//! Hostile senders: what is too large, too slow or too much.

use std::io::{Read as _, Write as _};
use std::thread;
use std::time::{Duration, Instant};

use flate2::write::GzEncoder;
use hyper::Version;
use otolith_receive::{ReceiveError, ReceiveLimits, ReceiveOptions, Receiver};

use crate::client::{Client, JSON, PROTOBUF, raw, socket};
use crate::grpc::{LOGS, call, framed};
use crate::{discarding, log, stop};

fn limited(change: impl FnOnce(&mut ReceiveLimits)) -> ReceiveOptions {
    let mut options = discarding();
    change(&mut options.limits);
    options
}

#[test]
fn bodies_over_the_limit_are_refused_and_the_connection_lives_on() {
    let receiver = Receiver::start(&limited(|limits| limits.body_bytes = 100_000)).unwrap();
    let body = log(&"x".repeat(1 << 20));
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let client = Client::new(receiver.addresses()[0], version);
        let answer = client.post_json("/v1/logs", body.clone());
        assert_eq!(answer.status, 413, "{version:?}");
        assert_eq!(answer.json()["code"], 8);
        assert!(answer.text().contains("at most 100000 bytes"), "{answer:?}");
        let just = log(&"x".repeat(100_000 - log("").len()));
        assert_eq!(client.post_json("/v1/logs", just).status, 200);
    }
    let client = Client::new(receiver.addresses()[0], Version::HTTP_2);
    let answer = call(&client, LOGS, None, framed(0, body.as_bytes()));
    assert_eq!(answer.header("grpc-status"), "8", "{answer:?}");
    assert_eq!(
        answer.header("grpc-status-details-bin"),
        "",
        "not to be repeated"
    );
    let outcome = stop(receiver);
    assert_eq!(outcome.refusals["too_large"].requests, 3);
    assert_eq!(outcome.requests.accepted, 2);
}

#[test]
fn bodies_without_a_length_are_bounded_too() {
    let receiver = Receiver::start(&limited(|limits| limits.body_bytes = 1_000)).unwrap();
    let mut request = b"POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
        connection: close\r\ntransfer-encoding: chunked\r\n\r\n"
        .to_vec();
    for _ in 0..20 {
        request.extend(format!("64\r\n{}\r\n", "x".repeat(100)).as_bytes());
    }
    request.extend(b"0\r\n\r\n");
    let answer = raw(receiver.addresses()[0], &request);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    stop(receiver);
}

#[test]
fn bombs_are_refused_before_they_unfold() {
    let options = limited(|limits| {
        limits.body_bytes = 8 << 20;
        limits.in_flight_bytes = 16 << 20;
    });
    let receiver = Receiver::start(&options).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_11);
    let zeros = vec![0; 256 << 20];
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&zeros).unwrap();
    let gzip = encoder.finish().unwrap();
    let zstd = zstd::encode_all(zeros.as_slice(), 1).unwrap();
    drop(zeros);
    for (coding, bomb) in [("gzip", gzip), ("zstd", zstd)] {
        let headers = [("content-type", PROTOBUF), ("content-encoding", coding)];
        let answer = client.send("POST", "/v1/logs", &headers, bomb);
        assert_eq!(answer.status, 413, "{coding}");
    }
    let outcome = stop(receiver);
    assert_eq!(outcome.refusals["too_large"].requests, 2);
}

#[test]
fn heads_over_the_limit_are_refused() {
    let receiver = Receiver::start(&limited(|limits| limits.header_bytes = 2_000)).unwrap();
    let value = "x".repeat(2_000);
    let headers = [("content-type", JSON), ("x-long", value.as_str())];
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let client = Client::new(receiver.addresses()[0], version);
        let answer = client.send("POST", "/v1/logs", &headers, "{}");
        assert_eq!(answer.status, 431, "{version:?}");
        let path = format!("/v1/logs?{value}");
        assert_eq!(client.post_json(&path, "{}").status, 431, "{version:?}");
        assert_eq!(client.post_json("/v1/logs", "{}").status, 200);
    }
    let much = format!(
        "POST / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n",
        "x".repeat(1 << 20)
    );
    let answer = raw(receiver.addresses()[0], much.as_bytes());
    assert!(
        answer.starts_with("HTTP/1.1 431 ") || answer.is_empty(),
        "{answer}"
    );
    stop(receiver);
}

#[test]
fn who_is_slow_is_not_waited_for() {
    let options = limited(|limits| limits.request_time = Duration::from_millis(300));
    let receiver = Receiver::start(&options).unwrap();
    let address = receiver.addresses()[0];
    // No word, half a head, half a body: none stays longer than allowed.
    let head = "POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    let begun = Instant::now();
    assert_eq!(raw(address, b""), "");
    assert_eq!(raw(address, head.as_bytes()), "");
    assert_eq!(raw(address, b"PRI * HTTP/2.0\r\n"), "");
    let answer = raw(
        address,
        format!("{head}content-length: 9\r\n\r\n{{").as_bytes(),
    );
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );

    // One byte after the other is no progress that counts.
    let mut stream = socket(address);
    let mut sent = 0;
    for byte in format!("{head}x-slow: {}", "x".repeat(1_000)).bytes() {
        if stream.write_all(&[byte]).is_err() {
            break;
        }
        sent += 1;
        thread::sleep(Duration::from_millis(5));
    }
    assert!(sent < 900, "{sent} bytes were taken");
    let outcome = stop(receiver);
    assert_eq!(outcome.refusals["too_slow"].requests, 1);
    assert_eq!(outcome.requests.refused, 1);
    assert_eq!(outcome.connections.timed_out, 4);
}

#[test]
fn connections_wait_for_a_place() {
    let receiver = Receiver::start(&limited(|limits| limits.connections = 2)).unwrap();
    let address = receiver.addresses()[0];
    let first = Client::new(address, Version::HTTP_11);
    let second = Client::new(address, Version::HTTP_11);
    assert_eq!(first.post_json("/v1/logs", log("a")).status, 200);
    assert_eq!(second.post_json("/v1/logs", log("b")).status, 200);
    let request = b"POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
        content-length: 2\r\nconnection: close\r\n\r\n{}";
    let mut third = socket(address);
    third.write_all(request).unwrap();
    third
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    assert!(
        third.read(&mut [0]).is_err(),
        "two are served, the third waits"
    );
    assert_eq!(receiver.outcome().connections.open, 2);
    drop(first);
    third
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut answer = String::new();
    third.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    stop(receiver);
}

#[test]
fn connections_that_say_nothing_more_are_ended() {
    let options = limited(|limits| limits.idle_time = Duration::from_millis(200));
    let receiver = Receiver::start(&options).unwrap();
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let client = Client::new(receiver.addresses()[0], version);
        assert_eq!(client.post_json("/v1/logs", log("a")).status, 200);
        let begun = Instant::now();
        while receiver.outcome().connections.open > 0 {
            assert!(begun.elapsed() < Duration::from_secs(20));
            thread::sleep(Duration::from_millis(10));
        }
    }
    let outcome = stop(receiver);
    assert_eq!(outcome.connections.timed_out, 2);
}

#[test]
fn limits_that_contradict_each_other_are_refused() {
    let options = limited(|limits| limits.in_flight_bytes = limits.body_bytes);
    let error = Receiver::start(&options).unwrap_err();
    assert!(matches!(error, ReceiveError::Memory { .. }), "{error}");
}
