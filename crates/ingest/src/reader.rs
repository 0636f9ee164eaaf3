//! Reads all sources in order as one row of numbered chunks.

use std::path::Path;
use std::sync::Arc;

use otolith_capture::{CaptureReader, Checkpoint, Chunk, Entry, ReadOptions, Source};
use otolith_lake::KnownCaptures;

use crate::account::{SourceAccount, WaitingTail};
use crate::captures::{self, Progress};
use crate::error::ConvertError;
use crate::identity::Identity;
use crate::repeats::Repeats;
use crate::watch::Watch;

/// Payload bytes of the first chunk; each after it may have twice as many. Until a whole chunk is read in
/// new memory no thread would have anything to do: 7 ms of 330 (`perf record`, 93 MB of protobuf).
const FIRST_BYTES: usize = 512 << 10;

/// Reads the sources one after another.
pub(crate) struct Reader<'a> {
    sources: std::slice::Iter<'a, Source>,
    options: &'a ReadOptions,
    watch: &'a dyn Watch,
    known: Option<KnownContent<'a>>,
    open: Option<OpenSource>,
    end: ReadEnd,
    /// Stored bytes of the sources that are read to their end.
    bytes_before: u64,
    /// What ended the last load early.
    failure: Option<ConvertError>,
    /// Payload bytes of the next chunk, if it takes less than a chunk can.
    next_bytes: usize,
    /// Payload bytes of any chunk, if it takes less than a chunk can.
    most_bytes: usize,
}

/// What a chunk is filled from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Span {
    /// One source.
    Source,
    /// As many as it takes.
    Sources,
}

/// What is passed over: content that a lake has, and that of sources before.
pub(crate) struct KnownContent<'a> {
    pub captures: KnownCaptures,
    /// Where standard input is set aside while it is compared.
    pub spool: &'a Path,
}

/// The source that is being read.
struct OpenSource {
    name: Arc<str>,
    reader: CaptureReader,
    resumed: Option<Checkpoint>,
    frames: u64,
}

/// What was read.
pub(crate) struct ReadEnd {
    pub accounts: Vec<SourceAccount>,
    pub order: Order,
    /// The sources that brought something new.
    pub progress: Vec<Progress>,
}

/// A chunk and which of its entries to leave out.
#[derive(Debug)]
pub(crate) struct Work {
    pub chunk: Chunk,
    /// One per entry; empty if none is left out.
    pub skipped: Vec<bool>,
}

impl<'a> Reader<'a> {
    pub fn new(
        sources: &'a [Source],
        options: &'a ReadOptions,
        watch: &'a dyn Watch,
        order: Order,
        known: Option<KnownContent<'a>>,
    ) -> Self {
        Self {
            sources: sources.iter(),
            options,
            watch,
            known,
            open: None,
            end: ReadEnd {
                accounts: Vec::new(),
                order,
                progress: Vec::new(),
            },
            bytes_before: 0,
            failure: None,
            next_bytes: FIRST_BYTES,
            most_bytes: usize::MAX,
        }
    }

    /// Makes chunks take less.
    pub fn with_chunks_of(mut self, bytes: usize) -> Self {
        self.most_bytes = bytes;
        self
    }

    /// Fills the chunk with what goes to a decoder at once: what comes next of a large file, or of many
    /// small ones, because a batch for each would cost more than its rows. `None` at the end of the
    /// last source.
    pub fn load(&mut self, chunk: Chunk) -> Result<Option<Work>, ConvertError> {
        self.fill(chunk, Span::Sources)
    }

    /// Fills the chunk with what comes next of one source; `None` at the end of the last source.
    pub fn next(&mut self, chunk: Chunk) -> Result<Option<Work>, ConvertError> {
        self.fill(chunk, Span::Source)
    }

    fn fill(&mut self, mut chunk: Chunk, span: Span) -> Result<Option<Work>, ConvertError> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        chunk.clear();
        chunk.take_less(self.next_bytes.min(self.most_bytes));
        self.next_bytes = self.next_bytes.saturating_mul(2);
        let mut skipped = Vec::new();
        while !chunk.is_full() {
            if self.watch.is_stopped() {
                return Err(ConvertError::Interrupted);
            }
            match self.add_to(&mut chunk, &mut skipped) {
                Ok(true) if span == Span::Sources || chunk.is_empty() => {}
                Ok(_) => break,
                Err(error) if chunk.is_empty() => return Err(error),
                // What was read before is told before.
                Err(error) => {
                    self.failure = Some(error);
                    break;
                }
            }
        }
        if !skipped.contains(&true) {
            skipped.clear();
        }
        Ok((!chunk.is_empty()).then_some(Work { chunk, skipped }))
    }

    /// Adds what comes next of the open source, or of the next one; false at the end of the last one.
    fn add_to(&mut self, chunk: &mut Chunk, skipped: &mut Vec<bool>) -> Result<bool, ConvertError> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => match self.sources.next() {
                Some(source) => self.open(source)?,
                None => return Ok(false),
            },
        };
        let order = &mut self.end.order;
        let mut before = chunk.len();
        // Entry by entry: what was just read is hashed while it is in the cache.
        let read = loop {
            let added = open.reader.add_entry(chunk);
            skipped.extend(chunk.entries_from(before).map(|entry| order.skip(&entry)));
            open.frames += (chunk.len() - before) as u64;
            before = chunk.len();
            if !matches!(added, Ok(true)) {
                break added;
            }
        };
        self.watch
            .bytes_read(self.bytes_before + open.reader.bytes_read());
        read?;
        match chunk.is_full() {
            true => self.open = Some(open),
            false => self.close(open),
        }
        Ok(true)
    }

    fn open(&mut self, source: &Source) -> Result<OpenSource, ConvertError> {
        self.watch.source_started(source.name());
        let (reader, resumed) = match &self.known {
            None => (source.open(self.options)?.without_checkpoints(), None),
            Some(known) => {
                let begins = |bytes: &[u8]| captures::beginning_with(&known.captures, bytes);
                let opened = source.open_after(self.options, &begins, known.spool)?;
                (opened.reader, opened.resumed)
            }
        };
        Ok(OpenSource {
            name: Arc::clone(source.name()),
            reader,
            resumed,
            frames: 0,
        })
    }

    /// Ends a source: notes how far it was read.
    fn close(&mut self, open: OpenSource) {
        let bytes_read = open.reader.bytes_read();
        self.bytes_before += bytes_read;
        let from_bytes = open.resumed.as_ref().map_or(0, |resumed| resumed.offset);
        let checkpoint = open.reader.checkpoint();
        if let Some(checkpoint) = checkpoint
            && open.resumed.as_ref() != Some(&checkpoint)
        {
            let capture = captures::to_capture(&open.name, &checkpoint);
            self.end.order.identity.source(from_bytes, &capture);
            if let Some(known) = &mut self.known {
                known.captures.learn(capture.clone());
            }
            self.end.progress.push(Progress {
                source: self.end.accounts.len(),
                from_bytes,
                capture,
            });
        }
        self.end.accounts.push(SourceAccount {
            file: open.name.to_string(),
            layout: open.reader.layout().to_string(),
            bytes_read,
            frames_read: open.frames,
            known_frames: open.resumed.map_or(0, |resumed| resumed.frame),
            known_bytes: from_bytes,
            waiting: open.reader.waiting().map(|tail| WaitingTail {
                code: tail.code.0,
                offset: tail.offset,
                len_bytes: tail.len_bytes,
                message: tail.message.clone(),
            }),
        });
    }

    /// Number of the source of the chunk that [`Self::next`] gave last, from 0.
    pub fn source_index(&self) -> usize {
        match self.open {
            Some(_) => self.end.accounts.len(),
            None => self.end.accounts.len().saturating_sub(1),
        }
    }

    /// What was read, once nothing more has come.
    pub fn finish(self) -> ReadEnd {
        self.end
    }
}

/// What is done with each entry as it is read, in input order: everything goes into the identity,
/// repeats are told and may be left out.
pub(crate) struct Order {
    pub identity: Identity,
    pub repeats: Repeats,
    pub skip_repeats: bool,
}

impl Order {
    /// Whether an entry shall be left out.
    fn skip(&mut self, entry: &Entry<'_>) -> bool {
        let request = self.identity.entry(entry);
        request.is_some_and(|request| self.repeats.is_repeat(request)) && self.skip_repeats
    }
}
