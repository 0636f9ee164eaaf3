//! The frame: one piece cut out of a capture, with where it came from.

use std::fmt;
use std::sync::Arc;

/// How the payload of a frame is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// OTLP JSON (UTF-8 text of one JSON value).
    Json,
    /// OTLP protobuf (one `Export*ServiceRequest` or `*Data` message).
    Protobuf,
    /// JSON text of one object of the OpenTelemetry JavaScript SDK: a span, a log record, a
    /// `ResourceMetrics` or a metric, as file exporters of such programs dump them. Not OTLP.
    JavaScriptSdk,
}

/// An OTLP signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Data points.
    Metrics,
    /// Log records.
    Logs,
}

impl Signal {
    /// All signals, in the order that the project lists them.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// The word for the signal in paths, options and reports: `traces`, `metrics` or `logs`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is known of a frame's signal without looking into the payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignalHint {
    /// Nothing: the payload decides.
    #[default]
    Unknown,
    /// The file name holds the word; the payload decides where it contradicts.
    FileName(Signal),
    /// The envelope's path or an option says so.
    Declared(Signal),
}

impl SignalHint {
    /// The signal, if one is named at all.
    pub const fn signal(self) -> Option<Signal> {
        match self {
            Self::Unknown => None,
            Self::FileName(signal) | Self::Declared(signal) => Some(signal),
        }
    }
}

/// Where a frame was cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The capture file as the user named it (`-` for standard input), shared by all its frames.
    pub file: Arc<str>,
    /// Number of the frame in its file, from 1, in file order. Rejected frames are counted too.
    pub frame: u64,
    /// Byte offset of the frame in the file; in a whole-file compressed capture, in the
    /// decompressed bytes.
    pub offset: u64,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: frame {} at byte {}",
            self.file, self.frame, self.offset
        )
    }
}

/// One piece cut out of a capture: payload bytes and what is known about them from outside.
///
/// The payload is free of framing, envelope and per-message compression.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// The payload.
    pub bytes: &'a [u8],
    /// Where it was cut.
    pub origin: Origin,
    /// How the payload is encoded.
    pub encoding: Encoding,
    /// What is known of the signal from outside; JSON payloads name their signals themselves.
    pub signal: SignalHint,
    /// When the capture received the request, in Unix nanoseconds, if the envelope says so.
    pub arrival_unix_nano: Option<u64>,
}

/// A stable word for why something was rejected, such as `torn_tail`. Documented where it is
/// defined; part of the output contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RejectCode(pub &'static str);

impl fmt::Display for RejectCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A frame that could not be taken, with its original bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Where it was cut.
    pub origin: Origin,
    /// Why, as a stable word.
    pub code: RejectCode,
    /// Why, for people: lower case, with offsets and sizes.
    pub message: String,
    /// The original bytes, cut to the limit of kept bytes.
    pub bytes: Vec<u8>,
    /// How many bytes the original had.
    pub len_bytes: u64,
}
