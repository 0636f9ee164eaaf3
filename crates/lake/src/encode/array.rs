//! Columns of a part as arrow arrays, made of the columns' own buffers.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array,
    ListArray, StringArray, TimestampMicrosecondArray,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType};
use otolith_tables::{ColumnType, PartColumn, Strings, Values};

use crate::field::list_item;

/// The array of a column, made of the column's own buffers.
pub(super) fn array(column: PartColumn, row_count: usize) -> Result<ArrayRef, ArrowError> {
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

/// The array of texts by code.
pub(super) fn dictionary(
    indices: Vec<i32>,
    dictionary: Strings,
    validity: Option<Vec<bool>>,
) -> Result<ArrayRef, ArrowError> {
    let indices = Int32Array::try_new(indices.into(), validity.map(NullBuffer::from))?;
    let dictionary = Arc::new(strings_array(dictionary, None)?);
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(
        indices, dictionary,
    )?))
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
    check_offsets(&offsets)?;
    Ok(OffsetBuffer::new(ScalarBuffer::from(offsets)))
}

/// Offsets rise from at least 0.
pub(super) fn check_offsets(offsets: &[i32]) -> Result<(), ArrowError> {
    let rising = offsets.is_sorted() && offsets.first().is_some_and(|first| *first >= 0);
    if !rising {
        return Err(ArrowError::InvalidArgumentError(
            "offsets are empty or fall".to_owned(),
        ));
    }
    Ok(())
}

pub(super) fn length(what: &str, expected: usize, found: usize) -> ArrowError {
    ArrowError::InvalidArgumentError(format!("expected {expected} {what}, found {found}"))
}
