//! OTLP items as borrowed values: what both decoders produce and every sink consumes.
//!
//! Field names are the protocol's (opentelemetry-proto 1.11.0). Absent strings are `""`, absent
//! lists are empty, absent times are 0, as in proto3. An id that is empty or all zero is `None`.
#![expect(
    missing_docs,
    reason = "the fields are those of opentelemetry-proto 1.11.0, documented there"
)]

/// An `AnyValue`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// No value: `AnyValue {}`, JSON `null`, or an attribute without `value`.
    Empty,
    /// Text.
    String(&'a str),
    /// A truth value.
    Bool(bool),
    /// A 64-bit signed integer.
    Int(i64),
    /// A double, NaN and infinities included.
    Double(f64),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A list.
    Array(&'a [Self]),
    /// A map, in the order as sent; keys may repeat.
    KeyValueList(&'a [KeyValue<'a>]),
}

/// An attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyValue<'a> {
    /// The key as sent; may be empty.
    pub key: &'a str,
    /// The value.
    pub value: Value<'a>,
}

/// A trace id that is neither empty nor all zero.
pub type TraceId = [u8; 16];
/// A span id that is neither empty nor all zero.
pub type SpanId = [u8; 8];

/// Attributes of an item. Keys are unique: of repeated keys the last one is kept, in the place
/// of the first, and the decoder reports a note.
pub type Attributes<'a> = &'a [KeyValue<'a>];

/// An `EntityRef` of a resource.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EntityRef<'a> {
    pub schema_url: &'a str,
    pub r#type: &'a str,
    pub id_keys: &'a [&'a str],
    pub description_keys: &'a [&'a str],
}

/// A resource with the schema URL of its `Resource*` message.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Resource<'a> {
    pub attributes: Attributes<'a>,
    pub dropped_attributes_count: u32,
    pub entity_refs: &'a [EntityRef<'a>],
    pub schema_url: &'a str,
}

/// An instrumentation scope with the schema URL of its `Scope*` message.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scope<'a> {
    pub name: &'a str,
    pub version: &'a str,
    pub attributes: Attributes<'a>,
    pub dropped_attributes_count: u32,
    pub schema_url: &'a str,
}

/// A span. `kind` and `status_code` are the numbers as sent, known or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span<'a> {
    pub trace_id: Option<TraceId>,
    pub span_id: Option<SpanId>,
    pub trace_state: &'a str,
    pub parent_span_id: Option<SpanId>,
    pub flags: u32,
    pub name: &'a str,
    pub kind: i32,
    pub start_time_unix_nano: u64,
    pub end_time_unix_nano: u64,
    pub attributes: Attributes<'a>,
    pub dropped_attributes_count: u32,
    pub events: &'a [Event<'a>],
    pub dropped_events_count: u32,
    pub links: &'a [Link<'a>],
    pub dropped_links_count: u32,
    pub status_message: &'a str,
    pub status_code: i32,
}

/// An event of a span.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event<'a> {
    pub time_unix_nano: u64,
    pub name: &'a str,
    pub attributes: Attributes<'a>,
    pub dropped_attributes_count: u32,
}

/// A link of a span.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link<'a> {
    pub trace_id: Option<TraceId>,
    pub span_id: Option<SpanId>,
    pub trace_state: &'a str,
    pub attributes: Attributes<'a>,
    pub dropped_attributes_count: u32,
    pub flags: u32,
}

/// A log record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogRecord<'a> {
    pub time_unix_nano: u64,
    pub observed_time_unix_nano: u64,
    pub severity_number: i32,
    pub severity_text: &'a str,
    /// `None` when the record has no body; `Some(Value::Empty)` when it has an empty one.
    pub body: Option<Value<'a>>,
    pub attributes: Attributes<'a>,
    pub dropped_attributes_count: u32,
    pub flags: u32,
    pub trace_id: Option<TraceId>,
    pub span_id: Option<SpanId>,
    pub event_name: &'a str,
}

/// The data kind of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MetricKind {
    Gauge,
    Sum,
    Histogram,
    ExponentialHistogram,
    Summary,
}

/// A metric without its points, which follow as visits of their own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric<'a> {
    pub name: &'a str,
    pub description: &'a str,
    pub unit: &'a str,
    pub metadata: Attributes<'a>,
    pub kind: MetricKind,
    /// 0 unspecified, 1 delta, 2 cumulative, or any other number as sent. 0 where the kind has none.
    pub aggregation_temporality: i32,
    /// False where the kind has none.
    pub is_monotonic: bool,
}

/// The value of a number point or exemplar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    Int(i64),
    Double(f64),
}

/// A point of a gauge or sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NumberPoint<'a> {
    pub attributes: Attributes<'a>,
    pub start_time_unix_nano: u64,
    pub time_unix_nano: u64,
    pub value: Option<Number>,
    pub exemplars: &'a [Exemplar<'a>],
    pub flags: u32,
}

/// A point of a histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HistogramPoint<'a> {
    pub attributes: Attributes<'a>,
    pub start_time_unix_nano: u64,
    pub time_unix_nano: u64,
    pub count: u64,
    pub sum: Option<f64>,
    pub bucket_counts: &'a [u64],
    pub explicit_bounds: &'a [f64],
    pub exemplars: &'a [Exemplar<'a>],
    pub flags: u32,
    pub min: Option<f64>,
    pub max: Option<f64>,
}

/// Buckets of an exponential histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Buckets<'a> {
    pub offset: i32,
    pub bucket_counts: &'a [u64],
}

/// A point of an exponential histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExponentialHistogramPoint<'a> {
    pub attributes: Attributes<'a>,
    pub start_time_unix_nano: u64,
    pub time_unix_nano: u64,
    pub count: u64,
    pub sum: Option<f64>,
    pub scale: i32,
    pub zero_count: u64,
    pub positive: Option<Buckets<'a>>,
    pub negative: Option<Buckets<'a>>,
    pub flags: u32,
    pub exemplars: &'a [Exemplar<'a>],
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub zero_threshold: f64,
}

/// A point of a summary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SummaryPoint<'a> {
    pub attributes: Attributes<'a>,
    pub start_time_unix_nano: u64,
    pub time_unix_nano: u64,
    pub count: u64,
    pub sum: f64,
    pub quantile_values: &'a [QuantileValue],
    pub flags: u32,
}

/// A quantile of a summary point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantileValue {
    pub quantile: f64,
    pub value: f64,
}

/// An exemplar of a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exemplar<'a> {
    pub filtered_attributes: Attributes<'a>,
    pub time_unix_nano: u64,
    pub value: Option<Number>,
    pub span_id: Option<SpanId>,
    pub trace_id: Option<TraceId>,
}
