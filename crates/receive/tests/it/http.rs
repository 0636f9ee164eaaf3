//! OTLP over HTTP: answers in all cases.

use std::io::Write as _;

use flate2::write::GzEncoder;
use hyper::Version;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use otolith_receive::{Dialect, Receiver, Token};
use prost::Message as _;

use crate::client::{Client, JSON, PROTOBUF};
use crate::reading::{bodies, read_dir};
use crate::{discarding, log, stop, writing};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_way_of_sending_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(&writing(dir.path(), Dialect::JsonLines)).unwrap();
    let mut texts = Vec::new();
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let client = Client::new(receiver.addresses()[0], version);
        for coding in ["identity", "gzip", "zstd"] {
            let text = format!("{version:?} {coding}");
            let json = log(&text);
            texts.push(text);
            let body = match coding {
                "gzip" => gzip(json.as_bytes()),
                "zstd" => zstd::encode_all(json.as_bytes(), 3).unwrap(),
                _ => json.into_bytes(),
            };
            let headers = [("content-type", JSON), ("content-encoding", coding)];
            let answer = client.send("POST", "/v1/logs", &headers, body);
            assert_eq!((answer.status, answer.text()), (200, "{}"));
            assert_eq!(answer.header("content-type"), JSON);
        }
        // Protobuf: a log record with severity 9.
        let body = b"\x0a\x06\x12\x04\x12\x02\x10\x09".as_slice();
        let answer = client.post("/v1/logs?x=1", PROTOBUF, body);
        assert_eq!((answer.status, answer.body.len()), (200, 0));
        assert_eq!(answer.header("content-type"), PROTOBUF);
    }
    let outcome = stop(receiver);
    assert_eq!((outcome.requests.accepted, outcome.items.accepted), (8, 8));
    assert!(outcome.is_clean());
    let mut held = read_dir(dir.path());
    assert_eq!((held.requests.len(), held.rejects.len()), (8, 0));
    let texted = |request: &crate::reading::Read| request.bytes.len() > 10;
    held.requests.retain(texted);
    assert_eq!(bodies(&held), texts);
}

#[test]
fn what_is_wrong_is_said_in_the_type_of_the_request() {
    let receiver = Receiver::start(&discarding()).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_11);
    let answer = client.post_json("/v1/logs", "{");
    assert_eq!((answer.status, answer.header("content-type")), (400, JSON));
    assert_eq!(answer.json()["code"], 3);
    let text = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(text.starts_with("bad_json: "), "{text}");

    let answer = client.post("/v1/traces", PROTOBUF, b"\x0a\xff".as_slice());
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (400, PROTOBUF)
    );
    assert!(answer.body.starts_with(b"\x08\x03\x12"), "{answer:?}");

    let answer = client.post("/v1/logs", "text/plain; charset=utf-8", "x");
    assert_eq!(answer.status, 415);
    let headers = [("content-type", JSON), ("content-encoding", "br")];
    let answer = client.send("POST", "/v1/logs", &headers, "x");
    assert_eq!(
        (answer.status, answer.header("accept-encoding")),
        (415, "gzip, zstd")
    );
    assert_eq!(client.send("POST", "/v1/logs", &[], "x").status, 415);

    for path in [
        "/",
        "/v1/log",
        "/v1/logs/",
        "/v1development/profiles",
        "/v2/logs",
    ] {
        assert_eq!(client.post_json(path, "{}").status, 404, "{path}");
    }
    let answer = client.send("GET", "/v1/logs", &[], "");
    assert_eq!((answer.status, answer.header("allow")), (405, "POST"));
    // A request of another signal than its path is none of this one.
    assert_eq!(client.post_json("/v1/traces", log("a")).status, 400);

    let outcome = stop(receiver);
    assert_eq!(outcome.requests.rejected, 12);
    assert_eq!(outcome.requests.received, 12);
    assert!(!outcome.is_clean());
    let refusals = outcome.refusals;
    assert_eq!(refusals["undecodable"].requests, 3);
    assert_eq!(refusals["undecodable"].http_status, 400);
    assert_eq!(refusals["media_type"].requests, 3);
    assert_eq!(refusals["not_found"].requests, 5);
    assert_eq!(refusals["method"].requests, 1);
}

#[test]
fn items_that_cannot_be_decoded_are_told_in_a_partial_success() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(&writing(dir.path(), Dialect::AgenticCi)).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_11);
    let two = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"doubleValue":{}}},{"body":{"stringValue":"good"}}]}]}]}"#;
    let answer = client.post_json("/v1/logs", two);
    assert_eq!(answer.status, 200);
    let partial = &answer.json()["partialSuccess"];
    assert_eq!(partial["rejectedLogRecords"], "1");
    assert!(
        partial["errorMessage"]
            .as_str()
            .unwrap()
            .contains("bad_value")
    );
    // A trace id of 3 bytes.
    let body = b"\x0a\x09\x12\x07\x12\x05\x4a\x03abc";
    let answer = client.post("/v1/logs", PROTOBUF, body.as_slice());
    let response = ExportLogsServiceResponse::decode(answer.body).unwrap();
    assert_eq!(response.partial_success.unwrap().rejected_log_records, 1);
    let outcome = stop(receiver);
    assert_eq!(outcome.requests.partly_rejected, 2);
    assert_eq!((outcome.items.accepted, outcome.items.rejected), (1, 2));
    assert_eq!(bodies(&read_dir(dir.path())), ["good"]);
}

#[test]
fn requests_without_items_are_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(&writing(dir.path(), Dialect::JsonLines)).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_11);
    assert_eq!(client.post_json("/v1/logs", "{}").text(), "{}");
    assert_eq!(client.post("/v1/traces", PROTOBUF, "").status, 200);
    let outcome = stop(receiver);
    assert_eq!((outcome.requests.empty, outcome.requests.accepted), (2, 0));
    assert!(outcome.is_clean());
    assert_eq!(read_dir(dir.path()).layouts.len(), 0, "no file is made");
}

#[test]
fn without_the_token_nothing_is_taken() {
    let options = otolith_receive::ReceiveOptions {
        token: Some(Token::new("s3cret").unwrap()),
        ..discarding()
    };
    assert!(!format!("{options:?}").contains("s3cret"));
    let receiver = Receiver::start(&options).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_11);
    let send = |token: Option<&str>| {
        let mut headers = vec![("content-type", JSON)];
        headers.extend(token.map(|token| ("authorization", token)));
        client.send("POST", "/v1/logs", &headers, log("a"))
    };
    assert_eq!(send(Some("Bearer s3cret")).status, 200);
    for bad in [None, Some("Bearer other"), Some("s3cret")] {
        let answer = send(bad);
        assert_eq!(
            (answer.status, answer.header("www-authenticate")),
            (401, "Bearer")
        );
        assert_eq!(answer.json()["code"], 16);
        assert!(!answer.text().contains("s3cret"));
    }
    let outcome = stop(receiver);
    assert_eq!(outcome.refusals["unauthorised"].requests, 3);
    assert_eq!(outcome.requests.accepted, 1);
}
