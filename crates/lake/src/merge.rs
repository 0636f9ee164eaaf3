//! Several parts of one table and date into one, row after row in the order of time. Memory and
//! open files are bounded, whatever the number and size of the parts.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array as _, ArrayRef, RecordBatch, new_null_array};
use arrow_schema::{ArrowError, DataType, Schema, SchemaRef};
use arrow_select::interleave::interleave;
use otolith_tables::{Field, Table, base_fields};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;

use crate::disk::{self, Durability};
use crate::encode::{PartWriter, Written};
use crate::error::LakeError;
use crate::field::{self, from_arrow, to_arrow};

/// The column that rows are ordered by.
const TIME: &str = "time";
/// Rows of a part that are in memory at once.
const BATCH_ROWS: usize = 4096;
/// Rows that are written at once.
const WRITE_ROWS: usize = 16 * 1024;
/// Bytes in memory beyond which fewer rows are written at once, so that the texts of a column
/// never exceed what 32-bit offsets tell: a row has at most a frame's 64 MiB by default.
const MANY_BYTES: usize = 1 << 30;
const FEW_ROWS: usize = 16;

/// Most parts that are open at once: each takes a file descriptor and a batch of rows.
const FAN_IN: usize = 64;

/// Merges parts into the new file `to`. Rows of the same time keep the order of the parts; rows
/// without a time come first. Tables without times are written one part after another. Of more
/// than 64 parts, runs of them are merged first, into files beside `to` that vanish again.
pub(crate) fn merge(
    table: Table,
    name: &str,
    parts: &[PathBuf],
    to: &Path,
    durability: Durability,
) -> Result<Written, LakeError> {
    let mut parts = parts.to_vec();
    let mut level = 0;
    let mut between: Vec<PathBuf> = Vec::new();
    while parts.len() > FAN_IN {
        let mut merged = Vec::with_capacity(parts.len().div_ceil(FAN_IN));
        for (number, run) in parts.chunks(FAN_IN).enumerate() {
            let mut path = to.as_os_str().to_owned();
            path.push(format!(".{level}-{number}"));
            let path = PathBuf::from(path);
            merge_at_once(table, name, run, &path, durability)?;
            merged.push(path);
        }
        for path in between {
            disk::remove_file(&path)?;
        }
        between = merged.clone();
        parts = merged;
        level += 1;
    }
    let written = merge_at_once(table, name, &parts, to, durability)?;
    for path in between {
        disk::remove_file(&path)?;
    }
    Ok(written)
}

fn merge_at_once(
    table: Table,
    name: &str,
    parts: &[PathBuf],
    to: &Path,
    durability: Durability,
) -> Result<Written, LakeError> {
    let base = base_fields(table);
    let mut fields: Vec<Field> = Vec::new();
    let mut inputs = Vec::with_capacity(parts.len());
    for path in parts {
        let input = Input::open(path)?;
        let of_part = input.schema.fields().iter();
        let of_part = of_part.map(|field| from_arrow(field, &base, path));
        let of_part = of_part.collect::<Result<Vec<_>, _>>()?;
        field::join(&mut fields, of_part, path)?;
        inputs.push(input);
    }
    // Base columns stand in the order of the table's definition, others behind them.
    let place = |field: &Field| base.iter().position(|base| base.name == field.name);
    fields.sort_by_key(|field| place(field).unwrap_or(usize::MAX));
    let schema = Arc::new(Schema::new(fields.iter().map(to_arrow).collect::<Vec<_>>()));
    let file = disk::create_new(to)?;
    let writer = PartWriter::new(&fields, Arc::clone(&schema), file, to, name)?;
    Merger {
        schema,
        inputs,
        writer,
        batches: Vec::new(),
        batch_bytes: 0,
        rows: Vec::new(),
    }
    .run(durability)
}

struct Merger {
    schema: SchemaRef,
    inputs: Vec<Input>,
    writer: PartWriter,
    /// Batches that rows to be written stand in, with their columns in the order of `schema`.
    batches: Vec<Vec<ArrayRef>>,
    /// Memory of all `batches`.
    batch_bytes: usize,
    /// Rows to be written: index of the batch, and row.
    rows: Vec<(usize, usize)>,
}

impl Merger {
    fn run(mut self, durability: Durability) -> Result<Written, LakeError> {
        let mut next = BinaryHeap::with_capacity(self.inputs.len());
        for index in 0..self.inputs.len() {
            if self.advance(index)? {
                next.push(Reverse((self.inputs[index].time(), index)));
            }
        }
        while let Some(Reverse((_, index))) = next.pop() {
            let limit = next.peek().map(|Reverse(other)| *other);
            // Rows of one part follow each other as long as no other part has an earlier one.
            loop {
                let input = &mut self.inputs[index];
                self.rows.push((input.batch, input.row));
                input.row += 1;
                if input.row == input.times.len() {
                    if self.is_due() {
                        self.write()?;
                    }
                    if !self.advance(index)? {
                        break;
                    }
                }
                let here = (self.inputs[index].time(), index);
                if limit.is_some_and(|limit| here > limit) {
                    next.push(Reverse(here));
                    break;
                }
                if self.is_due() {
                    self.write()?;
                }
            }
            if self.is_due() {
                self.write()?;
            }
        }
        self.write()?;
        self.writer.finish(durability)
    }

    fn is_due(&self) -> bool {
        let enough = match self.batch_bytes > MANY_BYTES {
            true => FEW_ROWS,
            false => WRITE_ROWS,
        };
        self.rows.len() >= enough
    }

    /// Reads the next batch of an input; false at its end.
    fn advance(&mut self, index: usize) -> Result<bool, LakeError> {
        let input = &mut self.inputs[index];
        let Some(batch) = input.next()? else {
            return Ok(false);
        };
        let columns = self.schema.fields().iter().map(|field| {
            batch
                .column_by_name(field.name())
                .cloned()
                .unwrap_or_else(|| new_null_array(field.data_type(), batch.num_rows()))
        });
        input.batch = self.batches.len();
        self.batch_bytes += batch.get_array_memory_size();
        self.batches.push(columns.collect());
        Ok(true)
    }

    /// Writes the rows that were chosen, and forgets batches that are used up.
    fn write(&mut self) -> Result<(), LakeError> {
        if !self.rows.is_empty() {
            let gathered = self.gather().map_err(|source| self.failed(source))?;
            self.writer.write(&gathered)?;
            self.rows.clear();
        }
        let mut kept = Vec::with_capacity(self.inputs.len());
        for input in &mut self.inputs {
            if input.row < input.times.len() {
                kept.push(std::mem::take(&mut self.batches[input.batch]));
                input.batch = kept.len() - 1;
            }
        }
        self.batches = kept;
        let arrays = self.batches.iter().flatten();
        self.batch_bytes = arrays.map(|array| array.get_array_memory_size()).sum();
        Ok(())
    }

    fn gather(&self) -> Result<RecordBatch, ArrowError> {
        let columns = (0..self.schema.fields().len()).map(|column| {
            let arrays: Vec<&dyn arrow_array::Array> = self
                .batches
                .iter()
                .map(|batch| batch[column].as_ref())
                .collect();
            interleave(&arrays, &self.rows)
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
    }

    fn failed(&self, source: ArrowError) -> LakeError {
        self.writer.failed(source.into())
    }
}

/// One of the parts.
struct Input {
    path: PathBuf,
    schema: SchemaRef,
    reader: ParquetRecordBatchReader,
    /// Index of the present batch.
    batch: usize,
    /// Row in the present batch.
    row: usize,
    /// What the rows of the present batch are ordered by; `None` comes first.
    times: Vec<Option<i64>>,
}

impl Input {
    fn open(path: &Path) -> Result<Self, LakeError> {
        let failed = |source: ParquetError| LakeError::Read {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(LakeError::io("open", path))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(failed)?;
        let schema = Arc::clone(builder.schema());
        Ok(Self {
            path: path.to_owned(),
            schema,
            reader: builder
                .with_batch_size(BATCH_ROWS)
                .build()
                .map_err(failed)?,
            batch: 0,
            row: 0,
            times: Vec::new(),
        })
    }

    fn time(&self) -> Option<i64> {
        self.times[self.row]
    }

    fn next(&mut self) -> Result<Option<RecordBatch>, LakeError> {
        loop {
            let Some(batch) = self.reader.next() else {
                self.times.clear();
                self.row = 0;
                return Ok(None);
            };
            let batch = batch.map_err(|source| LakeError::Read {
                path: self.path.clone(),
                source: source.into(),
            })?;
            if batch.num_rows() == 0 {
                continue;
            }
            self.row = 0;
            self.times = times(&batch);
            return Ok(Some(batch));
        }
    }
}

fn times(batch: &RecordBatch) -> Vec<Option<i64>> {
    let column = batch
        .column_by_name(TIME)
        .filter(|column| matches!(column.data_type(), DataType::Timestamp(..)))
        .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
    match column {
        Some(column) => column.iter().collect(),
        None => vec![None; batch.num_rows()],
    }
}
