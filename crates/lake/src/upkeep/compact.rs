//! Many small parts into few.

use std::collections::BTreeMap;
use std::path::PathBuf;

use otolith_tables::{DatabaseName, Table};
use xxhash_rust::xxh3::Xxh3;

use crate::catalog::{PartFile, TableInfo};
use crate::error::LakeError;
use crate::ledger::{Action, FORMAT, PartRecord, Record, RemovedRecord, TableRecord};
use crate::merge::merge;
use crate::names;
use crate::open::Lake;
use crate::run::{PART_BYTES, group};
use crate::watch::Watch;
use crate::writing::{Fields, Writing};

/// Parts of at least this size are left alone.
const SMALL_BYTES: u64 = PART_BYTES / 2;

/// What compacting did to a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompactedTable {
    /// The database.
    pub database: DatabaseName,
    /// The table.
    pub table: Table,
    /// Small parts that were replaced.
    pub parts_before: u64,
    /// Parts that hold their rows now.
    pub parts_after: u64,
    /// Size of the replaced parts in bytes.
    pub bytes_before: u64,
    /// Size of the new parts in bytes.
    pub bytes_after: u64,
}

impl Lake {
    /// Rewrites the small parts of each table and date as few ones of up to 128 MiB, in one commit
    /// per table, and deletes the old ones. Rows do not change.
    ///
    /// Takes room for the new parts beside the old ones until it is done. A reader that has begun
    /// before may find files gone and has to begin again.
    ///
    /// # Errors
    ///
    /// If the lake cannot be read or written, or another run has meanwhile changed the same parts.
    pub fn compact(&self, watch: &dyn Watch) -> Result<Vec<CompactedTable>, LakeError> {
        let mut writing = self.write()?;
        let mut infos = Vec::new();
        for database in self.databases()? {
            infos.extend(self.tables(&database)?);
        }
        let groups: Vec<Group<'_>> = infos.iter().flat_map(groups).collect();
        watch.begun(groups.iter().map(Group::len_bytes).sum());
        let mut compaction = Compaction {
            hasher: Xxh3::new(),
            merged: Vec::new(),
        };
        let mut done_bytes = 0;
        for group in &groups {
            compaction.merge(&writing, group)?;
            done_bytes += group.len_bytes();
            watch.bytes_read(done_bytes);
        }
        if compaction.merged.is_empty() {
            return Ok(Vec::new());
        }
        let identity = compaction.hasher.digest128();
        let mut tables: BTreeMap<(DatabaseName, Table), TableRecord> = BTreeMap::new();
        let mut done: BTreeMap<(DatabaseName, Table), CompactedTable> = BTreeMap::new();
        for merged in compaction.merged {
            let place = (merged.database.clone(), merged.table);
            let account = done.entry(place.clone()).or_insert(CompactedTable {
                database: merged.database,
                table: merged.table,
                parts_before: 0,
                parts_after: 0,
                bytes_before: 0,
                bytes_after: 0,
            });
            account.parts_before += merged.removed.len() as u64;
            account.parts_after += 1;
            account.bytes_before += merged.removed_bytes;
            account.bytes_after += merged.part.len_bytes;
            let table = tables.entry(place).or_insert_with_key(TableRecord::new);
            let name = names::part_file(identity, merged.sequence);
            table.add.push(PartRecord {
                path: names::part_path(merged.date, &name).unwrap_or(name),
                ..merged.part
            });
            table.remove.extend(merged.removed);
        }
        let record = Record {
            format: FORMAT,
            action: Action::Compact,
            identity,
            staging: Some(writing.staging()),
            captures: Vec::new(),
            replaces: Vec::new(),
            rejects: None,
            removed_rejects: Vec::new(),
            tables: tables.into_values().collect(),
            account: None,
        };
        writing.commit(record, None, &Fields::new(), &|_| None)?;
        Ok(done.into_values().collect())
    }
}

/// Small parts of a table and date.
struct Group<'a> {
    info: &'a TableInfo,
    date: i32,
    parts: Vec<&'a PartFile>,
}

impl Group<'_> {
    fn len_bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.len_bytes).sum()
    }
}

/// What of a table is to be merged.
fn groups(info: &TableInfo) -> Vec<Group<'_>> {
    let mut dates: BTreeMap<i32, Vec<&PartFile>> = BTreeMap::new();
    for part in &info.parts {
        if part.len_bytes < SMALL_BYTES {
            dates.entry(part.date).or_default().push(part);
        }
    }
    let mut groups = Vec::new();
    for (date, mut parts) in dates {
        // Parts that follow each other in time have fewer rows to be interleaved.
        parts.sort_by(|a, b| (a.time_range, &a.path).cmp(&(b.time_range, &b.path)));
        let sized: Vec<_> = parts.iter().map(|part| (*part, part.len_bytes)).collect();
        let merged = group(&sized).into_iter();
        groups.extend(merged.map(|parts| Group { info, date, parts }));
    }
    groups
}

struct Compaction {
    /// Takes in the names of all parts that are replaced.
    hasher: Xxh3,
    merged: Vec<Merged>,
}

/// A new part, and those that it replaces.
struct Merged {
    database: DatabaseName,
    table: Table,
    date: i32,
    sequence: u32,
    part: PartRecord,
    removed: Vec<RemovedRecord>,
    removed_bytes: u64,
}

impl Compaction {
    fn merge(&mut self, writing: &Writing, group: &Group<'_>) -> Result<(), LakeError> {
        let Group { info, date, parts } = group;
        let directory = names::table_directory(&info.database, info.table);
        let directory = writing.lake().join(directory);
        let mut removed = Vec::with_capacity(parts.len());
        for part in parts {
            let path = part.path.strip_prefix(&directory).unwrap_or(&part.path);
            let path = path.to_string_lossy().into_owned();
            self.hasher.update(path.as_bytes());
            self.hasher.update(&[0]);
            removed.push(RemovedRecord {
                path,
                rows: part.row_count,
            });
        }
        let sequence = u32::try_from(self.merged.len()).expect("there are fewer parts");
        let staged = names::temporary_part_file(sequence, 0);
        let paths: Vec<PathBuf> = parts.iter().map(|part| part.path.clone()).collect();
        let name = format!("{}.{}", info.database, info.table);
        let to = writing.aside().join(&staged);
        let written = merge(info.table, &name, &paths, &to, writing.durability())?;
        self.merged.push(Merged {
            database: info.database.clone(),
            table: info.table,
            date: *date,
            sequence,
            part: PartRecord {
                path: String::new(),
                staged,
                rows: written.rows,
                len_bytes: written.len_bytes,
                xxh3: written.xxh3,
            },
            removed,
            removed_bytes: group.len_bytes(),
        });
        Ok(())
    }
}
