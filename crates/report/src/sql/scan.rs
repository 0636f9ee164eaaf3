//! Tables of a lake as lazy frames, and the border behind which polars may fail or panic.

use crate::error::ReportError;
use otolith_lake::TableInfo;
use otolith_tables::ColumnType;
use polars::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The column that stands for the directories of the partitions.
pub(super) const DATE: &str = "date";

/// The type of a column in a frame.
pub(super) fn data_type(r#type: ColumnType) -> DataType {
    match r#type {
        ColumnType::Timestamp => DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)),
        ColumnType::Int64 => DataType::Int64,
        ColumnType::Double => DataType::Float64,
        ColumnType::String => DataType::String,
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Int64List => DataType::List(Box::new(DataType::Int64)),
        ColumnType::DoubleList => DataType::List(Box::new(DataType::Float64)),
    }
}

/// Scans all parts of a table: its columns in order, then `date`.
///
/// Columns that a part lacks are null there. Nothing is read yet.
pub(super) fn scan(info: &TableInfo) -> Result<LazyFrame, ReportError> {
    let fields = info.fields.iter();
    let schema: Schema = fields
        .map(|field| Field::new(field.name.as_str().into(), data_type(field.r#type)))
        .collect();
    let paths: Vec<PlRefPath> = info
        .parts
        .iter()
        .map(|part| PlRefPath::try_from_path(&part.path))
        .collect::<PolarsResult<_>>()
        .map_err(|source| scan_error(info, source))?;
    // polars reads every directory above the files that looks like `key=value`; those above the
    // lake mean nothing here.
    let mut partitions = Schema::default();
    for part in info.parts.iter().take(1) {
        for directory in part.path.components() {
            let text = directory.as_os_str().to_string_lossy();
            if let Some((key, _)) = text.split_once('=') {
                partitions.with_column(key.into(), DataType::String);
            }
        }
    }
    partitions.with_column(DATE.into(), DataType::Date);
    let columns: Vec<Expr> = schema.iter_names().map(|name| col(name.clone())).collect();
    let arguments = ScanArgsParquet {
        schema: Some(Arc::new(schema)),
        allow_missing_columns: true,
        glob: false,
        hive_options: HiveOptions {
            enabled: Some(true),
            hive_start_idx: 0,
            schema: Some(Arc::new(partitions)),
            try_parse_dates: true,
        },
        ..ScanArgsParquet::default()
    };
    let frame = guard(|| LazyFrame::scan_parquet_files(paths.into(), arguments))?
        .map_err(|source| scan_error(info, source))?;
    Ok(frame.select([columns, vec![col(DATE)]].concat()))
}

/// Runs a frame to its end.
pub(super) fn collect(info: &TableInfo, frame: LazyFrame) -> Result<DataFrame, ReportError> {
    guard(|| frame.collect())?.map_err(|source| scan_error(info, source))
}

fn scan_error(info: &TableInfo, source: PolarsError) -> ReportError {
    ReportError::Scan {
        table: qualified(info),
        source,
    }
}

/// `database.table`.
pub(super) fn qualified(info: &TableInfo) -> String {
    format!("{}.{}", info.database, info.table)
}

/// Runs something of polars; a panic becomes an error.
pub(super) fn guard<T>(work: impl FnOnce() -> T) -> Result<T, ReportError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        ReportError::Engine {
            message: text.unwrap_or_else(|| "no message".to_owned()),
        }
    })
}
