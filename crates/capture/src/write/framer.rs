//! A request into the form of a dialect.

use std::io;

use jiff::Timestamp;
use thiserror::Error;
use zstd::bulk::Compressor;

use super::dialect::Dialect;
use super::json_line;
use crate::frame::Signal;

/// What the Collector uses.
const ZSTD_LEVEL: i32 = 3;

/// A request to be written.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// The payload, in the encoding of the dialect. JSON may have several lines.
    pub payload: &'a [u8],
    /// The signal. Where the dialect writes none it is not looked at.
    pub signal: Signal,
    /// When the request arrived, in Unix nanoseconds, if that is known. Where the dialect has no
    /// place for it, it is not written.
    pub arrival_unix_nano: Option<u64>,
}

/// A request could not be put into the form of a dialect.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// It is longer than its length prefix can tell.
    #[error(
        "failed to write a request of {len_bytes} bytes: its length has 4 bytes in this dialect"
    )]
    TooLarge {
        /// Its length.
        len_bytes: usize,
    },
    /// It could not be compressed.
    #[error("failed to compress a request")]
    Compress(#[source] io::Error),
}

/// Puts requests into the form of a dialect, one after another. The same requests give the same
/// bytes; how they are split among framers does not matter.
pub struct Framer {
    dialect: Dialect,
    compressor: Option<Compressor<'static>>,
    line: Vec<u8>,
}

impl Framer {
    /// Makes a framer.
    ///
    /// # Errors
    ///
    /// If the dialect compresses and the compressor cannot be made.
    pub fn new(dialect: Dialect) -> Result<Self, FrameError> {
        let compressor = match dialect {
            Dialect::JsonZstd | Dialect::ProtoZstd => {
                Some(Compressor::new(ZSTD_LEVEL).map_err(FrameError::Compress)?)
            }
            _ => None,
        };
        Ok(Self {
            dialect,
            compressor,
            line: Vec::new(),
        })
    }

    /// Appends a request with its framing to `out`, which is left as it was after an error.
    ///
    /// # Errors
    ///
    /// If the request is too long for its length prefix, or cannot be compressed.
    pub fn push(&mut self, request: Outgoing<'_>, out: &mut Vec<u8>) -> Result<(), FrameError> {
        let payload = request.payload;
        match self.dialect {
            Dialect::JsonLines => {
                json_line::push(payload, out);
                out.push(b'\n');
            }
            Dialect::AgenticCi => {
                out.push(b'{');
                if let Some(ts) = request.arrival_unix_nano.and_then(timestamp) {
                    out.extend_from_slice(b"\"ts\": \"");
                    out.extend_from_slice(ts.as_bytes());
                    out.extend_from_slice(b"\", ");
                }
                out.extend_from_slice(b"\"path\": \"/v1/");
                out.extend_from_slice(request.signal.as_str().as_bytes());
                out.extend_from_slice(b"\", \"payload\": ");
                json_line::push(payload, out);
                out.extend_from_slice(b"}\n");
            }
            Dialect::Proto => prefixed(payload, out)?,
            Dialect::ProtoZstd => self.compressed(payload, out)?,
            Dialect::JsonZstd => {
                let mut line = std::mem::take(&mut self.line);
                line.clear();
                json_line::push(payload, &mut line);
                let result = self.compressed(&line, out);
                self.line = line;
                result?;
            }
            Dialect::Varint => {
                let mut len = payload.len();
                while len >= 0x80 {
                    out.push(len as u8 | 0x80);
                    len >>= 7;
                }
                out.push(len as u8);
                out.extend_from_slice(payload);
            }
            Dialect::Grpc => {
                let start = out.len();
                out.push(0);
                prefixed(payload, out).inspect_err(|_| out.truncate(start))?;
            }
        }
        Ok(())
    }

    fn compressed(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
        let Some(compressor) = &mut self.compressor else {
            return prefixed(payload, out);
        };
        let message = compressor.compress(payload).map_err(FrameError::Compress)?;
        prefixed(&message, out)
    }
}

fn prefixed(message: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
    let len = u32::try_from(message.len()).map_err(|_| FrameError::TooLarge {
        len_bytes: message.len(),
    })?;
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(message);
    Ok(())
}

/// The time as agentic-ci writes it, in microseconds; with all digits where those would lose some.
fn timestamp(unix_nano: u64) -> Option<String> {
    let time = Timestamp::from_nanosecond(unix_nano.into()).ok()?;
    let digits = if unix_nano.is_multiple_of(1_000) {
        6
    } else {
        9
    };
    let text = format!("{time:.digits$}");
    Some(text.replace('Z', "+00:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(dialect: Dialect, payload: &[u8], arrival: Option<u64>, expected: &[u8]) {
        let mut out = b"before".to_vec();
        let request = Outgoing {
            payload,
            signal: Signal::Logs,
            arrival_unix_nano: arrival,
        };
        Framer::new(dialect)
            .unwrap()
            .push(request, &mut out)
            .unwrap();
        let shown = out[6..].escape_ascii().to_string();
        assert_eq!(shown, expected.escape_ascii().to_string());
    }

    #[test]
    fn requests_are_framed() {
        check(Dialect::JsonLines, b"{\"a\":\n1}\n", None, b"{\"a\":1}\n");
        check(Dialect::Proto, b"ab", None, b"\0\0\0\x02ab");
        check(Dialect::Grpc, b"ab", Some(1), b"\0\0\0\0\x02ab");
        check(Dialect::Varint, b"", None, b"\0");
        check(
            Dialect::Varint,
            &[7; 300],
            None,
            &[&[0xAC, 2], &[7; 300][..]].concat(),
        );
    }

    #[test]
    fn envelopes_are_those_of_agentic_ci() {
        check(
            Dialect::AgenticCi,
            b"{\"resourceLogs\":[]}",
            Some(1_763_640_000_123_456_000),
            b"{\"ts\": \"2025-11-20T12:00:00.123456+00:00\", \"path\": \"/v1/logs\", \"payload\": {\"resourceLogs\":[]}}\n",
        );
        check(
            Dialect::AgenticCi,
            b"{}",
            Some(1_763_640_000_000_000_007),
            b"{\"ts\": \"2025-11-20T12:00:00.000000007+00:00\", \"path\": \"/v1/logs\", \"payload\": {}}\n",
        );
        check(
            Dialect::AgenticCi,
            b"{}",
            None,
            b"{\"path\": \"/v1/logs\", \"payload\": {}}\n",
        );
    }
}
