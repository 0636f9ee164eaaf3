//! Reads the ledger and publishes records.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::captures::KnownCaptures;
use super::record::Record;
use crate::disk;
use crate::error::LakeError;
use crate::names;

/// What the ledger of a lake says so far.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    directory: PathBuf,
    /// The record with number n is at n - 1.
    records: Vec<Record>,
    /// Up to here all records are applied to the tables.
    applied: u64,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Published {
    /// It has this number.
    As(u64),
    /// Another run has taken the next number: the ledger is to be read on.
    Overtaken,
}

impl Ledger {
    pub fn read(lake: &Path) -> Result<Self, LakeError> {
        let mut ledger = Self {
            directory: lake.join(names::RUNS),
            records: Vec::new(),
            applied: 0,
        };
        ledger.read_on()?;
        Ok(ledger)
    }

    /// Reads what was published since the last time.
    pub fn read_on(&mut self) -> Result<(), LakeError> {
        loop {
            let path = self.path(self.last() + 1);
            match fs::read(&path) {
                Ok(bytes) => self.records.push(Record::parse(&bytes, &path)?),
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Err(error) => return Err(LakeError::io("read", &path)(error)),
            }
        }
        self.check_gap()?;
        let path = self.directory.join(names::APPLIED);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(LakeError::io("read", &path)(error)),
        };
        // Only a hint where to begin: applying again changes nothing.
        let applied = text.trim().parse().unwrap_or(0);
        self.applied = self.applied.max(applied).min(self.last());
        Ok(())
    }

    /// A record that is missing in the middle would let its captures be converted again.
    fn check_gap(&self) -> Result<(), LakeError> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(LakeError::io("list", &self.directory)(error)),
        };
        for entry in entries {
            let name = entry
                .map_err(LakeError::io("list", &self.directory))?
                .file_name();
            let number = name.to_str().and_then(names::parse_record_file);
            // One more may just have been published.
            if number.is_some_and(|number| number > self.last() + 1) {
                return Err(LakeError::BadRecord {
                    why: "the record is missing, and later ones are there".to_owned(),
                    path: self.path(self.last() + 1),
                });
            }
        }
        Ok(())
    }

    /// Number of the last record, 0 without any.
    pub fn last(&self) -> u64 {
        self.records.len() as u64
    }

    /// The records with their numbers, after a number.
    pub fn after(&self, number: u64) -> impl Iterator<Item = (u64, &Record)> {
        let from = usize::try_from(number).unwrap_or(usize::MAX);
        (1..).zip(&self.records).skip(from)
    }

    /// Records that may not be applied to all tables.
    pub fn pending(&self) -> impl Iterator<Item = (u64, &Record)> {
        self.after(self.applied)
    }

    /// The files that a run has read, in words.
    pub fn files_of(&self, number: u64) -> String {
        let record = self.after(number.saturating_sub(1)).next();
        let files = record.iter().flat_map(|(_, record)| &record.captures);
        let names: Vec<String> = files.map(|c| format!("`{}`", c.file)).collect();
        names.join(", ")
    }

    /// The captures that are in the lake.
    pub fn captures(&self) -> KnownCaptures {
        let mut known = KnownCaptures::default();
        for (number, record) in self.after(0) {
            known.apply(number, record);
        }
        known
    }

    /// Publishes a record under the next number: the instant at which its run happens.
    pub fn publish(&mut self, aside: &Path, record: Record) -> Result<Published, LakeError> {
        disk::create_dir_all(&self.directory)?;
        if let Some(lake) = self.directory.parent() {
            disk::sync_path(lake)?;
        }
        let number = self.last() + 1;
        if !disk::write_new(aside, &self.path(number), &record.to_json())? {
            return Ok(Published::Overtaken);
        }
        self.records.push(record);
        Ok(Published::As(number))
    }

    /// Notes that all records are applied.
    pub fn all_applied(&mut self, aside: &Path) -> Result<(), LakeError> {
        self.applied = self.last();
        let path = self.directory.join(names::APPLIED);
        disk::replace(aside, &path, format!("{}\n", self.applied).as_bytes())
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(names::record_file(number))
    }
}
