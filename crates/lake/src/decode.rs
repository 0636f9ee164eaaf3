//! A file of a table back into a part.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, DictionaryArray, ListArray, PrimitiveArray, RecordBatch,
    StringArray,
};
use arrow_buffer::NullBuffer;
use arrow_schema::DataType;
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
        let mut columns = Columns::new(&self.fields);
        let mut len_bytes = 0;
        while len_bytes < self.piece_bytes
            && let Some(batch) = self.reader.next()
        {
            let batch = batch.map_err(|source| failed(&self.path)(source.into()))?;
            len_bytes += batch.get_array_memory_size();
            columns.append(batch).map_err(failed(&self.path))?;
        }
        Ok(Part {
            database: self.database.clone(),
            table: self.table,
            date: self.date,
            row_count: columns.row_count,
            columns: columns.finish(),
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

pub(crate) fn failed(path: &Path) -> impl FnOnce(ParquetError) -> LakeError {
    let path = path.to_owned();
    move |source| LakeError::Read { path, source }
}

/// Collects columns from successive batches.
pub(crate) struct Columns {
    builders: Vec<Builder>,
    pub row_count: usize,
}

impl Columns {
    pub fn new(fields: &[Field]) -> Self {
        Self {
            builders: fields.iter().cloned().map(Builder::new).collect(),
            row_count: 0,
        }
    }

    /// Appends the rows of a batch, whose columns are those of the fields.
    pub fn append(&mut self, batch: RecordBatch) -> Result<(), ParquetError> {
        self.row_count += batch.num_rows();
        let (_, arrays, _) = batch.into_parts();
        for (builder, array) in self.builders.iter_mut().zip(arrays) {
            builder.append(array)?;
        }
        Ok(())
    }

    pub fn finish(self) -> Vec<PartColumn> {
        self.builders.into_iter().map(Builder::finish).collect()
    }
}

/// Collects a column from the arrays of successive batches.
struct Builder {
    field: Field,
    values: Values,
    row_count: usize,
    /// Empty as long as every row has a value.
    validity: Vec<bool>,
    null_count: usize,
    /// The codes of texts, if they come as codes.
    codes: HashMap<Vec<u8>, i32>,
}

impl Builder {
    fn new(field: Field) -> Self {
        let values = match field.r#type {
            ColumnType::Int64 | ColumnType::Timestamp => Values::Int64(Vec::new()),
            ColumnType::Double => Values::Double(Vec::new()),
            ColumnType::Boolean => Values::Boolean(Vec::new()),
            ColumnType::String => Values::String(Strings::empty()),
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
            row_count: 0,
            validity: Vec::new(),
            null_count: 0,
            codes: HashMap::new(),
        }
    }

    fn append(&mut self, array: ArrayRef) -> Result<(), ParquetError> {
        if let DataType::Dictionary(..) = array.data_type() {
            return self.append_codes(array.as_dictionary().clone(), array);
        }
        self.append_validity(array.len(), array.nulls());
        match &mut self.values {
            Values::Int64(values) if self.field.r#type == ColumnType::Timestamp => {
                let numbers = array.as_primitive::<TimestampMicrosecondType>().clone();
                append_numbers(values, numbers, array);
            }
            Values::Int64(values) => {
                append_numbers(values, array.as_primitive::<Int64Type>().clone(), array);
            }
            Values::Double(values) => {
                append_numbers(values, array.as_primitive::<Float64Type>().clone(), array);
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
            Values::Dictionary { .. } => unreachable!("a column comes as codes or not"),
        }
        Ok(())
    }

    fn append_validity(&mut self, rows: usize, nulls: Option<&NullBuffer>) {
        let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
        if nulls.is_some() || self.null_count > 0 {
            // Without nulls there is no need of it.
            self.validity.resize(self.row_count, true);
        }
        self.row_count += rows;
        if let Some(nulls) = nulls {
            self.null_count += nulls.null_count();
            self.validity.extend(nulls.iter());
        } else if self.null_count > 0 {
            self.validity.resize(self.row_count, true);
        }
    }

    /// Appends texts that come as codes. Each batch has codes of its own.
    fn append_codes(
        &mut self,
        array: DictionaryArray<Int32Type>,
        owner: ArrayRef,
    ) -> Result<(), ParquetError> {
        if !matches!(self.values, Values::Dictionary { .. }) {
            self.values = Values::Dictionary {
                indices: Vec::new(),
                dictionary: Strings::empty(),
            };
        }
        self.append_validity(array.len(), array.nulls());
        let Values::Dictionary {
            indices,
            dictionary,
        } = &mut self.values
        else {
            unreachable!("made above");
        };
        let mut codes = Vec::with_capacity(array.values().len());
        for text in array.values().as_string::<i32>() {
            let text = text.unwrap_or("").as_bytes();
            codes.push(match self.codes.get(text) {
                Some(code) => *code,
                None => {
                    let code = offset(self.codes.len())?;
                    self.codes.insert(text.to_vec(), code);
                    dictionary.bytes.extend_from_slice(text);
                    dictionary.offsets.push(offset(dictionary.bytes.len())?);
                    code
                }
            });
        }
        let (keys, _) = array.into_parts();
        if keys.null_count() > 0 {
            indices.extend(keys.iter().map(|key| {
                // Codes of an array are never negative.
                key.map_or(0, |key| codes[key.unsigned_abs() as usize])
            }));
        } else if (0..).zip(&codes).all(|(key, code)| key == *code) {
            append_numbers(indices, keys, owner);
        } else {
            let keys = keys.values().iter();
            indices.extend(keys.map(|key| codes[key.unsigned_abs() as usize]));
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

/// Appends the numbers of an array, which nobody else holds but its owner; the first are taken over
/// as they lie.
fn append_numbers<T: ArrowPrimitiveType>(
    values: &mut Vec<T::Native>,
    array: PrimitiveArray<T>,
    owner: ArrayRef,
) {
    drop(owner);
    let (_, numbers, _) = array.into_parts();
    if !values.is_empty() {
        values.extend_from_slice(&numbers);
        return;
    }
    *values = match numbers.into_inner().into_vec() {
        Ok(numbers) => numbers,
        Err(shared) => shared.typed_data().to_vec(),
    };
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
