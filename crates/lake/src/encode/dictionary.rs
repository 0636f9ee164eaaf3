//! A column chunk of texts whose dictionary codes are known already.
//!
//! The writer of the Parquet library looks up each text of each row in a dictionary of its own. Where
//! rows come with codes there is nothing to look up: this saves a hash and a comparison per cell
//! (`cargo xtask bench json`). Only the pages are made here; headers and the footer are the library's.

use std::sync::Arc;

use bytes::Bytes;
use otolith_tables::Strings;
use parquet::basic::{Compression, Encoding, PageType};
use parquet::column::page::{CompressedPage, Page, PageWriter as _};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, PageEncodingStats};
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;

use super::hybrid;

/// Longest bound in the statistics of a text column, in bytes.
const BOUND_BYTES: usize = 64;

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
    compressor: &mut Compressor<'static>,
    compression: Compression,
) -> Result<(Bytes, ColumnCloseResult)> {
    let used = Used::of(rows)?;
    let num_rows = rows.indices.len();
    let mut sink = TrackedWrite::new(Vec::new());
    let mut pages = SerializedPageWriter::new(&mut sink);

    let plain = used.page(rows.dictionary);
    let dictionary = pages.write_page(CompressedPage::new(
        Page::DictionaryPage {
            buf: compress(compressor, &plain)?,
            num_values: count(used.entries.len())?,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        },
        plain.len(),
    ))?;
    let plain = data_page(column, rows, &used)?;
    let data = pages.write_page(CompressedPage::new(
        Page::DataPage {
            buf: compress(compressor, &plain)?,
            num_values: count(num_rows)?,
            encoding: Encoding::RLE_DICTIONARY,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        },
        plain.len(),
    ))?;

    let bytes = sink.into_inner()?;
    let (least, greatest) = used.bounds(rows.dictionary);
    let metadata = ColumnChunkMetaData::builder(Arc::clone(column))
        .set_compression(compression)
        .set_encodings(vec![
            Encoding::PLAIN,
            Encoding::RLE,
            Encoding::RLE_DICTIONARY,
        ])
        .set_num_values(num_rows as i64)
        .set_total_compressed_size(bytes.len() as i64)
        .set_total_uncompressed_size((dictionary.uncompressed_size + data.uncompressed_size) as i64)
        .set_dictionary_page_offset(Some(dictionary.offset as i64))
        .set_data_page_offset(data.offset as i64)
        .set_page_encoding_stats(vec![
            page_stats(PageType::DICTIONARY_PAGE, Encoding::PLAIN),
            page_stats(PageType::DATA_PAGE, Encoding::RLE_DICTIONARY),
        ])
        .set_statistics(statistics(least, greatest, used.nulls))
        .build()?;
    let close = ColumnCloseResult {
        bytes_written: bytes.len() as u64,
        rows_written: num_rows as u64,
        metadata,
        bloom_filter: None,
        column_index: None,
        offset_index: None,
    };
    Ok((bytes.into(), close))
}

/// Says that all pages of a type have an encoding: readers may then look at the dictionary alone.
fn page_stats(page_type: PageType, encoding: Encoding) -> PageEncodingStats {
    PageEncodingStats {
        page_type,
        encoding,
        count: 1,
    }
}

/// The entries that rows use, in the order in which rows come to them: chunks of the same rows are
/// the same whatever else the dictionary holds.
struct Used {
    /// Index into the dictionary by code in the chunk.
    entries: Vec<usize>,
    /// Code of each row that is not null.
    codes: Vec<u32>,
    nulls: u64,
}

impl Used {
    fn of(rows: &Codes<'_>) -> Result<Self> {
        const NONE: u32 = u32::MAX;
        let mut code_of = vec![NONE; rows.dictionary.offsets.len()];
        let mut entries = Vec::new();
        let mut code = |index: &i32| {
            let index = *index as usize;
            let code = &mut code_of[index];
            if *code == NONE {
                *code = entries.len() as u32;
                entries.push(index);
            }
            *code
        };
        let indices = rows.indices.iter();
        let codes: Vec<u32> = match rows.validity {
            // Most columns of what rows share: no row has another text.
            None if rows.dictionary.offsets.len() == 2 && !rows.indices.is_empty() => {
                vec![code(&0); rows.indices.len()]
            }
            None => indices.map(&mut code).collect(),
            Some(valid) => {
                let mut codes = Vec::with_capacity(rows.indices.len());
                let present = indices.zip(valid).filter(|(_, valid)| **valid);
                codes.extend(present.map(|(index, _)| code(index)));
                codes
            }
        };
        count(entries.len())?;
        Ok(Self {
            nulls: (rows.indices.len() - codes.len()) as u64,
            entries,
            codes,
        })
    }

    /// The dictionary page: each text after its length.
    fn page(&self, dictionary: &Strings) -> Vec<u8> {
        let texts = self.entries.iter().map(|entry| dictionary.get(*entry));
        let mut page = Vec::with_capacity(texts.clone().map(|text| 4 + text.len()).sum());
        for text in texts {
            page.extend_from_slice(&(text.len() as u32).to_le_bytes());
            page.extend_from_slice(text);
        }
        page
    }

    /// The least and greatest text; none if all rows are null.
    fn bounds<'d>(&self, dictionary: &'d Strings) -> (Option<&'d [u8]>, Option<&'d [u8]>) {
        let texts = self.entries.iter().map(|entry| dictionary.get(*entry));
        (texts.clone().min(), texts.max())
    }
}

/// Definition levels, the width of a code, codes.
fn data_page(column: &ColumnDescPtr, rows: &Codes<'_>, used: &Used) -> Result<Vec<u8>> {
    let mut page = Vec::with_capacity(used.codes.len() / 2 + 64);
    match (column.max_def_level(), column.max_rep_level()) {
        (1, 0) => {
            page.extend_from_slice(&[0; 4]);
            match rows.validity {
                None => hybrid::encode_same(1, rows.indices.len(), 1, &mut page),
                Some(valid) => {
                    let levels: Vec<u32> = valid.iter().map(|valid| u32::from(*valid)).collect();
                    hybrid::encode(&levels, 1, &mut page);
                }
            }
            let len = count(page.len() - 4)?;
            page[..4].copy_from_slice(&len.to_le_bytes());
        }
        levels => {
            return Err(ParquetError::General(format!(
                "a text column has levels {levels:?}"
            )));
        }
    }
    let width = hybrid::bit_width(used.entries.len());
    page.push(width as u8);
    match used.entries.len() {
        1 => hybrid::encode_same(0, used.codes.len(), width, &mut page),
        _ => hybrid::encode(&used.codes, width, &mut page),
    }
    Ok(page)
}

fn compress(compressor: &mut Compressor<'static>, bytes: &[u8]) -> Result<Bytes> {
    Ok(compressor.compress(bytes)?.into())
}

fn count(len: usize) -> Result<u32> {
    u32::try_from(len).map_err(|_| ParquetError::General(format!("{len} values in a page")))
}

/// Statistics with bounds of limited length.
fn statistics(least: Option<&[u8]>, greatest: Option<&[u8]>, nulls: u64) -> Statistics {
    let (min, is_min_exact) = match least {
        Some(text) if text.len() > BOUND_BYTES => (Some(truncated(text).to_vec()), false),
        text => (text.map(<[u8]>::to_vec), true),
    };
    let (max, is_max_exact) = match greatest {
        Some(text) if text.len() > BOUND_BYTES => (successor(truncated(text)), false),
        text => (text.map(<[u8]>::to_vec), true),
    };
    // Bounds are given both or not at all.
    let (min, max) = min.zip(max).unzip();
    let statistics = ValueStatistics::new(
        min.map(Into::into),
        max.map(Into::into),
        None,
        Some(nulls),
        false,
    );
    Statistics::ByteArray(
        statistics
            .with_min_is_exact(is_min_exact)
            .with_max_is_exact(is_max_exact),
    )
}

/// The beginning of a text, of whole characters.
fn truncated(text: &[u8]) -> &[u8] {
    let is_inside = |at: &usize| text[*at] & 0xc0 == 0x80;
    let end = (0..=BOUND_BYTES).rev().find(|at| !is_inside(at));
    &text[..end.unwrap_or(0)]
}

/// A text that is greater than all that begin with this one; none if there is none.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let prefix = std::str::from_utf8(prefix).ok()?;
    let (at, next) = prefix.char_indices().rev().find_map(|(at, last)| {
        let next = (u32::from(last) + 1..).map_while(|code| (code <= 0x10_ffff).then_some(code));
        let next = next.filter_map(char::from_u32).next()?;
        // Not longer than before, so that the bound stays short.
        (next.len_utf8() == last.len_utf8()).then_some((at, next))
    })?;
    let mut successor = prefix[..at].to_owned();
    successor.push(next);
    Some(successor.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_enclose_long_texts() {
        let end = "\u{10ffff}".repeat(17);
        for text in [
            "x".repeat(65),
            format!("{}\u{e9}z", "x".repeat(63)),
            format!("{}\u{7f}{}", "x".repeat(62), "\u{7f}".repeat(9)),
            format!("a{}", end),
        ] {
            let prefix = truncated(text.as_bytes());
            assert!(prefix.len() <= BOUND_BYTES && prefix.len() > BOUND_BYTES - 4);
            assert!(prefix <= text.as_bytes());
            let next = successor(prefix).unwrap();
            assert!(next.as_slice() > text.as_bytes() && next.len() <= BOUND_BYTES);
            assert!(std::str::from_utf8(&next).is_ok());
        }
        assert_eq!(successor(truncated(end.as_bytes())), None);
    }
}
