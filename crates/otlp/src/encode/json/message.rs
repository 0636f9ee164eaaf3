//! The members of each message below the request.

use super::text::Text;
use crate::model::{
    Attributes, Buckets, EntityRef, Event, Exemplar, ExponentialHistogramPoint, HistogramPoint,
    KeyValue, Link, LogRecord, Number, NumberPoint, Resource, Scope, Span, SummaryPoint, Value,
};

impl Text {
    pub(super) fn attributes(&mut self, name: &str, attributes: Attributes<'_>) {
        self.list(name, attributes, Self::key_value);
    }

    fn key_value(&mut self, attribute: &KeyValue<'_>) {
        self.open_item();
        self.put_text("key", attribute.key);
        self.open("value");
        self.value(&attribute.value);
        self.close();
        self.close();
    }

    /// The member of an `AnyValue`. Its kind is kept when its content is empty, false or 0.
    fn value(&mut self, value: &Value<'_>) {
        match *value {
            Value::Empty => {}
            Value::String(text) => self.put_text("stringValue", text),
            Value::Bool(truth) => self.put_bool("boolValue", truth),
            Value::Int(number) => self.put_int64("intValue", number),
            Value::Double(number) => self.put_double("doubleValue", number),
            Value::Array(values) => {
                self.open("arrayValue");
                self.list("values", values, |text, value| {
                    text.open_item();
                    text.value(value);
                    text.close();
                });
                self.close();
            }
            Value::KeyValueList(pairs) => {
                self.open("kvlistValue");
                self.attributes("values", pairs);
                self.close();
            }
            Value::Bytes(bytes) => self.put_bytes("bytesValue", bytes),
        }
    }

    pub(super) fn resource(&mut self, resource: &Resource<'_>) {
        self.open("resource");
        self.attributes("attributes", resource.attributes);
        self.number("droppedAttributesCount", resource.dropped_attributes_count);
        self.list("entityRefs", resource.entity_refs, Self::entity_ref);
        self.close();
    }

    fn entity_ref(&mut self, entity: &EntityRef<'_>) {
        self.open_item();
        self.text("schemaUrl", entity.schema_url);
        self.text("type", entity.r#type);
        self.list("idKeys", entity.id_keys, |text, key| text.text_item(key));
        self.list("descriptionKeys", entity.description_keys, |text, key| {
            text.text_item(key);
        });
        self.close();
    }

    pub(super) fn scope(&mut self, scope: &Scope<'_>) {
        self.open("scope");
        self.text("name", scope.name);
        self.text("version", scope.version);
        self.attributes("attributes", scope.attributes);
        self.number("droppedAttributesCount", scope.dropped_attributes_count);
        self.close();
    }

    pub(super) fn span(&mut self, span: &Span<'_>) {
        self.open_item();
        self.id("traceId", span.trace_id);
        self.id("spanId", span.span_id);
        self.text("traceState", span.trace_state);
        self.id("parentSpanId", span.parent_span_id);
        self.number("flags", span.flags);
        self.text("name", span.name);
        self.number("kind", span.kind);
        self.uint64("startTimeUnixNano", span.start_time_unix_nano);
        self.uint64("endTimeUnixNano", span.end_time_unix_nano);
        self.attributes("attributes", span.attributes);
        self.number("droppedAttributesCount", span.dropped_attributes_count);
        self.list("events", span.events, Self::event);
        self.number("droppedEventsCount", span.dropped_events_count);
        self.list("links", span.links, Self::link);
        self.number("droppedLinksCount", span.dropped_links_count);
        if !span.status_message.is_empty() || span.status_code != 0 {
            self.open("status");
            self.text("message", span.status_message);
            self.number("code", span.status_code);
            self.close();
        }
        self.close();
    }

    fn event(&mut self, event: &Event<'_>) {
        self.open_item();
        self.uint64("timeUnixNano", event.time_unix_nano);
        self.text("name", event.name);
        self.attributes("attributes", event.attributes);
        self.number("droppedAttributesCount", event.dropped_attributes_count);
        self.close();
    }

    fn link(&mut self, link: &Link<'_>) {
        self.open_item();
        self.id("traceId", link.trace_id);
        self.id("spanId", link.span_id);
        self.text("traceState", link.trace_state);
        self.attributes("attributes", link.attributes);
        self.number("droppedAttributesCount", link.dropped_attributes_count);
        self.number("flags", link.flags);
        self.close();
    }

    pub(super) fn log_record(&mut self, record: &LogRecord<'_>) {
        self.open_item();
        self.uint64("timeUnixNano", record.time_unix_nano);
        self.uint64("observedTimeUnixNano", record.observed_time_unix_nano);
        self.number("severityNumber", record.severity_number);
        self.text("severityText", record.severity_text);
        self.text("eventName", record.event_name);
        if let Some(body) = &record.body {
            self.open("body");
            self.value(body);
            self.close();
        }
        self.attributes("attributes", record.attributes);
        self.number("droppedAttributesCount", record.dropped_attributes_count);
        self.number("flags", record.flags);
        self.id("traceId", record.trace_id);
        self.id("spanId", record.span_id);
        self.close();
    }

    pub(super) fn number_point(&mut self, point: &NumberPoint<'_>) {
        self.open_item();
        self.attributes("attributes", point.attributes);
        self.uint64("startTimeUnixNano", point.start_time_unix_nano);
        self.uint64("timeUnixNano", point.time_unix_nano);
        self.number_value(point.value);
        self.list("exemplars", point.exemplars, Self::exemplar);
        self.number("flags", point.flags);
        self.close();
    }

    /// A number in the member of its kind, also if 0.
    fn number_value(&mut self, value: Option<Number>) {
        match value {
            Some(Number::Double(value)) => self.put_double("asDouble", value),
            Some(Number::Int(value)) => self.put_int64("asInt", value),
            None => {}
        }
    }

    fn optional_double(&mut self, name: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.put_double(name, value);
        }
    }

    fn counts(&mut self, name: &str, counts: &[u64]) {
        self.list(name, counts, |text, count| text.uint64_item(*count));
    }

    pub(super) fn histogram_point(&mut self, point: &HistogramPoint<'_>) {
        self.open_item();
        self.attributes("attributes", point.attributes);
        self.uint64("startTimeUnixNano", point.start_time_unix_nano);
        self.uint64("timeUnixNano", point.time_unix_nano);
        self.uint64("count", point.count);
        self.optional_double("sum", point.sum);
        self.counts("bucketCounts", point.bucket_counts);
        self.list("explicitBounds", point.explicit_bounds, |text, bound| {
            text.double_item(*bound);
        });
        self.list("exemplars", point.exemplars, Self::exemplar);
        self.number("flags", point.flags);
        self.optional_double("min", point.min);
        self.optional_double("max", point.max);
        self.close();
    }

    pub(super) fn exponential_histogram_point(&mut self, point: &ExponentialHistogramPoint<'_>) {
        self.open_item();
        self.attributes("attributes", point.attributes);
        self.uint64("startTimeUnixNano", point.start_time_unix_nano);
        self.uint64("timeUnixNano", point.time_unix_nano);
        self.uint64("count", point.count);
        self.optional_double("sum", point.sum);
        self.number("scale", point.scale);
        self.uint64("zeroCount", point.zero_count);
        self.buckets("positive", point.positive);
        self.buckets("negative", point.negative);
        self.number("flags", point.flags);
        self.list("exemplars", point.exemplars, Self::exemplar);
        self.optional_double("min", point.min);
        self.optional_double("max", point.max);
        self.double("zeroThreshold", point.zero_threshold);
        self.close();
    }

    fn buckets(&mut self, name: &str, buckets: Option<Buckets<'_>>) {
        if let Some(buckets) = buckets {
            self.open(name);
            self.number("offset", buckets.offset);
            self.counts("bucketCounts", buckets.bucket_counts);
            self.close();
        }
    }

    pub(super) fn summary_point(&mut self, point: &SummaryPoint<'_>) {
        self.open_item();
        self.attributes("attributes", point.attributes);
        self.uint64("startTimeUnixNano", point.start_time_unix_nano);
        self.uint64("timeUnixNano", point.time_unix_nano);
        self.uint64("count", point.count);
        self.double("sum", point.sum);
        self.list("quantileValues", point.quantile_values, |text, pair| {
            text.open_item();
            text.double("quantile", pair.quantile);
            text.double("value", pair.value);
            text.close();
        });
        self.number("flags", point.flags);
        self.close();
    }

    fn exemplar(&mut self, exemplar: &Exemplar<'_>) {
        self.open_item();
        self.attributes("filteredAttributes", exemplar.filtered_attributes);
        self.uint64("timeUnixNano", exemplar.time_unix_nano);
        self.number_value(exemplar.value);
        self.id("spanId", exemplar.span_id);
        self.id("traceId", exemplar.trace_id);
        self.close();
    }
}
