//! A small table of an answer as a Parquet file, which is no part of a lake.
//!
//! What the columns mean is the caller's; here is only how they become Parquet, as this crate alone
//! uses it.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    RecordBatchOptions, StringArray, TimestampMicrosecondArray,
};
use arrow_schema::{ArrowError, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

/// A column of a sheet. All columns of one have the same number of cells.
#[derive(Clone, Debug, PartialEq)]
pub struct SheetColumn {
    /// Its name, one of its kind in the sheet.
    pub name: String,
    /// Its unit; becomes the member `unit` of the field's metadata.
    pub unit: Option<String>,
    /// What it holds.
    pub cells: SheetCells,
}

/// The cells of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum SheetCells {
    /// Texts: STRING.
    Text(Vec<Option<String>>),
    /// Integers: INT64.
    Int(Vec<Option<i64>>),
    /// Doubles: DOUBLE.
    Double(Vec<Option<f64>>),
    /// Billionths: DECIMAL(19, 9), exactly.
    Billionths(Vec<Option<i64>>),
    /// Nanoseconds since the Unix epoch: TIMESTAMP in UTC of microseconds, the finest that all
    /// engines read; what is finer is cut off.
    Time(Vec<Option<i64>>),
    /// Truth values: BOOLEAN.
    Bool(Vec<Option<bool>>),
}

/// Why a sheet could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// The columns do not form a table.
    #[error("failed to form a table")]
    Table(#[from] ArrowError),
    /// The encoder failed.
    #[error("failed to write Parquet")]
    Parquet(#[from] ParquetError),
}

const DECIMAL_PRECISION: u8 = 19;
const DECIMAL_SCALE: i8 = 9;
const NANOS_PER_MICRO: i64 = 1_000;

/// The bytes of a Parquet file with these columns, and with texts by key in the file's metadata.
/// The same columns and texts always give the same bytes.
///
/// # Errors
/// When columns differ in length.
pub fn sheet(
    columns: Vec<SheetColumn>,
    metadata: Vec<(String, String)>,
) -> Result<Vec<u8>, SheetError> {
    let mut fields = Vec::with_capacity(columns.len());
    let mut arrays = Vec::with_capacity(columns.len());
    for column in columns {
        let array = column.cells.into_array()?;
        let field = Field::new(column.name, array.data_type().clone(), true);
        let unit = column.unit.map(|unit| ("unit".to_owned(), unit));
        fields.push(field.with_metadata(unit.into_iter().collect::<HashMap<_, _>>()));
        arrays.push(array);
    }
    let schema = Arc::new(Schema::new(fields));
    let options = RecordBatchOptions::new().with_row_count(arrays.first().map(|a| a.len()));
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options)?;
    let metadata = metadata.into_iter();
    let metadata = metadata.map(|(key, value)| KeyValue::new(key, value));
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(crate::encode::CREATED_BY.to_owned())
        .set_key_value_metadata(Some(metadata.collect()))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties))?;
    writer.write(&batch)?;
    Ok(writer.into_inner()?)
}

impl SheetCells {
    fn into_array(self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Text(cells) => Arc::new(StringArray::from(cells)),
            Self::Int(cells) => Arc::new(Int64Array::from(cells)),
            Self::Double(cells) => Arc::new(Float64Array::from(cells)),
            Self::Billionths(cells) => {
                let cells = cells.into_iter().map(|cell| cell.map(i128::from));
                let array: Decimal128Array = cells.collect();
                Arc::new(array.with_precision_and_scale(DECIMAL_PRECISION, DECIMAL_SCALE)?)
            }
            Self::Time(cells) => {
                let cells = cells.into_iter();
                let micros = cells.map(|cell| cell.map(|nanos| nanos.div_euclid(NANOS_PER_MICRO)));
                let array: TimestampMicrosecondArray = micros.collect();
                Arc::new(array.with_timezone("UTC"))
            }
            Self::Bool(cells) => Arc::new(BooleanArray::from(cells)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::cast::AsArray as _;
    use arrow_array::types::{Decimal128Type, TimestampMicrosecondType};
    use bytes::Bytes;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    fn column(name: &str, unit: Option<&str>, cells: SheetCells) -> SheetColumn {
        SheetColumn {
            name: name.to_owned(),
            unit: unit.map(str::to_owned),
            cells,
        }
    }

    #[test]
    fn what_is_written_is_read_back_with_types_and_units() {
        let columns = vec![
            column(
                "agent",
                None,
                SheetCells::Text(vec![Some("a".into()), None]),
            ),
            column(
                "n",
                Some("tokens"),
                SheetCells::Int(vec![None, Some(i64::MIN)]),
            ),
            column(
                "x",
                Some("ms"),
                SheetCells::Double(vec![Some(f64::NAN), None]),
            ),
            column(
                "usd",
                Some("USD"),
                SheetCells::Billionths(vec![Some(i64::MAX), Some(-1)]),
            ),
            column("at", None, SheetCells::Time(vec![Some(-1), Some(1_500)])),
            column("ok", None, SheetCells::Bool(vec![Some(true), None])),
        ];
        let metadata = vec![("otolith.report".to_owned(), "cost".to_owned())];
        let bytes = sheet(columns.clone(), metadata.clone()).unwrap();
        assert_eq!(bytes, sheet(columns, metadata).unwrap());
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).unwrap();
        let texts = reader
            .metadata()
            .file_metadata()
            .key_value_metadata()
            .unwrap();
        assert!(texts.iter().any(|text| text.key == "otolith.report"));
        let batch = reader.build().unwrap().next().unwrap().unwrap();
        let schema = batch.schema();
        let types = schema
            .fields()
            .iter()
            .map(|field| field.data_type().to_string());
        assert_eq!(
            types.collect::<Vec<_>>(),
            [
                "Utf8",
                "Int64",
                "Float64",
                "Decimal128(19, 9)",
                "Timestamp(\u{b5}s, \"UTC\")",
                "Boolean"
            ]
        );
        let units = schema
            .fields()
            .iter()
            .map(|f| f.metadata().get("unit").map(String::as_str));
        assert_eq!(
            units.collect::<Vec<_>>(),
            [None, Some("tokens"), Some("ms"), Some("USD"), None, None]
        );
        assert_eq!(batch.column(0).as_string::<i32>().value(0), "a");
        assert!(batch.column(0).is_null(1) && batch.column(5).is_null(1));
        let money = batch.column(3).as_primitive::<Decimal128Type>();
        assert_eq!(money.values(), &[i128::from(i64::MAX), -1]);
        let times = batch.column(4).as_primitive::<TimestampMicrosecondType>();
        assert_eq!(times.values(), &[-1, 1]);
    }

    #[test]
    fn columns_of_different_lengths_are_no_table() {
        let columns = vec![
            column("a", None, SheetCells::Int(vec![Some(1)])),
            column("b", None, SheetCells::Int(Vec::new())),
        ];
        assert!(matches!(
            sheet(columns, Vec::new()),
            Err(SheetError::Table(_))
        ));
    }
}
