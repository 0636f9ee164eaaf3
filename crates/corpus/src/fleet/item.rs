//! Items as owned values, and their encoding as a request.

use otolith_capture::Signal;
use otolith_otlp::{
    HistogramPoint, KeyValue, LogRecord, Metric, MetricKind, Number, NumberPoint, Resource, Scope,
    Span, Value,
};

use super::plan::Call;
use crate::batcher::{Encoder, no_frame};

/// A value of an attribute.
#[derive(Clone, Debug)]
pub(super) enum Val {
    Text(String),
    Int(i64),
    Double(f64),
    Bool(bool),
    List(&'static [&'static str]),
    /// A key without a value.
    Nothing,
}

/// An attribute.
pub(super) type Attribute = (&'static str, Val);

pub(super) fn text(key: &'static str, value: &str) -> Attribute {
    (key, Val::Text(value.to_owned()))
}

pub(super) fn int(key: &'static str, value: i64) -> Attribute {
    (key, Val::Int(value))
}

pub(super) fn truth(key: &'static str, value: bool) -> Attribute {
    (key, Val::Bool(value))
}

/// What sends items: one resource and scope.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    pub(super) service: String,
    /// Without the service.
    pub(super) resource: Vec<Attribute>,
    pub(super) scope: (&'static str, &'static str),
}

/// A metric without its points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) number: NumberKind,
}

/// How the amounts of a metric are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberKind {
    /// Integers.
    Int,
    /// Integers as doubles.
    Double,
    /// Thousandths as doubles: milliseconds as seconds.
    Thousandths,
    /// Nano-dollars as doubles of dollars.
    Billionths,
    /// The sum of a histogram.
    Histogram,
}

/// A span, log record or point.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The agent and source that it is, if it is one.
    pub(super) source: Option<&'static str>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) content: Content,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    Log {
        time: u64,
        observed: u64,
        severity: (i32, &'static str),
        body: Option<String>,
        event_name: &'static str,
    },
    Span {
        trace: u64,
        id: u64,
        /// 0 is none.
        parent: u64,
        name: String,
        kind: i32,
        start: u64,
        end: u64,
        is_error: bool,
    },
    Point {
        shape: Shape,
        /// 1 delta, 2 cumulative.
        temporality: i32,
        start: u64,
        time: u64,
        amount: u64,
        /// Of a histogram.
        count: u64,
    },
}

/// Trace, own id and parent (0 is none) of a span.
pub(super) type Place = (u64, u64, u64);

impl Item {
    /// A log record of a JavaScript agent.
    pub(super) fn log(
        source: Option<&'static str>,
        time: u64,
        body: &str,
        attributes: Vec<Attribute>,
    ) -> Self {
        Self {
            source,
            attributes,
            content: Content::Log {
                time,
                observed: time,
                severity: (0, ""),
                body: Some(body.to_owned()),
                event_name: "",
            },
        }
    }

    /// A span: kind 1 is internal, 3 is client.
    pub(super) fn span(
        source: Option<&'static str>,
        (trace, id, parent): Place,
        (name, kind): (&str, i32),
        call: &Call<bool>,
        attributes: Vec<Attribute>,
    ) -> Self {
        Self {
            source,
            attributes,
            content: Content::Span {
                trace,
                id,
                parent,
                name: name.to_owned(),
                kind,
                start: call.begin,
                end: call.end,
                is_error: call.of,
            },
        }
    }

    pub(super) fn signal(&self) -> Signal {
        match self.content {
            Content::Log { .. } => Signal::Logs,
            Content::Span { .. } => Signal::Traces,
            Content::Point { .. } => Signal::Metrics,
        }
    }

    /// The time that it lies at in tables.
    pub(super) fn time(&self) -> u64 {
        match self.content {
            Content::Log {
                time: 0, observed, ..
            } => observed,
            Content::Log { time, .. } | Content::Point { time, .. } => time,
            Content::Span { start, .. } => start,
        }
    }
}

/// Encodes items of one signal as a request.
pub(super) fn request<E: Encoder>(sender: &Sender, items: &[Item]) -> Vec<u8> {
    let mut encoder = E::default();
    encoder.begin(&no_frame());
    let mut resource = vec![text("service.name", &sender.service)];
    resource.extend_from_slice(&sender.resource);
    with(&resource, |attributes| {
        encoder.resource(
            items[0].signal(),
            &Resource {
                attributes,
                dropped_attributes_count: 0,
                entity_refs: &[],
                schema_url: "",
            },
        );
    });
    encoder.scope(&Scope {
        name: sender.scope.0,
        version: sender.scope.1,
        attributes: &[],
        dropped_attributes_count: 0,
        schema_url: "",
    });
    let mut last = None;
    for item in items {
        with(&item.attributes, |attributes| {
            visit(&mut encoder, item, attributes, &mut last);
        });
    }
    encoder.commit();
    encoder.take().remove(0).1
}

fn visit<E: Encoder>(
    encoder: &mut E,
    item: &Item,
    attributes: &[KeyValue<'_>],
    last: &mut Option<(Shape, i32)>,
) {
    match &item.content {
        Content::Log {
            time,
            observed,
            severity,
            body,
            event_name,
        } => encoder.log_record(&LogRecord {
            time_unix_nano: *time,
            observed_time_unix_nano: *observed,
            severity_number: severity.0,
            severity_text: severity.1,
            body: body.as_deref().map(Value::String),
            attributes,
            dropped_attributes_count: 0,
            flags: 0,
            trace_id: None,
            span_id: None,
            event_name,
        }),
        Content::Span {
            trace,
            id,
            parent,
            name,
            kind,
            start,
            end,
            is_error,
        } => encoder.span(&Span {
            trace_id: Some(u128::from(*trace).to_be_bytes()),
            span_id: Some(id.to_be_bytes()),
            trace_state: "",
            parent_span_id: (*parent != 0).then(|| parent.to_be_bytes()),
            flags: 257,
            name,
            kind: *kind,
            start_time_unix_nano: *start,
            end_time_unix_nano: *end,
            attributes,
            dropped_attributes_count: 0,
            events: &[],
            dropped_events_count: 0,
            links: &[],
            dropped_links_count: 0,
            status_message: "",
            status_code: if *is_error { 2 } else { 0 },
        }),
        Content::Point {
            shape,
            temporality,
            start,
            time,
            amount,
            count,
        } => {
            let of = Some((*shape, *temporality));
            if *last != of {
                *last = of;
                encoder.metric(&metric(shape, *temporality));
            }
            let double = *amount as f64;
            if shape.number == NumberKind::Histogram {
                encoder.histogram_point(&HistogramPoint {
                    attributes,
                    start_time_unix_nano: *start,
                    time_unix_nano: *time,
                    count: *count,
                    sum: Some(double),
                    bucket_counts: &[*count],
                    explicit_bounds: &[],
                    exemplars: &[],
                    flags: 0,
                    min: None,
                    max: None,
                });
                return;
            }
            let value = match shape.number {
                NumberKind::Int => Number::Int(amount.cast_signed()),
                NumberKind::Double | NumberKind::Histogram => Number::Double(double),
                NumberKind::Thousandths => Number::Double(double / 1e3),
                NumberKind::Billionths => Number::Double(double / 1e9),
            };
            encoder.number_point(&NumberPoint {
                attributes,
                start_time_unix_nano: *start,
                time_unix_nano: *time,
                value: Some(value),
                exemplars: &[],
                flags: 0,
            });
        }
    }
}

fn metric(shape: &Shape, temporality: i32) -> Metric<'static> {
    let is_histogram = shape.number == NumberKind::Histogram;
    Metric {
        name: shape.name,
        description: "",
        unit: shape.unit,
        metadata: &[],
        kind: if is_histogram {
            MetricKind::Histogram
        } else {
            MetricKind::Sum
        },
        aggregation_temporality: temporality,
        is_monotonic: !is_histogram,
    }
}

/// Calls with borrowed attributes.
fn with(attributes: &[Attribute], call: impl FnOnce(&[KeyValue<'_>])) {
    let lists: Vec<Vec<Value<'_>>> = attributes
        .iter()
        .map(|(_, value)| match value {
            Val::List(list) => list.iter().map(|text| Value::String(text)).collect(),
            _ => Vec::new(),
        })
        .collect();
    let borrowed = attributes
        .iter()
        .zip(&lists)
        .map(|((key, value), list)| KeyValue {
            key,
            value: match value {
                Val::Text(text) => Value::String(text),
                Val::Int(int) => Value::Int(*int),
                Val::Double(double) => Value::Double(*double),
                Val::Bool(truth) => Value::Bool(*truth),
                Val::List(_) => Value::Array(list),
                Val::Nothing => Value::Empty,
            },
        });
    call(&borrowed.collect::<Vec<_>>());
}
