//! What a caller may decide.

use otolith_capture::Signal;

/// How requests are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// OTLP JSON, one request per line.
    JsonLines,
    /// Protobuf, each request after its length as 4 bytes, big-endian: what the Collector writes.
    /// Such a request does not name its signal; a reader tells it by the fields of its items.
    LengthPrefixed,
}

/// What is exported, and how.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    /// How requests are written.
    pub format: ExportFormat,
    /// The only signal to export; all if `None`. If one is named, protobuf requests need not show
    /// it.
    pub signal: Option<Signal>,
    /// Most items of a request, at least 1.
    pub request_items: u64,
    /// A request that has grown to so many bytes gets no further item.
    pub request_bytes: usize,
}

impl ExportOptions {
    /// All signals in this format, at most 1000 items and little more than 8 MiB in a request.
    pub const fn new(format: ExportFormat) -> Self {
        Self {
            format,
            signal: None,
            request_items: 1_000,
            request_bytes: 8 << 20,
        }
    }
}
