//! OTLP over gRPC.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use flate2::write::GzEncoder;
use hyper::Version;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use otolith_receive::{Dialect, ReceiveOptions, Receiver, Token};
use prost::Message as _;

use crate::client::{Answer, Client, JSON};
use crate::reading::read_dir;
use crate::{discarding, log, stop, writing};

pub const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const METRICS: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

/// A log record with severity 9.
const RECORD: &[u8] = b"\x0a\x06\x12\x04\x12\x02\x10\x09";

pub fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    let mut out = vec![flag];
    out.extend((message.len() as u32).to_be_bytes());
    out.extend(message);
    out
}

pub fn call(client: &Client, path: &str, coding: Option<&str>, body: Vec<u8>) -> Answer {
    let mut headers = vec![("content-type", "application/grpc"), ("te", "trailers")];
    headers.extend(coding.map(|coding| ("grpc-encoding", coding)));
    client.send("POST", path, &headers, body)
}

#[track_caller]
fn check(answer: &Answer, status: &str, message: &str) {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("grpc-status"), status, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/grpc");
    let found = answer.header("grpc-message");
    assert!(found.contains(message), "{found}");
}

#[test]
fn calls_of_all_services_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(&writing(dir.path(), Dialect::Proto)).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_2);
    let gzip = {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(RECORD).unwrap();
        encoder.finish().unwrap()
    };
    let zstd = zstd::encode_all(RECORD, 3).unwrap();
    for (coding, flag, message) in [
        (None, 0, RECORD),
        (Some("gzip"), 1, &gzip),
        (Some("zstd"), 1, &zstd),
        // What is not compressed may be sent so all the same.
        (Some("gzip"), 0, RECORD),
        (Some("identity"), 0, RECORD),
    ] {
        let answer = call(&client, LOGS, coding, framed(flag, message));
        check(&answer, "0", "");
        assert_eq!(
            answer.body.as_ref(),
            framed(0, b""),
            "a message, if an empty one"
        );
        assert_eq!(answer.trailers.len(), 1);
    }
    // A span with kind 1 and start time 1; a gauge `a` with an empty point.
    let span = b"\x0a\x0f\x12\x0d\x12\x0b\x30\x01\x39\x01\x00\x00\x00\x00\x00\x00\x00";
    check(&call(&client, TRACES, None, framed(0, span)), "0", "");
    let gauge = b"\x0a\x0d\x12\x0b\x12\x09\x0a\x01a\x2a\x04\x0a\x02\x40\x01";
    check(&call(&client, METRICS, None, framed(0, gauge)), "0", "");
    let outcome = stop(receiver);
    let items = outcome.items.signals.map(|signal| signal.items);
    assert_eq!(items, [1, 1, 5]);
    let held = read_dir(dir.path());
    assert_eq!((held.requests.len(), held.layouts.len()), (7, 3));
}

#[test]
fn what_is_wrong_has_a_code() {
    let receiver = Receiver::start(&discarding()).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_2);
    let grpc = |path, coding, body| call(&client, path, coding, body);
    check(
        &grpc("/x.Y/Z", None, framed(0, RECORD)),
        "12",
        "found `/x.Y/Z`",
    );
    check(
        &grpc(LOGS, Some("snappy"), framed(1, RECORD)),
        "12",
        "found `snappy`",
    );
    check(
        &grpc(LOGS, None, framed(0, b"\x0a\xff")),
        "3",
        "bad_protobuf",
    );
    check(
        &grpc(LOGS, None, framed(1, RECORD)),
        "3",
        "does not say how",
    );
    check(&grpc(LOGS, Some("gzip"), framed(1, RECORD)), "3", "gzip: ");
    check(&grpc(LOGS, None, framed(2, RECORD)), "3", "found 2");
    check(&grpc(LOGS, None, vec![0, 0]), "3", "ends before a message");
    check(
        &grpc(LOGS, None, framed(0, RECORD)[..9].to_vec()),
        "3",
        "expected one message of 8",
    );
    let two = [framed(0, RECORD), framed(0, RECORD)].concat();
    check(
        &grpc(LOGS, None, two),
        "3",
        "expected one message of 8 bytes",
    );
    let headers = [("content-type", "application/grpc+json")];
    let answer = client.send("POST", LOGS, &headers, framed(0, b"{}"));
    check(&answer, "12", "messages in protobuf");
    assert_eq!(answer.header("grpc-accept-encoding"), "identity,gzip,zstd");
    let answer = Client::new(receiver.addresses()[0], Version::HTTP_11);
    let headers = [("content-type", "application/grpc")];
    let answer = answer.send("POST", LOGS, &headers, framed(0, RECORD));
    assert_eq!(answer.status, 415);
    let outcome = stop(receiver);
    assert_eq!(outcome.requests.rejected, 11);
}

#[test]
fn items_that_cannot_be_decoded_are_told_in_the_message() {
    let receiver = Receiver::start(&discarding()).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_2);
    let bad = b"\x0a\x09\x12\x07\x12\x05\x4a\x03abc";
    let answer = call(&client, LOGS, None, framed(0, bad));
    check(&answer, "0", "");
    let response = ExportLogsServiceResponse::decode(&answer.body[5..]).unwrap();
    let partial = response.partial_success.unwrap();
    assert_eq!(partial.rejected_log_records, 1);
    assert!(partial.error_message.starts_with("bad_id: "), "{partial:?}");
    stop(receiver);
}

#[test]
fn the_token_is_asked_for_here_too() {
    let options = ReceiveOptions {
        token: Some(Token::new("s3cret").unwrap()),
        ..discarding()
    };
    let receiver = Receiver::start(&options).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_2);
    check(
        &call(&client, LOGS, None, framed(0, RECORD)),
        "16",
        "Bearer",
    );
    let headers = [
        ("content-type", "application/grpc"),
        ("authorization", "Bearer s3cret"),
    ];
    check(
        &client.send("POST", LOGS, &headers, framed(0, RECORD)),
        "0",
        "",
    );
    stop(receiver);
}

#[test]
fn http_and_grpc_share_a_port() {
    let receiver = Receiver::start(&discarding()).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_2);
    check(&call(&client, LOGS, None, framed(0, RECORD)), "0", "");
    assert_eq!(client.post("/v1/logs", JSON, log("a")).status, 200);
    let outcome = stop(receiver);
    assert_eq!(outcome.requests.accepted, 2);
    assert_eq!(outcome.connections.opened, 1, "one connection for both");
}

#[test]
fn waiting_is_told_in_the_details() {
    let options = ReceiveOptions {
        faults: Some("429=3s@100%".parse().unwrap()),
        ..discarding()
    };
    let receiver = Receiver::start(&options).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_2);
    let answer = call(&client, LOGS, None, framed(0, RECORD));
    check(&answer, "8", "on purpose");
    let details = STANDARD_NO_PAD
        .decode(answer.header("grpc-status-details-bin"))
        .unwrap();
    let text = String::from_utf8_lossy(&details);
    assert!(text.contains("google.rpc.RetryInfo"), "{text}");
    assert!(
        details.ends_with(b"\x12\x04\x0a\x02\x08\x03"),
        "{details:?}"
    );
    stop(receiver);
}
