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
}

/// Payload bytes of a load that are enough.
const LOAD_BYTES: usize = 4 << 20;
/// Chunks of a load that are enough.
const LOAD_CHUNKS: usize = 256;

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
        }
    }

    /// Reads what goes to a decoder at once, the first chunk into `chunk`: one of a large file, or
    /// those of many small ones, because a batch for each would cost more than its rows. `None` at the
    /// end of the last source.
    pub fn load(&mut self, chunk: Chunk) -> Result<Option<Vec<Work>>, ConvertError> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let mut chunk = Some(chunk);
        let mut load = Vec::new();
        let mut len_bytes = 0;
        while len_bytes < LOAD_BYTES && load.len() < LOAD_CHUNKS {
            match self.next(chunk.take().unwrap_or_default()) {
                Ok(Some(work)) => {
                    len_bytes += work.chunk.len_bytes();
                    load.push(work);
                }
                Ok(None) => break,
                Err(error) if load.is_empty() => return Err(error),
                Err(error) => {
                    self.failure = Some(error);
                    break;
                }
            }
        }
        Ok((!load.is_empty()).then_some(load))
    }

    /// Fills the chunk with what comes next; `None` at the end of the last source.
    pub fn next(&mut self, mut chunk: Chunk) -> Result<Option<Work>, ConvertError> {
        loop {
            if self.watch.is_stopped() {
                return Err(ConvertError::Interrupted);
            }
            let Some(open) = &mut self.open else {
                let Some(source) = self.sources.next() else {
                    return Ok(None);
                };
                self.open = Some(self.open(source)?);
                continue;
            };
            if open.reader.next_chunk(&mut chunk)? {
                self.watch
                    .bytes_read(self.bytes_before + open.reader.bytes_read());
                let order = &mut self.end.order;
                let mut skipped: Vec<bool> =
                    chunk.entries().map(|entry| order.skip(&entry)).collect();
                open.frames += skipped.len() as u64;
                if !skipped.contains(&true) {
                    skipped.clear();
                }
                return Ok(Some(Work { chunk, skipped }));
            }
            self.close();
        }
    }

    fn open(&self, source: &Source) -> Result<OpenSource, ConvertError> {
        self.watch.source_started(source.name());
        let (reader, resumed) = match &self.known {
            None => (source.open(self.options)?, None),
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

    /// Ends the open source: notes how far it was read.
    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        self.bytes_before += open.reader.bytes_read();
        self.watch.bytes_read(self.bytes_before);
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
            bytes_read: open.reader.bytes_read(),
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

    /// Number of the source of the chunk that came last, from 0.
    pub fn source_index(&self) -> usize {
        match self.open {
            Some(_) => self.end.accounts.len(),
            None => self.end.accounts.len().saturating_sub(1),
        }
    }

    /// What was read, once [`Self::next`] has given `None`.
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
