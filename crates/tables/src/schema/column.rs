//! Reading: a column of a part, and its cells as what the row buffers took.

use crate::part::{ColumnType, Part, PartColumn, Strings, Values};
use crate::restore::{Fault, RestoreError};

use super::buffer::{Buffer, Double, Int, Micros};
use super::codes::{Codes, Names, code};
use super::ids::Ids;
use super::number_lists::{Doubles, Ints};
use super::strings::Text;

/// A base column of a part; all null if the part lacks it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column<'a> {
    pub name: &'static str,
    found: Option<&'a PartColumn>,
}

impl<'a> Column<'a> {
    /// Looks for a column.
    ///
    /// # Errors
    ///
    /// If it has another type.
    pub(crate) fn find(
        part: &'a Part,
        name: &'static str,
        r#type: ColumnType,
    ) -> Result<Self, RestoreError> {
        let found = part.columns.iter().find(|column| column.field.name == name);
        match found.map(|column| column.field.r#type) {
            Some(other) if other != r#type => Err(RestoreError::ColumnType {
                table: part.table,
                column: name,
                expected: r#type,
                found: other,
            }),
            _ => Ok(Self { name, found }),
        }
    }

    /// Looks for a column that must be there.
    ///
    /// # Errors
    ///
    /// If it is missing or has another type.
    pub(crate) fn require(
        part: &'a Part,
        name: &'static str,
        r#type: ColumnType,
    ) -> Result<Self, RestoreError> {
        let column = Self::find(part, name, r#type)?;
        match column.found {
            Some(_) => Ok(column),
            None => Err(RestoreError::MissingColumn {
                table: part.table,
                column: name,
            }),
        }
    }

    fn cell(&self, row: usize) -> Option<Cell<'a>> {
        cell(self.found?, row)
    }

    pub(crate) fn int(&self, row: usize) -> Option<i64> {
        match self.cell(row)? {
            Cell::Int(int) => Some(int),
            _ => None,
        }
    }

    pub(crate) fn double(&self, row: usize) -> Option<f64> {
        match self.cell(row)? {
            Cell::Double(double) => Some(double),
            _ => None,
        }
    }

    pub(crate) fn boolean(&self, row: usize) -> Option<bool> {
        match self.cell(row)? {
            Cell::Bool(truth) => Some(truth),
            _ => None,
        }
    }

    pub(crate) fn text(&self, row: usize) -> Option<&'a str> {
        match self.cell(row)? {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    /// True if two rows have the same value.
    pub(crate) fn is_same(&self, one: usize, other: usize) -> bool {
        self.found.is_none_or(|column| is_same(column, one, other))
    }

    /// A fault of this column.
    pub(crate) fn fault(&self, reason: &'static str) -> Fault {
        Fault {
            column: self.name,
            reason,
        }
    }
}

/// A value of a part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cell<'a> {
    Int(i64),
    Double(f64),
    Bool(bool),
    Text(&'a str),
    Ints(&'a [i64]),
    Doubles(&'a [f64]),
}

/// The value of a row, `None` if it is null.
pub(crate) fn cell(column: &PartColumn, row: usize) -> Option<Cell<'_>> {
    if let Some(validity) = &column.validity
        && !*validity.get(row)?
    {
        return None;
    }
    match &column.values {
        Values::Int64(values) => values.get(row).copied().map(Cell::Int),
        Values::Double(values) => values.get(row).copied().map(Cell::Double),
        Values::Boolean(values) => values.get(row).copied().map(Cell::Bool),
        Values::String(strings) => text(strings, row),
        Values::Dictionary {
            indices,
            dictionary,
        } => text(dictionary, usize::try_from(*indices.get(row)?).ok()?),
        Values::Int64List { offsets, items } => slice(offsets, items, row).map(Cell::Ints),
        Values::DoubleList { offsets, items } => slice(offsets, items, row).map(Cell::Doubles),
    }
}

/// True if two rows have the same value; of doubles, the same bits.
pub(crate) fn is_same(column: &PartColumn, one: usize, other: usize) -> bool {
    match (cell(column, one), cell(column, other)) {
        (Some(Cell::Double(one)), Some(Cell::Double(other))) => one.to_bits() == other.to_bits(),
        (one, other) => one == other,
    }
}

fn text(strings: &Strings, index: usize) -> Option<Cell<'_>> {
    let bytes = slice(&strings.offsets, &strings.bytes, index)?;
    std::str::from_utf8(bytes).ok().map(Cell::Text)
}

fn slice<'a, T>(offsets: &[i32], items: &'a [T], index: usize) -> Option<&'a [T]> {
    let offset = |index: usize| usize::try_from(*offsets.get(index)?).ok();
    items.get(offset(index)?..offset(index + 1)?)
}

/// A buffer whose values can be read from a part again.
pub(crate) trait Readable: Buffer {
    /// What was pushed for a row; `None` as well for what is the same, such as an empty text.
    fn read<'a>(column: &Column<'a>, row: usize) -> Result<Self::Value<'a>, Fault>;
}

impl Readable for Micros {
    fn read(column: &Column<'_>, row: usize) -> Result<Option<i64>, Fault> {
        Ok(column.int(row))
    }
}

impl Readable for Int {
    fn read(column: &Column<'_>, row: usize) -> Result<Option<i64>, Fault> {
        Ok(column.int(row))
    }
}

impl Readable for Double {
    fn read(column: &Column<'_>, row: usize) -> Result<Option<f64>, Fault> {
        Ok(column.double(row))
    }
}

impl Readable for Text {
    fn read<'a>(column: &Column<'a>, row: usize) -> Result<Option<&'a str>, Fault> {
        Ok(column.text(row))
    }
}

impl<const N: usize> Readable for Ids<N> {
    fn read(column: &Column<'_>, row: usize) -> Result<Option<[u8; N]>, Fault> {
        let Some(hex) = column.text(row) else {
            return Ok(None);
        };
        let id = id(hex).ok_or_else(|| column.fault("expected an id in hex digits"))?;
        Ok((id != [0; N]).then_some(id))
    }
}

fn id<const N: usize>(hex: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, []) = hex.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let mut id = [0; N];
    if pairs.len() != N {
        return None;
    }
    for (byte, [high, low]) in id.iter_mut().zip(pairs) {
        *byte = u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()?;
    }
    Some(id)
}

impl<N: Names> Readable for Codes<N> {
    fn read(column: &Column<'_>, row: usize) -> Result<Option<i32>, Fault> {
        let Some(name) = column.text(row) else {
            return Ok(None);
        };
        match code::<N>(name) {
            Some(code) => Ok(Some(code)),
            None => Err(column.fault("expected one of the names, or a number")),
        }
    }
}

impl Readable for Ints {
    fn read<'a>(column: &Column<'a>, row: usize) -> Result<Option<&'a [i64]>, Fault> {
        Ok(match column.cell(row) {
            Some(Cell::Ints(ints)) => Some(ints),
            _ => None,
        })
    }
}

impl Readable for Doubles {
    fn read<'a>(column: &Column<'a>, row: usize) -> Result<Option<&'a [f64]>, Fault> {
        Ok(match column.cell(row) {
            Some(Cell::Doubles(doubles)) => Some(doubles),
            _ => None,
        })
    }
}
