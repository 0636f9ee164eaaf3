//! Column chunks of numbers and truths.

use std::borrow::Cow;
use std::hash::{BuildHasher as _, RandomState};

use bytes::Bytes;
use hashbrown::HashTable;
use otolith_tables::Layout;
use parquet::basic::Encoding;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::Result;
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::schema::types::ColumnDescPtr;

use super::pages::{self, PlainPage};
use super::{bits, delta, hybrid};

/// Encodes rows of whole numbers.
pub(super) fn encode_ints(
    column: &ColumnDescPtr,
    layout: Layout,
    values: &[i64],
    validity: Option<&[bool]>,
) -> Result<(Bytes, ColumnCloseResult)> {
    let present = Present::of(values, validity);
    let codes = match layout {
        Layout::Repeating => Codes::of(present.values.iter().map(|value| value.cast_unsigned())),
        Layout::Rising | Layout::Distinct => None,
    };
    // Where there is a dictionary, it has all values.
    let range = match &codes {
        Some(codes) => range(codes.entries.iter().map(|entry| entry.cast_signed())),
        None => range(present.values.iter().copied()),
    };
    let (least, greatest) = range.unzip();
    let statistics = ValueStatistics::new(least, greatest, None, Some(present.nulls()), false)
        .with_backwards_compatible_min_max(column.sort_order().is_signed());
    let statistics = Statistics::Int64(statistics);
    if let Some(codes) = codes {
        return codes.chunk(column, &present, statistics);
    }
    // What is mostly distinct and does not rise has differences that are no shorter.
    if layout == Layout::Distinct {
        let plain = |values: &[i64], out: &mut _| bits::append(out, values, i64::to_le_bytes);
        let pages = present.pages(column, Encoding::PLAIN, plain);
        return pages::chunk(column, pages, statistics);
    }
    let pages = present.pages(column, Encoding::DELTA_BINARY_PACKED, delta::encode);
    pages::chunk(column, pages, statistics)
}

/// Encodes rows of doubles.
pub(super) fn encode_doubles(
    column: &ColumnDescPtr,
    layout: Layout,
    values: &[f64],
    validity: Option<&[bool]>,
) -> Result<(Bytes, ColumnCloseResult)> {
    let present = Present::of(values, validity);
    let codes = match layout {
        Layout::Repeating => Codes::of(present.values.iter().map(|value| value.to_bits())),
        Layout::Rising | Layout::Distinct => None,
    };
    let nans = present.values.iter().filter(|value| value.is_nan()).count();
    let range = match &codes {
        Some(codes) => range_of_doubles(codes.entries.iter().map(|entry| f64::from_bits(*entry))),
        None => range_of_doubles(present.values.iter().copied()),
    };
    let (least, greatest) = range.unzip();
    let (least, greatest) = (least.map(of_order), greatest.map(of_order));
    let statistics = ValueStatistics::new(least, greatest, None, Some(present.nulls()), false)
        .with_nan_count(Some(nans as u64))
        .with_backwards_compatible_min_max(column.sort_order().is_signed());
    let statistics = Statistics::Double(statistics);
    if let Some(codes) = codes {
        return codes.chunk(column, &present, statistics);
    }
    let plain = |values: &[f64], out: &mut _| bits::append(out, values, f64::to_le_bytes);
    let pages = present.pages(column, Encoding::PLAIN, plain);
    pages::chunk(column, pages, statistics)
}

/// What is no number counts only where nothing else is (parquet-format, `ColumnOrder`,
/// `IEEE_754_TOTAL_ORDER`).
fn range_of_doubles(values: impl Iterator<Item = f64> + Clone) -> Option<(i64, i64)> {
    let numbers = values.clone().filter(|value| !value.is_nan());
    range(numbers.map(in_order)).or_else(|| range(values.map(in_order)))
}

/// A number in the order of [`f64::total_cmp`], which that of the columns is.
fn in_order(value: f64) -> i64 {
    let bits = value.to_bits().cast_signed();
    // Of negative numbers the greater ones have the smaller bits.
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

/// The number of [`in_order`], which takes itself back.
fn of_order(order: i64) -> f64 {
    let bits = order ^ ((order >> 63).cast_unsigned() >> 1).cast_signed();
    f64::from_bits(bits.cast_unsigned())
}

/// The least and greatest of numbers, if there are any.
fn range(values: impl Iterator<Item = i64>) -> Option<(i64, i64)> {
    let none = (i64::MAX, i64::MIN);
    let range = values.fold(none, |(least, greatest), value| {
        (least.min(value), greatest.max(value))
    });
    (range.0 <= range.1).then_some(range)
}

/// Encodes rows of truths.
pub(super) fn encode_truths(
    column: &ColumnDescPtr,
    values: &[bool],
    validity: Option<&[bool]>,
) -> Result<(Bytes, ColumnCloseResult)> {
    let present = Present::of(values, validity);
    let values = present.values.iter();
    let (least, greatest) = (values.clone().min(), values.max());
    let statistics = ValueStatistics::new(
        least.copied(),
        greatest.copied(),
        None,
        Some(present.nulls()),
        false,
    )
    .with_backwards_compatible_min_max(column.sort_order().is_signed());
    let statistics = Statistics::Boolean(statistics);
    let pages = present.pages(column, Encoding::PLAIN, bits::pack_truths);
    pages::chunk(column, pages, statistics)
}

/// Rows in a page of numbers: the library's own bound. Of longer ones zstd compresses doubles less, as
/// it looks for longer matches from 256 KiB on.
const PAGE_ROWS: usize = 20_000;

/// The values of rows that have one.
struct Present<'a, T: Copy> {
    values: Cow<'a, [T]>,
    rows: usize,
    validity: Option<&'a [bool]>,
}

impl<'a, T: Copy> Present<'a, T> {
    fn of(values: &'a [T], validity: Option<&'a [bool]>) -> Self {
        let rows = values.len();
        let values = match validity {
            None => Cow::Borrowed(values),
            Some(valid) => {
                let mut present = Vec::with_capacity(rows);
                let valid = values.iter().zip(valid).filter(|(_, valid)| **valid);
                present.extend(valid.map(|(value, _)| *value));
                Cow::Owned(present)
            }
        };
        Self {
            values,
            rows,
            validity,
        }
    }

    fn nulls(&self) -> u64 {
        (self.rows - self.values.len()) as u64
    }

    /// Pages to which `append` appends the values.
    fn pages(
        &'a self,
        column: &'a ColumnDescPtr,
        encoding: Encoding,
        append: impl Fn(&[T], &mut Vec<u8>) + 'a,
    ) -> impl Iterator<Item = Result<PlainPage>> + 'a {
        let mut values: &[T] = &self.values;
        (0..self.rows).step_by(PAGE_ROWS).map(move |start| {
            let rows = PAGE_ROWS.min(self.rows - start);
            let valid = self.validity.map(|valid| &valid[start..start + rows]);
            let count = valid.map_or(rows, |valid| valid.iter().filter(|valid| **valid).count());
            let (of_page, rest) = values.split_at(count);
            values = rest;
            let mut bytes = pages::levels(column, rows, valid)?;
            append(of_page, &mut bytes);
            Ok(PlainPage::Data {
                bytes,
                rows,
                encoding,
            })
        })
    }
}

/// Numbers by code, by their bits: zeros of both signs differ, and what is no number equals itself.
struct Codes {
    /// In the order in which rows come to them.
    entries: Vec<u64>,
    codes: Vec<u32>,
}

impl Codes {
    /// None if numbers as they are take less.
    fn of(values: impl ExactSizeIterator<Item = u64>) -> Option<Self> {
        let total = values.len();
        let mut known = Known::new();
        let mut codes = Vec::with_capacity(total);
        let mut last = None;
        for value in values {
            // Rows in the order of time repeat what the row before has more often than not.
            let code = match last {
                Some((last, code)) if last == value => code,
                _ => known.code(value),
            };
            last = Some((value, code));
            codes.push(code);
            if codes.len() == SAMPLE && !is_shorter(known.entries.len(), SAMPLE) {
                return None;
            }
        }
        let is_shorter = total > 0 && is_shorter(known.entries.len(), total);
        is_shorter.then_some(Self {
            entries: known.entries,
            codes,
        })
    }

    fn chunk<T: Copy>(
        self,
        column: &ColumnDescPtr,
        present: &Present<'_, T>,
        statistics: Statistics,
    ) -> Result<(Bytes, ColumnCloseResult)> {
        let mut entries = Vec::new();
        bits::append(&mut entries, &self.entries, u64::to_le_bytes);
        let dictionary = PlainPage::Dictionary {
            bytes: entries,
            count: self.entries.len(),
        };
        let mut bytes = pages::levels(column, present.rows, present.validity)?;
        hybrid::encode_codes(
            &self.codes,
            self.codes.len(),
            self.entries.len(),
            &mut bytes,
        );
        let data = PlainPage::Data {
            bytes,
            rows: present.rows,
            encoding: Encoding::RLE_DICTIONARY,
        };
        pages::chunk(column, [dictionary, data].into_iter().map(Ok), statistics)
    }
}

/// Values after which those that hardly repeat are not looked up any more.
pub(super) const SAMPLE: usize = 32768;

/// Whether so many entries and the codes of so many rows have fewer bits than the rows' numbers.
fn is_shorter(entries: usize, rows: usize) -> bool {
    entries * 64 + rows * hybrid::bit_width(entries) as usize <= rows * 64
}

/// The codes of numbers.
struct Known {
    entries: Vec<u64>,
    codes: HashTable<u32>,
    hasher: Hasher,
}

impl Known {
    fn new() -> Self {
        Self {
            entries: Vec::new(),
            codes: HashTable::new(),
            hasher: Hasher::new(),
        }
    }

    fn code(&mut self, value: u64) -> u32 {
        let hash = self.hasher.hash(value);
        let (entries, hasher) = (&mut self.entries, &self.hasher);
        if let Some(code) = self
            .codes
            .find(hash, |code| entries[*code as usize] == value)
        {
            return *code;
        }
        let code = entries.len() as u32;
        entries.push(value);
        self.codes
            .insert_unique(hash, code, |code| hasher.hash(entries[*code as usize]));
        code
    }
}

/// Nobody can write numbers that all have one hash.
struct Hasher([u64; 2]);

impl Hasher {
    fn new() -> Self {
        let seed = RandomState::new();
        Self([seed.hash_one(0), seed.hash_one(1) | 1])
    }

    fn hash(&self, value: u64) -> u64 {
        let wide = u128::from(value ^ self.0[0]) * u128::from(self.0[1]);
        (wide >> 64) as u64 ^ wide as u64
    }
}
