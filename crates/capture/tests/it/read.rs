//! Reads bytes into plain values that tests compare.

use otolith_capture::{Chunk, Encoding, Entry, Layout, ReadOptions, SignalHint, Source};

/// An entry, with all that it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    Frame {
        offset: u64,
        bytes: Vec<u8>,
        encoding: Encoding,
        signal: SignalHint,
        arrival: Option<u64>,
    },
    Reject {
        offset: u64,
        code: &'static str,
        bytes: Vec<u8>,
        len: u64,
    },
}

/// Reads a file and checks the numbers of its entries.
pub fn read_as(name: &str, bytes: &[u8], options: &ReadOptions) -> (Vec<Got>, Layout) {
    let source = Source::from_bytes(name, bytes.to_vec());
    let mut reader = source.open(options).unwrap();
    let mut chunk = Chunk::new();
    let mut entries = Vec::new();
    let mut number = 0;
    while reader.next_chunk(&mut chunk).unwrap() {
        for entry in chunk.entries() {
            number += 1;
            let (origin, got) = match entry {
                Entry::Frame(frame) => (
                    frame.origin.clone(),
                    Got::Frame {
                        offset: frame.origin.offset,
                        bytes: frame.bytes.to_vec(),
                        encoding: frame.encoding,
                        signal: frame.signal,
                        arrival: frame.arrival_unix_nano,
                    },
                ),
                Entry::Reject(reject) => (
                    reject.origin.clone(),
                    Got::Reject {
                        offset: reject.origin.offset,
                        code: reject.code.0,
                        bytes: reject.bytes.clone(),
                        len: reject.len_bytes,
                    },
                ),
            };
            assert_eq!((&*origin.file, origin.frame), (name, number));
            entries.push(got);
        }
    }
    assert!(chunk.is_empty());
    let limited = entries.iter().any(|entry| {
        matches!(
            entry,
            Got::Reject {
                code: "decompression_limit",
                ..
            }
        )
    });
    if !limited {
        assert_eq!(reader.bytes_read(), bytes.len() as u64);
    }
    (entries, reader.layout())
}

pub fn read(bytes: &[u8]) -> Vec<Got> {
    read_as("capture", bytes, &ReadOptions::default()).0
}

/// An entry in short: `offset text` of a frame, `offset code text` of a reject.
pub fn brief(entries: &[Got]) -> Vec<String> {
    entries
        .iter()
        .map(|entry| match entry {
            Got::Frame { offset, bytes, .. } => format!("{offset} {}", bytes.escape_ascii()),
            Got::Reject {
                offset,
                code,
                bytes,
                ..
            } => format!("{offset} {code} {}", bytes.escape_ascii()),
        })
        .collect()
}

/// Expects the entries of a file in short, and its layout.
#[track_caller]
pub fn check(bytes: impl AsRef<[u8]>, layout: &str, expected: &[&str]) {
    let (entries, got) = read_as("capture", bytes.as_ref(), &ReadOptions::default());
    assert_eq!(brief(&entries), expected);
    assert_eq!(got.to_string(), layout);
}

/// A small protobuf request with a text inside.
pub fn message(text: &str) -> Vec<u8> {
    // ResourceLogs { schema_url: text }, after an empty resource.
    let mut inner = vec![0x0a, 0, 0x1a, u8::try_from(text.len()).unwrap()];
    inner.extend_from_slice(text.as_bytes());
    let mut message = vec![0x0a, u8::try_from(inner.len()).unwrap()];
    message.extend(inner);
    message
}

/// Bytes with their length before them, as the Collector writes them.
pub fn framed(bytes: &[u8]) -> Vec<u8> {
    let mut framed = u32::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
    framed.extend_from_slice(bytes);
    framed
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}
