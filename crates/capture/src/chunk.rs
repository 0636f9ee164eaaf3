//! The chunk: a run of entries of one file, or of many small ones, that owns its bytes.

use std::sync::Arc;

use crate::frame::{Encoding, Frame, Origin, Reject, SignalHint};

/// Payload bytes after which a chunk is full, unless told otherwise. A chunk may exceed it by one frame.
pub(crate) const TARGET_BYTES: usize = 4 << 20;
/// Room that is made for payload: that of a full chunk and a usual last frame.
const ROOM_BYTES: usize = TARGET_BYTES + (TARGET_BYTES >> 2);
/// Entries after which a chunk is full, so that tiny frames do not make giant lists.
const TARGET_ENTRIES: usize = 1 << 16;

/// A run of consecutive entries of one file, or of files that are read one after another, about 4
/// MiB of payload or less.
///
/// Where chunks end depends on the bytes of the files and on nothing else. A chunk owns its
/// payload, may be sent to another thread, and keeps its buffers when it is filled again.
#[derive(Debug)]
pub struct Chunk {
    /// Those that have frames here.
    files: Vec<Arc<str>>,
    /// The file that is read, before its first frame.
    next_file: Option<Arc<str>>,
    bytes: Vec<u8>,
    items: Vec<Item>,
    rejects: Vec<Reject>,
    reject_bytes: usize,
    target_bytes: usize,
}

impl Default for Chunk {
    fn default() -> Self {
        Self {
            files: Vec::new(),
            next_file: None,
            bytes: Vec::new(),
            items: Vec::new(),
            rejects: Vec::new(),
            reject_bytes: 0,
            target_bytes: TARGET_BYTES,
        }
    }
}

#[derive(Debug)]
enum Item {
    Frame {
        /// Its place among the files.
        file: u32,
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
        self.entries_from(0)
    }

    /// The entries in file order without the first ones.
    ///
    /// # Panics
    ///
    /// If there are not so many.
    pub fn entries_from(&self, first: usize) -> impl Iterator<Item = Entry<'_>> {
        self.items[first..].iter().map(|item| match item {
            Item::Frame {
                file,
                start,
                end,
                about,
            } => Entry::Frame(Frame {
                bytes: &self.bytes[*start..*end],
                origin: Origin {
                    file: Arc::clone(&self.files[*file as usize]),
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

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether the chunk has no entries.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether nothing more should go into it: it has about 4 MiB or what [`Self::take_less`] said, or
    /// as many entries as make up one.
    pub fn is_full(&self) -> bool {
        let bytes = self.bytes.len() + self.reject_bytes;
        bytes >= self.target_bytes || self.items.len() >= TARGET_ENTRIES
    }

    /// Lets it be full sooner, until it is cleared.
    pub fn take_less(&mut self, bytes: usize) {
        self.target_bytes = bytes.min(TARGET_BYTES);
    }

    /// Removes all entries, and keeps the memory.
    pub fn clear(&mut self) {
        self.files.clear();
        self.bytes.clear();
        // One giant frame shall not hold its memory for the rest of the run.
        self.bytes.shrink_to(4 * TARGET_BYTES);
        self.items.clear();
        self.rejects.clear();
        self.reject_bytes = 0;
        self.target_bytes = TARGET_BYTES;
    }

    /// What is pushed from now on is of this file.
    pub(crate) fn enter(&mut self, file: &Arc<str>) {
        let is_last = |last: &Arc<str>| Arc::ptr_eq(last, file);
        let is_new = !self.files.last().is_some_and(is_last);
        self.next_file = is_new.then(|| Arc::clone(file));
    }

    pub(crate) fn push_frame(&mut self, payload: &[u8], about: About) {
        self.files.extend(self.next_file.take());
        let start = self.bytes.len();
        if start > 0 && self.bytes.capacity() - start < payload.len() {
            // Not twice of what is here, as a vector grows: nothing follows a chunk that is full.
            let room = ROOM_BYTES.saturating_sub(start).max(payload.len());
            self.bytes.reserve_exact(room);
        }
        self.bytes.extend_from_slice(payload);
        self.items.push(Item::Frame {
            file: self.files.len() as u32 - 1,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn push(chunk: &mut Chunk, bytes: usize) {
        chunk.push_frame(
            &vec![b'x'; bytes],
            About {
                frame: 0,
                offset: 0,
                encoding: Encoding::Json,
                signal: SignalHint::Unknown,
                arrival_unix_nano: None,
            },
        );
    }

    #[test]
    fn a_chunk_that_takes_less_is_full_sooner_until_it_is_cleared() {
        let mut chunk = Chunk::new();
        chunk.enter(&Arc::from("a"));
        chunk.take_less(100);
        push(&mut chunk, 99);
        assert!(!chunk.is_full());
        push(&mut chunk, 1);
        assert!(chunk.is_full());
        chunk.clear();
        chunk.enter(&Arc::from("b"));
        push(&mut chunk, TARGET_BYTES - 1);
        assert!(!chunk.is_full());
        // It never takes more than others.
        chunk.take_less(usize::MAX);
        push(&mut chunk, 1);
        assert!(chunk.is_full());
    }
}
