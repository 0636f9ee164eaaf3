//! What a run has written and not yet committed: parts in their files, and rows set aside.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use otolith_tables::{DatabaseName, Field, Part, PartColumn, Table, Values, base_fields};

use crate::disk::{self, Durability};
use crate::encode::{self, ColumnsWriter, Written};
use crate::error::LakeError;
use crate::field;
use crate::names;
use crate::run::PART_BYTES;
use crate::spill::{self, SortedRows, Spill};
use crate::syncer::Syncer;

/// A table and date: what parts are divided by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Partition {
    pub(crate) database: DatabaseName,
    pub(crate) table: Table,
    pub(crate) date: i32,
}

/// A finished part, synced after [`Staging::finish`].
#[derive(Clone, Debug)]
pub(crate) struct Staged {
    pub partition: Partition,
    pub fields: Vec<Field>,
    /// Least and greatest `time` in microseconds.
    pub time_range: Option<(i64, i64)>,
    pub written: Written,
    /// Its name in the staging directory.
    pub file: String,
}

/// By sequence number as given, and number of the file among those made of one merge.
pub(crate) type StagedParts = BTreeMap<(u32, u32), Staged>;

#[derive(Debug)]
pub(crate) struct Staging {
    aside: PathBuf,
    syncer: Syncer,
    parts: Mutex<StagedParts>,
    spill: Spill,
    set_aside: Mutex<BTreeMap<Partition, BTreeMap<u32, SortedRows>>>,
    /// The columns of what is set aside, each once.
    fields: Mutex<HashSet<Arc<Field>>>,
}

impl Staging {
    pub fn new(aside: &Path, durability: Durability) -> Self {
        Self {
            aside: aside.to_owned(),
            syncer: Syncer::new(durability),
            parts: Mutex::default(),
            spill: Spill::new(aside.join(names::SPILL)),
            set_aside: Mutex::default(),
            fields: Mutex::default(),
        }
    }

    fn shared_fields(&self, columns: &[PartColumn]) -> Arc<[Arc<Field>]> {
        let mut known = self.fields.lock().unwrap_or_else(PoisonError::into_inner);
        let mut shared = |field: &Field| match known.get(field) {
            Some(known) => Arc::clone(known),
            None => {
                let new = Arc::new(field.clone());
                known.insert(Arc::clone(&new));
                new
            }
        };
        columns.iter().map(|column| shared(&column.field)).collect()
    }

    pub fn parts(&self) -> MutexGuard<'_, StagedParts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all_set_aside(&self) -> MutexGuard<'_, BTreeMap<Partition, BTreeMap<u32, SortedRows>>> {
        self.set_aside
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// See [`Run::write`](crate::Run::write).
    pub fn write(&self, sequence: u32, part: Part) -> Result<(), LakeError> {
        let file = names::temporary_part_file(sequence, 0);
        let path = self.aside.join(&file);
        let partition = partition(&part, &path)?;
        let fields = part.columns.iter().map(|c| c.field.clone()).collect();
        let time_range = time_range(&part.columns);
        let (written, to_sync) = encode::write(part, disk::create_new(&path)?, &path)?;
        self.syncer.sync(to_sync, &path)?;
        let staged = Staged {
            partition,
            fields,
            time_range,
            written,
            file,
        };
        self.parts().insert((sequence, 0), staged);
        Ok(())
    }

    /// See [`Run::set_aside`](crate::Run::set_aside).
    pub fn set_aside(&self, sequence: u32, part: &Part) -> Result<(), LakeError> {
        let partition = partition(part, &self.aside)?;
        let mut rows = SortedRows::new(self.shared_fields(&part.columns));
        self.spill
            .append(&mut rows, &part.columns, part.row_count)?;
        let mut all = self.all_set_aside();
        let of_partition = all.entry(partition).or_default();
        if let Some((_, last)) = of_partition.last_key_value() {
            rows.share_fields(last);
        }
        let before = of_partition.insert(sequence, rows);
        debug_assert!(before.is_none(), "sequence numbers are used once");
        Ok(())
    }

    /// Whether rows of the part's table and date are set aside.
    pub fn has_set_aside(&self, part: &Part) -> bool {
        let partition = Partition {
            database: part.database.clone(),
            table: part.table,
            date: part.date,
        };
        self.all_set_aside().contains_key(&partition)
    }

    /// Waits until all parts are durable.
    pub fn finish(&self) -> Result<(), LakeError> {
        self.syncer.finish()
    }

    /// Removes what rows were set aside in, when all of them are merged.
    pub fn remove_spill(&self) {
        self.spill.remove();
    }

    /// See [`Run::set_aside_partitions`](crate::Run::set_aside_partitions).
    pub fn partitions(&self) -> Vec<Partition> {
        let all = self.all_set_aside();
        let mut partitions: Vec<_> = all.iter().collect();
        partitions.sort_by_key(|(_, rows)| {
            Reverse(rows.values().map(SortedRows::len_bytes).sum::<u64>())
        });
        let partitions = partitions.into_iter();
        partitions.map(|(partition, _)| partition.clone()).collect()
    }

    /// Makes parts of what is set aside of a table and date.
    pub fn merge(&self, partition: &Partition) -> Result<(), LakeError> {
        let Some(rows) = self.all_set_aside().remove(partition) else {
            return Ok(());
        };
        let Some(&sequence) = rows.keys().next() else {
            return Ok(());
        };
        let base = base_fields(partition.table);
        let mut fields: Vec<Field> = Vec::new();
        for rows in rows.values() {
            let its = rows.fields().iter().map(|field| Field::clone(field));
            field::join(&mut fields, its, &self.aside)?;
        }
        // Base columns stand in the order of the table's definition, others behind them.
        let place = |field: &Field| base.iter().position(|base| base.name == field.name);
        fields.sort_by_key(|field| place(field).unwrap_or(usize::MAX));
        let mut files = Files {
            staging: self,
            partition,
            fields: &fields,
            sequence,
            count: 0,
            open: None,
        };
        let rows = rows.into_values().collect();
        spill::merge(&self.spill, rows, &fields, &mut |columns, row_count| {
            files.write(columns, row_count)
        })?;
        files.end()
    }
}

/// The files that a merge writes, one after another.
struct Files<'a> {
    staging: &'a Staging,
    partition: &'a Partition,
    fields: &'a [Field],
    sequence: u32,
    /// Files that were begun.
    count: u32,
    open: Option<Open>,
}

/// A file that row groups are still added to.
struct Open {
    writer: ColumnsWriter,
    file: String,
    time_range: Option<(i64, i64)>,
}

impl Files<'_> {
    fn write(&mut self, columns: Vec<PartColumn>, row_count: usize) -> Result<(), LakeError> {
        let open = match &mut self.open {
            Some(open) => open,
            none => {
                let file = names::temporary_part_file(self.sequence, self.count);
                self.count += 1;
                let path = self.staging.aside.join(&file);
                let table = format!("{}.{}", self.partition.database, self.partition.table);
                let to = disk::create_new(&path)?;
                none.insert(Open {
                    writer: ColumnsWriter::new(self.fields.to_vec(), to, &path, &table)?,
                    file,
                    time_range: None,
                })
            }
        };
        let ranges = [open.time_range, time_range(&columns)];
        let ranges = ranges.into_iter().flatten();
        open.time_range = ranges.reduce(|(a, b), (c, d)| (a.min(c), b.max(d)));
        open.writer.write(columns, row_count)?;
        if open.writer.len_bytes() >= PART_BYTES {
            self.end()?;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), LakeError> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let (written, file) = open.writer.finish()?;
        let path = self.staging.aside.join(&open.file);
        self.staging.syncer.sync(file, &path)?;
        let staged = Staged {
            partition: self.partition.clone(),
            fields: self.fields.to_vec(),
            time_range: open.time_range,
            written,
            file: open.file,
        };
        let number = (self.sequence, self.count - 1);
        self.staging.parts().insert(number, staged);
        Ok(())
    }
}

fn partition(part: &Part, path: &Path) -> Result<Partition, LakeError> {
    if names::date_directory(part.date).is_none() {
        let source = io::Error::from(io::ErrorKind::InvalidInput);
        return Err(LakeError::io("make a date directory for", path)(source));
    }
    Ok(Partition {
        database: part.database.clone(),
        table: part.table,
        date: part.date,
    })
}

/// Least and greatest `time` of rows, which are sorted by it.
fn time_range(columns: &[PartColumn]) -> Option<(i64, i64)> {
    let column = columns.iter().find(|c| c.field.name == spill::TIME)?;
    let Values::Int64(values) = &column.values else {
        return None;
    };
    let is_valid = |row: &usize| column.validity.as_ref().is_none_or(|valid| valid[*row]);
    let first = (0..values.len()).find(is_valid)?;
    let last = (0..values.len()).rev().find(is_valid)?;
    Some((values[first], values[last]))
}
