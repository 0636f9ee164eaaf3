//! Decodes one frame, OTLP JSON or protobuf, into one stream of visits, and encodes requests.
//!
//! The crate knows the protocol and its deviations; it touches no files, threads or clocks.
//!
//! ```text
//! Frame --Decoder::decode--> Sink { begin, resource, scope, items..., commit | abandon }
//! ```

mod arena;
mod attributes;
mod decoder;
mod encode;
mod json;
mod known_lists;
mod model;
pub mod problems;
mod proto;
mod resources;
mod sink;
mod split;
mod times;

pub use decoder::Decoder;
pub use encode::{JsonRequestEncoder, RequestEncoder};
pub use model::{
    Attributes, Buckets, EntityRef, Event, Exemplar, ExponentialHistogramPoint, HistogramPoint,
    KeyValue, Link, LogRecord, Metric, MetricKind, Number, NumberPoint, QuantileValue, Resource,
    Scope, Span, SpanId, SummaryPoint, TraceId, Value,
};
pub use proto::{Probe, probe_signal, resolve_signal};
pub use resources::suffix_resources;
pub use sink::{ItemReject, NoteCode, Sink};
pub use split::{count_items, take_items};
pub use times::{
    Patch, PatchIds, ShiftError, newest_time_unix_nano, oldest_time_unix_nano, patch, shift_times,
};

use otolith_capture::RejectCode;

/// Bounds on what a frame may hold. Over a bound is a reject with its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Nesting depth of `AnyValue` (lists and maps inside each other).
    pub value_depth: usize,
    /// Attributes of one item, resource or scope.
    pub attributes: usize,
}

impl Limits {
    /// The documented defaults: depth 64, 4096 attributes.
    pub const DEFAULT: Self = Self {
        value_depth: 64,
        attributes: 4096,
    };
}

/// Why a whole frame was rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameReject {
    /// Why, as a stable word (see [`problems`]).
    pub code: RejectCode,
    /// Why, for people: lower case, with the offset inside the payload.
    pub message: String,
    /// Byte offset in the payload where the decoder stopped.
    pub offset: usize,
}

/// What became of a good frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Items (spans, log records, data points) handed to the sink.
    pub items: u64,
    /// Items rejected alone.
    pub rejected_items: u64,
}
