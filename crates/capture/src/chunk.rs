//! The chunk: a run of entries of one file, or of many small ones, that owns its bytes.

use std::sync::Arc;

use bytes::Bytes;

use crate::frame::{Encoding, Frame, Origin, Reject, SignalHint};

/// Payload bytes after which a chunk is full, unless told otherwise. A chunk may exceed it by one frame.
pub(crate) const TARGET_BYTES: usize = 4 << 20;
/// Entries after which a chunk is full, so that tiny frames do not make giant lists.
const TARGET_ENTRIES: usize = 1 << 16;

/// A run of consecutive entries of one file, or of files that are read one after another, about 4
/// MiB of payload or less.
///
/// Where chunks end depends on the bytes of the files and on nothing else. A chunk may be sent to another
/// thread. Its payload lies where it was read to, in buffers that it holds on to: of the bytes in each of them, but for
/// the last one, at least half are payload.
#[derive(Debug)]
pub struct Chunk {
    /// Those that have frames here.
    files: Vec<Arc<str>>,
    /// The file that is read, before its first frame.
    next_file: Option<Arc<str>>,
    items: Vec<Item>,
    rejects: Vec<Reject>,
    /// Of frames and rejects.
    payload_bytes: usize,
    target_bytes: usize,
    last: Option<Held>,
}

/// A buffer that the last frames lie in.
#[derive(Debug)]
struct Held {
    /// Where it lies in memory.
    place: usize,
    len_bytes: usize,
    first_item: usize,
    payload_bytes: usize,
}

impl Default for Chunk {
    fn default() -> Self {
        Self {
            files: Vec::new(),
            next_file: None,
            items: Vec::new(),
            rejects: Vec::new(),
            payload_bytes: 0,
            target_bytes: TARGET_BYTES,
            last: None,
        }
    }
}

#[derive(Debug)]
enum Item {
    Frame {
        /// Its place among the files.
        file: u32,
        bytes: Bytes,
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
            Item::Frame { file, bytes, about } => Entry::Frame(Frame {
                bytes,
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
        self.payload_bytes >= self.target_bytes || self.items.len() >= TARGET_ENTRIES
    }

    /// Lets it be full sooner, until it is cleared.
    pub fn take_less(&mut self, bytes: usize) {
        self.target_bytes = bytes.min(TARGET_BYTES);
    }

    /// Removes all entries.
    pub fn clear(&mut self) {
        self.files.clear();
        self.items.clear();
        self.rejects.clear();
        self.payload_bytes = 0;
        self.target_bytes = TARGET_BYTES;
        self.last = None;
    }

    /// What is pushed from now on is of this file.
    pub(crate) fn enter(&mut self, file: &Arc<str>) {
        let is_last = |last: &Arc<str>| Arc::ptr_eq(last, file);
        let is_new = !self.files.last().is_some_and(is_last);
        self.next_file = is_new.then(|| Arc::clone(file));
    }

    /// Adds a frame whose payload lies in this buffer.
    pub(crate) fn push_frame(&mut self, buffer: &Bytes, payload: &[u8], about: About) {
        self.files.extend(self.next_file.take());
        self.hold(buffer, payload.len());
        self.payload_bytes += payload.len();
        self.items.push(Item::Frame {
            file: self.files.len() as u32 - 1,
            bytes: buffer.slice_ref(payload),
            about,
        });
    }

    /// Notes that a frame of so many bytes lies in a buffer.
    fn hold(&mut self, buffer: &Bytes, len_bytes: usize) {
        let place = buffer.as_ptr() as usize;
        match &mut self.last {
            Some(last) if last.place == place => last.payload_bytes += len_bytes,
            _ => {
                self.let_go();
                self.last = Some(Held {
                    place,
                    len_bytes: buffer.len(),
                    first_item: self.items.len(),
                    payload_bytes: len_bytes,
                });
            }
        }
    }

    /// Copies the frames of the last buffer out of it if they are less than half of it: few frames among much
    /// else, such as rejects, shall not hold all of that.
    fn let_go(&mut self) {
        let Some(last) = self.last.take() else {
            return;
        };
        if last.payload_bytes >= last.len_bytes / 2 {
            return;
        }
        for item in &mut self.items[last.first_item..] {
            if let Item::Frame { bytes, .. } = item {
                *bytes = Bytes::copy_from_slice(bytes);
            }
        }
    }

    pub(crate) fn push_reject(&mut self, reject: Reject) {
        self.payload_bytes += reject.bytes.len();
        self.items.push(Item::Reject(self.rejects.len()));
        self.rejects.push(reject);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(chunk: &mut Chunk, bytes: usize) {
        let buffer = Bytes::from(vec![b'x'; bytes]);
        chunk.push_frame(&buffer, &buffer, ABOUT);
    }

    const ABOUT: About = About {
        frame: 0,
        offset: 0,
        encoding: Encoding::Json,
        signal: SignalHint::Unknown,
        arrival_unix_nano: None,
    };

    /// Whether somebody holds on to a buffer.
    fn is_held(buffer: &Bytes) -> bool {
        !buffer.is_unique()
    }

    #[test]
    fn buffers_that_are_half_payload_are_held_and_others_let_go() {
        let mut chunk = Chunk::new();
        chunk.enter(&Arc::from("a"));
        let buffers: Vec<Bytes> = (b'a'..b'd').map(|byte| vec![byte; 100].into()).collect();
        let [few, half, last] = buffers.as_slice() else {
            panic!("three buffers");
        };
        for place in [0..20, 30..40, 80..99] {
            chunk.push_frame(few, &few[place], ABOUT);
        }
        assert!(is_held(few));
        chunk.push_frame(half, &half[50..], ABOUT);
        chunk.push_frame(last, &last[..1], ABOUT);
        assert!(!is_held(few) && is_held(half) && is_held(last));
        let frames = chunk.entries().map(|entry| match entry {
            Entry::Frame(frame) => (frame.bytes.len(), frame.bytes[0]),
            Entry::Reject(reject) => panic!("{reject:?}"),
        });
        let expected = [(20, b'a'), (10, b'a'), (19, b'a'), (50, b'b'), (1, b'c')];
        assert_eq!(frames.collect::<Vec<_>>(), expected);
        chunk.clear();
        assert!(!is_held(half) && !is_held(last));
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
