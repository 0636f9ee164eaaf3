//! How a file is read changes neither its entries nor its checkpoints.

use std::io::{self, Read};
use std::sync::Arc;

use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_128;

use super::CaptureReader;
use crate::checkpoint::Head;
use crate::chunk::{Chunk, Entry};
use crate::options::{ReadLimits, ReadOptions, TornTail};

/// Hands out at most so many bytes at a time, and fails at the end if told to.
struct Dribble {
    bytes: Vec<u8>,
    at: usize,
    sizes: Vec<usize>,
    turn: usize,
    fails: bool,
}

impl Read for Dribble {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.turn % self.sizes.len()];
        self.turn += 1;
        let count = size.min(out.len()).min(self.bytes.len() - self.at);
        if count == 0 && self.fails {
            return Err(io::Error::other("cable pulled"));
        }
        out[..count].copy_from_slice(&self.bytes[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

fn open(bytes: &[u8], sizes: &[usize], fails: bool) -> CaptureReader {
    let options = ReadOptions {
        limits: ReadLimits {
            frame_bytes: 300,
            ..ReadLimits::default()
        },
        ..ReadOptions::default()
    };
    let bytes = Dribble {
        bytes: bytes.to_vec(),
        at: 0,
        sizes: sizes.to_vec(),
        turn: 0,
        fails,
    };
    CaptureReader::new(&Arc::from("x"), Box::new(bytes), &options).unwrap()
}

/// All entries, one list per chunk.
fn read(bytes: &[u8], sizes: &[usize]) -> Vec<Vec<String>> {
    let mut reader = open(bytes, sizes, false);
    let mut chunk = Chunk::new();
    let mut chunks = Vec::new();
    while reader.next_chunk(&mut chunk).unwrap() {
        chunks.push(chunk.entries().map(|entry| format!("{entry:?}")).collect());
    }
    chunks
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    flate2::read::GzEncoder::new(bytes, flate2::Compression::fast())
        .read_to_end(&mut packed)
        .unwrap();
    packed
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"{\"resourceSpans\":[{\"a\":\"x\"}]}",
        b"{\"path\":\"/v1/logs\",\"payload\":{\"resourceLogs\":[]}}",
        b"{\"resourceSpans\":[{\"res",
        b"{\n \"a\": [\n  {}\n ]\n}",
        b"\n",
        b"\n",
        b"[",
        b",",
        b"\0\0",
        b"\xef\xbb\xbf",
        b"text",
        b"\0\0\0\x06\x0a\x04\x0a\0\x1a\0",
        b"\0\0\0\x06\x0a\x04\x0a\0\x1a\0",
        b"\0\0\0\xff\x0a\x04\x0a",
        b"                                                            ",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn how_a_file_is_read_changes_nothing(
        bytes in pieces(),
        sizes in prop::collection::vec(1..40_usize, 1..4),
    ) {
        let whole = read(&bytes, &[usize::MAX]);
        prop_assert_eq!(&read(&bytes, &sizes), &whole);
        let packed = gzip(&bytes);
        prop_assert_eq!(&read(&packed, &sizes), &read(&packed, &[usize::MAX]));
        let packed = zstd::encode_all(&bytes[..], 1).unwrap();
        let cut = &packed[..packed.len() * 3 / 4];
        prop_assert_eq!(&read(cut, &sizes), &read(cut, &[usize::MAX]));
    }

    #[test]
    fn how_a_file_is_read_changes_no_checkpoint(
        bytes in pieces(),
        sizes in prop::collection::vec(1..40_usize, 1..4),
    ) {
        let at_end = |bytes: &[u8], sizes: &[usize]| {
            let mut reader = open(bytes, sizes, false);
            reader.set_torn_tail(TornTail::Wait);
            let mut chunk = Chunk::new();
            while reader.next_chunk(&mut chunk).unwrap() {}
            (reader.checkpoint(), reader.waiting().cloned())
        };
        let whole = at_end(&bytes, &[usize::MAX]);
        if let Some(checkpoint) = &whole.0 {
            let before = &bytes[..checkpoint.offset as usize];
            prop_assert_eq!(checkpoint.hash, xxh3_128(before));
            prop_assert_eq!(checkpoint.head, Head::of(before));
        }
        prop_assert_eq!(&at_end(&bytes, &sizes), &whole);
        prop_assert_eq!(&at_end(&gzip(&bytes), &sizes), &whole);
    }
}

#[test]
fn a_checkpoint_between_chunks_stands_behind_what_was_given() {
    let line = format!("{{\"resourceLogs\":[\"{}\"]}}\n", "x".repeat(200));
    let text = line.repeat(50_000);
    let mut reader = open(text.as_bytes(), &[usize::MAX], false);
    let mut chunk = Chunk::new();
    assert_eq!(reader.checkpoint(), None);
    let mut count = 0;
    while reader.next_chunk(&mut chunk).unwrap() {
        count += chunk.entries().count();
        let checkpoint = reader.checkpoint().unwrap();
        let len = count * line.len() - 1;
        assert_eq!(
            (checkpoint.frame, checkpoint.offset),
            (count as u64, len as u64)
        );
        assert_eq!(checkpoint.hash, xxh3_128(&text.as_bytes()[..len]));
        assert_eq!(checkpoint.head, Head::of(text.as_bytes()));
    }
}

#[test]
fn chunks_end_where_the_bytes_say() {
    let line = format!("{{\"resourceLogs\":[\"{}\"]}}\n", "x".repeat(200));
    let text = line.repeat(50_000);
    let whole = read(text.as_bytes(), &[usize::MAX]);
    assert_eq!(whole.len(), 3);
    assert_eq!(whole.iter().map(Vec::len).sum::<usize>(), 50_000);
    assert_eq!(read(text.as_bytes(), &[65_537, 100_003]), whole);
}

#[test]
fn a_failure_of_reading_is_an_error_even_below_compression() {
    let text = b"{\"a\":1}\n".repeat(20_000);
    for bytes in [
        text.clone(),
        gzip(&text),
        zstd::encode_all(&text[..], 1).unwrap()[..30].to_vec(),
    ] {
        let options = ReadOptions::default();
        let dribble = Dribble {
            bytes,
            at: 0,
            sizes: vec![100],
            turn: 0,
            fails: true,
        };
        let opened = CaptureReader::new(&Arc::from("x"), Box::new(dribble), &options);
        let error = match opened {
            Err(error) => error,
            Ok(mut reader) => loop {
                let mut chunk = Chunk::new();
                match reader.next_chunk(&mut chunk) {
                    Ok(true) => assert!(
                        chunk
                            .entries()
                            .all(|entry| matches!(entry, Entry::Frame(_)))
                    ),
                    Ok(false) => panic!("the failure was not told"),
                    Err(error) => break error,
                }
            },
        };
        let cause = std::error::Error::source(&error).unwrap();
        assert_eq!(cause.to_string(), "cable pulled");
    }
}

/// Must not be asked again after it has ended, as a terminal.
struct Typed {
    bytes: &'static [u8],
    has_ended: bool,
}

impl Read for Typed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        assert!(!self.has_ended, "asked again");
        let count = self.bytes.read(out)?;
        self.has_ended = count == 0;
        Ok(count)
    }
}

#[test]
fn what_has_ended_is_not_asked_again() {
    const TEXT: &[u8] = &[b'\n'; 200_000];
    for len in [0, 10, 64 << 10, TEXT.len()] {
        let typed = Typed {
            bytes: &TEXT[..len],
            has_ended: false,
        };
        let options = ReadOptions::default();
        let mut reader = CaptureReader::new(&Arc::from("-"), Box::new(typed), &options).unwrap();
        assert!(!reader.next_chunk(&mut Chunk::new()).unwrap());
        assert_eq!(reader.bytes_read(), len as u64);
    }
}
