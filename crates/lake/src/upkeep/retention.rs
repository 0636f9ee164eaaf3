//! An end to what is too old.

use std::fs;
use std::io;
use std::time::{Duration, UNIX_EPOCH};

use otolith_tables::{DatabaseName, Table};
use xxhash_rust::xxh3::xxh3_128;

use crate::error::LakeError;
use crate::ledger::{Action, FORMAT, Record, RemovedRecord, TableRecord};
use crate::names;
use crate::open::Lake;
use crate::writing::Fields;

/// The date of rows whose time is unknown or implausible.
const NO_DATE: i32 = 0;
const SECONDS_PER_DAY: u64 = 86_400;

/// What dropping would remove, or has removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DropPlan {
    /// The tables that lose rows, sorted by database and table.
    pub tables: Vec<DroppedTable>,
    /// Rows without a plausible time in these tables, which stay.
    pub undated_rows: u64,
    /// Files of rejects that were written before the date.
    pub rejects_files: Vec<String>,
}

/// What is dropped of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedTable {
    /// The database.
    pub database: DatabaseName,
    /// The table.
    pub table: Table,
    /// Parts that go.
    pub parts: u64,
    /// Rows in them.
    pub rows: u64,
    /// Their size in bytes.
    pub len_bytes: u64,
    removed: Vec<RemovedRecord>,
}

impl DropPlan {
    /// Whether there is nothing to remove.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.rejects_files.is_empty()
    }
}

impl Lake {
    /// What [`Self::drop_before`] would remove.
    ///
    /// # Errors
    ///
    /// If the lake cannot be read.
    pub fn plan_drop(&self, date: i32) -> Result<DropPlan, LakeError> {
        let mut plan = DropPlan::default();
        for database in self.databases()? {
            for info in self.tables(&database)? {
                let directory = names::table_directory(&info.database, info.table);
                let directory = self.dir().join(directory);
                let undated = info.parts.iter().filter(|part| part.date == NO_DATE);
                plan.undated_rows += undated.map(|part| part.row_count).sum::<u64>();
                let old = |date_of: i32| date_of != NO_DATE && date_of < date;
                let parts: Vec<_> = info.parts.iter().filter(|part| old(part.date)).collect();
                if parts.is_empty() {
                    continue;
                }
                let removed = parts.iter().map(|part| {
                    let path = part.path.strip_prefix(&directory).unwrap_or(&part.path);
                    RemovedRecord {
                        path: path.to_string_lossy().into_owned(),
                        rows: part.row_count,
                    }
                });
                plan.tables.push(DroppedTable {
                    database: info.database.clone(),
                    table: info.table,
                    parts: parts.len() as u64,
                    rows: parts.iter().map(|part| part.row_count).sum(),
                    len_bytes: parts.iter().map(|part| part.len_bytes).sum(),
                    removed: removed.collect(),
                });
            }
        }
        plan.rejects_files = self.old_rejects(date)?;
        Ok(plan)
    }

    /// Removes the rows of all dates before a date (days since 1970-01-01, UTC), in one commit per
    /// table, deletes their files, and deletes rejects that were written before it. Rows without a
    /// plausible time, in the partition 1970-01-01, stay. The captures still count as converted.
    ///
    /// # Errors
    ///
    /// If the lake cannot be read or written, or another run has meanwhile changed the same parts.
    pub fn drop_before(&self, date: i32) -> Result<DropPlan, LakeError> {
        let mut writing = self.write()?;
        let plan = self.plan_drop(date)?;
        if plan.is_empty() {
            return Ok(plan);
        }
        let tables = plan.tables.iter().map(|dropped| TableRecord {
            remove: dropped.removed.clone(),
            ..TableRecord::new(&(dropped.database.clone(), dropped.table))
        });
        let record = Record {
            format: FORMAT,
            action: Action::Drop,
            identity: xxh3_128(&date.to_le_bytes()),
            staging: None,
            captures: Vec::new(),
            replaces: Vec::new(),
            rejects: None,
            removed_rejects: plan.rejects_files.clone(),
            tables: tables.collect(),
            account: None,
        };
        writing.commit(record, None, &Fields::new(), &|_| None)?;
        Ok(plan)
    }

    /// Files of rejects whose last change was before a date.
    fn old_rejects(&self, date: i32) -> Result<Vec<String>, LakeError> {
        let days = u64::try_from(date).unwrap_or(0);
        let limit = UNIX_EPOCH + Duration::from_secs(days * SECONDS_PER_DAY);
        let directory = self.dir().join(names::REJECTS);
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(LakeError::io("list", &directory)(error)),
        };
        let mut old = Vec::new();
        for entry in entries {
            let entry = entry.map_err(LakeError::io("list", &directory))?;
            let modified = entry
                .metadata()
                .and_then(|metadata| metadata.modified())
                .map_err(LakeError::io("look at", &entry.path()))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if modified < limit && names::is_rejects_file(&name) {
                old.push(name);
            }
        }
        old.sort();
        Ok(old)
    }
}
