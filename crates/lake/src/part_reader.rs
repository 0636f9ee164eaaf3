//! Some columns of a file, row group by row group.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field as ArrowField, Schema, SchemaRef};
use otolith_tables::{
    ColumnType, DatabaseName, Field, Layout, Part, PartColumn, Strings, Table, Values, base_fields,
};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, RowGroups as _, RowSelection};
use parquet::arrow::{ProjectionMask, parquet_to_arrow_field_levels, parquet_to_arrow_schema};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::statistics::Statistics;

use crate::decode::{Columns, failed};
use crate::error::LakeError;
use crate::field::from_arrow;
use crate::positioned::Positioned;
use crate::row_group::RowGroup;

/// Reads a file of a table piece by piece: row groups, and of them some columns and some rows.
/// Nothing of it is kept in memory but what the file says of itself. Threads may share a reader.
pub struct PartReader {
    path: PathBuf,
    file: Positioned,
    metadata: ParquetMetaData,
    /// Its columns as the file has them.
    schema: SchemaRef,
    /// Its columns as they are read.
    coded: Schema,
    database: DatabaseName,
    table: Table,
    date: i32,
}

impl PartReader {
    pub(crate) fn open(
        path: &Path,
        (database, table, date): (DatabaseName, Table, i32),
    ) -> Result<Self, LakeError> {
        let file = File::open(path).and_then(Positioned::new);
        let file = file.map_err(LakeError::io("open", path))?;
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&file);
        let metadata = metadata.map_err(failed(path))?;
        let about = metadata.file_metadata();
        let schema = parquet_to_arrow_schema(about.schema_descr(), about.key_value_metadata());
        let schema = schema.map_err(failed(path))?;
        Ok(Self {
            path: path.to_owned(),
            metadata,
            coded: with_codes(&schema, table, path),
            schema: Arc::new(schema),
            file,
            database,
            table,
            date,
        })
    }

    /// Number of row groups: at least one for a file with rows.
    pub fn group_count(&self) -> usize {
        self.metadata.num_row_groups()
    }

    /// Reads some columns of a row group, as far as it has values of them, in the order of the file;
    /// of the rows those that `rows` says, all if it is none. Texts that repeat come as a
    /// dictionary. Columns without any value in the row group are left out, and those of one text
    /// are not decoded: that costs as much as decoding values, and columns of small files cost a
    /// context of zstd each.
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
        // In one batch: a dictionary comes once.
        self.batches(group, columns, rows, usize::MAX)?.whole()
    }

    /// Reads as [`read`](Self::read) does, but hands out some rows after the other, at most
    /// `batch_rows` at a time. So many rows as fit the cache cost a fraction of what a row group costs:
    /// memory that is used again at once is never given back to the kernel. Each batch has
    /// dictionaries of its own.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or one of the columns is of a type that no table has.
    pub fn batches(
        &self,
        group: usize,
        columns: &[&str],
        rows: Option<&[bool]>,
        batch_rows: usize,
    ) -> Result<Batches, LakeError> {
        let base = base_fields(self.table);
        let (mut roots, mut fields): (Vec<usize>, Vec<Field>) = (Vec::new(), Vec::new());
        let mut known: Vec<(usize, PartColumn)> = Vec::new();
        for (index, field) in self.schema.fields().iter().enumerate() {
            if !columns.contains(&field.name().as_str()) {
                continue;
            }
            match self.content(group, field.name()) {
                Content::Nothing => {}
                Content::One(text) => {
                    let field = from_arrow(field, &base, &self.path)?;
                    known.push((fields.len() + known.len(), constant(field, text)));
                }
                Content::Many => {
                    fields.push(from_arrow(field, &base, &self.path)?);
                    roots.push(index);
                }
            }
        }
        let about = self.metadata.file_metadata().schema_descr();
        let mask = ProjectionMask::roots(about, roots);
        let levels = parquet_to_arrow_field_levels(about, mask, Some(self.coded.fields()));
        let levels = levels.map_err(failed(&self.path))?;
        let group = RowGroup {
            file: &self.file,
            metadata: &self.metadata,
            number: group,
        };
        let rows = rows.map(|rows| {
            let rows = BooleanArray::from(rows.to_vec());
            RowSelection::from_filters(&[rows])
        });
        let batch_rows = group.num_rows().clamp(1, batch_rows.max(1));
        let reader =
            ParquetRecordBatchReader::try_new_with_row_groups(&levels, &group, batch_rows, rows);
        Ok(Batches {
            reader: reader.map_err(failed(&self.path))?,
            fields,
            known,
            path: self.path.clone(),
            database: self.database.clone(),
            table: self.table,
            date: self.date,
        })
    }

    /// The text that every row of a row group has in a column, if the file says so.
    pub fn only_text(&self, group: usize, column: &str) -> Option<&str> {
        match self.content(group, column) {
            Content::One(text) => Some(text),
            Content::Nothing | Content::Many => None,
        }
    }

    /// What the file says of a column of a row group.
    fn content(&self, group: usize, name: &str) -> Content<'_> {
        let group = self.metadata.row_group(group);
        let mut chunks = group.columns().iter();
        let chunk = chunks.find(|chunk| chunk.column_path().parts() == [name]);
        let Some(statistics) = chunk.and_then(|chunk| chunk.statistics()) else {
            return Content::Many;
        };
        let Some(nulls) = statistics.null_count_opt() else {
            return Content::Many;
        };
        if i64::try_from(nulls) == Ok(group.num_rows()) {
            return Content::Nothing;
        }
        let is_coded = self.coded.field_with_name(name);
        let is_coded = is_coded.is_ok_and(|f| matches!(f.data_type(), DataType::Dictionary(..)));
        if let Statistics::ByteArray(of_texts) = statistics
            && (is_coded, nulls) == (true, 0)
            // Long texts are cut short in statistics.
            && (of_texts.min_is_exact(), of_texts.max_is_exact()) == (true, true)
            && let (Some(least), Some(greatest)) = (of_texts.min_opt(), of_texts.max_opt())
            && least == greatest
            && let Ok(text) = std::str::from_utf8(least.data())
        {
            return Content::One(text);
        }
        Content::Many
    }
}

/// Rows of a row group, some after the other.
pub struct Batches {
    reader: ParquetRecordBatchReader,
    /// The columns that are decoded.
    fields: Vec<Field>,
    /// Columns that need not be, without their rows, and their places among all.
    known: Vec<(usize, PartColumn)>,
    path: PathBuf,
    database: DatabaseName,
    table: Table,
    date: i32,
}

impl Batches {
    /// All rows that are left.
    fn whole(mut self) -> Result<Part, LakeError> {
        let mut read = Columns::new(&self.fields);
        while let Some(batch) = self.reader.next() {
            self.append(batch, &mut read)?;
        }
        Ok(self.part(read))
    }

    fn append(
        &self,
        batch: Result<RecordBatch, ArrowError>,
        read: &mut Columns,
    ) -> Result<(), LakeError> {
        let batch = batch.map_err(|source| failed(&self.path)(source.into()))?;
        read.append(batch).map_err(failed(&self.path))
    }

    fn part(&self, read: Columns) -> Part {
        let row_count = read.row_count;
        let mut columns = read.finish();
        for (place, column) in &self.known {
            let mut column = column.clone();
            if let Values::Dictionary { indices, .. } = &mut column.values {
                indices.resize(row_count, 0);
            }
            columns.insert(*place, column);
        }
        Part {
            database: self.database.clone(),
            table: self.table,
            date: self.date,
            row_count,
            columns,
        }
    }
}

impl Iterator for Batches {
    type Item = Result<Part, LakeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.reader.next()?;
        let mut read = Columns::new(&self.fields);
        Some(match self.append(batch, &mut read) {
            Ok(()) => Ok(self.part(read)),
            Err(error) => Err(error),
        })
    }
}

/// What there is of a column in a row group.
enum Content<'a> {
    /// Nulls alone.
    Nothing,
    /// The same text in every row, which need not be read.
    One(&'a str),
    Many,
}

/// A column with the same text in every row; the rows are missing yet.
fn constant(field: Field, text: &str) -> PartColumn {
    let mut dictionary = Strings::empty();
    dictionary.bytes.extend_from_slice(text.as_bytes());
    // Statistics hold no long texts.
    let end = i32::try_from(text.len()).unwrap_or(i32::MAX);
    dictionary.offsets.push(end);
    PartColumn {
        field,
        values: Values::Dictionary {
            indices: Vec::new(),
            dictionary,
        },
        validity: None,
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
