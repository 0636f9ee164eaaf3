//! Columns of texts, and the texts of parts.

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

use crate::part::{ColumnType, Strings, Values};
use crate::value::texts::Texts;

use super::buffer::{Buffer, Gathered};
use super::ends::{item_range, offset, push_offsets};
use super::runs::{Run, Runs};
use super::validity::Validity;

/// Texts that may be null.
#[derive(Debug, Default)]
pub(crate) struct Text {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    valid: Validity,
}

impl Buffer for Text {
    type Value<'a> = Option<&'a str>;
    const TYPE: ColumnType = ColumnType::String;

    fn push(&mut self, value: Option<&str>) {
        self.bytes
            .extend_from_slice(value.unwrap_or_default().as_bytes());
        self.ends.push(self.bytes.len());
        self.valid.push(value.is_some());
    }

    fn truncate(&mut self, rows: usize) {
        self.ends.truncate(rows);
        self.valid.truncate(rows);
        self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
    }

    fn len_bytes(&self) -> usize {
        self.bytes.len() + self.ends.len() * 9
    }

    fn row_bytes(&self, row: usize) -> usize {
        item_range(&self.ends, row..row + 1).len()
    }

    fn gather(buffers: &[&Self], rows: &Runs) -> Gathered {
        let range = |run: Run| item_range(&buffers[run.buffer()].ends, run.rows());
        let len = rows.iter().map(|run| range(run).len()).sum();
        let mut strings = StringsBuilder::with_capacity(rows.row_count(), len);
        for run in rows.iter() {
            let buffer = buffers[run.buffer()];
            strings.push_all(&buffer.bytes, range(run), &buffer.ends[run.rows()]);
        }
        let valid = Validity::gather(|buffer| &buffers[buffer].valid, buffers.len(), rows);
        (Values::String(strings.finish()), valid)
    }
}

/// Builds [`Strings`].
#[derive(Debug)]
pub(crate) struct StringsBuilder {
    strings: Strings,
}

impl StringsBuilder {
    pub(crate) fn with_capacity(rows: usize, len_bytes: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self {
            strings: Strings {
                offsets,
                bytes: Vec::with_capacity(len_bytes),
            },
        }
    }

    /// Appends a text, given as UTF-8.
    pub(crate) fn push(&mut self, text: &[u8]) {
        self.strings.bytes.extend_from_slice(text);
        self.strings.offsets.push(offset(self.strings.bytes.len()));
    }

    /// Appends texts that stand in a range of bytes, given where each ends.
    fn push_all(&mut self, bytes: &[u8], range: Range<usize>, ends: &[usize]) {
        push_offsets(&mut self.strings.offsets, range.start, ends);
        self.strings.bytes.extend_from_slice(&bytes[range]);
    }

    pub(crate) fn finish(self) -> Strings {
        self.strings
    }
}

/// Builds a dictionary of distinct texts, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct DictionaryBuilder(Texts);

impl DictionaryBuilder {
    /// Index of a text.
    pub(crate) fn index(&mut self, text: &str) -> i32 {
        let code = self.0.intern(xxh3_64(text.as_bytes()), text.as_bytes());
        offset(code as usize)
    }

    /// The dictionary; never empty, so that index 0 is valid for null rows too.
    pub(crate) fn finish(self) -> Strings {
        self.0.into_strings()
    }
}
