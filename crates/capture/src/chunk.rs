//! The chunk: a run of entries of one file that owns its bytes.

use std::sync::Arc;

use crate::frame::{Encoding, Frame, Origin, Reject, SignalHint};

/// Payload bytes after which a chunk is full. A chunk may exceed it by one frame.
pub(crate) const TARGET_BYTES: usize = 4 << 20;
/// Entries after which a chunk is full, so that tiny frames do not make giant lists.
const TARGET_ENTRIES: usize = 1 << 16;

/// A run of consecutive entries of one file, about 4 MiB of payload.
///
/// Where chunks end depends on the bytes of the file and on nothing else. A chunk owns its
/// payload, may be sent to another thread, and keeps its buffers when it is filled again.
#[derive(Debug, Default)]
pub struct Chunk {
    file: Arc<str>,
    bytes: Vec<u8>,
    items: Vec<Item>,
    rejects: Vec<Reject>,
    reject_bytes: usize,
}

#[derive(Debug)]
enum Item {
    Frame {
        start: usize,
        end: usize,
        about: About,
    },
    Reject(usize),
}

/// What is known of a frame besides its payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About {
    pub frame: u64,
    pub offset: u64,
    pub encoding: Encoding,
    pub signal: SignalHint,
    pub arrival_unix_nano: Option<u64>,
}

/// One entry of a chunk. Every byte of a file that is not blank, framing or envelope is in
/// exactly one entry.
#[derive(Debug)]
pub enum Entry<'a> {
    /// A frame, not yet looked into.
    Frame(Frame<'a>),
    /// Bytes that are no frame.
    Reject(&'a Reject),
}

impl Chunk {
    /// Makes an empty chunk.
    pub fn new() -> Self {
        Self::default()
    }

    /// The entries in file order.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.items.iter().map(|item| match item {
            Item::Frame { start, end, about } => Entry::Frame(Frame {
                bytes: &self.bytes[*start..*end],
                origin: Origin {
                    file: Arc::clone(&self.file),
                    frame: about.frame,
                    offset: about.offset,
                },
                encoding: about.encoding,
                signal: about.signal,
                arrival_unix_nano: about.arrival_unix_nano,
            }),
            Item::Reject(index) => Entry::Reject(&self.rejects[*index]),
        })
    }

    /// Number of payload bytes.
    pub fn len_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Whether the chunk has no entries.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(crate) fn clear(&mut self, file: &Arc<str>) {
        self.file = Arc::clone(file);
        self.bytes.clear();
        // One giant frame shall not hold its memory for the rest of the run.
        self.bytes.shrink_to(4 * TARGET_BYTES);
        self.items.clear();
        self.rejects.clear();
        self.reject_bytes = 0;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() + self.reject_bytes >= TARGET_BYTES || self.items.len() >= TARGET_ENTRIES
    }

    pub(crate) fn push_frame(&mut self, payload: &[u8], about: About) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(payload);
        self.items.push(Item::Frame {
            start,
            end: self.bytes.len(),
            about,
        });
    }

    pub(crate) fn push_reject(&mut self, reject: Reject) {
        self.reject_bytes += reject.bytes.len();
        self.items.push(Item::Reject(self.rejects.len()));
        self.rejects.push(reject);
    }
}
