//! Rows that a run sets aside until it has read everything: an external merge sort.
//!
//! A run that reads more than its memory holds drains its rows several times, each time sorted. Were
//! each drain written as Parquet, it had to be decoded and encoded a second time to become few files.
//! So drains go into one file beside the parts, in blocks that are cheap to write and read (a tenth of
//! the instructions of a conversion, `docs/limits.md`), and become Parquet once, when they are merged.
//! The file vanishes with the run; nobody but this process reads it.

mod block;
mod merge;
mod piece;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use otolith_tables::{ColumnType, Field, PartColumn, Values};

use crate::disk;
use crate::error::LakeError;
use block::Block;
pub(crate) use merge::merge;
use piece::Piece;

/// Rows of a block at most: few, because a merge holds a block of each run that has a say.
const BLOCK_ROWS: usize = 2048;
/// Bytes of texts and lists in a block, beyond which it ends with fewer rows.
const BLOCK_BYTES: usize = 1 << 20;
/// The column that rows are ordered by.
pub(crate) const TIME: &str = "time";

/// The file of blocks. Several threads may write and read at once.
#[derive(Debug)]
pub(crate) struct Spill {
    path: PathBuf,
    /// Made when it is needed.
    file: Mutex<Option<SpillFile>>,
}

#[derive(Debug)]
struct SpillFile {
    file: File,
    len_bytes: u64,
}

/// Rows in the file, in the order of time.
#[derive(Clone, Debug)]
pub(crate) struct SortedRows {
    /// One list for all rows of a table and date with the same columns, as there are as many as drains.
    fields: Arc<[Arc<Field>]>,
    blocks: Vec<Place>,
}

/// Where a block is.
#[derive(Clone, Debug)]
struct Place {
    offset: u64,
    len_bytes: usize,
    row_count: usize,
    /// Time of the first row in microseconds; `None` without one, which comes first.
    first_time: Option<i64>,
}

impl SortedRows {
    pub fn new(fields: Arc<[Arc<Field>]>) -> Self {
        Self {
            fields,
            blocks: Vec::new(),
        }
    }

    /// The columns of the rows.
    pub fn fields(&self) -> &[Arc<Field>] {
        &self.fields
    }

    /// Takes the list of columns of others if it is the same.
    pub fn share_fields(&mut self, others: &Self) {
        let mut pairs = self.fields.iter().zip(others.fields.iter());
        let are_same = pairs.all(|(ours, theirs)| Arc::ptr_eq(ours, theirs));
        if are_same && self.fields.len() == others.fields.len() {
            self.fields = Arc::clone(&others.fields);
        }
    }

    pub fn len_bytes(&self) -> u64 {
        self.blocks.iter().map(|block| block.len_bytes as u64).sum()
    }
}

impl Spill {
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: Mutex::new(None),
        }
    }

    /// Appends rows, which follow those that are there, to the file.
    pub fn append(
        &self,
        to: &mut SortedRows,
        columns: &[PartColumn],
        row_count: usize,
    ) -> Result<(), LakeError> {
        let time = time_column(&to.fields).and_then(|time| columns.get(time));
        let mut bytes = Vec::new();
        let mut start = 0;
        while start < row_count {
            let rows = start..block_end(columns, start, row_count);
            bytes.clear();
            for column in columns {
                block::encode(column, rows.clone(), &mut bytes);
            }
            to.blocks.push(Place {
                offset: self.write(&bytes)?,
                len_bytes: bytes.len(),
                row_count: rows.len(),
                first_time: time.and_then(|column| int(column, start)),
            });
            start = rows.end;
        }
        Ok(())
    }

    /// Takes the file away, if there is one: nothing of it is wanted any more.
    pub fn remove(&self) {
        let mut guard = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(spill) = guard.take() {
            // What stays is removed with its directory.
            let _ = disk::remove_file(&self.path);
            drop(spill);
        }
    }

    fn write(&self, bytes: &[u8]) -> Result<u64, LakeError> {
        let mut guard = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let spill = match &mut *guard {
            Some(spill) => spill,
            none => none.insert(SpillFile {
                file: disk::create_scratch(&self.path)?,
                len_bytes: 0,
            }),
        };
        let offset = spill.len_bytes;
        spill
            .file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| spill.file.write_all(bytes))
            .map_err(LakeError::io("write", &self.path))?;
        spill.len_bytes += bytes.len() as u64;
        Ok(offset)
    }

    /// Reads a block by way of `bytes`, whose memory is used again.
    fn read(
        &self,
        rows: &SortedRows,
        block: usize,
        bytes: &mut Vec<u8>,
    ) -> Result<Block, LakeError> {
        let place = &rows.blocks[block];
        // Only what is new of it is cleared.
        bytes.resize(place.len_bytes, 0);
        {
            let mut guard = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            let spill = guard.as_mut().expect("what is read was written");
            spill
                .file
                .seek(SeekFrom::Start(place.offset))
                .and_then(|_| spill.file.read_exact(bytes))
                .map_err(LakeError::io("read", &self.path))?;
        }
        let types: Vec<ColumnType> = rows.fields.iter().map(|field| field.r#type).collect();
        Block::decode(bytes, &types, place.row_count).ok_or_else(|| {
            let source = io::Error::from(io::ErrorKind::InvalidData);
            LakeError::io("read again what was set aside in", &self.path)(source)
        })
    }
}

/// The column that rows are ordered by, if there is one.
fn time_column(fields: &[Arc<Field>]) -> Option<usize> {
    let is_time = |field: &Arc<Field>| field.name == TIME && field.r#type == ColumnType::Timestamp;
    fields.iter().position(is_time)
}

/// The integer of a row.
fn int(column: &PartColumn, row: usize) -> Option<i64> {
    let is_valid = column.validity.as_ref().is_none_or(|valid| valid[row]);
    match &column.values {
        Values::Int64(values) if is_valid => Some(values[row]),
        _ => None,
    }
}

/// Where a block ends that begins with a row.
fn block_end(columns: &[PartColumn], start: usize, row_count: usize) -> usize {
    let mut end = row_count.min(start + BLOCK_ROWS);
    while end > start + 1 && variable_bytes(columns, start..end) > BLOCK_BYTES {
        end = start + (end - start) / 2;
    }
    end
}

/// Bytes of texts and lists in rows. Texts by code are counted once each.
fn variable_bytes(columns: &[PartColumn], rows: Range<usize>) -> usize {
    let between = |offsets: &[i32]| offsets[rows.end].abs_diff(offsets[rows.start]) as usize;
    let bytes = columns.iter().map(|column| match &column.values {
        Values::String(strings) => between(&strings.offsets),
        Values::Int64List { offsets, .. } | Values::DoubleList { offsets, .. } => {
            between(offsets) * size_of::<i64>()
        }
        Values::Dictionary { dictionary, .. } if dictionary.bytes.len() > BLOCK_BYTES => {
            rows.len() * dictionary.bytes.len() / (dictionary.offsets.len() - 1).max(1)
        }
        _ => 0,
    });
    bytes.sum()
}
