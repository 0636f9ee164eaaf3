//! A file of a table back into a part.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ListArray, StringArray};
use otolith_tables::{
    ColumnType, DatabaseName, Field, Part, PartColumn, Strings, Table, Values, base_fields,
};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;

use crate::error::LakeError;
use crate::field::from_arrow;

/// Bytes of rows in memory after which a piece of a part ends.
const PIECE_BYTES: usize = 64 << 20;

/// Reads all rows of a file in their order.
pub(crate) fn read(
    path: &Path,
    database: DatabaseName,
    table: Table,
    date: i32,
) -> Result<Part, LakeError> {
    let mut whole = Pieces::open(path, database, table, date)?;
    whole.piece_bytes = usize::MAX;
    whole.read()
}

/// The rows of a file in their order, piece by piece of about 64 MiB: a file of a few megabytes may
/// hold gigabytes of texts that repeat.
pub(crate) struct Pieces {
    path: PathBuf,
    database: DatabaseName,
    table: Table,
    date: i32,
    fields: Vec<Field>,
    reader: ParquetRecordBatchReader,
    piece_bytes: usize,
}

impl Pieces {
    pub fn open(
        path: &Path,
        database: DatabaseName,
        table: Table,
        date: i32,
    ) -> Result<Self, LakeError> {
        let file = File::open(path).map_err(LakeError::io("open", path))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(failed(path))?;
        let base = base_fields(table);
        let fields = builder.schema().fields().iter();
        let fields = fields.map(|field| from_arrow(field, &base, path));
        Ok(Self {
            path: path.to_owned(),
            database,
            table,
            date,
            fields: fields.collect::<Result<_, _>>()?,
            reader: builder.build().map_err(failed(path))?,
            piece_bytes: PIECE_BYTES,
        })
    }

    /// The next rows, none at the end.
    fn read(&mut self) -> Result<Part, LakeError> {
        let fields = self.fields.iter().cloned();
        let mut columns: Vec<Builder> = fields.map(Builder::new).collect();
        let (mut row_count, mut len_bytes) = (0, 0);
        while len_bytes < self.piece_bytes
            && let Some(batch) = self.reader.next()
        {
            let batch = batch.map_err(|source| failed(&self.path)(source.into()))?;
            row_count += batch.num_rows();
            len_bytes += batch.get_array_memory_size();
            for (column, array) in columns.iter_mut().zip(batch.columns()) {
                column.append(array).map_err(failed(&self.path))?;
            }
        }
        Ok(Part {
            database: self.database.clone(),
            table: self.table,
            date: self.date,
            row_count,
            columns: columns.into_iter().map(Builder::finish).collect(),
        })
    }
}

impl Iterator for Pieces {
    type Item = Result<Part, LakeError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.read() {
            Ok(part) if part.row_count == 0 => None,
            read => Some(read),
        }
    }
}

fn failed(path: &Path) -> impl FnOnce(ParquetError) -> LakeError {
    let path = path.to_owned();
    move |source| LakeError::Read { path, source }
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
