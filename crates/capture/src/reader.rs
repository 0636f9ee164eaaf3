//! The reader: one file, from stored bytes to chunks of entries.

use std::io::{self, Read};
use std::sync::Arc;

use crate::binary::{BinaryCutter, Framing};
use crate::chunk::Chunk;
use crate::cut::Cut;
use crate::json::cutter::JsonCutter;
use crate::layout::Layout;
use crate::options::{InputFormat, ReadOptions};
use crate::output::Output;
use crate::problems::{DECOMPRESSION_LIMIT, FRAME_TOO_LARGE, TORN_COMPRESSION, UNRECOGNISED};
use crate::recognise::{self, LOOK_BYTES};
use crate::skip::Skip;
use crate::source::ReadError;
use crate::stream::{Trouble, Window};

/// Reads one capture, chunk by chunk, in file order.
///
/// Memory does not grow with the file: a window of at most about twice the limit of a frame, and
/// the chunk that the caller passes in.
pub struct CaptureReader {
    window: Window,
    stage: Stage,
    output: Output,
    /// A reject whose end was not in sight.
    skip: Option<Skip>,
}

enum Stage {
    Json(JsonCutter),
    Binary(BinaryCutter),
    /// The whole file is one message.
    Message,
    Unrecognised,
    Done,
}

impl CaptureReader {
    pub(crate) fn new(
        file: &Arc<str>,
        bytes: Box<dyn Read + Send>,
        options: &ReadOptions,
    ) -> Result<Self, ReadError> {
        let open = |source| ReadError::Read {
            file: Arc::clone(file),
            read_bytes: 0,
            source,
        };
        let mut window = Window::new(bytes, &options.limits).map_err(open)?;
        let max_bytes = options.limits.frame_bytes;
        let format = match options.input_format {
            Some(format) => Some(format),
            None => {
                window.fill(LOOK_BYTES).map_err(open)?;
                recognise::recognise(look(&window), is_all_seen(&window), max_bytes)
            }
        };
        let stage = match format {
            None => Stage::Unrecognised,
            Some(InputFormat::Json) => Stage::Json(JsonCutter::new(0, max_bytes)),
            Some(InputFormat::Protobuf) => Stage::Message,
            Some(InputFormat::ProtoFrames) => binary(Framing::Proto, max_bytes),
            Some(InputFormat::ZstdFrames) => binary(Framing::Zstd, max_bytes),
            Some(InputFormat::VarintFrames) => binary(Framing::Varint, max_bytes),
            Some(InputFormat::GrpcFrames) => binary(Framing::Grpc, max_bytes),
        };
        let layout = Layout::new(window.compression().to_vec(), format);
        Ok(Self {
            window,
            stage,
            output: Output::new(file, options, layout),
            skip: None,
        })
    }

    /// Fills `chunk` with the next entries; false at the end of the file, with an empty chunk.
    ///
    /// # Errors
    ///
    /// If reading the file fails. The chunk then holds the entries before the failure.
    pub fn next_chunk(&mut self, chunk: &mut Chunk) -> Result<bool, ReadError> {
        chunk.clear(self.output.file());
        while !chunk.is_full() {
            match self.step(chunk) {
                Ok(true) => {}
                Ok(false) => break,
                Err(source) => {
                    return Err(ReadError::Read {
                        file: Arc::clone(self.output.file()),
                        read_bytes: self.window.read_bytes(),
                        source,
                    });
                }
            }
        }
        Ok(!chunk.is_empty())
    }

    /// Bytes of the file as stored that were read so far, ahead of the entries.
    pub fn bytes_read(&self) -> u64 {
        self.window.read_bytes()
    }

    /// The layout, as far as the file was read.
    pub fn layout(&self) -> Layout {
        let mut layout = self.output.layout().clone();
        if let Stage::Json(cutter) = &self.stage {
            if cutter.saw_documents() {
                layout.saw_document();
            }
            if cutter.saw_array() {
                layout.saw_array();
            }
        }
        layout
    }

    /// Does one thing; false at the end.
    fn step(&mut self, chunk: &mut Chunk) -> io::Result<bool> {
        if let Some(skip) = &mut self.skip {
            let count = skip.take(&mut self.window)?;
            if let Stage::Json(cutter) = &mut self.stage {
                cutter.skipped(count);
            }
            if skip.is_done()
                && let Some(skip) = self.skip.take()
            {
                self.output.skipped(chunk, skip);
            }
            return Ok(true);
        }
        let bytes = self.window.bytes();
        let at_end = self.window.at_end();
        let cut = match &mut self.stage {
            Stage::Json(cutter) => cutter.next(bytes, at_end),
            Stage::Binary(cutter) => cutter.next(bytes, at_end),
            Stage::Message => message(bytes, at_end, self.output.max_bytes()),
            Stage::Unrecognised => unrecognised(bytes, at_end),
            Stage::Done => return Ok(false),
        };
        let offset = self.window.offset();
        match cut {
            Cut::Need(want) => {
                self.window.fill(want.max(bytes.len() + 1))?;
            }
            Cut::Skip(len) => self.window.consume(len),
            Cut::Record {
                start,
                end,
                compressed,
            } => {
                let record = &bytes[start..end];
                match &self.stage {
                    Stage::Json(_) => self.output.json(chunk, record, offset),
                    Stage::Binary(cutter) => match (cutter.framing(), compressed) {
                        (Framing::Zstd, _) => self.output.zstd(chunk, record, offset),
                        (_, true) => self.output.gzip(chunk, record, offset),
                        (_, false) => self.output.protobuf(chunk, record, offset),
                    },
                    _ => self.output.protobuf(chunk, record, offset),
                }
                self.window.consume(end);
            }
            Cut::Reject(code, len, message) => {
                let len_bytes = len as u64;
                self.output
                    .reject(chunk, (code, message), &bytes[..len], len_bytes, offset);
                self.window.consume(len);
            }
            Cut::RejectUntil(code, len, message, until) => {
                let mut skip = Skip::new((code, message), offset, until, self.output.kept_bytes());
                skip.keep(&bytes[..len]);
                self.window.consume(len);
                self.skip = Some(skip);
            }
            Cut::End => self.end(chunk),
        }
        Ok(true)
    }

    fn end(&mut self, chunk: &mut Chunk) {
        self.output.finish_layout(self.layout());
        self.stage = Stage::Done;
        let fault = match self.window.take_trouble() {
            None => return,
            Some(Trouble::Torn(why)) => (TORN_COMPRESSION, why),
            Some(Trouble::Limit(why)) => (DECOMPRESSION_LIMIT, why),
        };
        self.output
            .reject(chunk, fault, &[], 0, self.window.offset());
    }
}

fn binary(framing: Framing, max_bytes: usize) -> Stage {
    Stage::Binary(BinaryCutter::new(framing, max_bytes))
}

/// What recognition may look at: never more than a fixed number of bytes, so that it does not
/// depend on how the file is read.
fn look(window: &Window) -> &[u8] {
    let bytes = window.bytes();
    &bytes[..bytes.len().min(LOOK_BYTES)]
}

fn is_all_seen(window: &Window) -> bool {
    window.at_end() && window.bytes().len() <= LOOK_BYTES
}

/// Cuts a file that is one message.
fn message(bytes: &[u8], at_end: bool, max_bytes: usize) -> Cut {
    if bytes.is_empty() {
        return if at_end { Cut::End } else { Cut::Need(1) };
    }
    if bytes.len() > max_bytes {
        let message = format!("expected one message of at most {max_bytes} bytes");
        return Cut::RejectUntil(FRAME_TOO_LARGE, max_bytes, message, crate::cut::Until::End);
    }
    if !at_end {
        return Cut::Need((2 * bytes.len()).min(max_bytes + 1));
    }
    match recognise::without_line_end(bytes) {
        Some([]) => Cut::Skip(bytes.len()),
        Some(message) => Cut::Record {
            start: 0,
            end: message.len(),
            compressed: false,
        },
        None => Cut::Record {
            start: 0,
            end: bytes.len(),
            compressed: false,
        },
    }
}

fn unrecognised(bytes: &[u8], at_end: bool) -> Cut {
    match bytes {
        [] if at_end => Cut::End,
        [] => Cut::Need(1),
        // Enough to say what it looks like.
        _ if bytes.len() < 512 && !at_end => Cut::Need(512),
        _ => Cut::RejectUntil(
            UNRECOGNISED,
            bytes.len().min(512),
            recognise::describe(bytes),
            crate::cut::Until::End,
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read};
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::CaptureReader;
    use crate::chunk::{Chunk, Entry};
    use crate::options::{ReadLimits, ReadOptions};

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
        prop::collection::vec(prop::sample::select(pieces), 0..30)
            .prop_map(|pieces| pieces.concat())
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
}
