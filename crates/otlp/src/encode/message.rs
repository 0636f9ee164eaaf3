//! The fields of each message below the request.

use super::wire::Buffer;
use crate::model::{
    Attributes, Buckets, EntityRef, Event, Exemplar, ExponentialHistogramPoint, HistogramPoint,
    KeyValue, Link, LogRecord, Number, NumberPoint, Resource, Scope, Span, SummaryPoint, Value,
};

impl Buffer {
    pub(super) fn attributes(&mut self, number: u32, attributes: Attributes<'_>) {
        for attribute in attributes {
            self.key_value(number, attribute);
        }
    }

    fn key_value(&mut self, number: u32, attribute: &KeyValue<'_>) {
        let mark = self.open(number);
        self.text(1, attribute.key);
        self.value(2, &attribute.value);
        self.close(mark);
    }

    /// An `AnyValue`. Its kind is kept when its content is empty, false or 0.
    fn value(&mut self, number: u32, value: &Value<'_>) {
        let mark = self.open(number);
        match *value {
            Value::Empty => {}
            Value::String(text) => self.put_bytes(1, text.as_bytes()),
            Value::Bool(truth) => self.put_varint(2, truth.into()),
            Value::Int(number) => self.put_varint(3, number as u64),
            Value::Double(number) => self.put_fixed64(4, number.to_bits()),
            Value::Array(values) => {
                let mark = self.open(5);
                for value in values {
                    self.value(1, value);
                }
                self.close(mark);
            }
            Value::KeyValueList(pairs) => {
                let mark = self.open(6);
                self.attributes(1, pairs);
                self.close(mark);
            }
            Value::Bytes(bytes) => self.put_bytes(7, bytes),
        }
        self.close(mark);
    }

    pub(super) fn resource(&mut self, number: u32, resource: &Resource<'_>) {
        let mark = self.open(number);
        self.attributes(1, resource.attributes);
        self.uint32(2, resource.dropped_attributes_count);
        for entity in resource.entity_refs {
            self.entity_ref(3, entity);
        }
        self.close(mark);
    }

    fn entity_ref(&mut self, number: u32, entity: &EntityRef<'_>) {
        let mark = self.open(number);
        self.text(1, entity.schema_url);
        self.text(2, entity.r#type);
        for key in entity.id_keys {
            self.put_bytes(3, key.as_bytes());
        }
        for key in entity.description_keys {
            self.put_bytes(4, key.as_bytes());
        }
        self.close(mark);
    }

    pub(super) fn scope(&mut self, number: u32, scope: &Scope<'_>) {
        let mark = self.open(number);
        self.text(1, scope.name);
        self.text(2, scope.version);
        self.attributes(3, scope.attributes);
        self.uint32(4, scope.dropped_attributes_count);
        self.close(mark);
    }

    pub(super) fn span(&mut self, number: u32, span: &Span<'_>) {
        let mark = self.open(number);
        self.id(1, span.trace_id);
        self.id(2, span.span_id);
        self.text(3, span.trace_state);
        self.id(4, span.parent_span_id);
        self.text(5, span.name);
        self.int32(6, span.kind);
        self.fixed64(7, span.start_time_unix_nano);
        self.fixed64(8, span.end_time_unix_nano);
        self.attributes(9, span.attributes);
        self.uint32(10, span.dropped_attributes_count);
        for event in span.events {
            self.event(11, event);
        }
        self.uint32(12, span.dropped_events_count);
        for link in span.links {
            self.link(13, link);
        }
        self.uint32(14, span.dropped_links_count);
        if !span.status_message.is_empty() || span.status_code != 0 {
            let mark = self.open(15);
            self.text(2, span.status_message);
            self.int32(3, span.status_code);
            self.close(mark);
        }
        self.fixed32(16, span.flags);
        self.close(mark);
    }

    fn event(&mut self, number: u32, event: &Event<'_>) {
        let mark = self.open(number);
        self.fixed64(1, event.time_unix_nano);
        self.text(2, event.name);
        self.attributes(3, event.attributes);
        self.uint32(4, event.dropped_attributes_count);
        self.close(mark);
    }

    fn link(&mut self, number: u32, link: &Link<'_>) {
        let mark = self.open(number);
        self.id(1, link.trace_id);
        self.id(2, link.span_id);
        self.text(3, link.trace_state);
        self.attributes(4, link.attributes);
        self.uint32(5, link.dropped_attributes_count);
        self.fixed32(6, link.flags);
        self.close(mark);
    }

    pub(super) fn log_record(&mut self, number: u32, record: &LogRecord<'_>) {
        let mark = self.open(number);
        self.fixed64(1, record.time_unix_nano);
        self.int32(2, record.severity_number);
        self.text(3, record.severity_text);
        if let Some(body) = &record.body {
            self.value(5, body);
        }
        self.attributes(6, record.attributes);
        self.uint32(7, record.dropped_attributes_count);
        self.fixed32(8, record.flags);
        self.id(9, record.trace_id);
        self.id(10, record.span_id);
        self.fixed64(11, record.observed_time_unix_nano);
        self.text(12, record.event_name);
        self.close(mark);
    }

    pub(super) fn number_point(&mut self, number: u32, point: &NumberPoint<'_>) {
        let mark = self.open(number);
        self.fixed64(2, point.start_time_unix_nano);
        self.fixed64(3, point.time_unix_nano);
        self.number(4, 6, point.value);
        self.exemplars(5, point.exemplars);
        self.attributes(7, point.attributes);
        self.uint32(8, point.flags);
        self.close(mark);
    }

    /// A number in the field of its kind, also if 0.
    fn number(&mut self, double_field: u32, int_field: u32, value: Option<Number>) {
        match value {
            Some(Number::Double(value)) => self.put_fixed64(double_field, value.to_bits()),
            Some(Number::Int(value)) => self.put_fixed64(int_field, value as u64),
            None => {}
        }
    }

    pub(super) fn histogram_point(&mut self, number: u32, point: &HistogramPoint<'_>) {
        let mark = self.open(number);
        self.fixed64(2, point.start_time_unix_nano);
        self.fixed64(3, point.time_unix_nano);
        self.fixed64(4, point.count);
        self.optional_double(5, point.sum);
        self.packed_fixed64(6, point.bucket_counts.iter().copied());
        self.packed_fixed64(7, point.explicit_bounds.iter().map(|bound| bound.to_bits()));
        self.exemplars(8, point.exemplars);
        self.attributes(9, point.attributes);
        self.uint32(10, point.flags);
        self.optional_double(11, point.min);
        self.optional_double(12, point.max);
        self.close(mark);
    }

    pub(super) fn exponential_histogram_point(
        &mut self,
        number: u32,
        point: &ExponentialHistogramPoint<'_>,
    ) {
        let mark = self.open(number);
        self.attributes(1, point.attributes);
        self.fixed64(2, point.start_time_unix_nano);
        self.fixed64(3, point.time_unix_nano);
        self.fixed64(4, point.count);
        self.optional_double(5, point.sum);
        self.sint32(6, point.scale);
        self.fixed64(7, point.zero_count);
        self.buckets(8, point.positive);
        self.buckets(9, point.negative);
        self.uint32(10, point.flags);
        self.exemplars(11, point.exemplars);
        self.optional_double(12, point.min);
        self.optional_double(13, point.max);
        self.double(14, point.zero_threshold);
        self.close(mark);
    }

    fn buckets(&mut self, number: u32, buckets: Option<Buckets<'_>>) {
        if let Some(buckets) = buckets {
            let mark = self.open(number);
            self.sint32(1, buckets.offset);
            self.packed_varint(2, buckets.bucket_counts);
            self.close(mark);
        }
    }

    pub(super) fn summary_point(&mut self, number: u32, point: &SummaryPoint<'_>) {
        let mark = self.open(number);
        self.fixed64(2, point.start_time_unix_nano);
        self.fixed64(3, point.time_unix_nano);
        self.fixed64(4, point.count);
        self.double(5, point.sum);
        for quantile in point.quantile_values {
            let mark = self.open(6);
            self.double(1, quantile.quantile);
            self.double(2, quantile.value);
            self.close(mark);
        }
        self.attributes(7, point.attributes);
        self.uint32(8, point.flags);
        self.close(mark);
    }

    fn exemplars(&mut self, number: u32, exemplars: &[Exemplar<'_>]) {
        for exemplar in exemplars {
            let mark = self.open(number);
            self.fixed64(2, exemplar.time_unix_nano);
            self.id(4, exemplar.span_id);
            self.id(5, exemplar.trace_id);
            self.number(3, 6, exemplar.value);
            self.attributes(7, exemplar.filtered_attributes);
            self.close(mark);
        }
    }
}
