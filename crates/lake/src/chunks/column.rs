//! A column chunk into values.

use std::cell::RefCell;

use bytes::Bytes;
use otolith_tables::{ColumnType, Strings, Values};
use parquet::basic::Type;
use xxhash_rust::xxh3::xxh3_64;

use super::footer::ChunkInfo;
use super::pages::{Encoding, Header, Page, PageKind};
use super::rows::Rows;
use super::{delta, hybrid};
use crate::text_codes::TextCodes;

/// What of a column chunk is wanted, and as what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub r#type: ColumnType,
    /// Texts as codes.
    pub is_coded: bool,
    /// Rows may lack a value.
    pub is_nullable: bool,
    /// Rows of the chunk.
    pub rows: usize,
    /// Which rows; all if it is none.
    pub chosen: Option<&'a [bool]>,
}

/// Values, and which rows have one, as a part has them.
type Decoded = (Values, Option<Vec<bool>>);

/// What is used again from chunk to chunk.
#[derive(Default)]
struct Buffers {
    page: Vec<u8>,
    validity: Vec<bool>,
    codes: Vec<u32>,
    ints: Vec<i64>,
}

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

/// The most bytes that are kept for the next chunk.
const KEPT_BYTES: usize = 1 << 20;

/// Decodes a column chunk; none if there is something unusual about it.
pub(crate) fn decode(bytes: &Bytes, chunk: &ChunkInfo<'_>, wanted: &Wanted<'_>) -> Option<Decoded> {
    if wanted
        .chosen
        .is_some_and(|chosen| chosen.len() != wanted.rows)
    {
        return None;
    }
    let values = match (wanted.r#type, chunk.r#type) {
        (ColumnType::Int64 | ColumnType::Timestamp, Type::INT64) => Values::Int64(Vec::new()),
        (ColumnType::Double, Type::DOUBLE) => Values::Double(Vec::new()),
        (ColumnType::Boolean, Type::BOOLEAN) => Values::Boolean(Vec::new()),
        (ColumnType::String, Type::BYTE_ARRAY) if wanted.is_coded => Values::Dictionary {
            indices: Vec::new(),
            dictionary: Strings::empty(),
        },
        (ColumnType::String, Type::BYTE_ARRAY) => Values::String(Strings::empty()),
        _ => return None,
    };
    BUFFERS.with_borrow_mut(|buffers| {
        let decoder = Decoder {
            wanted,
            values,
            validity: Vec::new(),
            has_nulls: false,
            codes: TextCodes::default(),
            len: 0,
            at: 0,
        };
        let decoded = decoder.decode(bytes, chunk, buffers);
        if buffers.page.capacity() > KEPT_BYTES {
            *buffers = Buffers::default();
        }
        decoded
    })
}

/// The entries of a dictionary.
enum Dictionary {
    Ints(Vec<i64>),
    Doubles(Vec<f64>),
    Texts(Strings),
}

struct Decoder<'a> {
    wanted: &'a Wanted<'a>,
    values: Values,
    /// Of the rows that are wanted; empty as long as all have values.
    validity: Vec<bool>,
    has_nulls: bool,
    /// Of texts that are wanted as codes and lie there one by one.
    codes: TextCodes,
    /// Rows that are wanted, so far.
    len: usize,
    /// Rows so far.
    at: usize,
}

impl Decoder<'_> {
    fn decode(
        mut self,
        bytes: &Bytes,
        chunk: &ChunkInfo<'_>,
        buffers: &mut Buffers,
    ) -> Option<Decoded> {
        let wanted = self.wanted;
        let mut rest: &[u8] = bytes;
        let mut dictionary = None;
        let Buffers {
            page: buffer,
            validity,
            codes,
            ints,
        } = buffers;
        while !rest.is_empty() {
            let header = Header::read(&mut rest)?;
            let (packed, after) = rest.split_at_checked(header.len_bytes)?;
            rest = after;
            let page = header.page(packed, chunk.compression, buffer)?;
            match page.kind {
                PageKind::Dictionary if dictionary.is_none() && self.at == 0 => {
                    dictionary = Some(self.dictionary(&page)?);
                }
                PageKind::Dictionary => return None,
                PageKind::Data(encoding) => {
                    if page.count > self.wanted.rows - self.at {
                        return None;
                    }
                    let bytes = self.levels(&page, validity)?;
                    let end = self.at + page.count;
                    let rows = Rows {
                        validity,
                        chosen: wanted.chosen.map(|chosen| &chosen[self.at..end]),
                        count: page.count,
                    };
                    let scratch = (&mut *codes, &mut *ints);
                    self.page(encoding, bytes, &rows, dictionary.as_ref(), scratch)?;
                    self.at = end;
                }
            }
        }
        if self.at != self.wanted.rows {
            return None;
        }
        if let Values::Dictionary {
            dictionary: texts, ..
        } = &mut self.values
        {
            match dictionary {
                // Pages of texts one by one: these are distinct.
                None => are_texts(texts, 0).then_some(())?,
                Some(Dictionary::Texts(found)) if are_distinct(&found) => *texts = found,
                Some(_) => return None,
            }
        }
        let validity = self.has_nulls.then_some(self.validity);
        Some((self.values, validity))
    }

    /// Reads which rows of a page have values, and gives the rest of it.
    fn levels<'p>(&self, page: &Page<'p>, validity: &mut Vec<bool>) -> Option<&'p [u8]> {
        validity.clear();
        if !self.wanted.is_nullable {
            return Some(page.bytes);
        }
        let (len, rest) = page.bytes.split_first_chunk()?;
        let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
        let (levels, rest) = rest.split_at_checked(len)?;
        hybrid::validity(levels, page.count, validity)?;
        Some(rest)
    }

    fn dictionary(&self, page: &Page<'_>) -> Option<Dictionary> {
        Some(match &self.values {
            Values::Int64(_) => {
                let mut entries = Vec::new();
                plain_numbers(page.bytes, page.count, i64::from_le_bytes, &mut entries)?;
                Dictionary::Ints(entries)
            }
            Values::Double(_) => {
                let mut entries = Vec::new();
                plain_numbers(page.bytes, page.count, f64::from_le_bytes, &mut entries)?;
                Dictionary::Doubles(entries)
            }
            Values::String(_) | Values::Dictionary { .. } => {
                let mut texts = Strings::empty();
                let mut rest = page.bytes;
                texts.offsets.reserve(page.count.min(rest.len() / 4));
                texts.bytes.reserve(rest.len());
                for _ in 0..page.count {
                    push(&mut texts, plain_text(&mut rest)?)?;
                }
                are_texts(&texts, 0).then_some(Dictionary::Texts(texts))?
            }
            _ => return None,
        })
    }

    fn page(
        &mut self,
        encoding: Encoding,
        bytes: &[u8],
        rows: &Rows<'_>,
        dictionary: Option<&Dictionary>,
        (codes, ints): (&mut Vec<u32>, &mut Vec<i64>),
    ) -> Option<()> {
        let count = rows.value_count();
        if encoding == Encoding::Codes {
            let (width, bytes) = bytes.split_first()?;
            if *width > 32 {
                return None;
            }
            codes.clear();
            // Where no row has a value some writers leave out the rest.
            hybrid::decode(bytes, u32::from(*width), count, codes)?;
        }
        match (&mut self.values, encoding, dictionary) {
            (Values::Int64(values), Encoding::Plain, _) => {
                ints.clear();
                plain_numbers(bytes, count, i64::from_le_bytes, ints)?;
                rows.place(ints.iter().copied(), values);
            }
            (Values::Int64(values), Encoding::Delta, _) => {
                if rows.are_all() {
                    delta::decode(bytes, count, values)?;
                } else {
                    ints.clear();
                    delta::decode(bytes, count, ints)?;
                    rows.place(ints.iter().copied(), values);
                }
            }
            (Values::Int64(values), Encoding::Codes, Some(Dictionary::Ints(entries))) => {
                are_codes(codes, entries.len())?;
                rows.place(codes.iter().map(|code| entries[*code as usize]), values);
            }
            (Values::Double(values), Encoding::Plain, _) => {
                let mut numbers = Vec::new();
                plain_numbers(bytes, count, f64::from_le_bytes, &mut numbers)?;
                rows.place(numbers.into_iter(), values);
            }
            (Values::Double(values), Encoding::Codes, Some(Dictionary::Doubles(entries))) => {
                are_codes(codes, entries.len())?;
                rows.place(codes.iter().map(|code| entries[*code as usize]), values);
            }
            (Values::Boolean(values), Encoding::Plain, _) => {
                if bytes.len() < count.div_ceil(8) {
                    return None;
                }
                let bits = (0..count).map(|bit| bytes[bit / 8] >> (bit % 8) & 1 == 1);
                rows.place(bits, values);
            }
            (
                Values::Dictionary { indices, .. },
                Encoding::Codes,
                Some(Dictionary::Texts(texts)),
            ) => {
                are_codes(codes, texts.offsets.len() - 1)?;
                rows.place(codes.iter().map(|code| code.cast_signed()), indices);
            }
            (
                Values::Dictionary {
                    indices,
                    dictionary: texts,
                },
                Encoding::Plain,
                None,
            ) => {
                let mut rest = bytes;
                rows.each(|is_valid, is_chosen| {
                    let text = match is_valid {
                        true => Some(plain_text(&mut rest)?),
                        false => None,
                    };
                    if is_chosen {
                        let code = text.map_or(Some(0), |text| self.codes.intern(texts, text));
                        indices.push(code?.cast_signed());
                    }
                    Some(())
                })?;
            }
            (Values::String(strings), Encoding::Codes, Some(Dictionary::Texts(texts))) => {
                are_codes(codes, texts.offsets.len() - 1)?;
                let mut codes = codes.iter();
                rows.each(|is_valid, is_chosen| {
                    let text = match is_valid {
                        true => texts.get(*codes.next()? as usize),
                        false => b"",
                    };
                    if is_chosen {
                        push(strings, text)?;
                    }
                    Some(())
                })?;
            }
            (Values::String(strings), Encoding::Plain, _) => {
                let (mut rest, begin) = (bytes, strings.offsets.len() - 1);
                rows.each(|is_valid, is_chosen| {
                    let text = match is_valid {
                        true => plain_text(&mut rest)?,
                        false => b"",
                    };
                    if is_chosen {
                        push(strings, text)?;
                    }
                    Some(())
                })?;
                are_texts(strings, begin).then_some(())?;
            }
            _ => return None,
        }
        self.note_nulls(rows);
        Some(())
    }

    /// Tells which of the wanted rows of a page have values.
    fn note_nulls(&mut self, rows: &Rows<'_>) {
        let before = self.len;
        self.len += rows.wanted_count();
        if rows.validity.is_empty() {
            if self.has_nulls {
                self.validity.resize(self.len, true);
            }
            return;
        }
        if !self.has_nulls {
            self.validity.resize(before, true);
        }
        match rows.chosen {
            None => self.validity.extend_from_slice(rows.validity),
            Some(chosen) => {
                let valid = rows.validity.iter().zip(chosen);
                self.validity
                    .extend(valid.filter(|(_, chosen)| **chosen).map(|(valid, _)| valid));
            }
        }
        self.has_nulls = self.has_nulls || self.validity[before..].contains(&false);
        if !self.has_nulls {
            self.validity.clear();
        }
    }
}

/// Appends numbers of eight bytes.
fn plain_numbers<T>(
    bytes: &[u8],
    count: usize,
    number: impl Fn([u8; 8]) -> T,
    out: &mut Vec<T>,
) -> Option<()> {
    let bytes = bytes.get(..count.checked_mul(8)?)?;
    let (numbers, _) = bytes.as_chunks();
    out.extend(numbers.iter().map(|bytes| number(*bytes)));
    Some(())
}

/// Takes a text after its length.
fn plain_text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, after) = rest.split_first_chunk()?;
    let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
    let (text, after) = after.split_at_checked(len)?;
    *rest = after;
    Some(text)
}

fn push(strings: &mut Strings, text: &[u8]) -> Option<()> {
    strings.bytes.extend_from_slice(text);
    let end = i32::try_from(strings.bytes.len()).ok()?;
    strings.offsets.push(end);
    Some(())
}

fn are_codes(codes: &[u32], count: usize) -> Option<()> {
    let most = codes.iter().copied().max();
    most.is_none_or(|most| (most as usize) < count)
        .then_some(())
}

/// Whether texts from some number on are UTF-8, each of them.
fn are_texts(strings: &Strings, begin: usize) -> bool {
    let start = strings.offsets[begin].unsigned_abs() as usize;
    let Ok(all) = std::str::from_utf8(&strings.bytes[start..]) else {
        return false;
    };
    let mut ends = strings.offsets[begin..].iter();
    all.is_ascii() || ends.all(|end| all.is_char_boundary(end.unsigned_abs() as usize - start))
}

/// Whether no text is there twice. By their hashes: that some others have the same is no harm.
fn are_distinct(strings: &Strings) -> bool {
    let texts = 0..strings.offsets.len() - 1;
    let mut hashes: Vec<u64> = texts.map(|text| xxh3_64(strings.get(text))).collect();
    hashes.sort_unstable();
    hashes.is_sorted_by(|a, b| a < b)
}

#[cfg(test)]
mod tests;
