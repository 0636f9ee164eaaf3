//! The columns of a part into the column chunks of a file, row group after row group.

use std::io;
use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef};
use arrow_schema::{ArrowError, Field as ArrowField, Schema};
use bytes::Bytes;
use otolith_tables::{ColumnType, Field, Layout, PartColumn, Values};
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::ColumnDescPtr;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::checks::{check_codes, check_texts, length};
use super::lists;
use super::texts::{self, Texts};
use super::{ROW_GROUP_ROWS, begin, numbers};
use crate::field::to_arrow;

/// The values of a column.
pub(super) enum Column {
    /// For the library's writer: lists.
    Library(ArrayRef),
    /// For our own (docs/adr/0027-own-column-chunks.md). Lengths and offsets are right.
    Own(PartColumn),
}

/// An encoded column chunk.
enum Chunk {
    OfLibrary(ArrowColumnChunk),
    Own(Bytes, ColumnCloseResult),
}

/// What encodes a column in one row group.
enum Encoder {
    Library(Box<ArrowColumnWriter>),
    Own(ColumnDescPtr),
}

impl Column {
    /// Checks the lengths and offsets.
    pub fn new(column: PartColumn, row_count: usize) -> Result<Self, ArrowError> {
        let validity = column.validity.as_deref();
        let valid = validity.map_or(row_count, <[bool]>::len);
        if valid != row_count {
            return Err(length("validity", row_count, valid));
        }
        let len = match (&column.values, column.field.r#type) {
            (Values::Int64(values), ColumnType::Int64 | ColumnType::Timestamp) => values.len(),
            (Values::Double(values), ColumnType::Double) => values.len(),
            (Values::Boolean(values), ColumnType::Boolean) => values.len(),
            (Values::String(strings), ColumnType::String) => {
                check_texts(strings)?;
                strings.offsets.len() - 1
            }
            (
                Values::Dictionary {
                    indices,
                    dictionary,
                },
                ColumnType::String,
            ) => {
                check_codes(indices, validity, dictionary, row_count)?;
                indices.len()
            }
            _ => return lists::array(column, row_count).map(Self::Library),
        };
        if len != row_count {
            return Err(length("values", row_count, len));
        }
        Ok(Self::Own(column))
    }
}

/// A file while row groups are appended to it.
pub(super) struct Writer<W: io::Write + Send> {
    file: SerializedFileWriter<W>,
    fields: Vec<Field>,
    arrow_fields: Vec<ArrowField>,
}

impl<W: io::Write + Send> Writer<W> {
    /// Begins a file with these columns.
    pub fn new(fields: Vec<Field>, sink: W) -> Result<Self> {
        let arrow_fields: Vec<ArrowField> = fields.iter().map(to_arrow).collect();
        let schema = Arc::new(Schema::new(arrow_fields.clone()));
        let (file, _) = begin(&fields, schema, sink)?.into_serialized_writer()?;
        Ok(Self {
            file,
            fields,
            arrow_fields,
        })
    }

    /// Appends rows of all columns.
    pub fn write(&mut self, columns: &[Column], row_count: usize) -> Result<()> {
        // The library's writers of columns come for a whole schema, and each brings contexts of zstd
        // that cost more than a small column: so there is one of just the columns that it encodes.
        let mut fields = Vec::new();
        let mut schema = Vec::new();
        for (field, column) in self.fields.iter().zip(columns) {
            if let Column::Library(_) = column {
                fields.push(field.clone());
                schema.push(to_arrow(field));
            }
        }
        let library = begin(&fields, Arc::new(Schema::new(schema)), io::sink())?;
        let (_file, factory) = library.into_serialized_writer()?;
        for start in (0..row_count).step_by(ROW_GROUP_ROWS) {
            let rows = ROW_GROUP_ROWS.min(row_count - start);
            let number = self.file.flushed_row_groups().len();
            let mut writers = factory.create_column_writers(number)?.into_iter();
            let mut jobs = Vec::with_capacity(columns.len());
            // Every column has one leaf: lists are of plain numbers.
            for (leaf, (column, field)) in columns.iter().zip(&self.arrow_fields).enumerate() {
                let encoder = match column {
                    Column::Own(_) => Encoder::Own(self.file.schema_descr().column(leaf)),
                    Column::Library(_) => {
                        Encoder::Library(Box::new(writers.next().ok_or_else(|| {
                            ParquetError::General("fewer writers than columns".to_owned())
                        })?))
                    }
                };
                jobs.push((column, field, encoder));
            }
            let chunks = encode_all(jobs, start, rows)?;
            let mut group = self.file.next_row_group()?;
            for chunk in chunks {
                append(chunk, &mut group)?;
            }
            group.close()?;
        }
        Ok(())
    }

    /// Bytes of the row groups so far.
    pub fn len_bytes(&self) -> u64 {
        self.file.bytes_written() as u64
    }

    /// Writes the footer.
    pub fn finish(self) -> Result<W> {
        self.file.into_inner()
    }
}

/// What is to be encoded, and how.
type Job<'a> = (&'a Column, &'a ArrowField, Encoder);

/// Encodes the columns of a row group; in a pool of threads side by side.
fn encode_all(jobs: Vec<Job<'_>>, start: usize, rows: usize) -> Result<Vec<Chunk>> {
    // On a thread of no pool the work would go to one that nobody asked for.
    if rayon::current_thread_index().is_none() {
        let jobs = jobs.into_iter();
        return jobs.map(|job| encode(job, start, rows)).collect();
    }
    let jobs = jobs.into_par_iter();
    jobs.map(|job| encode(job, start, rows)).collect()
}

fn encode((column, field, encoder): Job<'_>, start: usize, rows: usize) -> Result<Chunk> {
    match (column, encoder) {
        (Column::Library(array), Encoder::Library(mut writer)) => {
            for leaf in compute_leaves(field, &array.slice(start, rows))? {
                writer.write(&leaf)?;
            }
            writer.close().map(Chunk::OfLibrary)
        }
        (Column::Own(column), Encoder::Own(descriptor)) => {
            let (bytes, close) = encode_own(column, &descriptor, start, rows)?;
            Ok(Chunk::Own(bytes, close))
        }
        _ => Err(another_encoder()),
    }
}

fn encode_own(
    column: &PartColumn,
    descriptor: &ColumnDescPtr,
    start: usize,
    rows: usize,
) -> Result<(Bytes, ColumnCloseResult)> {
    let layout = column.field.layout;
    let range = start..start + rows;
    let valid = column.validity.as_ref().map(|valid| &valid[range.clone()]);
    match &column.values {
        Values::Int64(values) => numbers::encode_ints(descriptor, layout, &values[range], valid),
        Values::Double(values) => {
            numbers::encode_doubles(descriptor, layout, &values[range], valid)
        }
        Values::Boolean(values) => numbers::encode_truths(descriptor, &values[range], valid),
        Values::String(texts) => {
            let texts = Texts {
                texts,
                indices: None,
                validity: column.validity.as_deref(),
            };
            texts::encode(descriptor, texts, range, layout == Layout::Repeating)
        }
        Values::Dictionary {
            indices,
            dictionary,
        } => {
            let texts = Texts {
                texts: dictionary,
                indices: Some(indices),
                validity: column.validity.as_deref(),
            };
            texts::encode(descriptor, texts, range, true)
        }
        Values::Int64List { .. } | Values::DoubleList { .. } => Err(another_encoder()),
    }
}

fn another_encoder() -> ParquetError {
    ParquetError::General("another encoder than the column".to_owned())
}

fn append<W: io::Write + Send>(
    chunk: Chunk,
    group: &mut SerializedRowGroupWriter<'_, W>,
) -> Result<()> {
    match chunk {
        Chunk::OfLibrary(chunk) => chunk.append_to_row_group(group),
        Chunk::Own(bytes, close) => group.append_column(&bytes, close),
    }
}
