//! The pages of a column chunk: their headers, and their bytes unpacked.

use parquet::basic::Compression;

use super::thrift::{Kind, Thrift};
use crate::row_group::unpack_into;

/// Words of the format.
const DATA_PAGE: i64 = 0;
const DICTIONARY_PAGE: i64 = 2;
const PLAIN: i64 = 0;
const PLAIN_DICTIONARY: i64 = 2;
const RLE: i64 = 3;
const DELTA_BINARY_PACKED: i64 = 5;
const RLE_DICTIONARY: i64 = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain,
    /// Codes of a dictionary.
    Codes,
    Delta,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageKind {
    Dictionary,
    Data(Encoding),
}

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page<'a> {
    pub kind: PageKind,
    /// Number of values, nulls included.
    pub count: usize,
    /// Unpacked.
    pub bytes: &'a [u8],
}

/// The header of a page.
pub(super) struct Header {
    kind: PageKind,
    count: usize,
    /// As it lies.
    pub len_bytes: usize,
}

impl Header {
    /// Takes it from the front of a column chunk.
    pub fn read(chunk: &mut &[u8]) -> Option<Self> {
        let thrift = &mut Thrift::new(chunk);
        let (mut kind, mut len_bytes, mut inner) = (None, None, None);
        let mut number = 0;
        while let Some(field) = thrift.field(&mut number)? {
            match (number, field) {
                (1, Kind::Int) => kind = Some(thrift.int()?),
                (3, Kind::Int) => len_bytes = usize::try_from(thrift.int()?).ok(),
                (5 | 7, Kind::Struct) => inner = Some((number, Inner::read(thrift)?)),
                (_, field) => thrift.skip(field)?,
            }
        }
        let (number, inner) = inner?;
        let kind = match (kind?, number) {
            (DICTIONARY_PAGE, 7) if matches!(inner.encoding?, PLAIN | PLAIN_DICTIONARY) => {
                PageKind::Dictionary
            }
            (DATA_PAGE, 5) if inner.levels == Some(RLE) => PageKind::Data(match inner.encoding? {
                PLAIN => Encoding::Plain,
                PLAIN_DICTIONARY | RLE_DICTIONARY => Encoding::Codes,
                DELTA_BINARY_PACKED => Encoding::Delta,
                _ => return None,
            }),
            _ => return None,
        };
        *chunk = thrift.rest();
        Some(Self {
            kind,
            count: usize::try_from(inner.count?).ok()?,
            len_bytes: len_bytes?,
        })
    }

    /// The page of the bytes after the header, unpacked into a buffer, of which nothing is kept.
    pub fn page<'p>(
        &self,
        bytes: &'p [u8],
        compression: Compression,
        buffer: &'p mut Vec<u8>,
    ) -> Option<Page<'p>> {
        let bytes = match compression {
            Compression::UNCOMPRESSED => bytes,
            Compression::ZSTD(_) => {
                unpack_into(bytes, buffer)?;
                buffer.as_slice()
            }
            _ => return None,
        };
        Some(Page {
            kind: self.kind,
            count: self.count,
            bytes,
        })
    }
}

/// What the header says of a page of its kind.
#[derive(Default)]
struct Inner {
    count: Option<i64>,
    encoding: Option<i64>,
    /// The encoding of definition levels.
    levels: Option<i64>,
}

impl Inner {
    fn read(thrift: &mut Thrift<'_>) -> Option<Self> {
        let mut inner = Self::default();
        let mut number = 0;
        while let Some(field) = thrift.field(&mut number)? {
            match (number, field) {
                (1, Kind::Int) => inner.count = Some(thrift.int()?),
                (2, Kind::Int) => inner.encoding = Some(thrift.int()?),
                (3, Kind::Int) => inner.levels = Some(thrift.int()?),
                (_, field) => thrift.skip(field)?,
            }
        }
        Some(inner)
    }
}
