//! Attribute columns of items while they are written.

use crate::batch::cells::{Cell, Cells, Kind};
use crate::part::Values;
use crate::schema::buffer::{Gathered, validity};

use super::text_column::TextColumn;

/// An attribute column of items while it is written; rows without a value are filled up late.
#[derive(Debug)]
pub(super) struct Writer {
    values: WriterValues,
    valid: Vec<bool>,
}

#[derive(Debug)]
enum WriterValues {
    String(TextColumn),
    Boolean(Vec<bool>),
    Int64(Vec<i64>),
    Double(Vec<f64>),
}

impl Writer {
    pub(super) fn new(kind: Kind, rows: usize) -> Self {
        Self {
            values: match kind {
                Kind::Boolean => WriterValues::Boolean(Vec::with_capacity(rows)),
                Kind::Int64 => WriterValues::Int64(Vec::with_capacity(rows)),
                Kind::Double => WriterValues::Double(Vec::with_capacity(rows)),
                Kind::String | Kind::Json | Kind::Reserved => {
                    WriterValues::String(TextColumn::with_capacity(rows))
                }
            },
            valid: Vec::with_capacity(rows),
        }
    }

    fn pad(&mut self, rows: usize) {
        if self.valid.len() < rows {
            self.valid.resize(rows, false);
            match &mut self.values {
                WriterValues::String(texts) => texts.pad(rows),
                WriterValues::Boolean(values) => values.resize(rows, false),
                WriterValues::Int64(values) => values.resize(rows, 0),
                WriterValues::Double(values) => values.resize(rows, 0.0),
            }
        }
    }

    /// Sets the value of a row; false if it has one already, because the item repeats a key.
    pub(super) fn push(&mut self, row: usize, buffer: u32, cells: &Cells, cell: Cell) -> bool {
        if self.valid.len() > row {
            return false;
        }
        self.pad(row);
        self.valid.push(true);
        match &mut self.values {
            WriterValues::String(texts) => texts.push(buffer, cells, cell),
            WriterValues::Boolean(values) => values.push(cell.boolean()),
            WriterValues::Int64(values) => values.push(cell.int()),
            WriterValues::Double(values) => values.push(cell.double()),
        }
        true
    }

    pub(super) fn finish(mut self, rows: usize) -> Gathered {
        self.pad(rows);
        let values = match self.values {
            WriterValues::String(texts) => texts.finish(&self.valid),
            WriterValues::Boolean(values) => Values::Boolean(values),
            WriterValues::Int64(values) => Values::Int64(values),
            WriterValues::Double(values) => Values::Double(values),
        };
        (values, validity(self.valid))
    }
}
