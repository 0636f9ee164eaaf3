//! A part into the bytes of a Parquet file. The same part always gives the same bytes.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array,
    ListArray, RecordBatch, RecordBatchOptions, StringArray, TimestampMicrosecondArray,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field as ArrowField, Schema, SchemaRef};
use otolith_tables::{ColumnType, Field, Layout, Part, PartColumn, Strings, Values};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ArrowWriter, add_encoded_arrow_schema_to_metadata};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use xxhash_rust::xxh3::Xxh3;

use crate::disk;
use crate::error::LakeError;
use crate::field::{LIST_ITEM, list_item, to_arrow};

/// Rows of a row group: enough for good compression, few enough to skip by time.
const ROW_GROUP_ROWS: usize = 128 * 1024;
/// Higher levels gain little on telemetry and cost much.
const ZSTD_LEVEL: i32 = 1;
/// Without a version: the same input gives the same bytes after an update that changes nothing.
const CREATED_BY: &str = "otolith";

/// Writes a part into an empty file, durably.
pub(crate) fn write(part: Part, file: File, path: &Path) -> Result<Written, LakeError> {
    let table = format!("{}.{}", part.database, part.table);
    let fields: Vec<Field> = part.columns.iter().map(|c| c.field.clone()).collect();
    let mut arrow_fields = Vec::with_capacity(fields.len());
    let mut arrays = Vec::with_capacity(fields.len());
    for column in part.columns {
        let field = to_arrow(&column.field);
        let array = array(column, part.row_count).map_err(|source| LakeError::BadPart {
            table: table.clone(),
            column: field.name().clone(),
            source,
        })?;
        arrow_fields.push(field.with_data_type(array.data_type().clone()));
        arrays.push(array);
    }
    let schema = Arc::new(Schema::new(arrow_fields));
    let mut writer = PartWriter::new(&fields, Arc::clone(&schema), file, path, &table)?;
    let rows = RecordBatchOptions::new().with_row_count(Some(part.row_count));
    let batch = RecordBatch::try_new_with_options(schema, arrays, &rows)
        .map_err(|source| writer.failed(source.into()))?;
    writer.write(&batch)?;
    writer.finish()
}

/// A finished and synced file.
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
    /// Begins a file with these columns. In `schema`, which the batches have, texts may be
    /// dictionaries; readers see texts.
    pub fn new(
        fields: &[Field],
        schema: SchemaRef,
        file: File,
        path: &Path,
        table: &str,
    ) -> Result<Self, LakeError> {
        let begin = || {
            let mut properties = properties(fields)?;
            let plain: Vec<ArrowField> = fields.iter().map(to_arrow).collect();
            add_encoded_arrow_schema_to_metadata(&Schema::new(plain), &mut properties);
            let options = ArrowWriterOptions::new()
                .with_properties(properties)
                .with_skip_arrow_metadata(true);
            ArrowWriter::try_new_with_options(HashedFile::new(file), schema, options)
        };
        Ok(Self {
            writer: begin().map_err(|source| write_error(table, path, source))?,
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
    pub fn finish(self) -> Result<Written, LakeError> {
        let file = self.writer.into_inner();
        let file = file.map_err(|source| write_error(&self.table, &self.path, source))?;
        disk::sync(&file.file, &self.path)?;
        Ok(Written {
            rows: self.rows,
            len_bytes: file.len_bytes,
            xxh3: file.hasher.digest128(),
        })
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

fn properties(fields: &[Field]) -> Result<WriterProperties, ParquetError> {
    let mut builder = WriterProperties::builder()
        .set_created_by(CREATED_BY.to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
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

/// The array of a column, made of the column's own buffers.
fn array(column: PartColumn, row_count: usize) -> Result<ArrayRef, ArrowError> {
    let nulls = column.validity.map(NullBuffer::from);
    if let Some(nulls) = &nulls
        && nulls.len() != row_count
    {
        return Err(length("validity", row_count, nulls.len()));
    }
    let r#type = column.field.r#type;
    let array: ArrayRef = match (column.values, r#type) {
        (Values::Int64(values), ColumnType::Int64) => {
            Arc::new(Int64Array::try_new(values.into(), nulls)?)
        }
        (Values::Int64(values), ColumnType::Timestamp) => {
            Arc::new(TimestampMicrosecondArray::try_new(values.into(), nulls)?.with_timezone("UTC"))
        }
        (Values::Double(values), ColumnType::Double) => {
            Arc::new(Float64Array::try_new(values.into(), nulls)?)
        }
        (Values::Boolean(values), ColumnType::Boolean) => {
            Arc::new(BooleanArray::new(BooleanBuffer::from(values), nulls))
        }
        (Values::String(strings), ColumnType::String) => Arc::new(strings_array(strings, nulls)?),
        (
            Values::Dictionary {
                indices,
                dictionary,
            },
            ColumnType::String,
        ) => {
            let indices = Int32Array::try_new(indices.into(), nulls)?;
            let dictionary = Arc::new(strings_array(dictionary, None)?);
            Arc::new(DictionaryArray::<Int32Type>::try_new(indices, dictionary)?)
        }
        (Values::Int64List { offsets, items }, ColumnType::Int64List) => {
            let items = Int64Array::try_new(items.into(), None)?;
            Arc::new(list(offsets, Arc::new(items), DataType::Int64, nulls)?)
        }
        (Values::DoubleList { offsets, items }, ColumnType::DoubleList) => {
            let items = Float64Array::try_new(items.into(), None)?;
            Arc::new(list(offsets, Arc::new(items), DataType::Float64, nulls)?)
        }
        (_, expected) => {
            return Err(ArrowError::InvalidArgumentError(format!(
                "values are not of the column's type {expected:?}"
            )));
        }
    };
    if array.len() != row_count {
        return Err(length("values", row_count, array.len()));
    }
    Ok(array)
}

fn strings_array(strings: Strings, nulls: Option<NullBuffer>) -> Result<StringArray, ArrowError> {
    let offsets = offset_buffer(strings.offsets)?;
    StringArray::try_new(offsets, Buffer::from_vec(strings.bytes), nulls)
}

fn list(
    offsets: Vec<i32>,
    items: ArrayRef,
    item_type: DataType,
    nulls: Option<NullBuffer>,
) -> Result<ListArray, ArrowError> {
    ListArray::try_new(list_item(item_type), offset_buffer(offsets)?, items, nulls)
}

/// Checks what arrow would panic on.
fn offset_buffer(offsets: Vec<i32>) -> Result<OffsetBuffer<i32>, ArrowError> {
    let rising = offsets.is_sorted() && offsets.first().is_some_and(|first| *first >= 0);
    if !rising {
        return Err(ArrowError::InvalidArgumentError(
            "offsets are empty or fall".to_owned(),
        ));
    }
    Ok(OffsetBuffer::new(ScalarBuffer::from(offsets)))
}

fn length(what: &str, expected: usize, found: usize) -> ArrowError {
    ArrowError::InvalidArgumentError(format!("expected {expected} {what}, found {found}"))
}
