//! A column chunk of texts: by codes where these are shorter, one after another otherwise.

use std::ops::Range;

use bytes::Bytes;
use otolith_tables::Strings;
use parquet::basic::Encoding;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::Result;
use parquet::schema::types::ColumnDescPtr;

use super::bounds;
use super::dictionary::{self, Codes, Used};
use super::hybrid::bit_width;
use super::numbers::SAMPLE;
use super::pages::{self, PlainPage};
use crate::text_codes::TextCodes;

/// Texts in a page, in bytes, roughly: the library's own bound.
const PAGE_BYTES: usize = 1 << 20;
/// Largest dictionary of a chunk, in bytes: the library's own bound. Readers hold it in memory as a
/// whole.
const DICTIONARY_BYTES: usize = 1 << 20;

/// Texts of rows.
#[derive(Clone, Copy)]
pub(super) struct Texts<'a> {
    pub texts: &'a Strings,
    /// Which is that of each row; each row has the next if there are none.
    pub indices: Option<&'a [i32]>,
    pub validity: Option<&'a [bool]>,
}

impl<'a> Texts<'a> {
    fn get(&self, row: usize) -> &'a [u8] {
        self.texts
            .get(self.indices.map_or(row, |indices| indices[row] as usize))
    }

    fn has(&self, row: usize) -> bool {
        self.validity.is_none_or(|valid| valid[row])
    }
}

/// Encodes some rows, of which only those of texts that may repeat are looked up.
pub(super) fn encode(
    column: &ColumnDescPtr,
    all: Texts<'_>,
    rows: Range<usize>,
    may_repeat: bool,
) -> Result<(Bytes, ColumnCloseResult)> {
    let validity = all.validity.map(|valid| &valid[rows.clone()]);
    if let Some(indices) = all.indices {
        let codes = Codes {
            indices: &indices[rows.clone()],
            validity,
            dictionary: all.texts,
        };
        let used = Used::of(&codes);
        return match used.len_bytes(all.texts) <= DICTIONARY_BYTES {
            true => dictionary::encode(column, &codes, &used),
            false => encode_plain(column, all, rows),
        };
    }
    match may_repeat.then(|| find_codes(all, rows.clone())).flatten() {
        Some((indices, dictionary)) => {
            let codes = Codes {
                indices: &indices,
                validity,
                dictionary: &dictionary,
            };
            dictionary::encode(column, &codes, &Used::of(&codes))
        }
        None => encode_plain(column, all, rows),
    }
}

/// Codes of the texts of rows; none if the texts as they are take less.
fn find_codes(all: Texts<'_>, rows: Range<usize>) -> Option<(Vec<i32>, Strings)> {
    let mut codes = TextCodes::default();
    let mut texts = Strings::empty();
    let mut indices = Vec::with_capacity(rows.len());
    let (mut plain_bytes, mut count) = (0, 0);
    for row in rows {
        if !all.has(row) {
            indices.push(0);
            continue;
        }
        let text = all.get(row);
        let code = codes.intern(&mut texts, text)?;
        indices.push(code.cast_signed());
        plain_bytes += text.len() + 4;
        count += 1;
        if count == SAMPLE && !is_shorter(&texts, count, plain_bytes) {
            return None;
        }
    }
    (count > 0 && is_shorter(&texts, count, plain_bytes)).then_some((indices, texts))
}

/// Whether a dictionary and the codes of so many rows have fewer bytes than the rows' texts.
fn is_shorter(dictionary: &Strings, rows: usize, plain_bytes: usize) -> bool {
    let entries = dictionary.offsets.len() - 1;
    let len_bytes = dictionary.bytes.len() + entries * 4;
    let coded_bytes = len_bytes + rows * bit_width(entries) as usize / 8;
    len_bytes <= DICTIONARY_BYTES && coded_bytes <= plain_bytes
}

fn encode_plain(
    column: &ColumnDescPtr,
    all: Texts<'_>,
    rows: Range<usize>,
) -> Result<(Bytes, ColumnCloseResult)> {
    let present = rows.clone().filter(|row| all.has(*row));
    let texts = present.map(|row| all.get(row));
    let nulls = rows.len() - texts.clone().count();
    let range = texts.clone().min().zip(texts.max());
    let statistics = bounds::of_texts(range, nulls as u64);
    let mut rest = rows;
    let pages = std::iter::from_fn(|| {
        let page = page_rows(all, &rest)?;
        rest.start = page.end;
        Some(plain_page(column, all, page))
    });
    pages::chunk(column, pages, statistics)
}

/// The first of some rows that fill a page, at least one of them; none if there are no rows.
fn page_rows(all: Texts<'_>, rows: &Range<usize>) -> Option<Range<usize>> {
    let mut len_bytes = 0;
    let is_beyond = |row: &usize| {
        len_bytes += all.get(*row).len();
        len_bytes > PAGE_BYTES
    };
    let end = rows.clone().skip(1).find(is_beyond).unwrap_or(rows.end);
    (!rows.is_empty()).then_some(rows.start..end)
}

fn plain_page(column: &ColumnDescPtr, all: Texts<'_>, rows: Range<usize>) -> Result<PlainPage> {
    let validity = all.validity.map(|valid| &valid[rows.clone()]);
    let mut bytes = pages::levels(column, rows.len(), validity)?;
    let present = rows.clone().filter(|row| all.has(*row));
    let texts = present.map(|row| all.get(row));
    bytes.reserve(texts.clone().map(|text| text.len() + 4).sum());
    for text in texts {
        bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        bytes.extend_from_slice(text);
    }
    Ok(PlainPage::Data {
        bytes,
        rows: rows.len(),
        encoding: Encoding::PLAIN,
    })
}
