//! Reads all sources in order as one row of numbered chunks.

use otolith_capture::{CaptureReader, Chunk, Entry, ReadOptions, Source};

use crate::account::SourceAccount;
use crate::error::ConvertError;
use crate::identity::Identity;
use crate::repeats::Repeats;
use crate::watch::Watch;

/// Reads the sources one after another.
pub(crate) struct Reader<'a> {
    sources: std::slice::Iter<'a, Source>,
    options: &'a ReadOptions,
    watch: &'a dyn Watch,
    open: Option<(CaptureReader, u64)>,
    order: Order,
    accounts: Vec<SourceAccount>,
    /// Stored bytes of the sources that are read to their end.
    bytes_before: u64,
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
    ) -> Self {
        Self {
            sources: sources.iter(),
            options,
            watch,
            open: None,
            order,
            accounts: Vec::new(),
            bytes_before: 0,
        }
    }

    /// Fills the chunk with what comes next; `None` at the end of the last source.
    pub fn next(&mut self, mut chunk: Chunk) -> Result<Option<Work>, ConvertError> {
        loop {
            if self.watch.is_stopped() {
                return Err(ConvertError::Interrupted);
            }
            let Some((reader, frames)) = &mut self.open else {
                let Some(source) = self.sources.next() else {
                    return Ok(None);
                };
                self.watch.source_started(source.name(), source.len_bytes());
                self.order.identity.source();
                self.open = Some((source.open(self.options)?, 0));
                self.accounts.push(SourceAccount {
                    file: source.name().to_string(),
                    layout: String::new(),
                    bytes_read: 0,
                    frames_read: 0,
                });
                continue;
            };
            if reader.next_chunk(&mut chunk)? {
                self.watch
                    .bytes_read(self.bytes_before + reader.bytes_read());
                let mut skipped: Vec<bool> = chunk
                    .entries()
                    .map(|entry| self.order.skip(&entry))
                    .collect();
                *frames += skipped.len() as u64;
                if !skipped.contains(&true) {
                    skipped.clear();
                }
                return Ok(Some(Work { chunk, skipped }));
            }
            self.bytes_before += reader.bytes_read();
            self.watch.bytes_read(self.bytes_before);
            if let Some(account) = self.accounts.last_mut() {
                account.layout = reader.layout().to_string();
                account.bytes_read = reader.bytes_read();
                account.frames_read = *frames;
            }
            self.open = None;
        }
    }

    /// Number of the source of the chunk that came last, from 0.
    pub fn source_index(&self) -> usize {
        self.accounts.len().saturating_sub(1)
    }

    /// What was read, once [`Self::next`] has given `None`.
    pub fn finish(self) -> (Vec<SourceAccount>, Order) {
        (self.accounts, self.order)
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
