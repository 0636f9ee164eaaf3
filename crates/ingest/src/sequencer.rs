//! Takes decoded chunks strictly in input order: everything that must not depend on threads.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::mem;
use std::path::Path;

use otolith_capture::Source;
use otolith_lake::{Capture, Commit, KnownCaptures, Lake, LakeError, Rows, Run};
use otolith_tables::{Assembler, AssemblerOptions, Drain, PartNumber};

use crate::account::Account;
use crate::captures::{self, Progress};
use crate::decode::DecodedLoad;
use crate::error::ConvertError;
use crate::intake::Intake;
use crate::options::ConvertOptions;
use crate::pipeline::Take;
use crate::reader::ReadEnd;
use crate::rejects::KeptRejects;
use crate::watch::Watch;
use crate::workers::Workers;

/// Turns decoded chunks into parts and the account.
pub(crate) struct Sequencer<'a> {
    options: &'a ConvertOptions,
    watch: &'a dyn Watch,
    assembler: Assembler,
    run: Run,
    workers: &'a Workers,
    /// Number of the next part.
    sequence: u32,
    rejects: KeptRejects,
    intake: Intake<'a>,
    rows_written: u64,
}

impl Take<DecodedLoad> for Sequencer<'_> {
    type Error = ConvertError;

    fn take(&mut self, decoded: DecodedLoad) -> Result<(), ConvertError> {
        let (rejects, run) = (&mut self.rejects, &mut self.run);
        self.intake
            .count(&decoded, |reject| rejects.keep(reject, run))?;
        self.assembler.push(decoded.batches);
        if self.assembler.len_bytes() >= self.options.buffer_bytes {
            self.write_parts(Rows::MoreToCome)?;
        }
        Ok(())
    }
}

impl<'a> Sequencer<'a> {
    pub fn new(
        lake: &Lake,
        options: &'a ConvertOptions,
        watch: &'a dyn Watch,
        workers: &'a Workers,
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
            workers,
            sequence: 0,
            rejects: KeptRejects::new(lake, options),
            intake: Intake::new(options),
            rows_written: 0,
        })
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
        let partitions = self.run.set_aside_partitions();
        self.workers.each(&partitions, |of| self.run.merge(of))?;
        let ReadEnd {
            accounts,
            order,
            progress,
        } = end;
        let identity = order.identity.finish();
        let intake = mem::replace(&mut self.intake, Intake::new(self.options));
        let mut account = intake.finish(accounts, &order.repeats, self.assembler.notes());
        debug_assert_eq!(account.rows_written, self.rows_written);
        let rejects_path = self.run.rejects_path(identity);
        if self.rejects.finish()? {
            account.rejects_file = Some(rejects_path.to_string_lossy().into_owned());
        }
        (account.parts_written, account.bytes_written) = self.run.totals();
        // Rejects of a file that nothing could be read of come again every time.
        let is_told = account.rejects_file.is_none() || rejects_path.exists();
        let is_new = !progress.is_empty() || account.rows_written > 0 || !is_told;
        if is_new {
            let commit = Commit {
                identity,
                captures: progress.iter().map(|p| self.kept_capture(p)).collect(),
                replaces: replaces.into_iter().collect(),
                account: Some(
                    serde_json::to_string(self.kept_account(&account).as_ref())
                        .expect("an account has text keys"),
                ),
            };
            let spool = self.run.scratch().to_owned();
            let read = &self.options.read;
            let overlap =
                |theirs: &[_]| captures::overlap(&progress, sources, read, &spool, theirs);
            let run = self.run;
            self.workers.install(|| run.commit(commit, &overlap))?;
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
    fn kept_account<'b>(&self, account: &'b Account) -> Cow<'b, Account> {
        if self.options.redact.is_none() {
            return Cow::Borrowed(account);
        }
        let mut kept = account.clone();
        for source in &mut kept.sources {
            source.file = self.kept_name(&source.file);
        }
        Cow::Owned(kept)
    }

    fn kept_name(&self, name: &str) -> String {
        match &self.options.redact {
            None => name.to_owned(),
            Some(redaction) => redaction.file_name(&name.into()).to_string(),
        }
    }

    /// Builds the parts of what was taken since the last time, and writes each as it is built.
    fn write_parts(&mut self, rows: Rows) -> Result<(), ConvertError> {
        let drain = self.assembler.drain();
        let parts = drain.parts();
        let first = self.sequence;
        self.sequence += u32::try_from(parts.len()).expect("there are fewer parts");
        for part in &parts {
            self.rows_written += part.row_count as u64;
        }
        match self.workers.pool() {
            None => write_one_by_one(drain, &self.run, rows, first)?,
            Some(_) => write_side_by_side(&drain, &self.run, rows, self.workers, first)?,
        }
        self.watch.rows_written(self.rows_written);
        Ok(())
    }
}

fn write_one_by_one(drain: Drain<'_>, run: &Run, rows: Rows, first: u32) -> Result<(), LakeError> {
    let mut number = first;
    drain.each(|part| {
        run.add(number, part, rows)?;
        number += 1;
        Ok(())
    })
}

/// No more parts than threads are in memory at once. The largest come first, so that none is left
/// alone with a large one at the end.
fn write_side_by_side(
    drain: &Drain<'_>,
    run: &Run,
    rows: Rows,
    workers: &Workers,
    first: u32,
) -> Result<(), LakeError> {
    let mut parts: Vec<(u32, PartNumber)> = (first..).zip(drain.parts()).collect();
    parts.sort_by_key(|(_, part)| Reverse(part.row_count));
    workers.each(&parts, |(number, part)| {
        run.add(*number, drain.build(*part), rows)
    })
}
