//! Frames into cells.

use crate::report::{Cell, CellType, Column};
use polars::prelude::{AnyValue, DataFrame, DataType, PolarsResult, Series, TimeUnit};
use serde_json::Value;

/// The columns and rows of a frame.
///
/// Integers of any width become integers, dates their text, times nanoseconds, durations a number
/// of nanoseconds, lists JSON text; what else there is becomes its text.
pub(super) fn cells(frame: &DataFrame) -> PolarsResult<(Vec<Column>, Vec<Vec<Cell>>)> {
    let mut columns = Vec::with_capacity(frame.width());
    let mut rows: Vec<Vec<Cell>> = vec![Vec::with_capacity(frame.width()); frame.height()];
    for column in frame.columns() {
        let series = column.as_materialized_series();
        columns.push(definition(series));
        for (row, value) in rows.iter_mut().zip(series.rechunk().iter()) {
            row.push(cell(&value)?);
        }
    }
    Ok((columns, rows))
}

fn definition(series: &Series) -> Column {
    let name = series.name().to_string();
    let dtype = series.dtype();
    match dtype {
        DataType::Boolean => Column::new(name, CellType::Bool),
        DataType::Datetime(..) => Column::new(name, CellType::Time),
        DataType::Duration(_) => Column::with_unit(name, CellType::Int, "ns"),
        _ if dtype.is_integer() => Column::new(name, CellType::Int),
        _ if dtype.is_float() => Column::new(name, CellType::Double),
        _ => Column::new(name, CellType::Text),
    }
}

fn nanos(value: i64, unit: TimeUnit) -> i64 {
    value.saturating_mul(match unit {
        TimeUnit::Nanoseconds => 1,
        TimeUnit::Microseconds => 1_000,
        TimeUnit::Milliseconds => 1_000_000,
    })
}

fn cell(value: &AnyValue<'_>) -> PolarsResult<Cell> {
    Ok(match value {
        AnyValue::Null => Cell::Null,
        AnyValue::Boolean(b) => Cell::Bool(*b),
        AnyValue::String(text) => Cell::Text((*text).to_owned()),
        AnyValue::StringOwned(text) => Cell::Text(text.to_string()),
        AnyValue::Float32(x) => Cell::Double(f64::from(*x)),
        AnyValue::Float64(x) => Cell::Double(*x),
        AnyValue::Datetime(t, unit, _) | AnyValue::DatetimeOwned(t, unit, _) => {
            Cell::Time(nanos(*t, *unit))
        }
        AnyValue::Duration(t, unit) => Cell::Int(nanos(*t, *unit)),
        AnyValue::List(items) => Cell::Text(list_text(items)?),
        // Beyond 63 bits an integer is shown as the largest.
        AnyValue::UInt64(n) => Cell::count(Some(*n)),
        other if other.is_integer() => other.extract::<i64>().map_or(Cell::Null, Cell::Int),
        other => Cell::Text(other.to_string()),
    })
}

/// A list as JSON.
fn list_text(items: &Series) -> PolarsResult<String> {
    let mut values = Vec::with_capacity(items.len());
    for item in items.iter() {
        values.push(cell(&item)?.to_json());
    }
    Ok(Value::Array(values).to_string())
}
