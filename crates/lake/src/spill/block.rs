//! Rows of all columns as bytes and back. Only what this process has written is ever read.
//!
//! A column begins with whether its rows have values, then says what they are: one for all rows, or
//! each. Numbers are little-endian, as wide as in memory; codes of texts are as wide as they need be.

use std::ops::Range;

use otolith_tables::{ColumnType, PartColumn, Strings, Values};

use crate::encode::bits::{append, pack_truths, truths};

/// No row has a value; nothing follows.
const NO_VALUES: u8 = 0;
/// Every row has one.
const ALL_VALUES: u8 = 1;
/// Bits tell which rows have one.
const SOME_VALUES: u8 = 2;

/// One value stands for all rows.
const SAME: u8 = 0;
const EACH: u8 = 1;
/// Texts by code in so many bytes.
const CODES_OF_1: u8 = 2;
const CODES_OF_2: u8 = 3;
const CODES_OF_4: u8 = 4;

/// Rows in memory again.
#[derive(Debug)]
pub(crate) struct Block {
    pub row_count: usize,
    pub columns: Vec<BlockColumn>,
}

/// A column of a block.
#[derive(Debug)]
pub(crate) enum BlockColumn {
    /// No row has a value.
    Nulls,
    /// Every row has this text, or those that have one.
    Text(Vec<u8>, Option<Vec<bool>>),
    /// As in [`PartColumn`].
    Values(Values, Option<Vec<bool>>),
}

/// Appends the rows of a column.
pub(super) fn encode(column: &PartColumn, rows: Range<usize>, out: &mut Vec<u8>) {
    let valid = column.validity.as_ref().map(|valid| &valid[rows.clone()]);
    match valid {
        Some(valid) if !valid.contains(&true) => {
            out.push(NO_VALUES);
            return;
        }
        Some(valid) if valid.contains(&false) => {
            out.push(SOME_VALUES);
            pack_truths(valid, out);
        }
        _ => out.push(ALL_VALUES),
    }
    match &column.values {
        Values::Int64(values) => encode_fixed(&values[rows], out, |value| value.to_le_bytes()),
        Values::Double(values) => {
            // By bits: not every number equals itself.
            let bits: Vec<u64> = values[rows].iter().map(|value| value.to_bits()).collect();
            encode_fixed(&bits, out, |value| value.to_le_bytes());
        }
        Values::Boolean(values) => pack_truths(&values[rows], out),
        Values::String(strings) => {
            out.push(EACH);
            let range = encode_lengths(&strings.offsets[rows.start..=rows.end], out);
            out.extend_from_slice(&strings.bytes[range]);
        }
        Values::Dictionary {
            indices,
            dictionary,
        } => encode_codes(&indices[rows], valid, dictionary, out),
        Values::Int64List { offsets, items } => {
            let range = encode_lengths(&offsets[rows.start..=rows.end], out);
            append(out, &items[range], i64::to_le_bytes);
        }
        Values::DoubleList { offsets, items } => {
            let range = encode_lengths(&offsets[rows.start..=rows.end], out);
            append(out, &items[range], f64::to_le_bytes);
        }
    }
}

fn encode_fixed<T: Copy + PartialEq>(
    values: &[T],
    out: &mut Vec<u8>,
    bytes: impl Fn(T) -> [u8; 8],
) {
    let first = values[0];
    if values.iter().all(|value| *value == first) {
        out.push(SAME);
        out.extend_from_slice(&bytes(first));
    } else {
        out.push(EACH);
        append(out, values, bytes);
    }
}

/// Rows with codes of a dictionary that holds just their texts.
fn encode_codes(codes: &[i32], valid: Option<&[bool]>, all: &Strings, out: &mut Vec<u8>) {
    const NONE: u32 = u32::MAX;
    let mut used: Vec<usize> = Vec::new();
    if all.offsets.len() == 2 && valid.is_none() {
        // Most columns of what rows share: no row has another text.
        out.push(SAME);
        used.push(0);
        return encode_used(&used, all, out);
    }
    let mut code_of = vec![NONE; all.offsets.len() - 1];
    let mut own_code = |code: &i32| {
        let entry = &mut code_of[*code as usize];
        if *entry == NONE {
            *entry = used.len() as u32;
            used.push(*code as usize);
        }
        *entry
    };
    let own = codes.iter().enumerate().map(|(row, code)| match valid {
        Some(valid) if !valid[row] => 0,
        _ => own_code(code),
    });
    let start = out.len();
    if all.offsets.len() <= 0x100 {
        // Nearly all: no code takes more than a byte.
        out.push(CODES_OF_1);
        out.extend(own.map(|code| code as u8));
    } else {
        let own: Vec<u32> = own.collect();
        match used.len() {
            0..=0x100 => {
                out.push(CODES_OF_1);
                append(out, &own, |code| [code as u8]);
            }
            0x101..=0x1_0000 => {
                out.push(CODES_OF_2);
                append(out, &own, |code| (code as u16).to_le_bytes());
            }
            _ => {
                out.push(CODES_OF_4);
                append(out, &own, u32::to_le_bytes);
            }
        }
    }
    if used.len() <= 1 {
        out.truncate(start);
        out.push(SAME);
    }
    encode_used(&used, all, out);
}

/// The texts of a block's own dictionary.
fn encode_used(used: &[usize], all: &Strings, out: &mut Vec<u8>) {
    out.extend_from_slice(&(used.len() as u32).to_le_bytes());
    let texts = || used.iter().map(|code| all.get(*code));
    for text in texts() {
        out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    }
    for text in texts() {
        out.extend_from_slice(text);
    }
}

/// The lengths of texts or lists; gives where their bytes or items are.
fn encode_lengths(offsets: &[i32], out: &mut Vec<u8>) -> Range<usize> {
    let lengths: Vec<u32> = offsets
        .windows(2)
        .map(|pair| pair[1].abs_diff(pair[0]))
        .collect();
    append(out, &lengths, u32::to_le_bytes);
    offsets[0] as usize..offsets[offsets.len() - 1] as usize
}

impl Block {
    /// The block of these bytes; `None` if they are not one.
    pub(super) fn decode(bytes: &[u8], types: &[ColumnType], row_count: usize) -> Option<Self> {
        let mut input = bytes;
        let columns = types.iter();
        let columns = columns.map(|r#type| decode(&mut input, *r#type, row_count));
        let columns = columns.collect::<Option<_>>()?;
        input.is_empty().then_some(Self { row_count, columns })
    }
}

fn decode(input: &mut &[u8], r#type: ColumnType, rows: usize) -> Option<BlockColumn> {
    let valid = match byte(input)? {
        NO_VALUES => return Some(BlockColumn::Nulls),
        SOME_VALUES => Some(decode_bits(input, rows)?),
        _ => None,
    };
    let values = match r#type {
        ColumnType::Int64 | ColumnType::Timestamp => {
            Values::Int64(decode_fixed(input, rows, i64::from_le_bytes)?)
        }
        ColumnType::Double => Values::Double(decode_fixed(input, rows, f64::from_le_bytes)?),
        ColumnType::Boolean => Values::Boolean(decode_bits(input, rows)?),
        ColumnType::String => match byte(input)? {
            SAME => {
                // One text, as a dictionary.
                let text = decode_dictionary(input)?.bytes;
                return Some(BlockColumn::Text(text, valid));
            }
            kind => decode_strings(kind, input, rows)?,
        },
        ColumnType::Int64List => {
            let offsets = decode_lengths(input, rows)?;
            let items = decode_items(input, &offsets, i64::from_le_bytes)?;
            Values::Int64List { offsets, items }
        }
        ColumnType::DoubleList => {
            let offsets = decode_lengths(input, rows)?;
            let items = decode_items(input, &offsets, f64::from_le_bytes)?;
            Values::DoubleList { offsets, items }
        }
    };
    Some(BlockColumn::Values(values, valid))
}

fn byte(input: &mut &[u8]) -> Option<u8> {
    take(input, 1).map(|bytes| bytes[0])
}

fn take<'a>(input: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, rest) = input.split_at_checked(len)?;
    *input = rest;
    Some(taken)
}

fn numbers<const N: usize, T>(
    bytes: &[u8],
    number: impl Fn([u8; N]) -> T,
) -> impl Iterator<Item = T> {
    let (chunks, _) = bytes.as_chunks();
    chunks.iter().map(move |bytes| number(*bytes))
}

fn decode_fixed<T: Copy>(
    input: &mut &[u8],
    rows: usize,
    number: impl Fn([u8; 8]) -> T,
) -> Option<Vec<T>> {
    match byte(input)? {
        SAME => Some(vec![numbers(take(input, 8)?, number).next()?; rows]),
        _ => Some(numbers(take(input, rows * 8)?, number).collect()),
    }
}

fn decode_bits(input: &mut &[u8], rows: usize) -> Option<Vec<bool>> {
    let bytes = take(input, rows.div_ceil(8))?;
    let mut bits = Vec::with_capacity(bytes.len() * 8);
    bits.extend(bytes.iter().flat_map(|byte| truths(*byte)));
    bits.truncate(rows);
    Some(bits)
}

fn decode_strings(kind: u8, input: &mut &[u8], rows: usize) -> Option<Values> {
    let code = |code: u32| code.cast_signed();
    let indices: Vec<i32> = match kind {
        EACH => return Some(Values::String(decode_texts(input, rows)?)),
        CODES_OF_1 => take(input, rows)?
            .iter()
            .map(|code| i32::from(*code))
            .collect(),
        CODES_OF_2 => numbers(take(input, rows * 2)?, u16::from_le_bytes)
            .map(i32::from)
            .collect(),
        _ => numbers(take(input, rows * 4)?, u32::from_le_bytes)
            .map(code)
            .collect(),
    };
    Some(Values::Dictionary {
        indices,
        dictionary: decode_dictionary(input)?,
    })
}

fn decode_dictionary(input: &mut &[u8]) -> Option<Strings> {
    let count = numbers(take(input, 4)?, u32::from_le_bytes).next()?;
    decode_texts(input, count as usize)
}

fn decode_texts(input: &mut &[u8], count: usize) -> Option<Strings> {
    let offsets = decode_lengths(input, count)?;
    let bytes = take(input, *offsets.last()? as usize)?.to_vec();
    Some(Strings { offsets, bytes })
}

fn decode_lengths(input: &mut &[u8], count: usize) -> Option<Vec<i32>> {
    let mut offsets = Vec::with_capacity(count + 1);
    let mut end = 0_i32;
    offsets.push(end);
    for length in numbers(take(input, count * 4)?, u32::from_le_bytes) {
        end = end.checked_add_unsigned(length)?;
        offsets.push(end);
    }
    Some(offsets)
}

fn decode_items<T>(
    input: &mut &[u8],
    offsets: &[i32],
    number: impl Fn([u8; 8]) -> T,
) -> Option<Vec<T>> {
    let count = *offsets.last()? as usize;
    Some(numbers(take(input, count * 8)?, number).collect())
}
