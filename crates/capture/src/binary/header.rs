//! The length prefixes of binary captures, and whether a body is what the prefix promises.

use super::message::{self, Look, Varint};
use crate::stream::{GZIP_MAGIC, ZSTD_MAGIC};

/// What stands before each message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// 4 bytes, big endian; the message is protobuf.
    Proto,
    /// 4 bytes, big endian; the message is one zstd frame.
    Zstd,
    /// A varint; the message is protobuf.
    Varint,
    /// A byte of flags and 4 bytes, big endian; the message is protobuf, in gzip if flagged.
    Grpc,
}

/// A prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// Its own length, that of the body, and whether the body is compressed.
    Body(usize, u64, bool),
    Short,
    Wrong,
}

impl Framing {
    pub const ALL: [Self; 4] = [Self::Proto, Self::Zstd, Self::Varint, Self::Grpc];

    /// The length of a prefix of zeros.
    pub fn min_header_len(self) -> usize {
        match self {
            Self::Proto | Self::Zstd => 4,
            Self::Varint => 1,
            Self::Grpc => 5,
        }
    }

    pub(super) fn header(self, bytes: &[u8]) -> Header {
        match self {
            Self::Proto | Self::Zstd => match bytes.first_chunk() {
                Some(len) => Header::Body(4, u32::from_be_bytes(*len).into(), self == Self::Zstd),
                None => Header::Short,
            },
            Self::Varint => match message::varint(bytes) {
                Varint::Value(len, header) => Header::Body(header, len, false),
                Varint::Short => Header::Short,
                Varint::Wrong => Header::Wrong,
            },
            Self::Grpc => match bytes.first_chunk::<5>() {
                Some([flags @ (0 | 1), a, b, c, d]) => {
                    let len = u32::from_be_bytes([*a, *b, *c, *d]);
                    Header::Body(5, len.into(), *flags == 1)
                }
                Some(_) => Header::Wrong,
                None if bytes.first().is_some_and(|flags| *flags > 1) => Header::Wrong,
                None => Header::Short,
            },
        }
    }

    /// Looks at the front of a body; `whole` says that it is complete.
    pub(super) fn look(
        self,
        body: &[u8],
        compressed: bool,
        whole: bool,
        fields: &mut usize,
    ) -> Look {
        let magic = match self {
            Self::Zstd => &ZSTD_MAGIC[..],
            Self::Grpc if compressed => &GZIP_MAGIC[..],
            Self::Proto | Self::Varint | Self::Grpc => {
                return match message::look(body, fields) {
                    Look::Short if whole => Look::Wrong,
                    Look::Whole if !whole => Look::Short,
                    look => look,
                };
            }
        };
        if !body.starts_with(&magic[..magic.len().min(body.len())]) {
            Look::Wrong
        } else if !whole {
            Look::Short
        } else if self == Self::Zstd && !is_one_zstd_frame(body) {
            Look::Wrong
        } else {
            Look::Whole
        }
    }
}

fn is_one_zstd_frame(body: &[u8]) -> bool {
    zstd::zstd_safe::find_frame_compressed_size(body) == Ok(body.len())
}
