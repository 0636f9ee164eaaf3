//! What a file says of its row groups, read where it is asked for.
//!
//! The library reads all of a footer: of a file with 60 columns, of which a report wants 20, that
//! takes as long as decoding some of them.

use bytes::Bytes;
use parquet::basic::{Compression, Type, ZstdLevel};
use parquet::file::reader::{ChunkReader as _, Length as _};
use std::ops::Range;

use super::thrift::{Kind, Thrift};
use crate::positioned::Positioned;

/// How a file ends: with the length of the footer and this word.
const MAGIC: &[u8] = b"PAR1";
const TAIL_BYTES: u64 = 8;

/// The most rows of a row group that is read here: what a few bytes claim is not allocated.
const MOST_ROWS: usize = 1 << 24;

/// The footer of a file.
#[derive(Clone, Debug)]
pub(crate) struct Footer {
    bytes: Bytes,
    schema: Range<usize>,
    key_values: Range<usize>,
    groups: Vec<Group>,
}

/// A row group.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    rows: usize,
    /// Where in the footer its column chunks are.
    chunks: Vec<usize>,
}

/// A column chunk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ChunkInfo<'a> {
    pub r#type: Type,
    pub compression: Compression,
    /// Where in the file it is, and how many bytes.
    pub start: u64,
    pub len_bytes: usize,
    pub nulls: Option<u64>,
    /// The least and the greatest value where both are told as they are.
    pub bounds: Option<(&'a [u8], &'a [u8])>,
}

impl Footer {
    /// Reads the footer of a file; none if there is something unusual about it.
    pub fn read(file: &Positioned) -> Option<Self> {
        let end = file.len().checked_sub(TAIL_BYTES)?;
        let tail = file.get_bytes(end, TAIL_BYTES as usize).ok()?;
        let (len, magic) = tail.split_first_chunk()?;
        if magic != MAGIC {
            return None;
        }
        let len = u32::from_le_bytes(*len);
        let start = end.checked_sub(u64::from(len))?;
        Self::of(file.get_bytes(start, usize::try_from(len).ok()?).ok()?)
    }

    fn of(bytes: Bytes) -> Option<Self> {
        let mut thrift = Thrift::new(&bytes);
        let at = |thrift: &Thrift<'_>| bytes.len() - thrift.rest().len();
        let (mut schema, mut key_values, mut groups) = (0..0, 0..0, Vec::new());
        let mut number = 0;
        while let Some(kind) = thrift.field(&mut number)? {
            let begin = at(&thrift);
            match (number, kind) {
                (4, Kind::List) => {
                    let (Kind::Struct, count) = thrift.list()? else {
                        return None;
                    };
                    for _ in 0..count {
                        groups.push(Group::read(&mut thrift, bytes.len())?);
                    }
                }
                // Encrypted.
                (8 | 9, _) => return None,
                _ => thrift.skip(kind)?,
            }
            match number {
                2 => schema = begin..at(&thrift),
                5 => key_values = begin..at(&thrift),
                _ => {}
            }
        }
        Some(Self {
            schema,
            key_values,
            groups,
            bytes: bytes.clone(),
        })
    }

    /// What it says of the columns, in its own words: schema, and what writers add.
    pub fn about(&self) -> [&[u8]; 2] {
        let bytes = |range: &Range<usize>| &self.bytes[range.clone()];
        [bytes(&self.schema), bytes(&self.key_values)]
    }

    /// Whether every row group has so many column chunks.
    pub fn has_chunks(&self, count: usize) -> bool {
        let mut groups = self.groups.iter();
        groups.all(|group| group.chunks.len() == count)
    }

    pub fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// Number of rows of a row group.
    pub fn rows(&self, group: usize) -> usize {
        self.groups[group].rows
    }

    /// A column chunk of a row group; none if there is something unusual about it.
    pub fn chunk(&self, group: usize, column: usize) -> Option<ChunkInfo<'_>> {
        let at = *self.groups.get(group)?.chunks.get(column)?;
        let mut thrift = Thrift::new(&self.bytes[at..]);
        let mut number = 0;
        let mut found = None;
        while let Some(kind) = thrift.field(&mut number)? {
            match (number, kind) {
                (3, Kind::Struct) => found = Some(chunk(&mut thrift)?),
                // In another file, or encrypted.
                (1 | 8 | 9, _) => return None,
                (_, kind) => thrift.skip(kind)?,
            }
        }
        found
    }
}

impl Group {
    fn read(thrift: &mut Thrift<'_>, footer_bytes: usize) -> Option<Self> {
        let (mut rows, mut chunks) = (None, Vec::new());
        let mut number = 0;
        while let Some(kind) = thrift.field(&mut number)? {
            match (number, kind) {
                (1, Kind::List) => {
                    let (Kind::Struct, count) = thrift.list()? else {
                        return None;
                    };
                    chunks.reserve_exact(count);
                    for _ in 0..count {
                        chunks.push(footer_bytes - thrift.rest().len());
                        thrift.skip(Kind::Struct)?;
                    }
                }
                (3, Kind::Int) => rows = usize::try_from(thrift.int()?).ok(),
                (_, kind) => thrift.skip(kind)?,
            }
        }
        Some(Self {
            rows: rows.filter(|rows| *rows <= MOST_ROWS)?,
            chunks,
        })
    }
}

fn chunk<'a>(thrift: &mut Thrift<'a>) -> Option<ChunkInfo<'a>> {
    let (mut r#type, mut compression, mut len_bytes) = (None, None, None);
    let (mut data, mut dictionary) = (None, None);
    let mut statistics = Statistics::default();
    let mut number = 0;
    while let Some(kind) = thrift.field(&mut number)? {
        match (number, kind) {
            (1, Kind::Int) => r#type = physical(thrift.int()?),
            (4, Kind::Int) => compression = self::compression(thrift.int()?),
            (7, Kind::Int) => len_bytes = usize::try_from(thrift.int()?).ok(),
            (9, Kind::Int) => data = u64::try_from(thrift.int()?).ok(),
            (11, Kind::Int) => dictionary = Some(u64::try_from(thrift.int()?).ok()?),
            (12, Kind::Struct) => statistics = Statistics::read(thrift)?,
            (_, kind) => thrift.skip(kind)?,
        }
    }
    Some(ChunkInfo {
        r#type: r#type?,
        compression: compression?,
        start: dictionary.or(data)?,
        len_bytes: len_bytes?,
        nulls: statistics.nulls,
        bounds: match statistics.are_exact {
            [true, true] => statistics.least.zip(statistics.greatest),
            _ => None,
        },
    })
}

fn physical(word: i64) -> Option<Type> {
    Some(match word {
        0 => Type::BOOLEAN,
        2 => Type::INT64,
        5 => Type::DOUBLE,
        6 => Type::BYTE_ARRAY,
        _ => return None,
    })
}

fn compression(word: i64) -> Option<Compression> {
    match word {
        0 => Some(Compression::UNCOMPRESSED),
        6 => Some(Compression::ZSTD(ZstdLevel::default())),
        _ => None,
    }
}

#[derive(Default)]
struct Statistics<'a> {
    nulls: Option<u64>,
    least: Option<&'a [u8]>,
    greatest: Option<&'a [u8]>,
    are_exact: [bool; 2],
}

impl<'a> Statistics<'a> {
    fn read(thrift: &mut Thrift<'a>) -> Option<Self> {
        let mut found = Self::default();
        let mut number = 0;
        while let Some(kind) = thrift.field(&mut number)? {
            match (number, kind) {
                (3, Kind::Int) => found.nulls = u64::try_from(thrift.int()?).ok(),
                (5, Kind::Binary) => found.greatest = Some(thrift.binary()?),
                (6, Kind::Binary) => found.least = Some(thrift.binary()?),
                (7, Kind::True) => found.are_exact[0] = true,
                (8, Kind::True) => found.are_exact[1] = true,
                (_, kind) => thrift.skip(kind)?,
            }
        }
        Some(found)
    }
}
