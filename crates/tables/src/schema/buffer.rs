//! Row buffers: one column of one table while its rows are collected, and the gathering of chosen
//! rows out of several buffers into the values of a part.

use std::borrow::Cow;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::ops::Range;

use otolith_otlp::{SpanId, TraceId};
use xxhash_rust::xxh3::xxh3_64;

use crate::part::{ColumnType, Strings, Values};
use crate::value::texts::Texts;

use super::runs::{Run, Runs};
use super::validity::Validity;

/// Gathered values and their validity, as in [`crate::PartColumn`].
pub(crate) type Gathered = (Values, Option<Vec<bool>>);

/// A growing column.
pub(crate) trait Buffer: Default {
    /// What a row gives.
    type Value<'a>;
    /// Type of the column.
    const TYPE: ColumnType;

    fn push(&mut self, value: Self::Value<'_>);
    /// Forgets all rows from `rows` on.
    fn truncate(&mut self, rows: usize);
    /// Bytes of all values.
    fn len_bytes(&self) -> usize;
    /// Bytes of variable length in a row.
    fn row_bytes(&self, _row: usize) -> usize {
        0
    }
    /// The values of the rows, in the order of `rows`.
    fn gather(buffers: &[&Self], rows: &Runs) -> Gathered;
}

/// The validity of a part's column: `None` when every row has a value.
pub(crate) fn validity(valid: Vec<bool>) -> Option<Vec<bool>> {
    valid.contains(&false).then_some(valid)
}

/// An offset of a part's column. Parts are split long before an offset outgrows its type.
pub(crate) fn offset(len: usize) -> i32 {
    i32::try_from(len).expect("parts are split below the largest offset")
}

/// Fixed-size values that may be null.
#[derive(Debug)]
struct Nullable<T> {
    values: Vec<T>,
    valid: Validity,
}

impl<T> Default for Nullable<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            valid: Validity::default(),
        }
    }
}

impl<T: Copy + Default> Nullable<T> {
    #[inline(always)]
    fn push(&mut self, value: Option<T>) {
        self.values.push(value.unwrap_or_default());
        self.valid.push(value.is_some());
    }

    fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
        self.valid.truncate(rows);
    }

    fn len_bytes(&self) -> usize {
        self.values.len() * (size_of::<T>() + 1)
    }

    fn at(&self, row: usize) -> Option<T> {
        self.valid.at(row).then(|| self.values[row])
    }
}

fn gather_fixed<T: Copy + Default>(
    buffers: &[&Nullable<T>],
    rows: &Runs,
) -> (Vec<T>, Option<Vec<bool>>) {
    let mut values = Vec::with_capacity(rows.row_count());
    for run in rows.iter() {
        values.extend_from_slice(&buffers[run.buffer()].values[run.rows()]);
    }
    let valid = Validity::gather(|buffer| &buffers[buffer].valid, buffers.len(), rows);
    (values, valid)
}

macro_rules! fixed_buffer {
    ($(#[$doc:meta])* $name:ident, $value:ty, $type:ident, $values:ident) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(crate) struct $name(Nullable<$value>);

        impl Buffer for $name {
            type Value<'a> = Option<$value>;
            const TYPE: ColumnType = ColumnType::$type;

            fn push(&mut self, value: Option<$value>) {
                self.0.push(value);
            }
            fn truncate(&mut self, rows: usize) {
                self.0.truncate(rows);
            }
            fn len_bytes(&self) -> usize {
                self.0.len_bytes()
            }
            fn gather(buffers: &[&Self], rows: &Runs) -> Gathered {
                let buffers: Vec<_> = buffers.iter().map(|buffer| &buffer.0).collect();
                let (values, valid) = gather_fixed(&buffers, rows);
                (Values::$values(values), valid)
            }
        }
    };
}

fixed_buffer!(
    /// Microseconds since the epoch.
    Micros, i64, Timestamp, Int64
);
fixed_buffer!(
    /// Integers.
    Int, i64, Int64, Int64
);
fixed_buffer!(
    /// Doubles.
    Double, f64, Double, Double
);

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

/// Where the bytes or items of rows are, given where each ends.
fn item_range(ends: &[usize], rows: Range<usize>) -> Range<usize> {
    let end = |row: usize| row.checked_sub(1).map_or(0, |before| ends[before]);
    end(rows.start)..end(rows.end)
}

/// Appends the offsets of rows, given where the first one begins and each ends.
fn push_offsets(offsets: &mut Vec<i32>, start: usize, ends: &[usize]) {
    let before = offsets.last().copied().unwrap_or(0);
    if let Some(end) = ends.last() {
        // So all before it are, too.
        let _ = offset(before.unsigned_abs() as usize + end - start);
    }
    offsets.extend(ends.iter().map(|end| before + (end - start) as i32));
}

/// Ids as bytes, written in lower-case hex. All zero is null.
#[derive(Debug)]
pub(crate) struct Ids<const N: usize> {
    values: Vec<[u8; N]>,
}

/// Trace ids.
pub(crate) type TraceIds = Ids<{ size_of::<TraceId>() }>;
/// Span ids.
pub(crate) type SpanIds = Ids<{ size_of::<SpanId>() }>;

impl<const N: usize> Default for Ids<N> {
    fn default() -> Self {
        Self { values: Vec::new() }
    }
}

impl<const N: usize> Buffer for Ids<N> {
    type Value<'a> = Option<[u8; N]>;
    const TYPE: ColumnType = ColumnType::String;

    fn push(&mut self, value: Option<[u8; N]>) {
        self.values.push(value.unwrap_or([0; N]));
    }

    fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
    }

    fn len_bytes(&self) -> usize {
        self.values.len() * N
    }

    fn gather(buffers: &[&Self], rows: &Runs) -> Gathered {
        let count = rows.row_count();
        let mut strings = StringsBuilder::with_capacity(count, count * N * 2);
        let mut valid = Vec::with_capacity(count);
        let mut hex = vec![[0; 2]; N];
        let ids = rows.iter();
        for id in ids.flat_map(|run| &buffers[run.buffer()].values[run.rows()]) {
            let present = *id != [0; N];
            for (pair, byte) in hex.iter_mut().zip(id) {
                *pair = HEX[usize::from(*byte)];
            }
            strings.push(if present { hex.as_flattened() } else { &[] });
            valid.push(present);
        }
        (Values::String(strings.finish()), validity(valid))
    }
}

/// The two digits of each byte.
const HEX: [[u8; 2]; 256] = {
    let digits = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    pairs
};

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

/// Lists of fixed-size numbers that may be null.
#[derive(Debug)]
struct Lists<T> {
    items: Vec<T>,
    ends: Vec<usize>,
    valid: Validity,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            ends: Vec::new(),
            valid: Validity::default(),
        }
    }
}

impl<T: Copy> Lists<T> {
    fn push(&mut self, value: Option<&[T]>) {
        self.items.extend_from_slice(value.unwrap_or_default());
        self.ends.push(self.items.len());
        self.valid.push(value.is_some());
    }

    fn truncate(&mut self, rows: usize) {
        self.ends.truncate(rows);
        self.valid.truncate(rows);
        self.items.truncate(self.ends.last().copied().unwrap_or(0));
    }

    fn len_bytes(&self) -> usize {
        self.items.len() * size_of::<T>() + self.ends.len() * 9
    }

    fn gather(buffers: &[&Self], rows: &Runs) -> (Vec<i32>, Vec<T>, Option<Vec<bool>>) {
        let mut offsets = Vec::with_capacity(rows.row_count() + 1);
        let mut items = Vec::new();
        offsets.push(0);
        for run in rows.iter() {
            let buffer = buffers[run.buffer()];
            let range = item_range(&buffer.ends, run.rows());
            push_offsets(&mut offsets, range.start, &buffer.ends[run.rows()]);
            items.extend_from_slice(&buffer.items[range]);
        }
        let valid = Validity::gather(|buffer| &buffers[buffer].valid, buffers.len(), rows);
        (offsets, items, valid)
    }
}

macro_rules! list_buffer {
    ($(#[$doc:meta])* $name:ident, $value:ty, $type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(crate) struct $name(Lists<$value>);

        impl Buffer for $name {
            type Value<'a> = Option<&'a [$value]>;
            const TYPE: ColumnType = ColumnType::$type;

            fn push(&mut self, value: Option<&[$value]>) {
                self.0.push(value);
            }
            fn truncate(&mut self, rows: usize) {
                self.0.truncate(rows);
            }
            fn len_bytes(&self) -> usize {
                self.0.len_bytes()
            }
            fn row_bytes(&self, row: usize) -> usize {
                item_range(&self.0.ends, row..row + 1).len() * size_of::<$value>()
            }
            fn gather(buffers: &[&Self], rows: &Runs) -> Gathered {
                let buffers: Vec<_> = buffers.iter().map(|buffer| &buffer.0).collect();
                let (offsets, items, valid) = Lists::gather(&buffers, rows);
                (Values::$type { offsets, items }, valid)
            }
        }
    };
}

list_buffer!(
    /// Lists of integers.
    Ints, i64, Int64List
);
list_buffer!(
    /// Lists of doubles.
    Doubles, f64, DoubleList
);
