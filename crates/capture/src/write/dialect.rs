//! The forms in which a capture can be written.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::frame::Encoding;

/// How the requests of a capture are written one after another. Compression of the whole file is
/// apart from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OTLP JSON, one request per line: what the Collector's file exporter writes.
    JsonLines,
    /// Protobuf, each message after its length as 4 bytes, big-endian: the Collector's `format: proto`.
    Proto,
    /// The Collector's `compression: zstd` of JSON: each request compressed alone, after its length as 4
    /// bytes, big-endian.
    JsonZstd,
    /// The same of protobuf messages.
    ProtoZstd,
    /// agentic-ci's envelopes: a JSON object per line with time of arrival, path and OTLP JSON.
    AgenticCi,
    /// Protobuf, each message after its length as a varint.
    Varint,
    /// Protobuf, each message after the five bytes that gRPC puts before it.
    Grpc,
}

impl Dialect {
    /// All dialects.
    pub const ALL: [Self; 7] = [
        Self::JsonLines,
        Self::Proto,
        Self::JsonZstd,
        Self::ProtoZstd,
        Self::AgenticCi,
        Self::Varint,
        Self::Grpc,
    ];

    /// The word for it in options, such as `jsonl`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::Proto => "proto",
            Self::JsonZstd => "json-zstd",
            Self::ProtoZstd => "proto-zstd",
            Self::AgenticCi => "agentic-ci",
            Self::Varint => "varint",
            Self::Grpc => "grpc",
        }
    }

    /// How payloads are encoded. A JSON payload names its signals itself; a protobuf one does not,
    /// and its reader has to tell the signal from the items.
    pub const fn encoding(self) -> Encoding {
        match self {
            Self::JsonLines | Self::JsonZstd | Self::AgenticCi => Encoding::Json,
            Self::Proto | Self::ProtoZstd | Self::Varint | Self::Grpc => Encoding::Protobuf,
        }
    }

    /// Whether the time of arrival is kept.
    pub const fn holds_arrival(self) -> bool {
        matches!(self, Self::AgenticCi)
    }

    /// Whether a payload may hold several signals: an envelope names one path.
    pub const fn holds_several_signals(self) -> bool {
        matches!(self, Self::JsonLines | Self::JsonZstd)
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is not the name of a dialect.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "expected one of jsonl, proto, json-zstd, proto-zstd, agentic-ci, varint, grpc, found `{0}`"
)]
pub struct UnknownDialect(String);

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(word: &str) -> Result<Self, UnknownDialect> {
        Self::ALL
            .into_iter()
            .find(|dialect| dialect.as_str() == word)
            .ok_or_else(|| UnknownDialect(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::Dialect;

    #[test]
    fn words_of_dialects_are_read_back_and_listed_in_the_error() {
        let error = "yaml".parse::<Dialect>().unwrap_err().to_string();
        for dialect in Dialect::ALL {
            assert_eq!(dialect.as_str().parse(), Ok(dialect));
            assert!(error.contains(dialect.as_str()), "{error}");
        }
    }
}
