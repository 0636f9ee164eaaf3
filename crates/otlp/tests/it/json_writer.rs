//! Writes requests as OTLP JSON by the letter of the specification.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use opentelemetry_proto::tonic::common::v1::{self as common, any_value};
use opentelemetry_proto::tonic::metrics::v1::{
    self as metrics, exemplar, exponential_histogram_data_point, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1 as resource;
use opentelemetry_proto::tonic::{logs::v1 as logs, trace::v1 as trace};
use serde_json::{Map, Value, json};

use crate::generate::Request;

/// The request as JSON text.
pub fn write(request: &Request) -> String {
    let value = match request {
        Request::Traces(request) => {
            let groups = request.resource_spans.iter().map(|group| {
                let scopes = group.scope_spans.iter().map(|scope| {
                    let spans = list(&scope.spans, span);
                    scope_group(scope.scope.as_ref(), "spans", spans, &scope.schema_url)
                });
                let scopes = scopes.collect();
                let resource = group.resource.as_ref();
                resource_group(resource, "scopeSpans", scopes, &group.schema_url)
            });
            json!({"resourceSpans": groups.collect::<Value>()})
        }
        Request::Metrics(request) => {
            let groups = request.resource_metrics.iter().map(|group| {
                let scopes = group.scope_metrics.iter().map(|scope| {
                    let metrics = list(&scope.metrics, metric);
                    scope_group(scope.scope.as_ref(), "metrics", metrics, &scope.schema_url)
                });
                let scopes = scopes.collect();
                let resource = group.resource.as_ref();
                resource_group(resource, "scopeMetrics", scopes, &group.schema_url)
            });
            json!({"resourceMetrics": groups.collect::<Value>()})
        }
        Request::Logs(request) => {
            let groups = request.resource_logs.iter().map(|group| {
                let scopes = group.scope_logs.iter().map(|scope| {
                    let records = list(&scope.log_records, log_record);
                    scope_group(
                        scope.scope.as_ref(),
                        "logRecords",
                        records,
                        &scope.schema_url,
                    )
                });
                let scopes = scopes.collect();
                let resource = group.resource.as_ref();
                resource_group(resource, "scopeLogs", scopes, &group.schema_url)
            });
            json!({"resourceLogs": groups.collect::<Value>()})
        }
    };
    value.to_string()
}

fn list<T>(list: &[T], f: impl Fn(&T) -> Value) -> Value {
    list.iter().map(f).collect()
}

/// Leaves out members that are null.
fn object(value: Value) -> Value {
    let Value::Object(members) = value else {
        panic!("expected an object, got {value}");
    };
    let members = members.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(members.collect::<Map<_, _>>())
}

fn resource_group(
    resource: Option<&resource::Resource>,
    list_name: &str,
    scopes: Value,
    schema_url: &str,
) -> Value {
    let resource = resource.map(|resource| {
        json!({
            "attributes": attributes(&resource.attributes),
            "droppedAttributesCount": resource.dropped_attributes_count,
            "entityRefs": list(&resource.entity_refs, |entity| json!({
                "schemaUrl": entity.schema_url,
                "type": entity.r#type,
                "idKeys": entity.id_keys,
                "descriptionKeys": entity.description_keys,
            })),
        })
    });
    object(json!({"resource": resource, list_name: scopes, "schemaUrl": schema_url}))
}

fn scope_group(
    scope: Option<&common::InstrumentationScope>,
    list_name: &str,
    items: Value,
    schema_url: &str,
) -> Value {
    let scope = scope.map(|scope| {
        json!({
            "name": scope.name,
            "version": scope.version,
            "attributes": attributes(&scope.attributes),
            "droppedAttributesCount": scope.dropped_attributes_count,
        })
    });
    object(json!({"scope": scope, list_name: items, "schemaUrl": schema_url}))
}

fn attributes(attributes: &[common::KeyValue]) -> Value {
    list(attributes, key_value)
}

fn key_value(item: &common::KeyValue) -> Value {
    object(json!({"key": item.key, "value": item.value.as_ref().map(value)}))
}

fn value(value: &common::AnyValue) -> Value {
    match &value.value {
        None | Some(any_value::Value::StringValueStrindex(_)) => json!({}),
        Some(any_value::Value::StringValue(text)) => json!({"stringValue": text}),
        Some(any_value::Value::BoolValue(truth)) => json!({"boolValue": truth}),
        Some(any_value::Value::IntValue(number)) => json!({"intValue": number.to_string()}),
        Some(any_value::Value::DoubleValue(number)) => json!({"doubleValue": double(*number)}),
        Some(any_value::Value::BytesValue(bytes)) => {
            json!({"bytesValue": BASE64_STANDARD.encode(bytes)})
        }
        Some(any_value::Value::ArrayValue(array)) => {
            json!({"arrayValue": {"values": list(&array.values, self::value)}})
        }
        Some(any_value::Value::KvlistValue(map)) => {
            json!({"kvlistValue": {"values": attributes(&map.values)}})
        }
    }
}

fn double(number: f64) -> Value {
    if number.is_finite() {
        json!(number)
    } else if number.is_nan() {
        json!("NaN")
    } else if number > 0.0 {
        json!("Infinity")
    } else {
        json!("-Infinity")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn strings(numbers: &[u64]) -> Value {
    list(numbers, |number| json!(number.to_string()))
}

fn span(span: &trace::Span) -> Value {
    let status = span.status.as_ref();
    object(json!({
        "traceId": hex(&span.trace_id),
        "spanId": hex(&span.span_id),
        "traceState": span.trace_state,
        "parentSpanId": hex(&span.parent_span_id),
        "flags": span.flags,
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": span.start_time_unix_nano.to_string(),
        "endTimeUnixNano": span.end_time_unix_nano.to_string(),
        "attributes": attributes(&span.attributes),
        "droppedAttributesCount": span.dropped_attributes_count,
        "events": list(&span.events, |event| json!({
            "timeUnixNano": event.time_unix_nano.to_string(),
            "name": event.name,
            "attributes": attributes(&event.attributes),
            "droppedAttributesCount": event.dropped_attributes_count,
        })),
        "droppedEventsCount": span.dropped_events_count,
        "links": list(&span.links, |link| json!({
            "traceId": hex(&link.trace_id),
            "spanId": hex(&link.span_id),
            "traceState": link.trace_state,
            "attributes": attributes(&link.attributes),
            "droppedAttributesCount": link.dropped_attributes_count,
            "flags": link.flags,
        })),
        "droppedLinksCount": span.dropped_links_count,
        "status": status.map(|status| json!({"message": status.message, "code": status.code})),
    }))
}

fn log_record(record: &logs::LogRecord) -> Value {
    object(json!({
        "timeUnixNano": record.time_unix_nano.to_string(),
        "observedTimeUnixNano": record.observed_time_unix_nano.to_string(),
        "severityNumber": record.severity_number,
        "severityText": record.severity_text,
        "body": record.body.as_ref().map(value),
        "attributes": attributes(&record.attributes),
        "droppedAttributesCount": record.dropped_attributes_count,
        "flags": record.flags,
        "traceId": hex(&record.trace_id),
        "spanId": hex(&record.span_id),
        "eventName": record.event_name,
    }))
}

fn metric(metric: &metrics::Metric) -> Value {
    let mut members = json!({
        "name": metric.name,
        "description": metric.description,
        "unit": metric.unit,
        "metadata": attributes(&metric.metadata),
    });
    match &metric.data {
        None => {}
        Some(metric::Data::Gauge(gauge)) => {
            members["gauge"] = json!({"dataPoints": list(&gauge.data_points, number_point)});
        }
        Some(metric::Data::Sum(sum)) => {
            members["sum"] = json!({
                "dataPoints": list(&sum.data_points, number_point),
                "aggregationTemporality": sum.aggregation_temporality,
                "isMonotonic": sum.is_monotonic,
            });
        }
        Some(metric::Data::Histogram(histogram)) => {
            members["histogram"] = json!({
                "dataPoints": list(&histogram.data_points, histogram_point),
                "aggregationTemporality": histogram.aggregation_temporality,
            });
        }
        Some(metric::Data::ExponentialHistogram(histogram)) => {
            members["exponentialHistogram"] = json!({
                "dataPoints": list(&histogram.data_points, exponential_histogram_point),
                "aggregationTemporality": histogram.aggregation_temporality,
            });
        }
        Some(metric::Data::Summary(summary)) => {
            members["summary"] = json!({"dataPoints": list(&summary.data_points, summary_point)});
        }
    }
    members
}

fn number_point(point: &metrics::NumberDataPoint) -> Value {
    let (as_double, as_int) = match &point.value {
        Some(number_data_point::Value::AsDouble(value)) => (Some(double(*value)), None),
        Some(number_data_point::Value::AsInt(value)) => (None, Some(value.to_string())),
        None => (None, None),
    };
    object(json!({
        "attributes": attributes(&point.attributes),
        "startTimeUnixNano": point.start_time_unix_nano.to_string(),
        "timeUnixNano": point.time_unix_nano.to_string(),
        "asDouble": as_double,
        "asInt": as_int,
        "exemplars": list(&point.exemplars, exemplar),
        "flags": point.flags,
    }))
}

fn histogram_point(point: &metrics::HistogramDataPoint) -> Value {
    object(json!({
        "attributes": attributes(&point.attributes),
        "startTimeUnixNano": point.start_time_unix_nano.to_string(),
        "timeUnixNano": point.time_unix_nano.to_string(),
        "count": point.count.to_string(),
        "sum": point.sum.map(double),
        "bucketCounts": strings(&point.bucket_counts),
        "explicitBounds": list(&point.explicit_bounds, |bound| double(*bound)),
        "exemplars": list(&point.exemplars, exemplar),
        "flags": point.flags,
        "min": point.min.map(double),
        "max": point.max.map(double),
    }))
}

fn exponential_histogram_point(point: &metrics::ExponentialHistogramDataPoint) -> Value {
    object(json!({
        "attributes": attributes(&point.attributes),
        "startTimeUnixNano": point.start_time_unix_nano.to_string(),
        "timeUnixNano": point.time_unix_nano.to_string(),
        "count": point.count.to_string(),
        "sum": point.sum.map(double),
        "scale": point.scale,
        "zeroCount": point.zero_count.to_string(),
        "positive": point.positive.as_ref().map(buckets),
        "negative": point.negative.as_ref().map(buckets),
        "flags": point.flags,
        "exemplars": list(&point.exemplars, exemplar),
        "min": point.min.map(double),
        "max": point.max.map(double),
        "zeroThreshold": double(point.zero_threshold),
    }))
}

fn buckets(buckets: &exponential_histogram_data_point::Buckets) -> Value {
    json!({"offset": buckets.offset, "bucketCounts": strings(&buckets.bucket_counts)})
}

fn summary_point(point: &metrics::SummaryDataPoint) -> Value {
    json!({
        "attributes": attributes(&point.attributes),
        "startTimeUnixNano": point.start_time_unix_nano.to_string(),
        "timeUnixNano": point.time_unix_nano.to_string(),
        "count": point.count.to_string(),
        "sum": double(point.sum),
        "quantileValues": list(&point.quantile_values, |q| json!({
            "quantile": double(q.quantile),
            "value": double(q.value),
        })),
        "flags": point.flags,
    })
}

fn exemplar(exemplar: &metrics::Exemplar) -> Value {
    let (as_double, as_int) = match &exemplar.value {
        Some(exemplar::Value::AsDouble(value)) => (Some(double(*value)), None),
        Some(exemplar::Value::AsInt(value)) => (None, Some(value.to_string())),
        None => (None, None),
    };
    object(json!({
        "filteredAttributes": attributes(&exemplar.filtered_attributes),
        "timeUnixNano": exemplar.time_unix_nano.to_string(),
        "asDouble": as_double,
        "asInt": as_int,
        "spanId": hex(&exemplar.span_id),
        "traceId": hex(&exemplar.trace_id),
    }))
}
