//! Lists of a part as arrow arrays, made of the columns' own buffers.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, ListArray};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType};
use otolith_tables::{ColumnType, PartColumn, Values};

use super::checks::{check_offsets, length};
use crate::field::list_item;

/// The array of a column of lists. Of any other column it says that values and type do not fit.
pub(super) fn array(column: PartColumn, row_count: usize) -> Result<ArrayRef, ArrowError> {
    let nulls = column.validity.map(NullBuffer::from);
    let array = match (column.values, column.field.r#type) {
        (Values::Int64List { offsets, items }, ColumnType::Int64List) => {
            let items = Int64Array::try_new(items.into(), None)?;
            list(offsets, Arc::new(items), DataType::Int64, nulls)?
        }
        (Values::DoubleList { offsets, items }, ColumnType::DoubleList) => {
            let items = Float64Array::try_new(items.into(), None)?;
            list(offsets, Arc::new(items), DataType::Float64, nulls)?
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
    Ok(Arc::new(array))
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
