//! Attribute columns of items while they are written.

use crate::batch::cells::{Cell, Cells, Kind};
use crate::part::Values;
use crate::schema::buffer::{Gathered, validity};

use super::distinct::Distinct;
use super::text_column::TextColumn;

/// An attribute column of items while it is written, a value per list of attributes; lists without a
/// value are filled up late.
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
    pub(super) fn new(kind: Kind, lists: usize) -> Self {
        Self {
            values: match kind {
                Kind::Boolean => WriterValues::Boolean(Vec::with_capacity(lists)),
                Kind::Int64 => WriterValues::Int64(Vec::with_capacity(lists)),
                Kind::Double => WriterValues::Double(Vec::with_capacity(lists)),
                Kind::String | Kind::Json | Kind::Reserved => {
                    WriterValues::String(TextColumn::with_capacity(lists))
                }
            },
            valid: Vec::with_capacity(lists),
        }
    }

    fn pad(&mut self, lists: usize) {
        if self.valid.len() < lists {
            self.valid.resize(lists, false);
            match &mut self.values {
                WriterValues::String(texts) => texts.pad(lists),
                WriterValues::Boolean(values) => values.resize(lists, false),
                WriterValues::Int64(values) => values.resize(lists, 0),
                WriterValues::Double(values) => values.resize(lists, 0.0),
            }
        }
    }

    /// Sets the value of a list that so many rows have; false if it has one already, because an item
    /// repeats a key.
    #[inline(always)]
    pub(super) fn push(
        &mut self,
        (list, rows): (usize, u32),
        (buffer, cells): (u32, &Cells),
        cell: Cell,
    ) -> bool {
        if self.valid.len() > list {
            return false;
        }
        self.pad(list);
        self.valid.push(true);
        match &mut self.values {
            WriterValues::String(texts) => texts.push(buffer, cells, cell, rows),
            WriterValues::Boolean(values) => values.push(cell.boolean()),
            WriterValues::Int64(values) => values.push(cell.int()),
            WriterValues::Double(values) => values.push(cell.double()),
        }
        true
    }

    /// The column of the rows that have the lists.
    pub(super) fn finish(mut self, lists: &Distinct) -> Gathered {
        self.pad(lists.numbers.len());
        let valid = match self.valid.contains(&false) {
            true => lists.spread_owned(self.valid),
            false => vec![true; lists.of_row.len()],
        };
        let values = match self.values {
            WriterValues::String(texts) => texts.finish(&valid, lists),
            WriterValues::Boolean(values) => Values::Boolean(lists.spread_owned(values)),
            WriterValues::Int64(values) => Values::Int64(lists.spread_owned(values)),
            WriterValues::Double(values) => Values::Double(lists.spread_owned(values)),
        };
        (values, validity(valid))
    }
}
