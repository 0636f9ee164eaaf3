//! A layer of the stream (the stored bytes, or a decompressor) with a small buffer, so that its
//! first bytes can be looked at.

use std::io::{self, BufRead, Read};
use std::mem;
use std::ops::Range;

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
    start: usize,
    end: usize,
    ended: bool,
    trouble: Option<Trouble>,
    failure: Option<io::Error>,
}

impl Buffered {
    /// `spare` is memory to be used again; what is in it does not matter.
    pub fn stored(bytes: Box<dyn Read + Send>, spare: Vec<u8>) -> Self {
        let layer = Layer::Stored {
            bytes,
            read_bytes: 0,
        };
        Self::with_buffer(layer, spare)
    }

    pub fn over(layer: Layer) -> Self {
        Self::with_buffer(layer, Vec::new())
    }

    fn with_buffer(layer: Layer, mut buffer: Vec<u8>) -> Self {
        buffer.resize(BUFFER_BYTES, 0);
        Self {
            layer,
            buffer,
            start: 0,
            end: 0,
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

    /// Gives the buffer away, and which of its bytes were read and not used. What comes after them is
    /// to be had by [`Read::read`] only.
    pub fn take_buffer(&mut self) -> (Vec<u8>, Range<usize>) {
        let unused = mem::take(&mut self.start)..mem::take(&mut self.end);
        (mem::take(&mut self.buffer), unused)
    }

    /// Whether it is known that nothing follows.
    pub fn has_ended(&self) -> bool {
        self.ended && self.start == self.end
    }

    /// At least `want` bytes from the front, fewer only at the end.
    pub fn peek(&mut self, want: usize) -> io::Result<&[u8]> {
        if self.end - self.start < want {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            self.refill()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// Skips zero bytes, which pad files that were allocated before they were written.
    pub fn skip_padding(&mut self) -> io::Result<()> {
        loop {
            let bytes = self.peek(1)?;
            let Some(zeros) = bytes.iter().position(|byte| *byte != 0) else {
                if bytes.is_empty() {
                    return Ok(());
                }
                self.start = self.end;
                continue;
            };
            self.start += zeros;
            return Ok(());
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        while self.end < self.buffer.len() && !self.ended {
            let end = self.end;
            let mut buffer = mem::take(&mut self.buffer);
            let result = self.read_layer(&mut buffer[end..]);
            self.buffer = buffer;
            match result? {
                0 => self.ended = true,
                count => self.end += count,
            }
        }
        Ok(())
    }

    fn read_layer(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let step = match &mut self.layer {
            Layer::Stored { bytes, read_bytes } => loop {
                match bytes.read(out) {
                    Ok(count) => {
                        *read_bytes += count as u64;
                        break Ok(count);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => {
                        let kind = error.kind();
                        self.failure = Some(error);
                        return Err(io::Error::from(kind));
                    }
                }
            },
            Layer::Gzip(gzip) => gzip.read(out),
            Layer::Zstd(zstd) => zstd.read(out),
            Layer::Again(again) => again.read(out),
        };
        match step {
            Ok(count) => Ok(count),
            Err(StepError::Failure(failure)) => Err(failure),
            Err(StepError::Trouble(trouble)) => {
                self.trouble = Some(trouble);
                Ok(0)
            }
        }
    }
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
        if self.start < self.end {
            let count = out.len().min(self.end - self.start);
            out[..count].copy_from_slice(&self.buffer[self.start..self.start + count]);
            self.start += count;
            return Ok(count);
        }
        if self.ended || out.is_empty() {
            return Ok(0);
        }
        // What is wanted in large pieces needs no detour through the buffer.
        let count = self.read_layer(out)?;
        self.ended = count == 0;
        Ok(count)
    }
}

impl BufRead for Buffered {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.peek(1)
    }

    fn consume(&mut self, count: usize) {
        self.start = self.end.min(self.start + count);
    }
}
