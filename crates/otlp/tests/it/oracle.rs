//! The visits that the requests of `opentelemetry-proto` stand for: what our decoders must say.

use bumpalo::Bump;
use opentelemetry_proto::tonic::common::v1::{self as common, any_value};
use opentelemetry_proto::tonic::logs::v1 as logs;
use opentelemetry_proto::tonic::metrics::v1::{
    self as metrics, exemplar, exponential_histogram_data_point, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1 as resource;
use opentelemetry_proto::tonic::trace::v1 as trace;
use otolith_capture::{Frame, Signal};
use otolith_otlp::{
    Buckets, EntityRef, Event, Exemplar, ExponentialHistogramPoint, HistogramPoint, KeyValue, Link,
    LogRecord, Metric, MetricKind, Number, NumberPoint, QuantileValue, Resource, Scope, Sink, Span,
    SummaryPoint, Value,
};

use crate::generate::Request;
use crate::transcript::Transcript;

/// The transcript of one frame that holds the request.
pub fn transcript(frame: &Frame<'_>, request: &Request) -> Transcript {
    let oracle = Oracle { bump: Bump::new() };
    let mut sink = Transcript::default();
    sink.begin(frame);
    oracle.request(request, &mut sink);
    sink.commit();
    sink
}

struct Oracle {
    bump: Bump,
}

impl Oracle {
    fn request(&self, request: &Request, sink: &mut Transcript) {
        match request {
            Request::Traces(request) => {
                for group in &request.resource_spans {
                    let resource = self.resource(group.resource.as_ref(), &group.schema_url);
                    sink.resource(Signal::Traces, &resource);
                    for group in &group.scope_spans {
                        sink.scope(&self.scope(group.scope.as_ref(), &group.schema_url));
                        group
                            .spans
                            .iter()
                            .for_each(|span| sink.span(&self.span(span)));
                    }
                }
            }
            Request::Logs(request) => {
                for group in &request.resource_logs {
                    let resource = self.resource(group.resource.as_ref(), &group.schema_url);
                    sink.resource(Signal::Logs, &resource);
                    for group in &group.scope_logs {
                        sink.scope(&self.scope(group.scope.as_ref(), &group.schema_url));
                        for record in &group.log_records {
                            sink.log_record(&self.log_record(record));
                        }
                    }
                }
            }
            Request::Metrics(request) => {
                for group in &request.resource_metrics {
                    let resource = self.resource(group.resource.as_ref(), &group.schema_url);
                    sink.resource(Signal::Metrics, &resource);
                    for group in &group.scope_metrics {
                        sink.scope(&self.scope(group.scope.as_ref(), &group.schema_url));
                        for metric in &group.metrics {
                            self.metric(metric, sink);
                        }
                    }
                }
            }
        }
    }

    fn list<'a, T, U>(&'a self, list: &'a [T], f: impl Fn(&'a T) -> U) -> &'a [U] {
        self.bump.alloc_slice_fill_iter(list.iter().map(f))
    }

    fn attributes<'a>(&'a self, list: &'a [common::KeyValue]) -> &'a [KeyValue<'a>] {
        let mut unique: Vec<KeyValue<'_>> = Vec::new();
        for item in list {
            let item = self.key_value(item);
            match unique.iter_mut().find(|known| known.key == item.key) {
                Some(known) => known.value = item.value,
                None => unique.push(item),
            }
        }
        self.bump.alloc_slice_copy(&unique)
    }

    fn key_value<'a>(&'a self, item: &'a common::KeyValue) -> KeyValue<'a> {
        KeyValue {
            key: &item.key,
            value: item.value.as_ref().map_or(Value::Empty, |v| self.value(v)),
        }
    }

    fn value<'a>(&'a self, value: &'a common::AnyValue) -> Value<'a> {
        match &value.value {
            None | Some(any_value::Value::StringValueStrindex(_)) => Value::Empty,
            Some(any_value::Value::StringValue(text)) => Value::String(text),
            Some(any_value::Value::BoolValue(truth)) => Value::Bool(*truth),
            Some(any_value::Value::IntValue(number)) => Value::Int(*number),
            Some(any_value::Value::DoubleValue(number)) => Value::Double(*number),
            Some(any_value::Value::BytesValue(bytes)) => Value::Bytes(bytes),
            Some(any_value::Value::ArrayValue(array)) => {
                Value::Array(self.list(&array.values, |v| self.value(v)))
            }
            Some(any_value::Value::KvlistValue(map)) => {
                Value::KeyValueList(self.list(&map.values, |v| self.key_value(v)))
            }
        }
    }

    fn resource<'a>(
        &'a self,
        resource: Option<&'a resource::Resource>,
        schema_url: &'a str,
    ) -> Resource<'a> {
        let Some(resource) = resource else {
            return Resource {
                attributes: &[],
                dropped_attributes_count: 0,
                entity_refs: &[],
                schema_url,
            };
        };
        Resource {
            attributes: self.attributes(&resource.attributes),
            dropped_attributes_count: resource.dropped_attributes_count,
            entity_refs: self.list(&resource.entity_refs, |entity| EntityRef {
                schema_url: &entity.schema_url,
                r#type: &entity.r#type,
                id_keys: self.list(&entity.id_keys, String::as_str),
                description_keys: self.list(&entity.description_keys, String::as_str),
            }),
            schema_url,
        }
    }

    fn scope<'a>(
        &'a self,
        scope: Option<&'a common::InstrumentationScope>,
        schema_url: &'a str,
    ) -> Scope<'a> {
        match scope {
            None => Scope {
                name: "",
                version: "",
                attributes: &[],
                dropped_attributes_count: 0,
                schema_url,
            },
            Some(scope) => Scope {
                name: &scope.name,
                version: &scope.version,
                attributes: self.attributes(&scope.attributes),
                dropped_attributes_count: scope.dropped_attributes_count,
                schema_url,
            },
        }
    }

    fn span<'a>(&'a self, span: &'a trace::Span) -> Span<'a> {
        let status = span.status.as_ref();
        Span {
            trace_id: id(&span.trace_id),
            span_id: id(&span.span_id),
            trace_state: &span.trace_state,
            parent_span_id: id(&span.parent_span_id),
            flags: span.flags,
            name: &span.name,
            kind: span.kind,
            start_time_unix_nano: span.start_time_unix_nano,
            end_time_unix_nano: span.end_time_unix_nano,
            attributes: self.attributes(&span.attributes),
            dropped_attributes_count: span.dropped_attributes_count,
            events: self.list(&span.events, |event| Event {
                time_unix_nano: event.time_unix_nano,
                name: &event.name,
                attributes: self.attributes(&event.attributes),
                dropped_attributes_count: event.dropped_attributes_count,
            }),
            dropped_events_count: span.dropped_events_count,
            links: self.list(&span.links, |link| Link {
                trace_id: id(&link.trace_id),
                span_id: id(&link.span_id),
                trace_state: &link.trace_state,
                attributes: self.attributes(&link.attributes),
                dropped_attributes_count: link.dropped_attributes_count,
                flags: link.flags,
            }),
            dropped_links_count: span.dropped_links_count,
            status_message: status.map_or("", |status| &status.message),
            status_code: status.map_or(0, |status| status.code),
        }
    }

    fn log_record<'a>(&'a self, record: &'a logs::LogRecord) -> LogRecord<'a> {
        LogRecord {
            time_unix_nano: record.time_unix_nano,
            observed_time_unix_nano: record.observed_time_unix_nano,
            severity_number: record.severity_number,
            severity_text: &record.severity_text,
            body: record.body.as_ref().map(|body| self.value(body)),
            attributes: self.attributes(&record.attributes),
            dropped_attributes_count: record.dropped_attributes_count,
            flags: record.flags,
            trace_id: id(&record.trace_id),
            span_id: id(&record.span_id),
            event_name: &record.event_name,
        }
    }

    fn metric(&self, metric: &metrics::Metric, sink: &mut Transcript) {
        let Some(data) = &metric.data else {
            return;
        };
        let (kind, aggregation_temporality, is_monotonic) = match data {
            metric::Data::Gauge(_) => (MetricKind::Gauge, 0, false),
            metric::Data::Sum(sum) => (
                MetricKind::Sum,
                sum.aggregation_temporality,
                sum.is_monotonic,
            ),
            metric::Data::Histogram(h) => (MetricKind::Histogram, h.aggregation_temporality, false),
            metric::Data::ExponentialHistogram(h) => (
                MetricKind::ExponentialHistogram,
                h.aggregation_temporality,
                false,
            ),
            metric::Data::Summary(_) => (MetricKind::Summary, 0, false),
        };
        sink.metric(&Metric {
            name: &metric.name,
            description: &metric.description,
            unit: &metric.unit,
            metadata: self.attributes(&metric.metadata),
            kind,
            aggregation_temporality,
            is_monotonic,
        });
        match data {
            metric::Data::Gauge(metrics::Gauge { data_points })
            | metric::Data::Sum(metrics::Sum { data_points, .. }) => {
                for point in data_points {
                    sink.number_point(&self.number_point(point));
                }
            }
            metric::Data::Histogram(histogram) => {
                for point in &histogram.data_points {
                    sink.histogram_point(&self.histogram_point(point));
                }
            }
            metric::Data::ExponentialHistogram(histogram) => {
                for point in &histogram.data_points {
                    sink.exponential_histogram_point(&self.exponential_histogram_point(point));
                }
            }
            metric::Data::Summary(summary) => {
                for point in &summary.data_points {
                    sink.summary_point(&self.summary_point(point));
                }
            }
        }
    }

    fn number_point<'a>(&'a self, point: &'a metrics::NumberDataPoint) -> NumberPoint<'a> {
        NumberPoint {
            attributes: self.attributes(&point.attributes),
            start_time_unix_nano: point.start_time_unix_nano,
            time_unix_nano: point.time_unix_nano,
            value: point.value.as_ref().map(|value| match value {
                number_data_point::Value::AsDouble(value) => Number::Double(*value),
                number_data_point::Value::AsInt(value) => Number::Int(*value),
            }),
            exemplars: self.exemplars(&point.exemplars),
            flags: point.flags,
        }
    }

    fn histogram_point<'a>(&'a self, point: &'a metrics::HistogramDataPoint) -> HistogramPoint<'a> {
        HistogramPoint {
            attributes: self.attributes(&point.attributes),
            start_time_unix_nano: point.start_time_unix_nano,
            time_unix_nano: point.time_unix_nano,
            count: point.count,
            sum: point.sum,
            bucket_counts: &point.bucket_counts,
            explicit_bounds: &point.explicit_bounds,
            exemplars: self.exemplars(&point.exemplars),
            flags: point.flags,
            min: point.min,
            max: point.max,
        }
    }

    fn exponential_histogram_point<'a>(
        &'a self,
        point: &'a metrics::ExponentialHistogramDataPoint,
    ) -> ExponentialHistogramPoint<'a> {
        ExponentialHistogramPoint {
            attributes: self.attributes(&point.attributes),
            start_time_unix_nano: point.start_time_unix_nano,
            time_unix_nano: point.time_unix_nano,
            count: point.count,
            sum: point.sum,
            scale: point.scale,
            zero_count: point.zero_count,
            positive: point.positive.as_ref().map(buckets),
            negative: point.negative.as_ref().map(buckets),
            flags: point.flags,
            exemplars: self.exemplars(&point.exemplars),
            min: point.min,
            max: point.max,
            zero_threshold: point.zero_threshold,
        }
    }

    fn summary_point<'a>(&'a self, point: &'a metrics::SummaryDataPoint) -> SummaryPoint<'a> {
        SummaryPoint {
            attributes: self.attributes(&point.attributes),
            start_time_unix_nano: point.start_time_unix_nano,
            time_unix_nano: point.time_unix_nano,
            count: point.count,
            sum: point.sum,
            quantile_values: self.list(&point.quantile_values, |q| QuantileValue {
                quantile: q.quantile,
                value: q.value,
            }),
            flags: point.flags,
        }
    }

    fn exemplars<'a>(&'a self, exemplars: &'a [metrics::Exemplar]) -> &'a [Exemplar<'a>] {
        self.list(exemplars, |exemplar| Exemplar {
            filtered_attributes: self.attributes(&exemplar.filtered_attributes),
            time_unix_nano: exemplar.time_unix_nano,
            value: exemplar.value.as_ref().map(|value| match value {
                exemplar::Value::AsDouble(value) => Number::Double(*value),
                exemplar::Value::AsInt(value) => Number::Int(*value),
            }),
            span_id: id(&exemplar.span_id),
            trace_id: id(&exemplar.trace_id),
        })
    }
}

fn buckets(buckets: &exponential_histogram_data_point::Buckets) -> Buckets<'_> {
    Buckets {
        offset: buckets.offset,
        bucket_counts: &buckets.bucket_counts,
    }
}

fn id<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    let id = <[u8; N]>::try_from(bytes).ok()?;
    (id != [0; N]).then_some(id)
}
