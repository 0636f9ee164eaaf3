//! A row group whose columns are read whole and unpacked by one context of zstd per thread.
//!
//! The library's own reader reads each page header and each page for itself, and makes two contexts of
//! zstd for each column. Of the many small files of a lake that took a third of the time of a report
//! (`cargo xtask bench usage`).

use std::cell::RefCell;
use std::io;
use std::sync::Arc;

use bytes::{Buf as _, Bytes, buf};
use parquet::arrow::arrow_reader::RowGroups;
use parquet::basic::Compression;
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use zstd::bulk::Decompressor;
use zstd::zstd_safe::get_frame_content_size;

use crate::positioned::Positioned;

/// The longest page of the format, in bytes: its length is a signed number of 32 bits.
const PAGE_BYTES: usize = i32::MAX.unsigned_abs() as usize;

thread_local! {
    static CONTEXT: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// One row group of a file.
pub(crate) struct RowGroup<'a> {
    pub file: &'a Positioned,
    pub metadata: &'a ParquetMetaData,
    /// Which.
    pub number: usize,
}

impl RowGroup<'_> {
    fn row_group(&self) -> &RowGroupMetaData {
        self.metadata.row_group(self.number)
    }
}

impl RowGroups for RowGroup<'_> {
    fn num_rows(&self) -> usize {
        usize::try_from(self.row_group().num_rows()).unwrap_or(0)
    }

    fn column_chunks(&self, column: usize) -> Result<Box<dyn PageIterator>> {
        let metadata = self.row_group().column(column);
        let chunk = Arc::new(Chunk::read(self.file, metadata)?);
        let rows = self.num_rows();
        let pages: Box<dyn PageReader> = match metadata.compression() {
            Compression::ZSTD(_) => {
                // As if it were not compressed: the pages come as they lie.
                let packed = SerializedPageReader::new(chunk, &as_it_lies(metadata)?, rows, None)?;
                Box::new(Unpacked(packed))
            }
            _ => Box::new(SerializedPageReader::new(chunk, metadata, rows, None)?),
        };
        Ok(Box::new(Only(Some(pages))))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(std::iter::once(self.row_group()))
    }

    fn metadata(&self) -> &ParquetMetaData {
        self.metadata
    }
}

/// What a page reader needs to know of a column chunk, without its compression.
fn as_it_lies(metadata: &ColumnChunkMetaData) -> Result<ColumnChunkMetaData> {
    ColumnChunkMetaData::builder(metadata.column_descr_ptr())
        .set_compression(Compression::UNCOMPRESSED)
        .set_num_values(metadata.num_values())
        .set_total_compressed_size(metadata.compressed_size())
        .set_data_page_offset(metadata.data_page_offset())
        .set_dictionary_page_offset(metadata.dictionary_page_offset())
        .build()
}

/// The pages of the only column chunk.
struct Only(Option<Box<dyn PageReader>>);

impl Iterator for Only {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take().map(Ok)
    }
}

impl PageIterator for Only {}

/// The bytes of a column chunk, at their places in the file.
struct Chunk {
    start: u64,
    bytes: Bytes,
}

impl Chunk {
    fn read(file: &Positioned, metadata: &ColumnChunkMetaData) -> Result<Self> {
        let start = metadata.dictionary_page_offset();
        let start = start.unwrap_or(metadata.data_page_offset());
        let place = u64::try_from(start).ok();
        let len = usize::try_from(metadata.compressed_size()).ok();
        let Some((start, len)) = place.zip(len) else {
            return Err(ParquetError::General(format!(
                "a column of {} bytes at {start}",
                metadata.compressed_size()
            )));
        };
        Ok(Self {
            start,
            bytes: file.get_bytes(start, len)?,
        })
    }

    /// Where a place of the file is.
    fn place(&self, start: u64) -> Result<usize> {
        let place = start.checked_sub(self.start);
        let place = place.and_then(|place| usize::try_from(place).ok());
        place
            .filter(|place| *place <= self.bytes.len())
            .ok_or_else(|| outside(start))
    }
}

fn outside(start: u64) -> ParquetError {
    ParquetError::EOF(format!("a page at {start} is not in its column"))
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for Chunk {
    type T = buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(self.bytes.slice(self.place(start)?..).reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let place = self.place(start)?;
        if length > self.bytes.len() - place {
            return Err(outside(start));
        }
        Ok(self.bytes.slice(place..place + length))
    }
}

/// Unpacks the pages that another reader finds.
struct Unpacked(SerializedPageReader<Chunk>);

impl Unpacked {
    fn unpacked(mut page: Page) -> Result<Page> {
        match &mut page {
            Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => {
                *buf = unpack(buf, 0)?;
            }
            Page::DataPageV2 {
                buf,
                def_levels_byte_len,
                rep_levels_byte_len,
                is_compressed: true,
                ..
            } => {
                let levels = u64::from(*def_levels_byte_len) + u64::from(*rep_levels_byte_len);
                let levels = usize::try_from(levels).unwrap_or(usize::MAX);
                *buf = unpack(buf, levels)?;
            }
            Page::DataPageV2 { .. } => {}
        }
        Ok(page)
    }
}

impl Iterator for Unpacked {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Unpacked {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        self.0.get_next_page()?.map(Self::unpacked).transpose()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.0.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.0.skip_next_page()
    }

    fn supports_deferred_dictionary(&self) -> bool {
        self.0.supports_deferred_dictionary()
    }

    fn take_deferred_dictionary(&mut self) -> Result<Option<Page>> {
        let page = self.0.take_deferred_dictionary()?;
        page.map(Self::unpacked).transpose()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.0.at_record_boundary()
    }
}

/// Unpacks bytes into a buffer, of which nothing is kept; none if they are no frame of zstd that tells
/// its length.
pub(crate) fn unpack_into(packed: &[u8], buffer: &mut Vec<u8>) -> Option<()> {
    buffer.clear();
    if packed.is_empty() {
        return Some(());
    }
    let told = get_frame_content_size(packed).ok().flatten()?;
    let len_bytes = usize::try_from(told).ok()?;
    if len_bytes > PAGE_BYTES {
        return None;
    }
    buffer.reserve(len_bytes);
    with_context(|context| context.decompress_to_buffer(packed, buffer)).ok()?;
    Some(())
}

/// Does something with the context of this thread.
fn with_context<T>(
    work: impl FnOnce(&mut Decompressor<'static>) -> io::Result<T>,
) -> io::Result<T> {
    CONTEXT.with_borrow_mut(|context| match context {
        Some(context) => work(context),
        None => work(context.insert(Decompressor::new()?)),
    })
}

/// The bytes of a page, of which the first are not compressed.
fn unpack(page: &[u8], plain: usize) -> Result<Bytes> {
    let Some((plain, packed)) = page.split_at_checked(plain) else {
        return Err(ParquetError::EOF(
            "the levels of a page reach beyond its end".to_owned(),
        ));
    };
    if packed.is_empty() {
        // No row has a value.
        return Ok(Bytes::copy_from_slice(plain));
    }
    let told = get_frame_content_size(packed).ok().flatten();
    let told = told.and_then(|bytes| usize::try_from(bytes).ok());
    let unpacked = match told.filter(|bytes| *bytes <= PAGE_BYTES) {
        Some(len_bytes) => with_context(|context| context.decompress(packed, len_bytes))?,
        // Other writers need not tell.
        None => zstd::stream::decode_all(packed)?,
    };
    if plain.is_empty() {
        return Ok(unpacked.into());
    }
    Ok([plain, &unpacked].concat().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn pages_are_unpacked_behind_their_levels() {
        let text = b"a page, a page, a page".repeat(20);
        let packed = zstd::bulk::compress(&text, 1).unwrap();
        assert_eq!(unpack(&packed, 0).unwrap(), text);
        let page = [b"levels", packed.as_slice()].concat();
        assert_eq!(
            unpack(&page, 6).unwrap(),
            [b"levels", text.as_slice()].concat()
        );
        assert_eq!(unpack(b"levels", 6).unwrap(), "levels");
        assert!(unpack(b"levels", 7).is_err());
        assert!(unpack(b"no frame", 0).is_err());
        assert!(unpack(&packed[..packed.len() - 1], 0).is_err());
    }

    #[test]
    fn pages_need_not_tell_their_length() {
        let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
        encoder.write_all(b"a page of another writer").unwrap();
        let packed = encoder.finish().unwrap();
        assert!(matches!(get_frame_content_size(&packed), Ok(None)));
        assert_eq!(unpack(&packed, 0).unwrap(), "a page of another writer");
    }

    #[test]
    fn pages_are_inside_their_column() {
        let chunk = Chunk {
            start: 100,
            bytes: Bytes::from_static(b"0123456789"),
        };
        assert_eq!(chunk.get_bytes(102, 3).unwrap(), "234");
        for (start, length) in [
            (99, 1),
            (111, 0),
            (108, 3),
            (u64::MAX, 1),
            (100, usize::MAX),
        ] {
            assert!(chunk.get_bytes(start, length).is_err(), "{start} {length}");
        }
        assert!(chunk.get_read(111).is_err());
    }
}
