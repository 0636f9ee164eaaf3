//! Takes decoded chunks strictly in input order: everything that must not depend on threads.

use std::collections::BTreeMap;

use otolith_capture::{Chunk, Reject};
use otolith_lake::{Lake, Run};
use otolith_tables::{Assembler, AssemblerOptions, DatabaseName, Table};
use rayon::ThreadPool;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::account::{Account, RejectGroups, SourceAccount, TableAccount, note_counts};
use crate::decode::DecodedChunk;
use crate::error::ConvertError;
use crate::options::ConvertOptions;
use crate::reader::Order;
use crate::rejects::RejectsWriter;
use crate::repeats::REPEATS_NOT_TRACKED;
use crate::watch::Watch;

/// Turns decoded chunks into parts and the account.
pub(crate) struct Sequencer<'a> {
    options: &'a ConvertOptions,
    watch: &'a dyn Watch,
    assembler: Assembler,
    run: Run,
    /// Encodes parts side by side; none with one thread.
    pool: Option<ThreadPool>,
    /// Number of the next part.
    sequence: u32,
    rejects_file: Option<RejectsWriter>,
    rejects: RejectGroups,
    rows: BTreeMap<(DatabaseName, Table), u64>,
    account: Account,
}

impl<'a> Sequencer<'a> {
    pub fn new(
        lake: &Lake,
        options: &'a ConvertOptions,
        watch: &'a dyn Watch,
    ) -> Result<Self, ConvertError> {
        let mut existing = BTreeMap::new();
        for database in lake.databases()? {
            for info in lake.tables(&database)? {
                existing.insert((info.database, info.table), info.fields);
            }
        }
        let columns = AssemblerOptions {
            columns_per_table: options.columns_per_table,
        };
        Ok(Self {
            options,
            watch,
            assembler: Assembler::new(columns, existing),
            run: lake.begin()?,
            pool: pool(options.threads.get())?,
            sequence: 0,
            rejects_file: None,
            rejects: RejectGroups::default(),
            rows: BTreeMap::new(),
            account: Account::default(),
        })
    }

    /// Takes the next chunk in input order and gives its memory back.
    pub fn take(&mut self, decoded: DecodedChunk) -> Result<Chunk, ConvertError> {
        let DecodedChunk {
            chunk,
            batches,
            counts,
            rejects,
        } = decoded;
        self.take_rejects(&rejects, batches.rejects())?;
        let account = &mut self.account;
        account.frames_read += counts.read;
        account.frames_converted += counts.converted;
        account.frames_skipped += counts.skipped;
        account.frames_rejected += rejects.len() as u64;
        account.payload_bytes += counts.payload_bytes;
        account.items_read += counts.items;
        account.items_rejected += batches.counts().rejected_items;
        for (table, rows) in &batches.counts().rows {
            *self.rows.entry(table.clone()).or_default() += rows;
        }
        self.assembler.push(batches);
        if self.assembler.len_bytes() >= self.options.buffer_bytes {
            self.write_parts()?;
        }
        Ok(chunk)
    }

    /// Writes what is left, commits, and closes the account.
    pub fn finish(
        mut self,
        sources: Vec<SourceAccount>,
        order: &Order,
    ) -> Result<Account, ConvertError> {
        self.write_parts()?;
        let identity = order.identity.finish();
        let mut account = self.account;
        if let Some(file) = self.rejects_file.take() {
            file.finish()
                .map_err(|source| ConvertError::Rejects { source })?;
            let path = self.run.rejects_path(identity);
            account.rejects_file = Some(path.to_string_lossy().into_owned());
        }
        let mut notes = self.assembler.notes().clone();
        if order.repeats.untracked > 0 {
            notes.insert(REPEATS_NOT_TRACKED, order.repeats.untracked);
        }
        account.notes = note_counts(&notes);
        account.bytes_read = sources.iter().map(|source| source.bytes_read).sum();
        account.sources = sources;
        account.duplicate_requests = order.repeats.repeated;
        account.rejects = self.rejects.into_groups();
        let table = |((database, table), rows): (&(DatabaseName, Table), &u64)| TableAccount {
            database: database.as_str().to_owned(),
            table: table.as_str(),
            rows: *rows,
        };
        account.tables = self.rows.iter().map(table).collect();
        debug_assert!(account.balances(), "{account:?}");
        let files = self.run.commit(identity)?;
        account.parts_written = files.len() as u64;
        account.bytes_written = files.iter().map(|file| file.len_bytes).sum();
        debug_assert_eq!(
            files.iter().map(|file| file.row_count).sum::<u64>(),
            account.rows_written,
        );
        self.watch.finished();
        Ok(account)
    }

    /// Keeps the rejects of a chunk in input order: frames and single items.
    fn take_rejects(&mut self, frames: &[Reject], items: &[Reject]) -> Result<(), ConvertError> {
        let mut all: Vec<&Reject> = frames.iter().chain(items).collect();
        // A frame is rejected as a whole or item by item, never both; items stay in their order.
        all.sort_by_key(|reject| reject.origin.frame);
        for reject in all {
            if self.options.strict {
                return Err(ConvertError::rejected(reject));
            }
            self.rejects.add(reject);
            let file = match &mut self.rejects_file {
                Some(file) => file,
                none => none.insert(RejectsWriter::new(self.run.create_rejects()?)),
            };
            file.write(reject)
                .map_err(|source| ConvertError::Rejects { source })?;
        }
        Ok(())
    }

    fn write_parts(&mut self) -> Result<(), ConvertError> {
        let mut parts = Vec::new();
        for part in self.assembler.drain() {
            self.account.rows_written += part.row_count as u64;
            parts.push((self.sequence, part));
            self.sequence += 1;
        }
        let run = &self.run;
        match &self.pool {
            None => parts
                .into_iter()
                .try_for_each(|(sequence, part)| run.write(sequence, part))?,
            Some(pool) => pool.install(|| {
                parts
                    .into_par_iter()
                    .try_for_each(|(sequence, part)| run.write(sequence, part))
            })?,
        }
        self.watch.rows_written(self.account.rows_written);
        Ok(())
    }
}

fn pool(threads: usize) -> Result<Option<ThreadPool>, ConvertError> {
    if threads == 1 {
        return Ok(None);
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|number| format!("encode-{number}"))
        .build()
        .map(Some)
        .map_err(|source| ConvertError::Threads { threads, source })
}
