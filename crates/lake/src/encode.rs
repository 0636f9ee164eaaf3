//! A part into the bytes of a Parquet file. The same part always gives the same bytes.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array,
    ListArray, RecordBatch, RecordBatchOptions, StringArray, TimestampMicrosecondArray,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field as ArrowField, Schema};
use otolith_tables::{ColumnType, Field, Layout, Part, PartColumn, Strings, Values};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ArrowWriter, add_encoded_arrow_schema_to_metadata};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::error::LakeError;
use crate::field::{LIST_ITEM, list_item, to_arrow};

/// Rows of a row group: enough for good compression, few enough to skip by time.
const ROW_GROUP_ROWS: usize = 128 * 1024;
/// Higher levels gain little on telemetry and cost much.
const ZSTD_LEVEL: i32 = 1;
/// Without a version: the same input gives the same bytes after an update that changes nothing.
const CREATED_BY: &str = "otolith";

/// Writes a part into an empty file and gives the file back, not synced.
pub(crate) fn write(part: Part, file: File, path: &Path) -> Result<File, LakeError> {
    let table = format!("{}.{}", part.database, part.table);
    let failed = |source: ParquetError| LakeError::Write {
        table: table.clone(),
        path: path.to_owned(),
        source,
    };
    // What readers see, and what is handed to the writer: texts with a dictionary are texts.
    let plain: Vec<ArrowField> = part.columns.iter().map(|c| to_arrow(&c.field)).collect();
    let mut properties = properties(&part.columns).map_err(failed)?;
    add_encoded_arrow_schema_to_metadata(&Schema::new(plain.clone()), &mut properties);

    let mut fields = Vec::with_capacity(plain.len());
    let mut arrays = Vec::with_capacity(plain.len());
    for (column, plain) in part.columns.into_iter().zip(plain) {
        let name = column.field.name.clone();
        let array = array(column, part.row_count).map_err(|source| LakeError::BadPart {
            table: table.clone(),
            column: name,
            source,
        })?;
        fields.push(plain.with_data_type(array.data_type().clone()));
        arrays.push(array);
    }
    let schema = Arc::new(Schema::new(fields));
    let rows = RecordBatchOptions::new().with_row_count(Some(part.row_count));
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &rows)
        .map_err(|source| failed(source.into()))?;

    let options = ArrowWriterOptions::new()
        .with_properties(properties)
        .with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(file, schema, options).map_err(failed)?;
    writer.write(&batch).map_err(failed)?;
    writer.into_inner().map_err(failed)
}

fn properties(columns: &[PartColumn]) -> Result<WriterProperties, ParquetError> {
    let mut builder = WriterProperties::builder()
        .set_created_by(CREATED_BY.to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true);
    for column in columns {
        let path = column_path(&column.field);
        match (column.field.layout, column.field.r#type) {
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
