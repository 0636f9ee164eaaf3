//! A column chunk of texts whose dictionary codes are known already.
//!
//! The writer of the Parquet library looks up each text of each row in a dictionary of its own. Where
//! rows come with codes there is nothing to look up: this saves a hash and a comparison per cell
//! (`cargo xtask bench json`). Only the pages are made here; headers and the footer are the library's.

use bytes::Bytes;
use otolith_tables::Strings;
use parquet::basic::Encoding;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::Result;
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescPtr;

use super::pages::{self, PlainPage};
use super::{bounds, hybrid};

/// Rows of one row group.
pub(super) struct Codes<'a> {
    /// Index into the dictionary per row, within it; of a null row any index.
    pub indices: &'a [i32],
    pub validity: Option<&'a [bool]>,
    pub dictionary: &'a Strings,
}

/// Encodes a column chunk: its bytes, with offsets counted from their beginning.
pub(super) fn encode(
    column: &ColumnDescPtr,
    rows: &Codes<'_>,
    used: &Used,
) -> Result<(Bytes, ColumnCloseResult)> {
    let dictionary = PlainPage::Dictionary {
        bytes: used.page(rows.dictionary),
        count: used.entries.len(),
    };
    let data = PlainPage::Data {
        bytes: data_page(column, rows, used)?,
        rows: rows.indices.len(),
        encoding: Encoding::RLE_DICTIONARY,
    };
    let statistics = used.statistics(rows.dictionary);
    pages::chunk(column, [dictionary, data].into_iter().map(Ok), statistics)
}

/// The entries that rows use, in the order in which rows come to them: chunks of the same rows are
/// the same whatever else the dictionary holds.
pub(super) struct Used {
    /// Index into the dictionary by code in the chunk.
    entries: Vec<usize>,
    /// Code of each row that is not null; none where all have the only entry.
    codes: Vec<u32>,
    nulls: u64,
}

impl Used {
    pub fn of(rows: &Codes<'_>) -> Self {
        let all = rows.dictionary.offsets.len() - 1;
        match rows.validity {
            // Most columns of what rows share: no row has another text.
            None if all == 1 && !rows.indices.is_empty() => Self {
                entries: vec![0],
                codes: Vec::new(),
                nulls: 0,
            },
            // As merged rows have them: nothing is to be looked up.
            None if is_in_order(rows.indices, all) => Self {
                entries: (0..all).collect(),
                codes: rows.indices.iter().map(|index| *index as u32).collect(),
                nulls: 0,
            },
            None => Self::renumbered(rows, rows.indices.iter(), rows.indices.len()),
            Some(valid) => {
                let count = valid.iter().filter(|valid| **valid).count();
                let present = rows.indices.iter().zip(valid);
                let present = present.filter(|(_, valid)| **valid).map(|(index, _)| index);
                Self::renumbered(rows, present, count)
            }
        }
    }

    /// Of rows with so many texts, whose places in the dictionary are these.
    fn renumbered<'i>(
        rows: &Codes<'_>,
        present: impl Iterator<Item = &'i i32>,
        count: usize,
    ) -> Self {
        const NONE: u32 = u32::MAX;
        let mut code_of = vec![NONE; rows.dictionary.offsets.len()];
        let mut entries = Vec::new();
        let mut codes = vec![0; count];
        for (own, index) in codes.iter_mut().zip(present) {
            let index = *index as usize;
            let code = &mut code_of[index];
            if *code == NONE {
                *code = entries.len() as u32;
                entries.push(index);
            }
            *own = *code;
        }
        Self {
            nulls: (rows.indices.len() - count) as u64,
            entries,
            codes,
        }
    }

    /// Bytes of the dictionary page.
    pub fn len_bytes(&self, dictionary: &Strings) -> usize {
        let texts = self.entries.iter().map(|entry| dictionary.get(*entry));
        texts.map(|text| 4 + text.len()).sum()
    }

    /// The dictionary page: each text after its length.
    fn page(&self, dictionary: &Strings) -> Vec<u8> {
        let texts = self.entries.iter().map(|entry| dictionary.get(*entry));
        let mut page = Vec::with_capacity(self.len_bytes(dictionary));
        for text in texts {
            page.extend_from_slice(&(text.len() as u32).to_le_bytes());
            page.extend_from_slice(text);
        }
        page
    }

    fn statistics(&self, dictionary: &Strings) -> Statistics {
        let texts = self.entries.iter().map(|entry| dictionary.get(*entry));
        bounds::of_texts(texts.clone().min().zip(texts.max()), self.nulls)
    }
}

/// Whether rows come to all entries of a dictionary in their order.
fn is_in_order(indices: &[i32], all: usize) -> bool {
    let mut next = 0;
    let follows = indices.iter().all(|index| {
        next += i32::from(*index == next);
        *index < next
    });
    follows && next as usize == all
}

/// Definition levels, the width of a code, codes.
fn data_page(column: &ColumnDescPtr, rows: &Codes<'_>, used: &Used) -> Result<Vec<u8>> {
    let mut page = pages::levels(column, rows.indices.len(), rows.validity)?;
    let count = rows.indices.len() - used.nulls as usize;
    hybrid::encode_codes(&used.codes, count, used.entries.len(), &mut page);
    Ok(page)
}
