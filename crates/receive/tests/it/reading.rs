//! Reads what was written, with the readers of this project.

use std::path::{Path, PathBuf};

use otolith_capture::{Chunk, Encoding, Entry, Frame, ReadOptions, Signal, find_sources};
use otolith_otlp::{Decoder, Limits, RequestEncoder, resolve_signal};

/// A request as read back, in protobuf whatever it was written in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Read {
    pub signal: Signal,
    pub bytes: Vec<u8>,
    pub arrival_unix_nano: Option<u64>,
}

/// What a path holds.
#[derive(Debug, Default)]
pub struct Held {
    pub requests: Vec<Read>,
    /// Codes of what could not be cut into frames.
    pub rejects: Vec<&'static str>,
    /// Layouts of the files, as `inspect` shows them.
    pub layouts: Vec<String>,
}

/// Reads everything at paths.
#[track_caller]
pub fn read(paths: &[PathBuf]) -> Held {
    let mut held = Held::default();
    for source in find_sources(paths).unwrap() {
        let mut reader = source.open(&ReadOptions::default()).unwrap();
        let mut chunk = Chunk::new();
        while reader.next_chunk(&mut chunk).unwrap() {
            for entry in chunk.entries() {
                match entry {
                    Entry::Frame(frame) => held.requests.extend(requests(&frame)),
                    Entry::Reject(reject) => held.rejects.push(reject.code.0),
                }
            }
        }
        held.layouts.push(reader.layout().to_string());
    }
    held
}

/// Reads everything below a directory.
#[track_caller]
pub fn read_dir(dir: &Path) -> Held {
    read(&[dir.to_owned()])
}

/// The requests of a frame, encoded anew, so that all encodings of one are the same bytes.
#[track_caller]
pub fn requests(frame: &Frame<'_>) -> Vec<Read> {
    let mut encoder = RequestEncoder::new();
    let decoded = Decoder::new(Limits::DEFAULT).decode(frame, &mut encoder);
    let decoded = decoded.unwrap_or_else(|reject| panic!("{}: {reject:?}", frame.origin));
    assert_eq!(decoded.rejected_items, 0, "{}", frame.origin);
    if frame.encoding == Encoding::Protobuf {
        let signal = resolve_signal(frame).unwrap();
        assert!(frame.signal.signal().is_none_or(|named| named == signal));
    }
    let arrival_unix_nano = frame.arrival_unix_nano;
    let requests = encoder.take().into_iter();
    requests
        .map(|(signal, bytes)| Read {
            signal,
            bytes,
            arrival_unix_nano,
        })
        .collect()
}

/// Requests in one order and without times of arrival, to be compared.
pub fn sorted(mut requests: Vec<Read>) -> Vec<Read> {
    for request in &mut requests {
        request.arrival_unix_nano = None;
    }
    requests.sort();
    requests
}

/// The texts of log records, as [`crate::log`] makes them, in the order of reading.
pub fn bodies(held: &Held) -> Vec<String> {
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use prost::Message as _;

    let mut texts = Vec::new();
    for request in &held.requests {
        let request = ExportLogsServiceRequest::decode(request.bytes.as_slice()).unwrap();
        let scopes = request.resource_logs.iter().flat_map(|r| &r.scope_logs);
        for record in scopes.flat_map(|scope| &scope.log_records) {
            let Some(Value::StringValue(text)) = record.body.as_ref().and_then(|b| b.value.clone())
            else {
                panic!("not a text: {record:?}");
            };
            texts.push(text);
        }
    }
    texts
}
