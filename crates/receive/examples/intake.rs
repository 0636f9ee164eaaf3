//! How many requests a receiver takes: `intake KEEP [SPANS] [CONNECTIONS] [SECONDS]`.
//!
//! KEEP is `discard`, or a dialect (`jsonl`, `agentic-ci`, `proto`), with `-zstd` or `-gzip` for
//! compression and `-nosync` for no sync. Each connection is a thread that sends protobuf requests of
//! SPANS spans over HTTP/1.1, one after the other. Files are written below the directory of temporary
//! files and removed.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for developers"
)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use otolith_receive::{
    Compression, Dialect, Durability, FileOptions, Keep, ReceiveOptions, Receiver,
};
use prost::Message as _;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let keep = arguments.first().map_or("discard", String::as_str);
    let number = |at: usize, otherwise: u64| {
        let text = arguments.get(at);
        text.map_or(otherwise, |text| text.parse().unwrap())
    };
    let (spans, connections, seconds) = (number(1, 10), number(2, 8), number(3, 5));
    let dir = tempfile::tempdir().unwrap();
    let mut options = ReceiveOptions::new(match keep {
        "discard" => Keep::Discard,
        words => Keep::Files(files(words, dir.path().to_owned())),
    });
    options.listen = vec!["127.0.0.1:0".parse().unwrap()];
    let receiver = Receiver::start(&options).unwrap();
    let address = receiver.addresses()[0];
    let request = request(spans);
    let (stop, slowest) = (AtomicBool::new(false), AtomicU64::new(0));
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| send(address, &request, &stop, &slowest));
        }
        thread::sleep(Duration::from_secs(seconds));
        stop.store(true, Ordering::Relaxed);
    });
    let elapsed = begun.elapsed().as_secs_f64();
    let outcome = receiver.stop();
    assert!(outcome.balances() && outcome.is_clean(), "{outcome:?}");
    let requests = outcome.requests.accepted;
    println!(
        "{keep}, {spans} spans, {} bytes, {connections} connections: {:.0} requests/s, {:.1} MB/s, slowest {} ms, {} syncs, {} bytes written",
        outcome.bytes.received / requests.max(1),
        requests as f64 / elapsed,
        outcome.bytes.received as f64 / elapsed / 1e6,
        slowest.load(Ordering::Relaxed) / 1_000,
        outcome.files.as_ref().map_or(0, |files| files.syncs),
        outcome.files.as_ref().map_or(0, |files| files.bytes),
    );
}

fn files(words: &str, dir: std::path::PathBuf) -> FileOptions {
    let mut files = FileOptions::new(
        dir,
        match words {
            words if words.starts_with("agentic-ci") => Dialect::AgenticCi,
            words if words.starts_with("proto") => Dialect::Proto,
            words if words.starts_with("jsonl") => Dialect::JsonLines,
            other => panic!("expected discard, jsonl, agentic-ci or proto, found {other}"),
        },
    );
    if words.contains("-zstd") {
        files.compression = Compression::Zstd;
    } else if words.contains("-gzip") {
        files.compression = Compression::Gzip;
    }
    if words.contains("-nosync") {
        files.durability = Durability::Never;
    }
    files
}

/// A request as it goes over a connection.
fn request(spans: u64) -> Vec<u8> {
    let text = |key: &str, value: &str| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    };
    let span = |n: u64| Span {
        trace_id: (u128::from(n) << 64 | 0x1234_5678_9abc)
            .to_be_bytes()
            .to_vec(),
        span_id: (n + 1).to_be_bytes().to_vec(),
        parent_span_id: n.to_be_bytes().to_vec(),
        name: format!("GET /api/v1/orders/{n}"),
        kind: 2,
        start_time_unix_nano: 1_764_000_000_000_000_000 + n,
        end_time_unix_nano: 1_764_000_000_005_000_000 + n,
        attributes: (0..12)
            .map(|k| {
                text(
                    &format!("http.request.attribute.{k}"),
                    &format!("value {n} of {k} with some text"),
                )
            })
            .collect(),
        ..Span::default()
    };
    let body = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: vec![text("service.name", "shop"), text("host.name", "web-1")],
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                scope: Some(InstrumentationScope {
                    name: "http".to_owned(),
                    ..InstrumentationScope::default()
                }),
                spans: (0..spans).map(span).collect(),
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
    .encode_to_vec();
    let head = "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n";
    let mut request = format!("{head}content-length: {}\r\n\r\n", body.len()).into_bytes();
    request.extend(body);
    request
}

fn send(address: SocketAddr, request: &[u8], stop: &AtomicBool, slowest: &AtomicU64) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut answer = [0; 1_000];
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        stream.write_all(request).unwrap();
        let mut len = 0;
        while !answer[..len].ends_with(b"\r\n\r\n") {
            let count = stream.read(&mut answer[len..]).unwrap();
            assert!(count > 0, "the receiver ended the connection");
            len += count;
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 "));
        slowest.fetch_max(begun.elapsed().as_micros() as u64, Ordering::Relaxed);
    }
}
