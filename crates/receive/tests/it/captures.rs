//! The real captures: every request sent, the files read back, nothing changed on the way.

use std::path::PathBuf;

use hyper::Version;
use otolith_capture::{Chunk, Encoding, Entry, ReadOptions, Signal, find_sources};
use otolith_receive::{Compression, Dialect, Receiver};

use crate::client::{Answer, Client, JSON, PROTOBUF};
use crate::grpc::{call, framed};
use crate::reading::{Read, read_dir, requests, sorted};
use crate::{stop, with_files, writing};

/// A request to send.
struct Sent {
    signal: Signal,
    encoding: Encoding,
    bytes: Vec<u8>,
}

/// What capture files hold, each frame as it is, and the same in one encoding.
fn frames(paths: &[&str]) -> (Vec<Sent>, Vec<Read>) {
    let root = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../testdata/captures"
    ));
    let paths: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
    let (mut sent, mut expected) = (Vec::new(), Vec::new());
    for source in find_sources(&paths).unwrap() {
        let mut reader = source.open(&ReadOptions::default()).unwrap();
        let mut chunk = Chunk::new();
        while reader.next_chunk(&mut chunk).unwrap() {
            for entry in chunk.entries() {
                let Entry::Frame(frame) = entry else {
                    panic!("{entry:?}");
                };
                let read = requests(&frame);
                let [request] = read.as_slice() else {
                    panic!("{}: one request in a frame", frame.origin);
                };
                sent.push(Sent {
                    signal: request.signal,
                    encoding: frame.encoding,
                    bytes: frame.bytes.to_vec(),
                });
                expected.extend(read);
            }
        }
    }
    (sent, sorted(expected))
}

fn post(client: &Client, request: Sent) -> Answer {
    let kind = match request.encoding {
        Encoding::Protobuf => PROTOBUF,
        _ => JSON,
    };
    client.post(&format!("/v1/{}", request.signal), kind, request.bytes)
}

fn export(client: &Client, request: Sent) -> Answer {
    let name = match request.signal {
        Signal::Traces => "trace.v1.Trace",
        Signal::Metrics => "metrics.v1.Metrics",
        Signal::Logs => "logs.v1.Logs",
    };
    let path = format!("/opentelemetry.proto.collector.{name}Service/Export");
    let zstd = zstd::encode_all(request.bytes.as_slice(), 3).unwrap();
    call(client, &path, Some("zstd"), framed(1, &zstd))
}

/// Sends captures and expects the same requests in the files.
fn check(
    paths: &[&str],
    dialect: Dialect,
    compression: Compression,
    send: fn(&Client, Sent) -> Answer,
) {
    let dir = tempfile::tempdir().unwrap();
    let options = with_files(writing(dir.path(), dialect), |files| {
        files.compression = compression;
        // Several files in one run.
        files.rotate_size = Some(100_000);
    });
    let receiver = Receiver::start(&options).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_2);
    let (sent, expected) = frames(paths);
    let count = sent.len() as u64;
    for request in sent {
        let answer = send(&client, request);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(
            matches!(answer.header("grpc-status"), "" | "0"),
            "{answer:?}"
        );
    }
    let outcome = stop(receiver);
    assert!(outcome.is_clean(), "{outcome:?}");
    assert_eq!(outcome.requests.accepted, count);
    let held = read_dir(dir.path());
    assert_eq!(held.rejects, Vec::<&str>::new());
    let held = sorted(held.requests);
    assert!(
        held == expected,
        "{paths:?} as {dialect:?}, {compression:?}"
    );
}

#[test]
fn json_comes_back_from_every_dialect() {
    let paths = ["claude-json/file-exporter", "pysdk-http/agentic-ci.jsonl"];
    check(&paths, Dialect::JsonLines, Compression::None, post);
    check(&paths, Dialect::AgenticCi, Compression::Zstd, post);
    check(&paths, Dialect::Proto, Compression::Gzip, post);
    check(&paths, Dialect::JsonZstd, Compression::None, post);
    check(&paths, Dialect::Varint, Compression::None, post);
}

#[test]
fn protobuf_comes_back_from_every_dialect() {
    let paths = [
        "claude-http/file-exporter-proto",
        "pysdk-grpc/file-exporter-proto",
    ];
    check(&paths, Dialect::JsonLines, Compression::Gzip, post);
    check(&paths, Dialect::AgenticCi, Compression::None, export);
    check(&paths, Dialect::Proto, Compression::Zstd, export);
    check(&paths, Dialect::ProtoZstd, Compression::None, export);
    check(&paths, Dialect::Grpc, Compression::Gzip, export);
}

#[test]
fn a_large_capture_comes_back() {
    let paths = [
        "codex-on/file-exporter-proto",
        "mix-dev/file-exporter-proto",
    ];
    check(&paths, Dialect::AgenticCi, Compression::Zstd, export);
    check(&paths, Dialect::Proto, Compression::None, post);
}

#[test]
fn bytes_pass_unchanged_where_the_encoding_is_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(&writing(dir.path(), Dialect::Proto)).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_11);
    let file = "claude-http/file-exporter-proto/logs.binpb";
    for request in frames(&[file]).0 {
        post(&client, request);
    }
    let outcome = stop(receiver);
    let written = std::fs::read(&outcome.files.unwrap().list[0].path).unwrap();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/captures/");
    assert!(written == std::fs::read(format!("{root}{file}")).unwrap());
}
