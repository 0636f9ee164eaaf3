//! Rows of a row group, some after the other.

use std::path::PathBuf;

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use otolith_tables::{DatabaseName, Field, Part, PartColumn, Table, Values};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use crate::decode::{Columns, failed};
use crate::error::LakeError;

/// Rows of a row group, some after the other.
pub struct Batches(pub(crate) Rows);

/// Where rows come from.
pub(crate) enum Rows {
    /// They are there, as they are few; none if they were handed out.
    Few(Option<Part>),
    Many(ByLibrary),
}

impl Iterator for Batches {
    type Item = Result<Part, LakeError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Rows::Few(part) => part.take().filter(|part| part.row_count > 0).map(Ok),
            Rows::Many(rows) => rows.next(),
        }
    }
}

/// Rows that the library reads.
pub(crate) struct ByLibrary {
    pub(crate) reader: ParquetRecordBatchReader,
    /// The columns that are decoded.
    pub(crate) fields: Vec<Field>,
    /// Columns that need not be, without their rows, and their places among all.
    pub(crate) known: Vec<(usize, PartColumn)>,
    pub(crate) path: PathBuf,
    pub(crate) database: DatabaseName,
    pub(crate) table: Table,
    pub(crate) date: i32,
}

impl ByLibrary {
    /// All rows that are left.
    pub(crate) fn whole(mut self) -> Result<Part, LakeError> {
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

impl Iterator for ByLibrary {
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
