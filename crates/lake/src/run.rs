//! The run: parts written aside, then in their tables all at once, or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread;

use otolith_tables::{DatabaseName, Field, Part, Table};

use crate::catalog::{self, PartFile};
use crate::disk;
use crate::error::LakeError;
use crate::field;
use crate::ledger::{
    Action, Capture, FORMAT, FileRecord, KnownCaptures, PartRecord, Record, TableRecord,
};
use crate::names;
use crate::staging::{Partition, Staging};
use crate::writing::{Fields, Writing};

/// Size of a part from which on nothing is added to it: small enough to be read in parallel and
/// rewritten cheaply, large enough that there are few.
pub(crate) const PART_BYTES: u64 = 128 << 20;

/// Parts that become visible together. Dropped without [`Run::commit`] it leaves nothing behind.
///
/// Several threads may write at once. Nothing of the final names and bytes depends on which
/// thread wrote, or when.
#[derive(Debug)]
pub struct Run {
    staging: Staging,
    writing: Writing,
    has_rejects: bool,
}

/// Whether more rows of the tables and dates that a run writes may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// More may come.
    MoreToCome,
    /// These are the last.
    Last,
}

/// What a run says of itself when it commits.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// A hash of what the run has read and of the options that shape its parts: part of their
    /// names.
    pub identity: u128,
    /// How far captures were read.
    pub captures: Vec<Capture>,
    /// Convert captures anew: the runs that read them before are replaced as a whole.
    pub replaces: Vec<u64>,
    /// What the run reports, kept in the ledger: the text of a JSON object.
    pub account: Option<String>,
}

impl Run {
    pub(crate) fn new(writing: Writing) -> Self {
        Self {
            staging: Staging::new(writing.aside(), writing.durability()),
            writing,
            has_rejects: false,
        }
    }

    /// The captures that are in the lake.
    pub fn captures(&self) -> KnownCaptures {
        self.writing.ledger().captures()
    }

    /// The columns of all tables.
    ///
    /// # Errors
    ///
    /// If a log cannot be read.
    pub fn all_fields(&self) -> Result<BTreeMap<(DatabaseName, Table), Vec<Field>>, LakeError> {
        let mut all = BTreeMap::new();
        for database in catalog::databases(self.writing.lake())? {
            for table in Table::ALL {
                let fields = self.writing.fields(&database, table)?;
                if !fields.is_empty() {
                    all.insert((database.clone(), table), fields);
                }
            }
        }
        Ok(all)
    }

    /// Number of parts written so far, and their size in bytes.
    pub fn totals(&self) -> (u64, u64) {
        let parts = self.staging.parts();
        let len_bytes = parts.values().map(|part| part.written.len_bytes).sum();
        (parts.len() as u64, len_bytes)
    }

    /// A directory that the run has for itself and that vanishes with it.
    pub fn scratch(&self) -> &Path {
        self.writing.aside()
    }

    /// Encodes and writes a part. Outside of a pool of threads it is safely stored when this returns, in
    /// one when [`Run::commit`] begins to publish. `sequence` tells the parts of a run apart and orders them: it must depend on
    /// the input and options only.
    ///
    /// # Errors
    ///
    /// If the part contradicts itself, `sequence` was used before, or the file cannot be written.
    pub fn write(&self, sequence: u32, part: Part) -> Result<(), LakeError> {
        self.staging.write(sequence, part)
    }

    /// Sets a part aside on disk, because more rows of its table and date may come: then they
    /// become few files together. [`Run::merge`] has to follow before [`Run::commit`]. `sequence`
    /// is as in [`Run::write`].
    ///
    /// # Errors
    ///
    /// If no directory can be named after its date, or it cannot be written.
    ///
    /// # Panics
    ///
    /// If a column is shorter than the part.
    pub fn set_aside(&self, sequence: u32, part: &Part) -> Result<(), LakeError> {
        self.staging.set_aside(sequence, part)
    }

    /// Writes a part, or sets it aside if it has to become a file together with others. `sequence`
    /// is as in [`Run::write`]; [`Run::merge`] has to follow.
    ///
    /// # Errors
    ///
    /// As [`Run::write`] and [`Run::set_aside`].
    ///
    /// # Panics
    ///
    /// As [`Run::set_aside`].
    pub fn add(&self, sequence: u32, part: Part, rows: Rows) -> Result<(), LakeError> {
        match rows {
            Rows::Last if !self.staging.has_set_aside(&part) => self.write(sequence, part),
            Rows::Last | Rows::MoreToCome => self.set_aside(sequence, &part),
        }
    }

    /// The tables and dates that rows are set aside of, the largest first.
    pub fn set_aside_partitions(&self) -> Vec<Partition> {
        self.staging.partitions()
    }

    /// Encodes and writes what is set aside of a table and date, in the order of time: one part, or
    /// several of about 128 MiB. Tables can be merged side by side.
    ///
    /// # Errors
    ///
    /// If it cannot be read again or the parts not be written.
    pub fn merge(&self, partition: &Partition) -> Result<(), LakeError> {
        self.staging.merge(partition)
    }

    /// Makes the file of this run's rejects. It is put into its place by [`Run::commit`], before
    /// the parts; flush it first.
    ///
    /// # Errors
    ///
    /// If it was made before, or cannot be made.
    pub fn create_rejects(&mut self) -> Result<File, LakeError> {
        let file = disk::create_new(&self.writing.aside().join(names::STAGED_REJECTS))?;
        self.has_rejects = true;
        Ok(file)
    }

    /// The file that the rejects of a run with this identity are in, once committed.
    pub fn rejects_path(&self, identity: u128) -> PathBuf {
        self.writing
            .lake()
            .join(names::REJECTS)
            .join(names::rejects_file(identity))
    }

    /// Makes everything that the run wrote part of the lake. The files come back in the order of
    /// their sequence.
    ///
    /// The run has happened as soon as its record is in the ledger. What then remains to be done,
    /// should the process be killed, is done by the next run that begins.
    ///
    /// `overlap` is asked when other runs have committed since this one began: it gets the captures
    /// that they have read, and names the file of this run that shares content with one of them.
    ///
    /// # Errors
    ///
    /// If a part cannot be made durable, or another run has meanwhile converted the same captures or
    /// given a column another meaning: the lake is then as if this run had not been. If the tables cannot be written: the run has
    /// happened, and the next one finishes it.
    ///
    /// # Panics
    ///
    /// If rows are still set aside.
    pub fn commit(
        mut self,
        commit: Commit,
        overlap: &dyn Fn(&[Capture]) -> Option<String>,
    ) -> Result<Vec<PartFile>, LakeError> {
        let aside = self.staging.partitions();
        assert!(aside.is_empty(), "never merged: {aside:?}");
        self.staging.finish()?;
        let staged = std::mem::take(&mut *self.staging.parts());
        let mut tables: BTreeMap<(DatabaseName, Table), TableRecord> = BTreeMap::new();
        let mut fields = Fields::new();
        let mut files = Vec::with_capacity(staged.len());
        for (sequence, part) in (0..).zip(staged.into_values()) {
            let Partition {
                database,
                table,
                date,
            } = part.partition;
            let place = (database, table);
            let name = names::part_file(commit.identity, sequence);
            let path = names::part_path(date, &name).unwrap_or(name);
            let directory = names::table_directory(&place.0, place.1);
            files.push(PartFile {
                path: self.writing.lake().join(directory).join(&path),
                date,
                row_count: part.written.rows,
                len_bytes: part.written.len_bytes,
                time_range: part.time_range,
            });
            let known = fields.entry(place.clone()).or_default();
            field::join(known, part.fields, Path::new(&path))?;
            let table = tables.entry(place).or_insert_with_key(TableRecord::new);
            table.add.push(PartRecord {
                path,
                staged: part.file,
                rows: part.written.rows,
                len_bytes: part.written.len_bytes,
                xxh3: part.written.xxh3,
            });
        }
        let removed_rejects = self.replace(&commit.replaces, &mut tables)?;
        let record = Record {
            format: FORMAT,
            action: Action::Convert,
            identity: commit.identity,
            staging: Some(self.writing.staging()),
            captures: commit.captures,
            replaces: commit.replaces,
            rejects: self.rejects_record(commit.identity)?,
            removed_rejects,
            tables: tables.into_values().collect(),
            account: None,
        };
        let account = commit.account.as_deref();
        let (writing, staging) = (&mut self.writing, &self.staging);
        thread::scope(|scope| {
            // Taking a large file away takes as long as committing a table or two.
            scope.spawn(|| staging.remove_spill());
            writing.commit(record, account, &fields, overlap)
        })?;
        Ok(files)
    }

    /// Adds what runs have written to what is removed; gives their files of rejects.
    fn replace(
        &self,
        runs: &[u64],
        tables: &mut BTreeMap<(DatabaseName, Table), TableRecord>,
    ) -> Result<Vec<String>, LakeError> {
        let ledger = self.writing.ledger();
        let runs: BTreeSet<u64> = runs.iter().copied().collect();
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        let parts = match ledger.origins().of_runs(&runs) {
            Ok(parts) => parts,
            Err(other) => {
                return Err(LakeError::SharedParts {
                    run: other,
                    files: ledger.files_of(other)?,
                });
            }
        };
        for ((database, table), remove) in parts {
            let place = names::database(&database).zip(Table::parse(&table));
            let place = place.expect("records are checked when they are read");
            let table = tables.entry(place).or_insert_with_key(TableRecord::new);
            table.remove = remove;
        }
        let mut rejects = Vec::new();
        for run in runs {
            rejects.extend(ledger.record(run)?.rejects.map(|file| file.name));
        }
        Ok(rejects)
    }

    fn rejects_record(&self, identity: u128) -> Result<Option<FileRecord>, LakeError> {
        if !self.has_rejects {
            return Ok(None);
        }
        let path = self.writing.aside().join(names::STAGED_REJECTS);
        self.writing.durability().sync_path(&path)?;
        let (len_bytes, xxh3) = crate::checksum::of_file(&path)?;
        Ok(Some(FileRecord {
            name: names::rejects_file(identity),
            len_bytes,
            xxh3,
        }))
    }
}

/// Runs of parts, given with their sizes, that together are no larger than one should be.
pub(crate) fn group<T: Copy>(parts: &[(T, u64)]) -> Vec<Vec<T>> {
    let mut groups: Vec<Vec<T>> = Vec::new();
    let mut open: Vec<T> = Vec::new();
    let mut open_bytes = 0;
    for (part, len_bytes) in parts {
        if open_bytes + len_bytes > PART_BYTES {
            groups.push(std::mem::take(&mut open));
            open_bytes = 0;
        }
        open.push(*part);
        open_bytes += len_bytes;
    }
    groups.push(open);
    groups.retain(|group| group.len() > 1);
    groups
}

/// A column that both lists have with different meaning, if any: another type, or another key.
pub(crate) fn differing<'a>(
    ours: &'a [Field],
    theirs: &'a [Field],
) -> Option<(&'a Field, &'a Field)> {
    let theirs: BTreeMap<&str, &Field> = theirs
        .iter()
        .map(|field| (field.name.as_str(), field))
        .collect();
    ours.iter().find_map(|ours| {
        let theirs = theirs.get(ours.name.as_str())?;
        let same = ours.r#type == theirs.r#type && ours.origin == theirs.origin;
        (!same).then_some((ours, *theirs))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sizes: &[u64], expected: &[&[usize]]) {
        let parts: Vec<(usize, u64)> = sizes.iter().copied().enumerate().collect();
        assert_eq!(group(&parts), expected);
    }

    #[test]
    fn small_parts_are_grouped_up_to_the_size_of_one() {
        check(&[], &[]);
        check(&[1], &[]);
        check(&[1, 1, 1], &[&[0, 1, 2]]);
        check(&[PART_BYTES, 1, 1], &[&[1, 2]]);
        check(&[1, PART_BYTES, 1], &[]);
        check(&[PART_BYTES - 1, 1, 1, 1], &[&[0, 1], &[2, 3]]);
    }
}
