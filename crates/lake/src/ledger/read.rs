//! Reads the ledger and publishes records.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::captures::KnownCaptures;
use super::origins::Origins;
use super::record::Record;
use super::summary::Summary;
use crate::disk::{self, Aside};
use crate::error::LakeError;
use crate::names;

/// What the ledger of a lake says so far.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    directory: PathBuf,
    /// What the records up to some number say together.
    summary: Summary,
    /// The records after that, in the order of their numbers.
    records: Vec<Record>,
    /// Up to here all records are applied to the tables.
    applied: u64,
}

/// What became of a record.
#[derive(Debug)]
pub(crate) enum Published {
    /// It is the last one of the ledger.
    Last,
    /// Another run has taken the next number: the ledger is to be read on. Gives the record back.
    Overtaken(Box<Record>),
}

/// Records from one summary to the next.
const SUMMARY_EVERY: u64 = 50;

impl Ledger {
    /// Reads the newest summary and the records after it.
    pub fn read(lake: &Path) -> Result<Self, LakeError> {
        let summary = Summary::newest(&lake.join(names::RUNS)).unwrap_or_default();
        Self::read_after(lake, summary)
    }

    /// Reads every record.
    pub fn read_all(lake: &Path) -> Result<Self, LakeError> {
        Self::read_after(lake, Summary::default())
    }

    fn read_after(lake: &Path, summary: Summary) -> Result<Self, LakeError> {
        let mut ledger = Self {
            directory: lake.join(names::RUNS),
            applied: summary.last,
            summary,
            records: Vec::new(),
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
        self.summary.last + self.records.len() as u64
    }

    /// The records with their numbers, after a number that is not before the summary.
    pub fn after(&self, number: u64) -> impl Iterator<Item = (u64, &Record)> {
        debug_assert!(number >= self.summary.last, "these records were not read");
        let from = number.saturating_sub(self.summary.last);
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        (self.summary.last + 1..).zip(&self.records).skip(from)
    }

    /// The records that were read, with their numbers.
    pub fn records(&self) -> impl Iterator<Item = (u64, &Record)> {
        self.after(self.summary.last)
    }

    /// The record with a number.
    pub fn record(&self, number: u64) -> Result<Record, LakeError> {
        let path = self.path(number);
        let bytes = fs::read(&path).map_err(LakeError::io("read", &path))?;
        Record::parse(&bytes, &path)
    }

    /// Records that may not be applied to all tables.
    pub fn pending(&self) -> impl Iterator<Item = (u64, &Record)> {
        self.after(self.applied)
    }

    /// The files that a run has read, in words.
    pub fn files_of(&self, number: u64) -> Result<String, LakeError> {
        let record = self.record(number)?;
        let names = record.captures.iter().map(|c| format!("`{}`", c.file));
        Ok(names.collect::<Vec<_>>().join(", "))
    }

    /// The captures that are in the lake.
    pub fn captures(&self) -> KnownCaptures {
        let mut known = self.summary.captures.clone();
        for (number, record) in self.records() {
            known.apply(number, record);
        }
        known
    }

    /// The parts that are in the lake, and the runs that their rows come from.
    pub fn origins(&self) -> Origins {
        let mut origins = self.summary.origins.clone();
        for (number, record) in self.records() {
            origins.apply(number, record);
        }
        origins
    }

    /// Publishes a record under the next number: the instant at which its run happens. For `account`
    /// see [`Record::to_json`].
    pub fn publish(
        &mut self,
        aside: Aside<'_>,
        record: Record,
        account: Option<&str>,
    ) -> Result<Published, LakeError> {
        disk::create_dir_all(&self.directory)?;
        if let Some(lake) = self.directory.parent() {
            aside.durability.sync_path(lake)?;
        }
        let number = self.last() + 1;
        if !aside.write_new(&self.path(number), &record.to_json(account))? {
            return Ok(Published::Overtaken(Box::new(record)));
        }
        self.records.push(record);
        Ok(Published::Last)
    }

    /// Notes that all records are applied.
    pub fn all_applied(&mut self, aside: Aside<'_>) -> Result<(), LakeError> {
        self.applied = self.last();
        let path = self.directory.join(names::APPLIED);
        aside.replace(&path, format!("{}\n", self.applied).as_bytes())?;
        if self.records.len() as u64 >= SUMMARY_EVERY {
            self.summarise(aside)?;
        }
        Ok(())
    }

    fn summarise(&self, aside: Aside<'_>) -> Result<(), LakeError> {
        let summary = Summary {
            last: self.last(),
            captures: self.captures(),
            origins: self.origins(),
        };
        let path = self.directory.join(names::summary_file(summary.last));
        aside.write_new(&path, &summary.to_json())?;
        if self.summary.last > 0 {
            disk::remove_file(&self.directory.join(names::summary_file(self.summary.last)))?;
        }
        Ok(())
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(names::record_file(number))
    }
}
