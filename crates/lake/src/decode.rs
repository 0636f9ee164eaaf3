//! A file of a table back into a part.

use std::fs::File;
use std::path::Path;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ListArray, StringArray};
use otolith_tables::{
    ColumnType, DatabaseName, Field, Part, PartColumn, Strings, Table, Values, base_fields,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;

use crate::error::LakeError;
use crate::field::from_arrow;

/// Reads all rows of a file in their order.
pub(crate) fn read(
    path: &Path,
    database: DatabaseName,
    table: Table,
    date: i32,
) -> Result<Part, LakeError> {
    let failed = |source: ParquetError| LakeError::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(LakeError::io("open", path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(failed)?;
    let base = base_fields(table);
    let mut columns = builder
        .schema()
        .fields()
        .iter()
        .map(|field| Ok(Builder::new(from_arrow(field, &base, path)?)))
        .collect::<Result<Vec<_>, LakeError>>()?;
    let mut row_count = 0;
    for batch in builder.build().map_err(failed)? {
        let batch = batch.map_err(|source| failed(source.into()))?;
        row_count += batch.num_rows();
        for (column, array) in columns.iter_mut().zip(batch.columns()) {
            column.append(array).map_err(failed)?;
        }
    }
    Ok(Part {
        database,
        table,
        date,
        row_count,
        columns: columns.into_iter().map(Builder::finish).collect(),
    })
}

/// Collects a column from the arrays of successive batches.
struct Builder {
    field: Field,
    values: Values,
    validity: Vec<bool>,
    null_count: usize,
}

impl Builder {
    fn new(field: Field) -> Self {
        let values = match field.r#type {
            ColumnType::Int64 | ColumnType::Timestamp => Values::Int64(Vec::new()),
            ColumnType::Double => Values::Double(Vec::new()),
            ColumnType::Boolean => Values::Boolean(Vec::new()),
            ColumnType::String => Values::String(Strings {
                offsets: vec![0],
                bytes: Vec::new(),
            }),
            ColumnType::Int64List => Values::Int64List {
                offsets: vec![0],
                items: Vec::new(),
            },
            ColumnType::DoubleList => Values::DoubleList {
                offsets: vec![0],
                items: Vec::new(),
            },
        };
        Self {
            field,
            values,
            validity: Vec::new(),
            null_count: 0,
        }
    }

    fn append(&mut self, array: &dyn Array) -> Result<(), ParquetError> {
        self.null_count += array.null_count();
        self.validity
            .extend((0..array.len()).map(|row| array.is_valid(row)));
        match &mut self.values {
            Values::Int64(values) if self.field.r#type == ColumnType::Timestamp => {
                values.extend_from_slice(array.as_primitive::<TimestampMicrosecondType>().values());
            }
            Values::Int64(values) => {
                values.extend_from_slice(array.as_primitive::<Int64Type>().values());
            }
            Values::Double(values) => {
                values.extend_from_slice(array.as_primitive::<Float64Type>().values());
            }
            Values::Boolean(values) => values.extend(array.as_boolean().values()),
            Values::String(strings) => append_strings(strings, array.as_string())?,
            Values::Int64List { offsets, items } => {
                append_list(offsets, items, array.as_list(), |array| {
                    array.as_primitive::<Int64Type>().values()
                })?;
            }
            Values::DoubleList { offsets, items } => {
                append_list(offsets, items, array.as_list(), |array| {
                    array.as_primitive::<Float64Type>().values()
                })?;
            }
            Values::Dictionary { .. } => unreachable!("no builder begins with a dictionary"),
        }
        Ok(())
    }

    fn finish(self) -> PartColumn {
        PartColumn {
            field: self.field,
            values: self.values,
            validity: (self.null_count > 0).then_some(self.validity),
        }
    }
}

fn append_strings(strings: &mut Strings, array: &StringArray) -> Result<(), ParquetError> {
    for text in array {
        strings
            .bytes
            .extend_from_slice(text.unwrap_or("").as_bytes());
        strings.offsets.push(offset(strings.bytes.len())?);
    }
    Ok(())
}

fn append_list<T: Copy>(
    offsets: &mut Vec<i32>,
    items: &mut Vec<T>,
    array: &ListArray,
    values: impl Fn(&dyn Array) -> &[T],
) -> Result<(), ParquetError> {
    let all = values(array.values().as_ref());
    for row in 0..array.len() {
        if array.is_valid(row) {
            let ends = array.value_offsets();
            // The offsets of an array are never negative.
            let range = ends[row].unsigned_abs() as usize..ends[row + 1].unsigned_abs() as usize;
            items.extend_from_slice(&all[range]);
        }
        offsets.push(offset(items.len())?);
    }
    Ok(())
}

fn offset(len: usize) -> Result<i32, ParquetError> {
    i32::try_from(len).map_err(|_| {
        ParquetError::General(
            "a column holds more than 2 GiB and cannot be read at once".to_owned(),
        )
    })
}
