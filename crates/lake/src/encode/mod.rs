//! A part into the bytes of a Parquet file. The same part always gives the same bytes.

pub(crate) mod bits;
mod bounds;
mod checks;
mod chunk;
mod delta;
mod dictionary;
pub(crate) mod hybrid;
mod lists;
mod numbers;
mod pages;
mod texts;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use otolith_tables::{ColumnType, Field, Layout, Part, PartColumn};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ArrowWriter, add_encoded_arrow_schema_to_metadata};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use xxhash_rust::xxh3::Xxh3;

use crate::disk::Durability;
use crate::error::LakeError;
use crate::field::LIST_ITEM;

/// The most rows of a row group that is written: enough for good compression, few enough to skip by
/// time. A merge holds one in memory on each thread: with so many it takes no more than reading does
/// (docs/limits.md, Memory). Files of versions before may have larger ones.
pub const ROW_GROUP_ROWS: usize = 64 * 1024;
/// Higher levels gain little on telemetry and cost much.
const ZSTD_LEVEL: i32 = 1;
/// Without a version: the same input gives the same bytes after an update that changes nothing.
pub(crate) const CREATED_BY: &str = "otolith";

/// Writes a part into an empty file, which is still to be synced. In a pool of threads columns are
/// encoded side by side.
pub(crate) fn write(part: Part, file: File, path: &Path) -> Result<(Written, File), LakeError> {
    let table = format!("{}.{}", part.database, part.table);
    let fields = part.columns.iter().map(|c| c.field.clone()).collect();
    let mut writer = ColumnsWriter::new(fields, file, path, &table)?;
    writer.write(part.columns, part.row_count)?;
    writer.finish()
}

/// Writes piece after piece into the file of one part. In a pool of threads columns are encoded side
/// by side.
pub(crate) struct ColumnsWriter {
    writer: chunk::Writer<HashedFile>,
    rows: u64,
    path: PathBuf,
    table: String,
}

impl ColumnsWriter {
    /// Begins a file with these columns.
    pub fn new(
        fields: Vec<Field>,
        file: File,
        path: &Path,
        table: &str,
    ) -> Result<Self, LakeError> {
        let writer = chunk::Writer::new(fields, HashedFile::new(file));
        Ok(Self {
            writer: writer.map_err(|source| write_error(table, path, source))?,
            rows: 0,
            path: path.to_owned(),
            table: table.to_owned(),
        })
    }

    /// Appends rows of all columns, in their order.
    pub fn write(&mut self, all: Vec<PartColumn>, row_count: usize) -> Result<(), LakeError> {
        let mut columns = Vec::with_capacity(all.len());
        for column in all {
            let name = column.field.name.clone();
            let column =
                chunk::Column::new(column, row_count).map_err(|source| LakeError::BadPart {
                    table: self.table.clone(),
                    column: name,
                    source,
                })?;
            columns.push(column);
        }
        self.rows += row_count as u64;
        let written = self.writer.write(&columns, row_count);
        written.map_err(|source| write_error(&self.table, &self.path, source))
    }

    /// Bytes of the file so far, without its footer.
    pub fn len_bytes(&self) -> u64 {
        self.writer.len_bytes()
    }

    /// Ends the file, which is still to be synced.
    pub fn finish(self) -> Result<(Written, File), LakeError> {
        let file = self.writer.finish();
        let file = file.map_err(|source| write_error(&self.table, &self.path, source))?;
        Ok(file.finish(self.rows))
    }
}

/// A finished file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub rows: u64,
    pub len_bytes: u64,
    /// XXH3-128 of the file.
    pub xxh3: u128,
}

/// Writes batch after batch into the file of one part.
pub(crate) struct PartWriter {
    writer: ArrowWriter<HashedFile>,
    rows: u64,
    path: PathBuf,
    table: String,
}

impl PartWriter {
    /// Begins a file with these columns, whose batches have `schema`.
    pub fn new(
        fields: &[Field],
        schema: SchemaRef,
        file: File,
        path: &Path,
        table: &str,
    ) -> Result<Self, LakeError> {
        let writer = begin(fields, schema, HashedFile::new(file));
        Ok(Self {
            writer: writer.map_err(|source| write_error(table, path, source))?,
            rows: 0,
            path: path.to_owned(),
            table: table.to_owned(),
        })
    }

    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        self.rows += batch.num_rows() as u64;
        let written = self.writer.write(batch);
        written.map_err(|source| self.failed(source))
    }

    /// Ends the file and makes it durable.
    pub fn finish(self, durability: Durability) -> Result<Written, LakeError> {
        let file = self.writer.into_inner();
        let file = file.map_err(|source| write_error(&self.table, &self.path, source))?;
        let (written, file) = file.finish(self.rows);
        durability.sync(&file, &self.path)?;
        Ok(written)
    }

    /// What went wrong with this file.
    pub fn failed(&self, source: ParquetError) -> LakeError {
        write_error(&self.table, &self.path, source)
    }
}

fn write_error(table: &str, path: &Path, source: ParquetError) -> LakeError {
    LakeError::Write {
        table: table.to_owned(),
        path: path.to_owned(),
        source,
    }
}

/// A file whose bytes are hashed on their way.
struct HashedFile {
    file: File,
    hasher: Xxh3,
    len_bytes: u64,
}

impl HashedFile {
    fn new(file: File) -> Self {
        Self {
            file,
            hasher: Xxh3::new(),
            len_bytes: 0,
        }
    }

    /// What was written, and the file, which is still to be synced.
    fn finish(self, rows: u64) -> (Written, File) {
        let written = Written {
            rows,
            len_bytes: self.len_bytes,
            xxh3: self.hasher.digest128(),
        };
        (written, self.file)
    }
}

impl io::Write for HashedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.len_bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Begins to write columns into a sink.
fn begin<W: io::Write + Send>(
    fields: &[Field],
    schema: SchemaRef,
    sink: W,
) -> Result<ArrowWriter<W>, ParquetError> {
    let mut properties = properties(fields)?;
    add_encoded_arrow_schema_to_metadata(&schema, &mut properties);
    let options = ArrowWriterOptions::new()
        .with_properties(properties)
        .with_skip_arrow_metadata(true);
    ArrowWriter::try_new_with_options(sink, schema, options)
}

fn properties(fields: &[Field]) -> Result<WriterProperties, ParquetError> {
    let mut builder = WriterProperties::builder()
        .set_created_by(CREATED_BY.to_owned())
        .set_compression(compression()?)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true);
    for field in fields {
        let path = column_path(field);
        match (field.layout, field.r#type) {
            (Layout::Rising, ColumnType::Int64 | ColumnType::Timestamp) => {
                builder = builder
                    .set_column_dictionary_enabled(path.clone(), false)
                    .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
            }
            (Layout::Rising | Layout::Distinct, _) => {
                builder = builder.set_column_dictionary_enabled(path, false);
            }
            (Layout::Repeating, _) => {}
        }
    }
    Ok(builder.build())
}

/// The path of the values of a column in a file.
fn column_path(field: &Field) -> ColumnPath {
    let mut path = vec![field.name.clone()];
    if matches!(field.r#type, ColumnType::Int64List | ColumnType::DoubleList) {
        path.extend(["list".to_owned(), LIST_ITEM.to_owned()]);
    }
    ColumnPath::new(path)
}

fn compression() -> Result<Compression, ParquetError> {
    Ok(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
}
