//! Columns of enumerations.

use std::borrow::Cow;
use std::collections::HashMap;
use std::marker::PhantomData;

use crate::part::{ColumnType, Values};

use super::buffer::{Buffer, Gathered, Nullable, validity};
use super::runs::Runs;
use super::strings::DictionaryBuilder;

/// An enumeration.
pub(crate) trait Names {
    /// The short names of its numbers from 0.
    const NAMES: &'static [&'static str];
}

/// The short name of a number, or the number as text.
pub(crate) fn name<N: Names>(code: i32) -> Cow<'static, str> {
    usize::try_from(code)
        .ok()
        .and_then(|index| N::NAMES.get(index))
        .map_or_else(|| Cow::Owned(code.to_string()), |name| Cow::Borrowed(*name))
}

/// The number of a text made by [`name`].
pub(crate) fn code<N: Names>(name: &str) -> Option<i32> {
    match N::NAMES.iter().position(|known| *known == name) {
        Some(index) => i32::try_from(index).ok(),
        None => name.parse().ok(),
    }
}

/// Enumeration values, written by name.
#[derive(Debug)]
pub(crate) struct Codes<N> {
    codes: Nullable<i32>,
    names: PhantomData<N>,
}

impl<N> Default for Codes<N> {
    fn default() -> Self {
        Self {
            codes: Nullable::default(),
            names: PhantomData,
        }
    }
}

impl<N: Names> Buffer for Codes<N> {
    type Value<'a> = Option<i32>;
    const TYPE: ColumnType = ColumnType::String;

    fn push(&mut self, value: Option<i32>) {
        self.codes.push(value);
    }

    fn truncate(&mut self, rows: usize) {
        self.codes.truncate(rows);
    }

    fn len_bytes(&self) -> usize {
        self.codes.len_bytes()
    }

    fn gather(buffers: &[&Self], rows: &Runs) -> Gathered {
        let mut dictionary = DictionaryBuilder::default();
        let mut known = HashMap::new();
        let mut last = None;
        let mut indices = Vec::with_capacity(rows.row_count());
        let mut valid = Vec::with_capacity(rows.row_count());
        let codes = rows.iter().flat_map(|run| {
            let codes = &buffers[run.buffer()].codes;
            run.rows().map(|row| codes.at(row))
        });
        for code in codes {
            valid.push(code.is_some());
            // Most rows say what the one before says.
            let index = match (code, last) {
                (None, _) => 0,
                (Some(code), Some((same, index))) if same == code => index,
                (Some(code), _) => *known
                    .entry(code)
                    .or_insert_with(|| dictionary.index(&name::<N>(code))),
            };
            last = code.map(|code| (code, index)).or(last);
            indices.push(index);
        }
        let dictionary = dictionary.finish();
        (
            Values::Dictionary {
                indices,
                dictionary,
            },
            validity(valid),
        )
    }
}
