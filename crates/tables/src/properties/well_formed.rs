//! What holds for every column of a part.

use crate::{ColumnType, PartColumn, Values};

pub(super) fn assert_well_formed(column: &PartColumn, rows: usize) {
    let len = match &column.values {
        Values::Int64(values) => values.len(),
        Values::Double(values) => values.len(),
        Values::Boolean(values) => values.len(),
        Values::String(strings) => strings.offsets.len() - 1,
        Values::Dictionary {
            indices,
            dictionary,
        } => {
            let most = dictionary.offsets.len() as i32 - 1;
            assert!(indices.iter().all(|index| (0..most).contains(index)));
            indices.len()
        }
        Values::Int64List { offsets, .. } | Values::DoubleList { offsets, .. } => offsets.len() - 1,
    };
    assert_eq!(len, rows, "{}", column.field.name);
    if let Some(validity) = &column.validity {
        assert_eq!(validity.len(), rows);
        assert!(validity.contains(&false));
    }
    let fits = match column.field.r#type {
        ColumnType::Timestamp | ColumnType::Int64 => matches!(column.values, Values::Int64(_)),
        ColumnType::Double => matches!(column.values, Values::Double(_)),
        ColumnType::Boolean => matches!(column.values, Values::Boolean(_)),
        ColumnType::String => {
            matches!(column.values, Values::String(_) | Values::Dictionary { .. })
        }
        ColumnType::Int64List => matches!(column.values, Values::Int64List { .. }),
        ColumnType::DoubleList => matches!(column.values, Values::DoubleList { .. }),
    };
    assert!(fits, "{}", column.field.name);
}
