//! A layer of the stream (the stored bytes, or a decompressor) with a small buffer, so that its
//! first bytes can be looked at.

use std::io::{self, BufRead, Read};
use std::mem;

use super::again::Again;
use super::gzip::Gzip;
use super::zstd::Zstd;

/// Size of a layer's buffer. Buffers are filled whole, so that nothing depends on how many bytes
/// the operating system hands out at a time.
const BUFFER_BYTES: usize = 64 << 10;

/// Why a stream ended before its file did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The end is missing.
    CutOff(String),
    /// Damaged.
    Torn(String),
    /// Over a limit of decompression.
    Limit(String),
}

/// Where the bytes of a layer come from.
pub(super) enum Layer {
    Stored {
        bytes: Box<dyn Read + Send>,
        read_bytes: u64,
    },
    Gzip(Box<Gzip>),
    Zstd(Box<Zstd>),
    /// Decoded before.
    Again(Box<Again>),
}

/// A layer with its buffer.
///
/// As a reader it ends where the layer gets into trouble; [`Self::trouble`] tells.
pub(super) struct Buffered {
    layer: Layer,
    buffer: Vec<u8>,
    /// How much of the buffer was used.
    start: usize,
    ended: bool,
    trouble: Option<Trouble>,
    failure: Option<io::Error>,
}

impl Buffered {
    pub fn stored(bytes: Box<dyn Read + Send>) -> Self {
        Self::over(Layer::Stored {
            bytes,
            read_bytes: 0,
        })
    }

    pub fn over(layer: Layer) -> Self {
        Self {
            layer,
            buffer: Vec::new(),
            start: 0,
            ended: false,
            trouble: None,
            failure: None,
        }
    }

    /// Why this layer, or one below it, ended early.
    pub fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// The failure of reading that a decompressor above has seen as some error of its own.
    pub fn take_failure(&mut self) -> Option<io::Error> {
        match &mut self.layer {
            Layer::Stored { .. } => self.failure.take(),
            Layer::Gzip(gzip) => gzip.input().and_then(Self::take_failure),
            Layer::Zstd(zstd) => zstd.input().take_failure(),
            // Told as it is, because no decompressor is in between.
            Layer::Again(_) => None,
        }
    }

    /// Stored bytes read so far.
    pub fn read_bytes(&self) -> u64 {
        match &self.layer {
            Layer::Stored { read_bytes, .. } => *read_bytes,
            Layer::Gzip(gzip) => gzip.read_bytes(),
            Layer::Zstd(zstd) => zstd.read_bytes(),
            Layer::Again(again) => again.read_bytes(),
        }
    }

    /// Gives the buffer away, with the bytes that were read and not used. What comes after them is to
    /// be had by [`Self::append`] only.
    pub fn take_buffer(&mut self) -> Vec<u8> {
        self.drop_used();
        mem::take(&mut self.buffer)
    }

    /// Whether it is known that nothing follows.
    pub fn has_ended(&self) -> bool {
        self.ended && self.unused().is_empty()
    }

    /// At least `want` bytes from the front, fewer only at the end.
    pub fn peek(&mut self, want: usize) -> io::Result<&[u8]> {
        if self.unused().len() < want {
            self.drop_used();
            let mut buffer = mem::take(&mut self.buffer);
            buffer.reserve_exact(BUFFER_BYTES.saturating_sub(buffer.len()));
            let result = self.append_layer(&mut buffer, BUFFER_BYTES);
            self.buffer = buffer;
            result?;
        }
        Ok(self.unused())
    }

    /// Skips zero bytes, which pad files that were allocated before they were written.
    pub fn skip_padding(&mut self) -> io::Result<()> {
        loop {
            let bytes = self.peek(1)?;
            let Some(zeros) = bytes.iter().position(|byte| *byte != 0) else {
                if bytes.is_empty() {
                    return Ok(());
                }
                self.start = self.buffer.len();
                continue;
            };
            self.start += zeros;
            return Ok(());
        }
    }

    /// Reads until `out` holds `len` bytes, fewer only at the end. On failure `out` holds what was read
    /// before.
    pub fn append(&mut self, out: &mut Vec<u8>, len: usize) -> io::Result<()> {
        let unused = self.unused();
        let count = unused.len().min(len.saturating_sub(out.len()));
        out.extend_from_slice(&unused[..count]);
        self.start += count;
        // What is wanted in large pieces needs no detour through the buffer.
        self.append_layer(out, len)
    }

    fn unused(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    fn drop_used(&mut self) {
        self.buffer.drain(..mem::take(&mut self.start));
    }

    fn append_layer(&mut self, out: &mut Vec<u8>, len: usize) -> io::Result<()> {
        while out.len() < len && !self.ended {
            let before = out.len();
            let step = match &mut self.layer {
                Layer::Stored { bytes, read_bytes } => {
                    let result = append(bytes, out, len);
                    *read_bytes += (out.len() - before) as u64;
                    // Not asked again: a terminal would want to be told twice.
                    self.ended = result.is_ok() && out.len() < len;
                    result.map_err(|failure| {
                        let kind = failure.kind();
                        self.failure = Some(failure);
                        StepError::Failure(io::Error::from(kind))
                    })
                }
                Layer::Gzip(gzip) => gzip.append(out, len),
                Layer::Zstd(zstd) => zstd.append(out, len),
                Layer::Again(again) => again.append(out, len),
            };
            match step {
                Ok(()) => self.ended |= out.len() == before,
                Err(StepError::Failure(failure)) => return Err(failure),
                Err(StepError::Trouble(trouble)) => {
                    self.trouble = Some(trouble);
                    self.ended = true;
                }
            }
        }
        Ok(())
    }
}

/// Reads until `out` holds `len` bytes, fewer only at the end; its memory is not cleared before. On
/// failure it holds what was read before.
pub(super) fn append(bytes: &mut dyn Read, out: &mut Vec<u8>, len: usize) -> io::Result<()> {
    let room = len.saturating_sub(out.len()) as u64;
    bytes.take(room).read_to_end(out).map(drop)
}

/// What a decompressor cannot go on from.
pub(super) enum StepError {
    /// Reading the file failed.
    Failure(io::Error),
    /// The compressed bytes are at fault.
    Trouble(Trouble),
}

impl From<io::Error> for StepError {
    fn from(error: io::Error) -> Self {
        Self::Failure(error)
    }
}

impl Read for Buffered {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let count = out.len().min(bytes.len());
        out[..count].copy_from_slice(&bytes[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Buffered {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.peek(1)
    }

    fn consume(&mut self, count: usize) {
        self.start = self.buffer.len().min(self.start + count);
    }
}
