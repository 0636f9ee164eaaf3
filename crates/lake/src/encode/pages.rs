//! Pages into a column chunk: compressed by one context of zstd per thread, behind the library's headers.
//!
//! The library's writer of a column has two contexts of its own, for which the kernel hands out pages
//! of memory again and again (docs/adr/0027-own-column-chunks.md).

use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Encoding, PageType};
use parquet::column::page::{CompressedPage, Page, PageWriter as _};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, PageEncodingStats};
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;
use zstd::zstd_safe::compress_bound;

use super::{ZSTD_LEVEL, compression, hybrid};

/// The most memory that is kept for the next page, in bytes.
const KEPT_BYTES: usize = 1 << 20;

#[derive(Default)]
struct Context {
    compressor: Option<Compressor<'static>>,
    buffer: Vec<u8>,
}

thread_local! {
    static CONTEXT: RefCell<Context> = RefCell::default();
}

/// A page before it is compressed.
pub(super) enum PlainPage {
    /// The entries of a dictionary.
    Dictionary { bytes: Vec<u8>, count: usize },
    /// Levels and values of so many rows.
    Data {
        bytes: Vec<u8>,
        rows: usize,
        encoding: Encoding,
    },
}

/// A column chunk of pages: its bytes, with offsets counted from their beginning.
pub(super) fn chunk(
    column: &ColumnDescPtr,
    plain: impl Iterator<Item = Result<PlainPage>>,
    statistics: Statistics,
) -> Result<(Bytes, ColumnCloseResult)> {
    let mut sink = TrackedWrite::new(Vec::new());
    let mut pages = SerializedPageWriter::new(&mut sink);
    let (mut rows, mut uncompressed) = (0, 0);
    let (mut dictionary_offset, mut data_offset) = (None, None);
    let mut encodings = vec![Encoding::RLE];
    let mut kinds: Vec<PageEncodingStats> = Vec::new();
    for page in plain {
        let (page, len_bytes) = compressed(page?)?;
        let (page_type, encoding) = (page.page_type(), page.encoding());
        if !encodings.contains(&encoding) {
            encodings.push(encoding);
        }
        match kinds.last_mut() {
            Some(kind) if (kind.page_type, kind.encoding) == (page_type, encoding) => {
                kind.count += 1;
            }
            _ => kinds.push(PageEncodingStats {
                page_type,
                encoding,
                count: 1,
            }),
        }
        let offset = match page_type {
            PageType::DICTIONARY_PAGE => &mut dictionary_offset,
            _ => {
                rows += i64::from(page.num_values());
                &mut data_offset
            }
        };
        let written = pages.write_page(CompressedPage::new(page, len_bytes))?;
        offset.get_or_insert(written.offset as i64);
        uncompressed += written.uncompressed_size as i64;
    }
    let bytes = sink.into_inner()?;
    let metadata = ColumnChunkMetaData::builder(Arc::clone(column))
        .set_compression(compression()?)
        .set_encodings(encodings)
        .set_num_values(rows)
        .set_total_compressed_size(bytes.len() as i64)
        .set_total_uncompressed_size(uncompressed)
        .set_dictionary_page_offset(dictionary_offset)
        .set_data_page_offset(data_offset.unwrap_or(0))
        // Readers may look at the dictionary alone where all pages of data have its codes.
        .set_page_encoding_stats(kinds)
        .set_statistics(statistics)
        .build()?;
    let close = ColumnCloseResult {
        bytes_written: bytes.len() as u64,
        rows_written: rows as u64,
        metadata,
        bloom_filter: None,
        column_index: None,
        offset_index: None,
    };
    Ok((bytes.into(), close))
}

/// The page with its bytes compressed, and how many they were.
fn compressed(page: PlainPage) -> Result<(Page, usize)> {
    Ok(match page {
        PlainPage::Dictionary { bytes, count } => {
            let page = Page::DictionaryPage {
                buf: compress(&bytes)?,
                num_values: self::count(count)?,
                encoding: Encoding::PLAIN,
                is_sorted: false,
            };
            (page, bytes.len())
        }
        PlainPage::Data {
            bytes,
            rows,
            encoding,
        } => {
            let page = Page::DataPage {
                buf: compress(&bytes)?,
                num_values: count(rows)?,
                encoding,
                def_level_encoding: Encoding::RLE,
                rep_level_encoding: Encoding::RLE,
                statistics: None,
            };
            (page, bytes.len())
        }
    })
}

fn compress(bytes: &[u8]) -> Result<Bytes> {
    CONTEXT.with_borrow_mut(|context| {
        let compressor = match &mut context.compressor {
            Some(compressor) => compressor,
            none => none.insert(Compressor::new(ZSTD_LEVEL)?),
        };
        context.buffer.clear();
        context.buffer.reserve(compress_bound(bytes.len()));
        compressor.compress_to_buffer(bytes, &mut context.buffer)?;
        let compressed = Bytes::copy_from_slice(&context.buffer);
        if context.buffer.capacity() > KEPT_BYTES {
            context.buffer = Vec::new();
        }
        Ok(compressed)
    })
}

/// A page of data as far as its definition levels: which rows have a value, where columns may lack some.
pub(super) fn levels(
    column: &ColumnDescPtr,
    rows: usize,
    validity: Option<&[bool]>,
) -> Result<Vec<u8>> {
    let levels = (column.max_def_level(), column.max_rep_level());
    if levels != (1, 0) {
        return Err(ParquetError::General(format!(
            "a column of single values has levels {levels:?}"
        )));
    }
    let mut page = vec![0; 4];
    match validity {
        None => hybrid::encode_same(1, rows, 1, &mut page),
        Some(valid) => hybrid::encode_truths(valid, &mut page),
    }
    let len = count(page.len() - 4)?;
    page[..4].copy_from_slice(&len.to_le_bytes());
    Ok(page)
}

fn count(len: usize) -> Result<u32> {
    u32::try_from(len).map_err(|_| ParquetError::General(format!("{len} in a page")))
}
