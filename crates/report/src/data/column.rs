//! The cells of a column.

use super::scalar::Scalar;
use otolith_tables::{Part, PartColumn, Strings, Values};
use std::borrow::Cow;

/// A column of a part.
#[derive(Clone, Copy)]
pub(crate) struct Column<'a>(&'a PartColumn);

impl<'a> Column<'a> {
    pub(crate) fn new(column: &'a PartColumn) -> Self {
        Self(column)
    }

    /// The column of a name, if the part has it.
    pub(crate) fn of(part: &'a Part, name: &str) -> Option<Self> {
        let mut columns = part.columns.iter();
        columns.find(|column| column.field.name == name).map(Self)
    }

    /// True when some row has a value.
    pub(crate) fn has_values(self) -> bool {
        let validity = self.0.validity.as_ref();
        validity.is_none_or(|valid| valid.contains(&true))
    }

    /// Whether a row has a value; lists are none.
    pub(crate) fn is_present(self, row: usize) -> bool {
        let is_list = matches!(
            self.0.values,
            Values::Int64List { .. } | Values::DoubleList { .. }
        );
        !is_list && self.is_valid(row)
    }

    /// The value of a row; none of lists.
    pub(crate) fn get(self, row: usize) -> Option<Scalar<'a>> {
        if !self.is_valid(row) {
            return None;
        }
        match &self.0.values {
            Values::Int64(values) => Some(Scalar::Int(values[row])),
            Values::Double(values) => Some(Scalar::Double(values[row])),
            Values::Boolean(values) => Some(Scalar::Bool(values[row])),
            Values::String(_) | Values::Dictionary { .. } => {
                self.text(row).map(|text| Scalar::Text(Cow::Borrowed(text)))
            }
            Values::Int64List { .. } | Values::DoubleList { .. } => None,
        }
    }

    /// The text of a row; none where the column is not text.
    pub(crate) fn text(self, row: usize) -> Option<&'a str> {
        if !self.is_valid(row) {
            return None;
        }
        match &self.0.values {
            Values::String(strings) => Some(text(strings, row)),
            Values::Dictionary {
                indices,
                dictionary,
            } => Some(text(dictionary, code(indices[row]))),
            _ => None,
        }
    }

    /// The whole number of a row; none where the column has no such.
    pub(crate) fn int(self, row: usize) -> Option<i64> {
        match &self.0.values {
            Values::Int64(values) if self.is_valid(row) => Some(values[row]),
            _ => None,
        }
    }

    /// The number of a row as a double.
    pub(crate) fn double(self, row: usize) -> Option<f64> {
        match &self.0.values {
            Values::Double(values) if self.is_valid(row) => Some(values[row]),
            Values::Int64(values) if self.is_valid(row) => Some(values[row] as f64),
            _ => None,
        }
    }

    /// The truth value of a row.
    pub(crate) fn truth(self, row: usize) -> Option<bool> {
        match &self.0.values {
            Values::Boolean(values) if self.is_valid(row) => Some(values[row]),
            _ => None,
        }
    }

    /// For texts that come as codes: the code of a row, none without a value.
    pub(crate) fn code(self, row: usize) -> Option<usize> {
        match &self.0.values {
            Values::Dictionary { indices, .. } if self.is_valid(row) => Some(code(indices[row])),
            _ => None,
        }
    }

    /// For texts that come as codes: whether each of them passes a test.
    pub(crate) fn codes_that(self, mut test: impl FnMut(&str) -> bool) -> Option<Vec<bool>> {
        match &self.0.values {
            Values::Dictionary { dictionary, .. } => {
                let codes = 0..dictionary.offsets.len().saturating_sub(1);
                Some(codes.map(|code| test(text(dictionary, code))).collect())
            }
            _ => None,
        }
    }

    fn is_valid(self, row: usize) -> bool {
        self.0.validity.as_ref().is_none_or(|valid| valid[row])
    }
}

/// The index that a code is.
fn code(index: i32) -> usize {
    // Codes are never negative.
    index.unsigned_abs() as usize
}

fn text(strings: &Strings, index: usize) -> &str {
    std::str::from_utf8(strings.get(index)).expect("texts are valid between offsets")
}
