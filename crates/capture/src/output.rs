//! Turns cut records into the entries of a chunk: numbers them, opens envelopes, undoes the
//! compression of single messages.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use crate::chunk::{About, Chunk};
use crate::cut::Cut;
use crate::frame::{Encoding, Origin, Reject, Signal, SignalHint};
use crate::hint;
use crate::inflate::{self, Fault};
use crate::json::cutter::JsonCutter;
use crate::json::envelope::{self, Opened};
use crate::layout::{Envelope, Layout};
use crate::options::ReadOptions;
use crate::skip::Skip;

pub(crate) struct Output {
    file: Arc<str>,
    /// Number of the last entry.
    frame: u64,
    max_bytes: usize,
    kept_bytes: usize,
    declared: Option<Signal>,
    /// What the file name says, for protobuf frames.
    named: SignalHint,
    layout: Layout,
}

impl Output {
    pub fn new(file: &Arc<str>, options: &ReadOptions, layout: Layout) -> Self {
        let named = hint::of_file_name(file).map_or(SignalHint::Unknown, SignalHint::FileName);
        Self {
            file: Arc::clone(file),
            frame: 0,
            max_bytes: options.limits.frame_bytes.max(1),
            kept_bytes: options.limits.kept_reject_bytes,
            declared: options.signal,
            named,
            layout,
        }
    }

    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// Number of the last entry.
    pub fn frame(&self) -> u64 {
        self.frame
    }

    /// Goes on after entries that were told before.
    pub fn resume(&mut self, frame: u64) {
        self.frame = frame;
    }

    pub fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    pub fn kept_bytes(&self) -> usize {
        self.kept_bytes
    }

    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    pub fn finish_layout(&mut self, layout: Layout) {
        self.layout = layout;
    }

    /// A JSON object in this buffer: a request or an envelope.
    pub fn json(&mut self, chunk: &mut Chunk, buffer: &Bytes, object: &[u8], offset: u64) {
        match envelope::open(object, self.max_bytes) {
            Opened::Plain => {
                self.layout.saw_envelope(Envelope::Plain);
                let about = self.about(Encoding::Json, None, offset);
                chunk.push_frame(buffer, object, about);
            }
            Opened::Dump => {
                self.layout.saw_envelope(Envelope::JavaScriptSdk);
                let about = self.about(Encoding::JavaScriptSdk, None, offset);
                chunk.push_frame(buffer, object, about);
            }
            Opened::Request(request) => {
                self.layout.saw_envelope(request.envelope);
                let mut about = self.about(request.encoding, request.signal, offset);
                about.arrival_unix_nano = request.arrival_unix_nano;
                match request.payload {
                    Cow::Borrowed(payload) => chunk.push_frame(buffer, payload, about),
                    Cow::Owned(payload) => push_own(chunk, payload, about),
                }
            }
            Opened::Reject(code, message) => {
                let len_bytes = object.len() as u64;
                self.reject(chunk, (code, message), object, len_bytes, offset);
            }
        }
    }

    /// A protobuf message in this buffer.
    pub fn protobuf(&mut self, chunk: &mut Chunk, buffer: &Bytes, message: &[u8], offset: u64) {
        let about = self.about(Encoding::Protobuf, None, offset);
        chunk.push_frame(buffer, message, about);
    }

    /// A protobuf message in gzip.
    pub fn gzip(&mut self, chunk: &mut Chunk, body: &[u8], offset: u64) {
        match inflate::gzip(body, self.max_bytes) {
            Ok(message) => {
                let about = self.about(Encoding::Protobuf, None, offset);
                push_own(chunk, message, about);
            }
            Err(fault) => self.reject(chunk, fault, body, body.len() as u64, offset),
        }
    }

    /// A message in zstd, JSON or protobuf.
    pub fn zstd(&mut self, chunk: &mut Chunk, body: &[u8], offset: u64) {
        match inflate::zstd(body, self.max_bytes) {
            Ok(message) => match message.trim_ascii_start().first() {
                Some(b'{' | b'[') => self.text(chunk, &Bytes::from(message), offset),
                _ => {
                    let about = self.about(Encoding::Protobuf, None, offset);
                    push_own(chunk, message, about);
                }
            },
            Err(fault) => self.reject(chunk, fault, body, body.len() as u64, offset),
        }
    }

    /// JSON text inside a message, which is one request as a rule.
    fn text(&mut self, chunk: &mut Chunk, text: &Bytes, offset: u64) {
        let mut cutter = JsonCutter::new(0, self.max_bytes);
        let mut rest = &**text;
        loop {
            let len = match cutter.next(rest, true) {
                Cut::Skip(len) => len,
                Cut::Record { end, .. } => {
                    self.json(chunk, text, &rest[..end], offset);
                    end
                }
                Cut::Reject(code, len, message) | Cut::RejectUntil(code, len, message, _) => {
                    let bytes = &rest[..len];
                    self.reject(chunk, (code, message), bytes, len as u64, offset);
                    len
                }
                Cut::End | Cut::Wait(..) | Cut::Need(_) => return,
            };
            rest = &rest[len..];
        }
    }

    /// Bytes that are no frame.
    pub fn reject(
        &mut self,
        chunk: &mut Chunk,
        (code, message): Fault,
        bytes: &[u8],
        len_bytes: u64,
        offset: u64,
    ) {
        self.frame += 1;
        chunk.push_reject(Reject {
            origin: Origin {
                file: Arc::clone(&self.file),
                frame: self.frame,
                offset,
            },
            code,
            message,
            bytes: bytes[..bytes.len().min(self.kept_bytes)].to_vec(),
            len_bytes,
        });
    }

    /// A reject that took several looks.
    pub fn skipped(&mut self, chunk: &mut Chunk, skip: Skip) {
        self.reject(chunk, skip.fault, &skip.kept, skip.len_bytes, skip.offset);
    }

    fn about(&mut self, encoding: Encoding, signal: Option<Signal>, offset: u64) -> About {
        self.frame += 1;
        let signal = match signal.or(self.declared) {
            Some(signal) => SignalHint::Declared(signal),
            None if encoding == Encoding::Protobuf => self.named,
            None => SignalHint::Unknown,
        };
        About {
            frame: self.frame,
            offset,
            encoding,
            signal,
            arrival_unix_nano: None,
        }
    }
}

/// Adds a frame whose payload is all of a buffer of its own.
fn push_own(chunk: &mut Chunk, payload: Vec<u8>, about: About) {
    let payload = Bytes::from(payload);
    chunk.push_frame(&payload, &payload, about);
}
