//! The run: parts written aside, then in their tables all at once, or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use otolith_tables::{DatabaseName, Field, Part, Table, Values};

use crate::catalog::{self, PartFile};
use crate::disk;
use crate::encode::{self, Written};
use crate::error::LakeError;
use crate::field;
use crate::ledger::{
    Action, Capture, FORMAT, FileRecord, KnownCaptures, PartRecord, Record, TableRecord,
};
use crate::merge::merge;
use crate::names;
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
    writing: Writing,
    staged: Mutex<BTreeMap<u32, Staged>>,
    has_rejects: bool,
}

/// A finished and synced part in the staging directory.
#[derive(Clone, Debug)]
struct Staged {
    database: DatabaseName,
    table: Table,
    date: i32,
    fields: Vec<Field>,
    /// Least and greatest `time` in microseconds.
    time_range: Option<(i64, i64)>,
    written: Written,
}

/// Parts that [`Run::merge`] makes one of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeGroup(Vec<u32>);

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
    /// What the run reports, kept in the ledger.
    pub account: serde_json::Value,
}

impl Run {
    pub(crate) fn new(writing: Writing) -> Self {
        Self {
            writing,
            staged: Mutex::default(),
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
        let staged = self.staged();
        let len_bytes = staged.values().map(|part| part.written.len_bytes).sum();
        (staged.len() as u64, len_bytes)
    }

    /// A directory that the run has for itself and that vanishes with it.
    pub fn scratch(&self) -> &Path {
        self.writing.aside()
    }

    /// Encodes and writes a part; returns when it is safely stored. `sequence` tells the parts of
    /// a run apart and becomes part of the name: it must depend on the input and options only.
    ///
    /// # Errors
    ///
    /// If the part contradicts itself, `sequence` was used before, or the file cannot be written.
    pub fn write(&self, sequence: u32, part: Part) -> Result<(), LakeError> {
        let path = self.path(sequence);
        if names::date_directory(part.date).is_none() {
            let source = io::Error::from(io::ErrorKind::InvalidInput);
            return Err(LakeError::io("make a date directory for", &path)(source));
        }
        let (database, table, date) = (part.database.clone(), part.table, part.date);
        let fields = part.columns.iter().map(|c| c.field.clone()).collect();
        let time_range = time_range(&part);
        let durability = self.writing.durability();
        let written = encode::write(part, disk::create_new(&path)?, &path, durability)?;
        let staged = Staged {
            database,
            table,
            date,
            fields,
            time_range,
            written,
        };
        self.staged().insert(sequence, staged);
        Ok(())
    }

    /// Parts of one table and date that are smaller than they need be: a capture that spans many
    /// days and services would leave a flood of them.
    pub fn merge_groups(&self) -> Vec<MergeGroup> {
        let staged = self.staged();
        let mut tables: BTreeMap<_, Vec<(u32, u64)>> = BTreeMap::new();
        for (sequence, part) in staged.iter() {
            let key = (&part.database, part.table, part.date);
            let parts = tables.entry(key).or_default();
            parts.push((*sequence, part.written.len_bytes));
        }
        let tables = tables.into_values();
        tables
            .flat_map(|parts| group(&parts))
            .map(MergeGroup)
            .collect()
    }

    /// Merges the parts of a group into one, which takes the sequence number of the first.
    ///
    /// # Errors
    ///
    /// If a part cannot be read again or the merged one not be written.
    pub fn merge(&self, group: &MergeGroup) -> Result<(), LakeError> {
        let parts: Vec<Staged> = {
            let staged = self.staged();
            group.0.iter().map(|part| staged[part].clone()).collect()
        };
        let paths: Vec<PathBuf> = group.0.iter().map(|part| self.path(*part)).collect();
        let first = &parts[0];
        let name = format!("{}.{}", first.database, first.table);
        let merged = self
            .writing
            .aside()
            .join("merged")
            .with_extension(group.0[0].to_string());
        let durability = self.writing.durability();
        let written = merge(first.table, &name, &paths, &merged, durability)?;
        disk::rename(&merged, &paths[0])?;
        for path in &paths[1..] {
            disk::remove_file(path)?;
        }
        let mut fields: Vec<Field> = Vec::new();
        for part in &parts {
            field::join(&mut fields, part.fields.iter().cloned(), &paths[0])?;
        }
        let ranges = parts.iter().filter_map(|part| part.time_range);
        let time_range = ranges.reduce(|(a, b), (c, d)| (a.min(c), b.max(d)));
        let mut staged = self.staged();
        for part in &group.0 {
            staged.remove(part);
        }
        let merged = Staged {
            fields,
            time_range,
            written,
            ..first.clone()
        };
        staged.insert(group.0[0], merged);
        Ok(())
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
    /// If another run has meanwhile converted the same captures or given a column another meaning:
    /// the lake is then as if this run had not been. If the tables cannot be written: the run has
    /// happened, and the next one finishes it.
    pub fn commit(
        mut self,
        commit: Commit,
        overlap: &dyn Fn(&[Capture]) -> Option<String>,
    ) -> Result<Vec<PartFile>, LakeError> {
        let staged = self.staged.get_mut();
        let staged = std::mem::take(staged.unwrap_or_else(PoisonError::into_inner));
        let mut tables: BTreeMap<(DatabaseName, Table), TableRecord> = BTreeMap::new();
        let mut fields = Fields::new();
        let mut files = Vec::with_capacity(staged.len());
        for (sequence, part) in staged {
            let place = (part.database, part.table);
            let name = names::part_file(commit.identity, sequence);
            let path = names::part_path(part.date, &name).unwrap_or(name);
            let directory = names::table_directory(&place.0, place.1);
            files.push(PartFile {
                path: self.writing.lake().join(directory).join(&path),
                date: part.date,
                row_count: part.written.rows,
                len_bytes: part.written.len_bytes,
                time_range: part.time_range,
            });
            let known = fields.entry(place.clone()).or_default();
            field::join(known, part.fields, Path::new(&path))?;
            let table = tables.entry(place).or_insert_with_key(TableRecord::new);
            table.add.push(PartRecord {
                path,
                staged: names::temporary_part_file(sequence),
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
            account: Some(commit.account),
        };
        self.writing.commit(record, &fields, overlap)?;
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

    fn path(&self, sequence: u32) -> PathBuf {
        let name = names::temporary_part_file(sequence);
        self.writing.aside().join(name)
    }

    fn staged(&self) -> MutexGuard<'_, BTreeMap<u32, Staged>> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Least and greatest `time` of a part, whose rows are sorted by it.
fn time_range(part: &Part) -> Option<(i64, i64)> {
    let column = part.columns.iter().find(|c| c.field.name == "time")?;
    let Values::Int64(values) = &column.values else {
        return None;
    };
    let is_valid = |row: &usize| column.validity.as_ref().is_none_or(|valid| valid[*row]);
    let first = (0..values.len()).find(is_valid)?;
    let last = (0..values.len()).rev().find(is_valid)?;
    Some((values[first], values[last]))
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
