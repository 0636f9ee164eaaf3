//! Random requests with every field of the protocol set or not.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList, any_value,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary,
    SummaryDataPoint, exemplar, exponential_histogram_data_point, metric, number_data_point,
    summary_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span};
use otolith_capture::Signal;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use prost::Message;

/// A request of any signal.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    Traces(ExportTraceServiceRequest),
    Metrics(ExportMetricsServiceRequest),
    Logs(ExportLogsServiceRequest),
}

impl Request {
    pub fn signal(&self) -> Signal {
        match self {
            Self::Traces(_) => Signal::Traces,
            Self::Metrics(_) => Signal::Metrics,
            Self::Logs(_) => Signal::Logs,
        }
    }

    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Traces(request) => request.encode_to_vec(),
            Self::Metrics(request) => request.encode_to_vec(),
            Self::Logs(request) => request.encode_to_vec(),
        }
    }

    pub fn decode(signal: Signal, bytes: &[u8]) -> Result<Self, prost::DecodeError> {
        Ok(match signal {
            Signal::Traces => Self::Traces(Message::decode(bytes)?),
            Signal::Metrics => Self::Metrics(Message::decode(bytes)?),
            Signal::Logs => Self::Logs(Message::decode(bytes)?),
        })
    }
}

pub fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        vec(resource_spans(), 0..3).prop_map(|resource_spans| Request::Traces(
            ExportTraceServiceRequest { resource_spans }
        )),
        vec(resource_metrics(), 0..3).prop_map(|resource_metrics| Request::Metrics(
            ExportMetricsServiceRequest { resource_metrics }
        )),
        vec(resource_logs(), 0..3)
            .prop_map(|resource_logs| Request::Logs(ExportLogsServiceRequest { resource_logs })),
    ]
}

/// Texts with what JSON must escape, and a few that often repeat.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        prop::sample::select(vec!["a", "b", "service.name", "duration_ms"]).prop_map(String::from),
        vec(any::<char>(), 0..5).prop_map(String::from_iter),
        vec(
            prop::sample::select(vec!['"', '\\', '\n', '\0', 'x', '\u{20AC}']),
            0..5
        )
        .prop_map(String::from_iter),
    ]
}

fn double() -> impl Strategy<Value = f64> {
    prop_oneof![
        prop::sample::select(vec![
            0.0,
            -0.0,
            1.0,
            0.1,
            1e300,
            f64::MIN_POSITIVE,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ]),
        any::<f64>().prop_filter("NaNs have many bit patterns", |d| !d.is_nan()),
    ]
}

/// A double that is left out when it is 0: prost takes -0 for 0, too.
fn plain_double() -> impl Strategy<Value = f64> {
    double().prop_map(|double| if double == 0.0 { 0.0 } else { double })
}

fn time() -> impl Strategy<Value = u64> {
    prop_oneof![
        1 => Just(0),
        3 => 1_700_000_000_000_000_000..1_800_000_000_000_000_000u64,
        1 => (1u64 << 40)..(u64::MAX - (1 << 40)),
    ]
}

fn id(len: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => vec(any::<u8>(), len),
        1 => Just(Vec::new()),
        1 => Just(vec![0; len]),
    ]
}

fn small() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), 0..300u32, any::<u32>()]
}

fn enumeration() -> impl Strategy<Value = i32> {
    prop_oneof![0..6i32, any::<i32>()]
}

fn value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        Just(None),
        text().prop_map(|t| Some(any_value::Value::StringValue(t))),
        any::<bool>().prop_map(|b| Some(any_value::Value::BoolValue(b))),
        any::<i64>().prop_map(|i| Some(any_value::Value::IntValue(i))),
        double().prop_map(|d| Some(any_value::Value::DoubleValue(d))),
        vec(any::<u8>(), 0..6).prop_map(|b| Some(any_value::Value::BytesValue(b))),
    ]
    .prop_map(|value| AnyValue { value });
    leaf.prop_recursive(3, 8, 3, |inner| {
        let pair = (text(), option::of(inner.clone())).prop_map(|(key, value)| KeyValue {
            key,
            value,
            key_strindex: 0,
        });
        prop_oneof![
            vec(inner, 0..3).prop_map(|values| AnyValue {
                value: Some(any_value::Value::ArrayValue(ArrayValue { values }))
            }),
            vec(pair, 0..3).prop_map(|values| AnyValue {
                value: Some(any_value::Value::KvlistValue(KeyValueList { values }))
            }),
        ]
    })
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let pair = (text(), option::weighted(0.9, value())).prop_map(|(key, value)| KeyValue {
        key,
        value,
        key_strindex: 0,
    });
    vec(pair, 0..4)
}

fn resource() -> impl Strategy<Value = Resource> {
    let entity = (text(), text(), vec(text(), 0..3), vec(text(), 0..3)).prop_map(
        |(schema_url, r#type, id_keys, description_keys)| EntityRef {
            schema_url,
            r#type,
            id_keys,
            description_keys,
        },
    );
    (attributes(), small(), vec(entity, 0..2)).prop_map(
        |(attributes, dropped_attributes_count, entity_refs)| Resource {
            attributes,
            dropped_attributes_count,
            entity_refs,
        },
    )
}

fn scope() -> impl Strategy<Value = InstrumentationScope> {
    (text(), text(), attributes(), small()).prop_map(
        |(name, version, attributes, dropped_attributes_count)| InstrumentationScope {
            name,
            version,
            attributes,
            dropped_attributes_count,
        },
    )
}

fn resource_spans() -> impl Strategy<Value = ResourceSpans> {
    let scope_spans =
        (option::of(scope()), vec(span(), 0..3), text()).prop_map(|(scope, spans, schema_url)| {
            ScopeSpans {
                scope,
                spans,
                schema_url,
            }
        });
    (option::of(resource()), vec(scope_spans, 0..3), text()).prop_map(
        |(resource, scope_spans, schema_url)| ResourceSpans {
            resource,
            scope_spans,
            schema_url,
        },
    )
}

fn resource_logs() -> impl Strategy<Value = ResourceLogs> {
    let scope_logs = (option::of(scope()), vec(log_record(), 0..3), text()).prop_map(
        |(scope, log_records, schema_url)| ScopeLogs {
            scope,
            log_records,
            schema_url,
        },
    );
    (option::of(resource()), vec(scope_logs, 0..3), text()).prop_map(
        |(resource, scope_logs, schema_url)| ResourceLogs {
            resource,
            scope_logs,
            schema_url,
        },
    )
}

fn resource_metrics() -> impl Strategy<Value = ResourceMetrics> {
    let scope_metrics = (option::of(scope()), vec(metric(), 0..3), text()).prop_map(
        |(scope, metrics, schema_url)| ScopeMetrics {
            scope,
            metrics,
            schema_url,
        },
    );
    (option::of(resource()), vec(scope_metrics, 0..3), text()).prop_map(
        |(resource, scope_metrics, schema_url)| ResourceMetrics {
            resource,
            scope_metrics,
            schema_url,
        },
    )
}

prop_compose! {
    fn span()(
        (trace_id, span_id, parent_span_id) in (id(16), id(8), id(8)),
        (trace_state, name, kind) in (text(), text(), enumeration()),
        (start_time_unix_nano, end_time_unix_nano) in (time(), time()),
        attributes in attributes(),
        (dropped_attributes_count, dropped_events_count, dropped_links_count, flags)
            in (small(), small(), small(), small()),
        (events, links) in (vec(event(), 0..3), vec(link(), 0..3)),
        status in option::of((text(), enumeration()).prop_map(|(message, code)| Status { message, code })),
    ) -> Span {
        Span {
            trace_id, span_id, trace_state, parent_span_id, flags, name, kind,
            start_time_unix_nano, end_time_unix_nano, attributes, dropped_attributes_count,
            events, dropped_events_count, links, dropped_links_count, status,
        }
    }
}

prop_compose! {
    fn event()(
        (time_unix_nano, name) in (time(), text()),
        attributes in attributes(),
        dropped_attributes_count in small(),
    ) -> span::Event {
        span::Event { time_unix_nano, name, attributes, dropped_attributes_count }
    }
}

prop_compose! {
    fn link()(
        (trace_id, span_id, trace_state) in (id(16), id(8), text()),
        attributes in attributes(),
        (dropped_attributes_count, flags) in (small(), small()),
    ) -> span::Link {
        span::Link { trace_id, span_id, trace_state, attributes, dropped_attributes_count, flags }
    }
}

prop_compose! {
    fn log_record()(
        (time_unix_nano, observed_time_unix_nano) in (time(), time()),
        (severity_number, severity_text, event_name) in (enumeration(), text(), text()),
        body in option::of(value()),
        attributes in attributes(),
        (dropped_attributes_count, flags) in (small(), small()),
        (trace_id, span_id) in (id(16), id(8)),
    ) -> LogRecord {
        LogRecord {
            time_unix_nano, observed_time_unix_nano, severity_number, severity_text, body,
            attributes, dropped_attributes_count, flags, trace_id, span_id, event_name,
        }
    }
}

fn metric() -> impl Strategy<Value = Metric> {
    let data = prop_oneof![
        vec(number_point(), 0..3)
            .prop_map(|data_points| metric::Data::Gauge(Gauge { data_points })),
        (vec(number_point(), 0..3), enumeration(), any::<bool>()).prop_map(
            |(data_points, aggregation_temporality, is_monotonic)| metric::Data::Sum(Sum {
                data_points,
                aggregation_temporality,
                is_monotonic,
            })
        ),
        (vec(histogram_point(), 0..3), enumeration()).prop_map(
            |(data_points, aggregation_temporality)| metric::Data::Histogram(Histogram {
                data_points,
                aggregation_temporality,
            })
        ),
        (vec(exponential_histogram_point(), 0..3), enumeration()).prop_map(
            |(data_points, aggregation_temporality)| {
                metric::Data::ExponentialHistogram(ExponentialHistogram {
                    data_points,
                    aggregation_temporality,
                })
            }
        ),
        vec(summary_point(), 0..3)
            .prop_map(|data_points| metric::Data::Summary(Summary { data_points })),
    ];
    (
        text(),
        text(),
        text(),
        attributes(),
        option::weighted(0.95, data),
    )
        .prop_map(|(name, description, unit, metadata, data)| Metric {
            name,
            description,
            unit,
            metadata,
            data,
        })
}

prop_compose! {
    fn number_point()(
        attributes in attributes(),
        (start_time_unix_nano, time_unix_nano) in (time(), time()),
        value in option::of(prop_oneof![
            double().prop_map(number_data_point::Value::AsDouble),
            prop_oneof![Just(0), any::<i64>()].prop_map(number_data_point::Value::AsInt),
        ]),
        exemplars in vec(exemplar(), 0..2),
        flags in small(),
    ) -> NumberDataPoint {
        NumberDataPoint { attributes, start_time_unix_nano, time_unix_nano, exemplars, flags, value }
    }
}

prop_compose! {
    fn histogram_point()(
        attributes in attributes(),
        (start_time_unix_nano, time_unix_nano) in (time(), time()),
        (count, bucket_counts, explicit_bounds)
            in (any::<u64>(), vec(any::<u64>(), 0..4), vec(double(), 0..4)),
        exemplars in vec(exemplar(), 0..2),
        (sum, min, max) in (option::of(double()), option::of(double()), option::of(double())),
        flags in small(),
    ) -> HistogramDataPoint {
        HistogramDataPoint {
            attributes, start_time_unix_nano, time_unix_nano, count, sum, bucket_counts,
            explicit_bounds, exemplars, flags, min, max,
        }
    }
}

prop_compose! {
    fn buckets()(
        offset in any::<i32>(),
        bucket_counts in vec(prop_oneof![0..300u64, any::<u64>()], 0..4),
    ) -> exponential_histogram_data_point::Buckets {
        exponential_histogram_data_point::Buckets { offset, bucket_counts }
    }
}

prop_compose! {
    fn exponential_histogram_point()(
        attributes in attributes(),
        (start_time_unix_nano, time_unix_nano) in (time(), time()),
        (count, zero_count, scale, zero_threshold)
            in (any::<u64>(), any::<u64>(), any::<i32>(), plain_double()),
        (positive, negative) in (option::of(buckets()), option::of(buckets())),
        exemplars in vec(exemplar(), 0..2),
        (sum, min, max) in (option::of(double()), option::of(double()), option::of(double())),
        flags in small(),
    ) -> ExponentialHistogramDataPoint {
        ExponentialHistogramDataPoint {
            attributes, start_time_unix_nano, time_unix_nano, count, sum, scale, zero_count,
            positive, negative, flags, exemplars, min, max, zero_threshold,
        }
    }
}

prop_compose! {
    fn summary_point()(
        attributes in attributes(),
        (start_time_unix_nano, time_unix_nano) in (time(), time()),
        (count, sum) in (any::<u64>(), plain_double()),
        quantile_values in vec(
            (plain_double(), plain_double()).prop_map(|(quantile, value)| {
                summary_data_point::ValueAtQuantile { quantile, value }
            }),
            0..3,
        ),
        flags in small(),
    ) -> SummaryDataPoint {
        SummaryDataPoint {
            attributes, start_time_unix_nano, time_unix_nano, count, sum, quantile_values, flags,
        }
    }
}

prop_compose! {
    fn exemplar()(
        filtered_attributes in attributes(),
        time_unix_nano in time(),
        (span_id, trace_id) in (id(8), id(16)),
        value in option::of(prop_oneof![
            double().prop_map(exemplar::Value::AsDouble),
            prop_oneof![Just(0), any::<i64>()].prop_map(exemplar::Value::AsInt),
        ]),
    ) -> Exemplar {
        Exemplar { filtered_attributes, time_unix_nano, span_id, trace_id, value }
    }
}
