//! The window: the part of the stream that is looked at.

use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::mem;

use bytes::Bytes;

use super::again::Again;
use super::buffered::{Buffered, Layer, Trouble};
use super::gzip::{self, Gzip};
use super::trail::Trail;
use super::zstd::{self, Zstd};
use crate::checkpoint::Head;
use crate::layout::Compression;
use crate::options::ReadLimits;

/// How many compressions may be wrapped around each other.
const MAX_LAYERS: usize = 4;
/// Decoded bytes from which on the ratio of decompression is looked at.
const RATIO_FLOOR_BYTES: u64 = 64 << 20;
/// Bytes that are read at once, at first and at most: as much as a buffer held before, so that small
/// files take little memory.
const FIRST_BYTES: usize = 64 << 10;
const MOST_BYTES: usize = 1 << 20;

/// The part of the stream that is looked at, and the stream behind it.
///
/// It lies in a buffer that is never written to again: what comes next is read into another one, behind a
/// copy of what is still looked at. So records can be handed out without a copy; they hold on to the buffer.
pub(crate) struct Window {
    stream: Buffered,
    compression: Vec<Compression>,
    limits: ReadLimits,
    buffer: Bytes,
    /// Where the window begins in the buffer; it goes to its end.
    start: usize,
    /// Offset of `start` in the decoded bytes.
    offset: u64,
    ended: bool,
    trouble: Option<Trouble>,
    failure: Option<io::Error>,
    /// The bytes between those that went into it and `start` are in the buffer. None where nobody asks for
    /// hashes.
    trail: Option<Trail>,
}

impl Window {
    /// Takes the stored bytes and undoes their compression, layer by layer.
    pub fn new(bytes: Box<dyn Read + Send>, limits: &ReadLimits) -> io::Result<Self> {
        let mut stream = Buffered::stored(bytes);
        let mut compression = Vec::new();
        while compression.len() < MAX_LAYERS {
            let first = match stream.peek(4) {
                Ok(first) => first,
                Err(error) => return Err(stream.take_failure().unwrap_or(error)),
            };
            if first.starts_with(&gzip::MAGIC) {
                compression.push(Compression::Gzip);
                stream = Buffered::over(Layer::Gzip(Box::new(Gzip::new(stream))));
            } else if zstd::begins_frame(first) {
                compression.push(Compression::Zstd);
                stream = Buffered::over(Layer::Zstd(Box::new(Zstd::new(stream)?)));
            } else {
                break;
            }
        }
        Ok(Self::over(stream, compression, limits))
    }

    fn over(mut stream: Buffered, compression: Vec<Compression>, limits: &ReadLimits) -> Self {
        // Most of many files are no larger than this buffer: they need no other.
        let buffer = stream.take_buffer();
        let mut window = Self {
            stream,
            compression,
            limits: limits.clone(),
            buffer: to_share(buffer),
            start: 0,
            offset: 0,
            ended: false,
            trouble: None,
            failure: None,
            trail: Some(Trail::new()),
        };
        window.apply_limits();
        window
    }

    pub fn compression(&self) -> &[Compression] {
        &self.compression
    }

    /// The bytes in the window.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// The buffer that they lie in.
    pub fn buffer(&self) -> &Bytes {
        &self.buffer
    }

    /// Offset of the window in the decoded bytes.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether no bytes follow those in the window.
    pub fn at_end(&self) -> bool {
        self.ended
    }

    /// Why the stream ended before its file did; none before [`Self::at_end`].
    pub fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// Stored bytes read so far.
    pub fn read_bytes(&self) -> u64 {
        self.stream.read_bytes()
    }

    /// Drops `count` bytes from the front.
    pub fn consume(&mut self, count: usize) {
        debug_assert!(count <= self.bytes().len(), "consumed more than shown");
        self.start += count;
        self.offset += count as u64;
    }

    /// Gives up hashes and marks.
    pub fn forget_trail(&mut self) {
        self.trail = None;
    }

    /// Marks the place in front of the window.
    pub fn mark(&mut self) {
        if let Some(trail) = &mut self.trail {
            trail.set_mark(self.offset);
        }
    }

    /// The offset that was marked last, with hash and head of the decoded bytes before it.
    pub fn at_mark(&self) -> Option<(u64, u128, Head)> {
        let trail = self.trail.as_ref()?;
        let (hash, head) = trail.at_mark(self.pending(trail));
        Some((trail.mark(), hash, head))
    }

    /// The hash of all decoded bytes before the window.
    pub fn hash(&mut self) -> Option<u128> {
        self.flush();
        self.trail.as_ref().map(Trail::hash)
    }

    /// Goes back to the beginning of the stream, all of which up to here was set aside.
    pub fn go_back(&mut self, mut aside: File) -> io::Result<()> {
        aside.rewind()?;
        let compression = self.compression.clone();
        let limits = self.limits.clone();
        // Nothing is read from the empty stream that stands in for a moment.
        let empty = Self::over(Buffered::stored(Box::new(io::empty())), Vec::new(), &limits);
        let window = mem::replace(self, empty);
        let again = Layer::Again(Box::new(Again::new(aside, window)));
        *self = Self::over(Buffered::over(again), compression, &limits);
        Ok(())
    }

    /// Bytes that were consumed and are not hashed yet.
    fn pending(&self, trail: &Trail) -> &[u8] {
        let len = (self.offset - trail.hashed()) as usize;
        &self.buffer[self.start - len..self.start]
    }

    fn flush(&mut self) {
        if let Some(mut trail) = self.trail.take() {
            trail.pass(self.pending(&trail));
            self.trail = Some(trail);
        }
    }

    /// Reads until the window holds `want` bytes or the stream is at its end.
    ///
    /// # Errors
    ///
    /// If reading the file fails before. What is wrong with compression ends the stream instead.
    pub fn fill(&mut self, want: usize) -> io::Result<()> {
        while self.bytes().len() < want && !self.ended {
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            if self.stream.has_ended() {
                self.ended = true;
                self.trouble = self.stream.trouble().cloned();
                break;
            }
            self.read_on(want);
            self.apply_limits();
        }
        Ok(())
    }

    /// Reads once, into a new buffer. A failure waits until more is wanted than what was read before it.
    fn read_on(&mut self, want: usize) {
        self.flush();
        let len = self.bytes().len();
        let more = self.buffer.len().clamp(FIRST_BYTES, MOST_BYTES);
        let most = want.max(len + more);
        let mut buffer = Vec::with_capacity(most);
        buffer.extend_from_slice(self.bytes());
        if let Err(error) = self.stream.append(&mut buffer, most) {
            self.failure = Some(self.stream.take_failure().unwrap_or(error));
        }
        self.start = 0;
        self.buffer = to_share(buffer);
    }

    fn apply_limits(&mut self) {
        if self.compression.is_empty() {
            return;
        }
        let decoded = self.offset + self.bytes().len() as u64;
        let stored = self.stream.read_bytes();
        let ratio = self.limits.decompression_ratio;
        if let Some(limit) = self.limits.decompressed_bytes
            && decoded > limit
        {
            // The bytes up to the limit stay, whatever was read at once.
            let excess = usize::try_from(decoded - limit).unwrap_or(usize::MAX);
            let len = self.bytes().len();
            self.buffer
                .truncate(self.start + len.saturating_sub(excess));
            self.stop(format!("expected at most {limit} decompressed bytes"));
        } else if decoded > RATIO_FLOOR_BYTES && decoded / ratio.max(1) > stored {
            self.stop(format!(
                "expected at most {ratio} decompressed bytes per stored byte, found {decoded} of {stored}"
            ));
        }
    }

    fn stop(&mut self, message: String) {
        self.ended = true;
        self.trouble = Some(Trouble::Limit(message));
    }
}

/// Memory that does not hold much more than what is in it.
fn to_share(mut buffer: Vec<u8>) -> Bytes {
    if buffer.capacity() / 2 > buffer.len() {
        buffer.shrink_to_fit();
    }
    Bytes::from(buffer)
}
