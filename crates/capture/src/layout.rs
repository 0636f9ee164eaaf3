//! What a file looks like: compression, format, envelopes.

use std::fmt;

use crate::options::InputFormat;

/// Compression of a whole file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// gzip, one member or several.
    Gzip,
    /// zstd, one frame or several.
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

/// What stood around the requests of a JSON file, or in their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Envelope {
    /// Nothing: the request itself.
    Plain,
    /// An object with `path` and `payload`, as agentic-ci writes them.
    AgenticCi,
    /// An object with the request in `payload`, `body`, `data` or `request`.
    Wrapper,
    /// An object with `__otel_otlp_stdout`.
    OtlpStdout,
    /// A line of the rejects of an earlier conversion.
    Rejects,
    /// Nothing: an object of the JavaScript SDK.
    JavaScriptSdk,
}

impl Envelope {
    const ALL: [Self; 6] = [
        Self::Plain,
        Self::AgenticCi,
        Self::Wrapper,
        Self::OtlpStdout,
        Self::Rejects,
        Self::JavaScriptSdk,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::AgenticCi => "agentic-ci",
            Self::Wrapper => "wrapper",
            Self::OtlpStdout => "otlp-stdout",
            Self::Rejects => "rejects",
            Self::JavaScriptSdk => "JavaScript SDK",
        }
    }
}

/// The layout of a file, as far as it was read. Prints such as `gzip > JSON lines (agentic-ci)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    compression: Vec<Compression>,
    format: Option<InputFormat>,
    documents: bool,
    array: bool,
    /// By the number of the envelope.
    seen: [bool; 6],
}

impl Layout {
    pub(crate) fn new(compression: Vec<Compression>, format: Option<InputFormat>) -> Self {
        Self {
            compression,
            format,
            ..Self::default()
        }
    }

    /// Compressions of the whole file, outermost first.
    pub fn compression(&self) -> &[Compression] {
        &self.compression
    }

    /// The format, or none where nothing was recognised (or the file is empty).
    pub fn format(&self) -> Option<InputFormat> {
        self.format
    }

    /// The kinds of envelope seen so far; empty for formats that are not JSON.
    pub fn envelopes(&self) -> impl Iterator<Item = Envelope> + '_ {
        Envelope::ALL
            .into_iter()
            .filter(|envelope| self.seen[*envelope as usize])
    }

    pub(crate) fn saw_envelope(&mut self, envelope: Envelope) {
        self.seen[envelope as usize] = true;
    }

    /// A JSON value took several lines, or shared one.
    pub(crate) fn saw_document(&mut self) {
        self.documents = true;
    }

    pub(crate) fn saw_array(&mut self) {
        self.array = true;
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for compression in &self.compression {
            write!(f, "{compression} > ")?;
        }
        f.write_str(match self.format {
            None => "unrecognised",
            Some(InputFormat::Json) if self.array => "JSON array",
            Some(InputFormat::Json) if self.documents => "JSON documents",
            Some(InputFormat::Json) => "JSON lines",
            Some(InputFormat::ProtoFrames) => "length-prefixed protobuf",
            Some(InputFormat::ZstdFrames) => "length-prefixed zstd messages",
            Some(InputFormat::Protobuf) => "one protobuf message",
            Some(InputFormat::VarintFrames) => "varint-delimited protobuf",
            Some(InputFormat::GrpcFrames) => "gRPC messages",
        })?;
        let only_plain = self.envelopes().eq([Envelope::Plain]);
        if only_plain {
            return Ok(());
        }
        for (number, envelope) in self.envelopes().enumerate() {
            f.write_str(if number == 0 { " (" } else { ", " })?;
            f.write_str(envelope.as_str())?;
        }
        if self.envelopes().next().is_some() {
            f.write_str(")")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Compression, Envelope, Layout};
    use crate::options::InputFormat;

    #[test]
    fn layouts_print_from_the_outside_in() {
        let mut layout = Layout::new(vec![Compression::Gzip], Some(InputFormat::Json));
        assert_eq!(layout.to_string(), "gzip > JSON lines");
        layout.saw_envelope(Envelope::Plain);
        assert_eq!(layout.to_string(), "gzip > JSON lines");
        layout.saw_envelope(Envelope::AgenticCi);
        assert_eq!(layout.to_string(), "gzip > JSON lines (plain, agentic-ci)");
        assert_eq!(Layout::default().to_string(), "unrecognised");
    }
}
