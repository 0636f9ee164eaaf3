//! Some columns of a file, row group by row group.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::BooleanArray;
use arrow_schema::{DataType, Field as ArrowField, Schema, SchemaRef};
use otolith_tables::{ColumnType, DatabaseName, Field, Layout, Part, Table, base_fields};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};

use crate::decode::{Columns, failed};
use crate::error::LakeError;
use crate::field::from_arrow;

/// Reads a file of a table piece by piece: row groups, and of them some columns and some rows.
/// Nothing of it is kept in memory but what the file says of itself.
pub struct PartReader {
    path: PathBuf,
    file: File,
    metadata: ArrowReaderMetadata,
    /// Its columns as the file has them.
    schema: SchemaRef,
    database: DatabaseName,
    table: Table,
    date: i32,
}

impl PartReader {
    pub(crate) fn open(
        path: &Path,
        (database, table, date): (DatabaseName, Table, i32),
    ) -> Result<Self, LakeError> {
        let file = File::open(path).map_err(LakeError::io("open", path))?;
        let read = |options| ArrowReaderMetadata::load(&file, options).map_err(failed(path));
        let plain = read(ArrowReaderOptions::new())?;
        let schema = Arc::clone(plain.schema());
        let codes = with_codes(&schema, table, path);
        let options = ArrowReaderOptions::new().with_schema(Arc::new(codes));
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options);
        Ok(Self {
            path: path.to_owned(),
            metadata: metadata.map_err(failed(path))?,
            file,
            schema,
            database,
            table,
            date,
        })
    }

    /// Number of row groups: at least one for a file with rows.
    pub fn group_count(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// Reads some columns of a row group, as far as it has values of them, in the order of the file;
    /// of the rows those that `rows` says, all if it is none. Texts that repeat come as a
    /// dictionary. Columns without any value in the row group are left out: decoding rows of nulls
    /// costs as much as decoding values.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or one of the columns is of a type that no table has.
    pub fn read(
        &self,
        group: usize,
        columns: &[&str],
        rows: Option<&[bool]>,
    ) -> Result<Part, LakeError> {
        let base = base_fields(self.table);
        let (mut roots, mut fields): (Vec<usize>, Vec<Field>) = (Vec::new(), Vec::new());
        for (index, field) in self.schema.fields().iter().enumerate() {
            if columns.contains(&field.name().as_str()) && !self.is_null(group, field.name()) {
                fields.push(from_arrow(field, &base, &self.path)?);
                roots.push(index);
            }
        }
        let file = self.file.try_clone();
        let file = file.map_err(LakeError::io("open", &self.path))?;
        let metadata = self.metadata.clone();
        let group_rows = metadata.metadata().row_group(group).num_rows();
        let mask = ProjectionMask::roots(metadata.parquet_schema(), roots);
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
            .with_row_groups(vec![group])
            .with_projection(mask)
            // In one batch: a dictionary comes once.
            .with_batch_size(usize::try_from(group_rows).unwrap_or(usize::MAX).max(1));
        if let Some(rows) = rows {
            let rows = BooleanArray::from(rows.to_vec());
            builder = builder.with_row_selection(RowSelection::from_filters(&[rows]));
        }
        let mut read = Columns::new(&fields);
        for batch in builder.build().map_err(failed(&self.path))? {
            let batch = batch.map_err(|source| failed(&self.path)(source.into()))?;
            read.append(&batch).map_err(failed(&self.path))?;
        }
        Ok(Part {
            database: self.database.clone(),
            table: self.table,
            date: self.date,
            row_count: read.row_count,
            columns: read.finish(),
        })
    }

    /// Whether the file says that no row of a group has a value.
    fn is_null(&self, group: usize, name: &str) -> bool {
        let group = self.metadata.metadata().row_group(group);
        let mut chunks = group.columns().iter();
        let chunk = chunks.find(|chunk| chunk.column_path().parts() == [name]);
        let nulls = chunk.and_then(|chunk| chunk.statistics()?.null_count_opt());
        nulls.is_some_and(|nulls| i64::try_from(nulls) == Ok(group.num_rows()))
    }
}

/// The schema to read a file with: columns whose texts repeat as dictionaries.
fn with_codes(schema: &Schema, table: Table, path: &Path) -> Schema {
    let base = base_fields(table);
    let repeats = |field: &ArrowField| {
        let field = from_arrow(field, &base, path);
        field.is_ok_and(|f| f.r#type == ColumnType::String && f.layout == Layout::Repeating)
    };
    let codes = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let fields = schema.fields().iter().map(|field| match repeats(field) {
        true => Arc::new(field.as_ref().clone().with_data_type(codes.clone())),
        false => Arc::clone(field),
    });
    Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone())
}
