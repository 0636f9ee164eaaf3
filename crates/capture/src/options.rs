//! What a caller may decide about reading: format, signal, limits.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::frame::Signal;

/// How a file is cut into frames, below any compression of the whole file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InputFormat {
    /// JSON text: lines, documents, arrays, envelopes, in any mixture.
    Json,
    /// A 4-byte big-endian length before each protobuf message (Collector file exporter).
    ProtoFrames,
    /// A 4-byte big-endian length before each message, which is one zstd frame (Collector file
    /// exporter with `compression: zstd`); JSON or protobuf inside.
    ZstdFrames,
    /// The whole file is one protobuf message.
    Protobuf,
    /// A varint length before each protobuf message.
    VarintFrames,
    /// A gRPC body: one byte of flags and a 4-byte big-endian length before each message.
    GrpcFrames,
}

impl InputFormat {
    /// All formats.
    pub const ALL: [Self; 6] = [
        Self::Json,
        Self::ProtoFrames,
        Self::ZstdFrames,
        Self::Protobuf,
        Self::VarintFrames,
        Self::GrpcFrames,
    ];

    /// The word for the format in options, such as `proto-frames`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::ProtoFrames => "proto-frames",
            Self::ZstdFrames => "zstd-frames",
            Self::Protobuf => "protobuf",
            Self::VarintFrames => "varint-frames",
            Self::GrpcFrames => "grpc-frames",
        }
    }
}

impl fmt::Display for InputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is not the name of an input format.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "expected one of json, proto-frames, zstd-frames, protobuf, varint-frames, grpc-frames, found `{0}`"
)]
pub struct UnknownFormat(String);

impl FromStr for InputFormat {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == word)
            .ok_or_else(|| UnknownFormat(word.to_owned()))
    }
}

/// How a capture is read. The default recognises everything from the bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The format, where it shall not be recognised. Compression of the whole file is still
    /// recognised and undone.
    pub input_format: Option<InputFormat>,
    /// The signal of all frames whose envelope does not name one.
    pub signal: Option<Signal>,
    /// What becomes of a last record that the end of the file cuts off.
    pub torn_tail: TornTail,
    /// Limits.
    pub limits: ReadLimits,
}

/// What becomes of a record that the end of the file cuts off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TornTail {
    /// It is a reject: the file is taken to be complete.
    #[default]
    Reject,
    /// It is no entry and is not consumed: its rest may still be written. So it is with the end of
    /// a compressed stream that is missing, not with one that is damaged.
    /// [`CaptureReader::waiting`](crate::CaptureReader::waiting) tells what is left.
    Wait,
}

/// Bounds on what a capture may make the reader do. What is over a limit becomes a reject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// The largest frame in decoded bytes, envelope included. Default 64 MiB, the limit that the
    /// protocol recommends. Also bounds the memory of a reader, to about three times this.
    pub frame_bytes: usize,
    /// The largest ratio of decoded to stored bytes of a compressed file, looked at once more
    /// than 64 MiB were decoded. Default 1000.
    pub decompression_ratio: u64,
    /// The most bytes that a compressed file may unfold to. Default: no limit.
    pub decompressed_bytes: Option<u64>,
    /// How many bytes of a reject are kept. Default 1 MiB.
    pub kept_reject_bytes: usize,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            frame_bytes: 64 << 20,
            decompression_ratio: 1000,
            decompressed_bytes: None,
            kept_reject_bytes: 1 << 20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::InputFormat;

    #[test]
    fn words_of_formats_are_read_back() {
        for format in InputFormat::ALL {
            assert_eq!(format.as_str().parse(), Ok(format));
        }
        assert!("JSON".parse::<InputFormat>().is_err());
    }
}
