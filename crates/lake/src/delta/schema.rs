//! Columns of a table as fields of the log's schema, and back.

use delta_kernel::schema::{ArrayType, DataType, MetadataValue, StructField};
use otolith_tables::{ColumnType, Field};

use crate::field;

/// The field in the log. Everything needed to make the [`Field`] again is its metadata.
pub(super) fn to_delta(column: &Field) -> StructField {
    let metadata = field::metadata(column)
        .into_iter()
        .map(|(key, value)| (key, MetadataValue::String(value)));
    StructField::nullable(&column.name, data_type(column.r#type)).with_metadata(metadata)
}

/// The column of a field of the log; `base` are the base columns of its table. The error is the
/// type that no table has.
pub(super) fn from_delta(field: &StructField, base: &[Field]) -> Result<Field, String> {
    let r#type =
        column_type(field.data_type()).ok_or_else(|| format!("{:?}", field.data_type()))?;
    let get = |key: &str| match field.metadata().get(key) {
        Some(MetadataValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    Ok(field::from_metadata(field.name(), r#type, base, get))
}

fn data_type(r#type: ColumnType) -> DataType {
    match r#type {
        ColumnType::Timestamp => DataType::TIMESTAMP,
        ColumnType::Int64 => DataType::LONG,
        ColumnType::Double => DataType::DOUBLE,
        ColumnType::String => DataType::STRING,
        ColumnType::Boolean => DataType::BOOLEAN,
        ColumnType::Int64List => ArrayType::new(DataType::LONG, false).into(),
        ColumnType::DoubleList => ArrayType::new(DataType::DOUBLE, false).into(),
    }
}

fn column_type(data_type: &DataType) -> Option<ColumnType> {
    [
        ColumnType::Timestamp,
        ColumnType::Int64,
        ColumnType::Double,
        ColumnType::String,
        ColumnType::Boolean,
    ]
    .into_iter()
    .find(|r#type| self::data_type(*r#type) == *data_type)
    .or(match data_type {
        // Whether items may be null is up to whoever made the table.
        DataType::Array(array) if array.element_type == DataType::LONG => {
            Some(ColumnType::Int64List)
        }
        DataType::Array(array) if array.element_type == DataType::DOUBLE => {
            Some(ColumnType::DoubleList)
        }
        _ => None,
    })
}
