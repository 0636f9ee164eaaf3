//! Takes decoded chunks strictly in input order: everything that must not depend on threads.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use otolith_capture::{Chunk, Reject, Source};
use otolith_lake::{Capture, Commit, KnownCaptures, Lake, LakeError, Run};
use otolith_tables::{Assembler, AssemblerOptions, DatabaseName, Drain, Part, PartNumber, Table};
use rayon::ThreadPool;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::account::{Account, RejectGroups, TableAccount, note_counts};
use crate::captures::{self, Progress};
use crate::decode::DecodedLoad;
use crate::error::ConvertError;
use crate::options::ConvertOptions;
use crate::reader::ReadEnd;
use crate::redact::Tally;
use crate::rejects::{KeptBytes, RejectsWriter};
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
    /// Where the lake keeps the rejects of earlier runs.
    rejects_directory: PathBuf,
    /// The file of the last reject, and whether it lies there.
    last_file: Option<(Arc<str>, bool)>,
    rejects: RejectGroups,
    rows: BTreeMap<(DatabaseName, Table), u64>,
    redacted: Tally,
    account: Account,
}

impl<'a> Sequencer<'a> {
    pub fn new(
        lake: &Lake,
        options: &'a ConvertOptions,
        watch: &'a dyn Watch,
    ) -> Result<Self, ConvertError> {
        let run = lake.begin()?;
        let columns = AssemblerOptions {
            columns_per_table: options.columns_per_table,
        };
        Ok(Self {
            options,
            watch,
            assembler: Assembler::new(columns, run.all_fields()?),
            run,
            pool: pool(options.threads.get())?,
            sequence: 0,
            rejects_file: None,
            rejects_directory: lake.rejects_directory(),
            last_file: None,
            rejects: RejectGroups::default(),
            rows: BTreeMap::new(),
            redacted: Tally::default(),
            account: Account::default(),
        })
    }

    /// Takes the next load in input order and gives the memory of a chunk back.
    pub fn take(&mut self, decoded: DecodedLoad) -> Result<Chunk, ConvertError> {
        let DecodedLoad {
            chunk,
            batches,
            counts,
            rejects,
            redacted,
        } = decoded;
        self.redacted.add(&redacted);
        self.take_rejects(&rejects)?;
        let account = &mut self.account;
        account.frames_read += counts.read;
        account.frames_converted += counts.converted;
        account.frames_skipped += counts.skipped;
        account.frames_rejected += counts.rejected;
        account.payload_bytes += counts.payload_bytes;
        account.items_read += counts.items;
        account.items_rejected += batches.counts().rejected_items;
        for (table, rows) in &batches.counts().rows {
            *self.rows.entry(table.clone()).or_default() += rows;
        }
        self.assembler.push(batches);
        if self.assembler.len_bytes() >= self.options.buffer_bytes {
            self.write_parts(Rows::MoreToCome)?;
        }
        Ok(chunk)
    }

    /// The captures that the lake has already.
    pub fn captures(&self) -> KnownCaptures {
        self.run.captures()
    }

    /// A directory that vanishes with the run.
    pub fn scratch(&self) -> &Path {
        self.run.scratch()
    }

    /// Writes what is left, commits, and closes the account. `replaces` are the runs whose rows
    /// this one converted anew.
    pub fn finish(
        mut self,
        sources: &[Source],
        end: ReadEnd,
        replaces: BTreeSet<u64>,
    ) -> Result<Account, ConvertError> {
        self.write_parts(Rows::Last)?;
        merge(&self.run, self.pool.as_ref())?;
        let ReadEnd {
            accounts,
            order,
            progress,
        } = end;
        let identity = order.identity.finish();
        let mut account = std::mem::take(&mut self.account);
        let rejects_path = self.run.rejects_path(identity);
        if let Some(file) = self.rejects_file.take() {
            file.finish()
                .map_err(|source| ConvertError::Rejects { source })?;
            account.rejects_file = Some(rejects_path.to_string_lossy().into_owned());
        }
        let mut notes = self.assembler.notes().clone();
        if order.repeats.untracked > 0 {
            notes.insert(REPEATS_NOT_TRACKED, order.repeats.untracked);
        }
        account.notes = note_counts(&notes);
        if let Some(redaction) = &self.options.redact {
            account.redacted = redaction.counts(&self.redacted);
        }
        account.bytes_read = accounts.iter().map(|source| source.bytes_read).sum();
        account.sources = accounts;
        account.duplicate_requests = order.repeats.repeated;
        account.rejects = std::mem::take(&mut self.rejects).into_groups();
        let table = |((database, table), rows): (&(DatabaseName, Table), &u64)| TableAccount {
            database: database.as_str().to_owned(),
            table: table.as_str(),
            rows: *rows,
        };
        account.tables = self.rows.iter().map(table).collect();
        (account.parts_written, account.bytes_written) = self.run.totals();
        debug_assert!(account.balances(), "{account:?}");
        // Rejects of a file that nothing could be read of come again every time.
        let is_told = account.rejects_file.is_none() || rejects_path.exists();
        let is_new = !progress.is_empty() || account.rows_written > 0 || !is_told;
        if is_new {
            let commit = Commit {
                identity,
                captures: progress.iter().map(|p| self.kept_capture(p)).collect(),
                replaces: replaces.into_iter().collect(),
                account: serde_json::to_value(self.kept_account(&account))
                    .expect("an account has text keys"),
            };
            let spool = self.run.scratch().to_owned();
            let read = &self.options.read;
            let overlap =
                |theirs: &[_]| captures::overlap(&progress, sources, read, &spool, theirs);
            let run = self.run;
            match &self.pool {
                None => run.commit(commit, &overlap)?,
                Some(pool) => pool.install(|| run.commit(commit, &overlap))?,
            };
        }
        self.watch.finished();
        Ok(account)
    }

    /// What the ledger keeps of a capture: its name may hold what is to be redacted.
    fn kept_capture(&self, progress: &Progress) -> Capture {
        Capture {
            file: self.kept_name(&progress.capture.file),
            ..progress.capture.clone()
        }
    }

    /// What the ledger keeps of the account.
    fn kept_account(&self, account: &Account) -> Account {
        let mut kept = account.clone();
        for source in &mut kept.sources {
            source.file = self.kept_name(&source.file);
        }
        kept
    }

    fn kept_name(&self, name: &str) -> String {
        match &self.options.redact {
            None => name.to_owned(),
            Some(redaction) => redaction.file_name(&name.into()).to_string(),
        }
    }

    /// Keeps the rejects of a load, which are in input order: frames and single items.
    fn take_rejects(&mut self, all: &[Reject]) -> Result<(), ConvertError> {
        for reject in all {
            let withheld = self.options.redact.as_ref().map(|r| r.withhold(reject));
            let reject = withheld.as_ref().unwrap_or(reject);
            if self.options.strict {
                return Err(ConvertError::rejected(reject));
            }
            self.rejects.add(reject);
            if self.is_of_lake(&reject.origin.file) {
                continue;
            }
            let file = match &mut self.rejects_file {
                Some(file) => file,
                none => {
                    let kept = match self.options.redact {
                        Some(_) => KeptBytes::Withheld,
                        None => KeptBytes::UpToLimit,
                    };
                    none.insert(RejectsWriter::new(self.run.create_rejects()?, kept))
                }
            };
            file.write(reject)
                .map_err(|source| ConvertError::Rejects { source })?;
        }
        Ok(())
    }

    /// Whether a file is one of the lake's own rejects: what is rejected again stays there, and a
    /// second copy would be tried again in turn, without end.
    fn is_of_lake(&mut self, file: &Arc<str>) -> bool {
        if let Some((last, is_of_lake)) = &self.last_file
            && last == file
        {
            return *is_of_lake;
        }
        let parent = Path::new(&**file).parent().map(Path::canonicalize);
        let is_of_lake = match (parent, self.rejects_directory.canonicalize()) {
            (Some(Ok(parent)), Ok(rejects)) => parent == rejects,
            _ => false,
        };
        self.last_file = Some((Arc::clone(file), is_of_lake));
        is_of_lake
    }

    /// Builds the parts of what was taken since the last time, and writes each as it is built.
    fn write_parts(&mut self, rows: Rows) -> Result<(), ConvertError> {
        let drain = self.assembler.drain();
        let parts = drain.parts();
        let first = self.sequence;
        self.sequence += u32::try_from(parts.len()).expect("there are fewer parts");
        for part in &parts {
            self.account.rows_written += part.row_count as u64;
        }
        match &self.pool {
            None => write_one_by_one(drain, &self.run, rows, first)?,
            Some(pool) => write_side_by_side(&drain, &self.run, rows, pool, first)?,
        }
        self.watch.rows_written(self.account.rows_written);
        Ok(())
    }
}

/// Whether more rows of the same tables and dates may come.
#[derive(Clone, Copy)]
enum Rows {
    MoreToCome,
    Last,
}

/// Makes parts of what was set aside.
fn merge(run: &Run, pool: Option<&ThreadPool>) -> Result<(), LakeError> {
    let partitions = run.set_aside_partitions();
    match pool {
        None => partitions.iter().try_for_each(|of| run.merge(of)),
        Some(pool) => pool.install(|| partitions.par_iter().try_for_each(|of| run.merge(of))),
    }
}

fn write(run: &Run, rows: Rows, number: u32, part: Part) -> Result<(), LakeError> {
    match rows {
        Rows::Last if !run.has_set_aside(&part) => run.write(number, part),
        _ => run.set_aside(number, &part),
    }
}

fn write_one_by_one(drain: Drain<'_>, run: &Run, rows: Rows, first: u32) -> Result<(), LakeError> {
    let mut number = first;
    drain.each(|part| {
        write(run, rows, number, part)?;
        number += 1;
        Ok(())
    })
}

/// Each thread builds and writes part after part, the largest first, so that none is left alone with
/// a large one at the end. No more parts than threads are in memory at once.
fn write_side_by_side(
    drain: &Drain<'_>,
    run: &Run,
    rows: Rows,
    pool: &ThreadPool,
    first: u32,
) -> Result<(), LakeError> {
    let mut parts: Vec<(u32, PartNumber)> = (first..).zip(drain.parts()).collect();
    parts.sort_by_key(|(_, part)| Reverse(part.row_count));
    let next = AtomicUsize::new(0);
    let results = pool.broadcast(|_| {
        while let Some((number, part)) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            let written = write(run, rows, *number, drain.build(*part));
            if written.is_err() {
                // Nobody begins another one.
                next.store(parts.len(), Ordering::Relaxed);
                return written;
            }
        }
        Ok(())
    });
    results.into_iter().collect()
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
