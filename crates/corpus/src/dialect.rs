//! How requests lie in files.

use std::io::{self, Write};

use otolith_capture::{Encoding, Signal};

use crate::Request;
use crate::fleet::civil;

/// How requests lie in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// The Collector's file exporter, JSON: a request a line.
    JsonLines,
    /// The recorder agentic-ci: an envelope a line, with the spaces of Python's JSON.
    AgenticCi,
    /// The Collector's file exporter, protobuf: a file per signal, a length before each request.
    Protobuf,
}

impl Dialect {
    /// Every dialect with its name.
    pub const ALL: [(&str, Self); 3] = [
        ("json", Self::JsonLines),
        ("agentic-ci", Self::AgenticCi),
        ("protobuf", Self::Protobuf),
    ];

    /// The encoding of its requests.
    pub const fn encoding(self) -> Encoding {
        match self {
            Self::JsonLines | Self::AgenticCi => Encoding::Json,
            Self::Protobuf => Encoding::Protobuf,
        }
    }

    /// Appends a request, encoded as [`Self::encoding`] says, to a file. With [`Self::Protobuf`] a
    /// file holds the requests of one signal.
    ///
    /// # Errors
    ///
    /// The error of the file; a request of more than 4 GiB.
    pub fn append(self, request: &Request, file: &mut impl Write) -> io::Result<()> {
        match self {
            Self::JsonLines => {
                file.write_all(&request.bytes)?;
                file.write_all(b"\n")
            }
            Self::AgenticCi => envelope(request, file),
            Self::Protobuf => {
                let length = u32::try_from(request.bytes.len()).map_err(io::Error::other)?;
                file.write_all(&length.to_be_bytes())?;
                file.write_all(&request.bytes)
            }
        }
    }
}

fn envelope(request: &Request, file: &mut impl Write) -> io::Result<()> {
    let signal = match request.signal {
        Signal::Traces => "traces",
        Signal::Metrics => "metrics",
        Signal::Logs => "logs",
    };
    let micros = request.arrival_unix_nano / 1_000;
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let (year, month, day) = civil((seconds / 86_400).cast_signed());
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    write!(
        file,
        "{{\"ts\": \"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}+00:00\", \
         \"path\": \"/v1/{signal}\", \"payload\": ",
    )?;
    file.write_all(&spaced(&request.bytes))?;
    file.write_all(b"}\n")
}

/// JSON with a space after each comma and colon.
fn spaced(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len() * 11 / 10);
    let (mut in_text, mut escaped) = (false, false);
    for byte in json {
        out.push(*byte);
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b',' | b':' if !in_text => out.push(b' '),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::spaced;

    #[test]
    fn spaces_stand_outside_of_texts() {
        assert_eq!(
            spaced(br#"{"a":"b,\":","c":[1,2]}"#),
            br#"{"a": "b,\":", "c": [1, 2]}"#
        );
    }
}
