//! The identity of items: what they mean, however they are encoded and grouped.

use otolith_otlp::{
    Attributes, Buckets, Event, Exemplar, ExponentialHistogramPoint, HistogramPoint, KeyValue,
    Link, LogRecord, Metric, Number, NumberPoint, Resource, Scope, Span, SummaryPoint, Value,
};
use xxhash_rust::xxh3::xxh3_128;

use super::options::{Ids, Times};

/// Writes what an item means as bytes, whose hash is its identity.
///
/// The order of attributes and of the entries of maps does not count, nor whether a missing body is
/// sent as an empty one, nor which NaN a NaN is. Times are relative to the first one that is known.
#[derive(Debug)]
pub(super) struct Meaning {
    bytes: Vec<u8>,
    ids: Ids,
    times: Times,
    base: u64,
    /// Whether distances of times count.
    has_distances: bool,
}

impl Meaning {
    pub fn new(ids: Ids, times: Times) -> Self {
        Self {
            bytes: Vec::new(),
            ids,
            times,
            base: 0,
            has_distances: true,
        }
    }

    /// Begins something that belongs to things with these hashes.
    fn begin(&mut self, kind: u8, of: &[u128]) {
        self.bytes.clear();
        self.has_distances = true;
        self.bytes.push(kind);
        for hash in of {
            self.bytes.extend_from_slice(&hash.to_le_bytes());
        }
    }

    fn finish(&self) -> u128 {
        xxh3_128(&self.bytes)
    }

    fn number(&mut self, number: u64) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    fn double(&mut self, double: f64) {
        let double = if double.is_nan() { f64::NAN } else { double };
        self.number(double.to_bits());
    }

    fn optional_double(&mut self, double: Option<f64>) {
        self.bytes.push(double.is_some().into());
        self.double(double.unwrap_or_default());
    }

    fn text(&mut self, text: &str) {
        self.blob(text.as_bytes());
    }

    fn blob(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    fn id(&mut self, id: Option<&[u8]>) {
        self.bytes.push(id.is_some().into());
        if let (Ids::Same, Some(id)) = (self.ids, id) {
            self.bytes.extend_from_slice(id);
        }
    }

    /// Chooses what times are relative to: the first that is known.
    fn base(&mut self, times: impl IntoIterator<Item = u64>) -> u64 {
        self.base = times.into_iter().find(|time| *time > 0).unwrap_or(0);
        self.base
    }

    fn time(&mut self, time: u64) {
        self.bytes.push((time > 0).into());
        if time > 0 && self.has_distances {
            self.number(time.wrapping_sub(self.base));
        }
    }

    fn list<T>(&mut self, list: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.number(list.len() as u64);
        for entry in list {
            write(self, entry);
        }
    }

    /// Entries in any order: the sum of their hashes.
    fn attributes(&mut self, attributes: Attributes<'_>) {
        let start = self.bytes.len();
        let mut sum = 0_u128;
        for attribute in attributes {
            self.key_value(attribute);
            sum = sum.wrapping_add(xxh3_128(&self.bytes[start..]));
            self.bytes.truncate(start);
        }
        self.number(attributes.len() as u64);
        self.bytes.extend_from_slice(&sum.to_le_bytes());
    }

    fn key_value(&mut self, attribute: &KeyValue<'_>) {
        self.text(attribute.key);
        self.value(&attribute.value);
    }

    /// A value; as deep as the decoder allows.
    fn value(&mut self, value: &Value<'_>) {
        match *value {
            Value::Empty => self.bytes.push(0),
            Value::String(text) => {
                self.bytes.push(1);
                self.text(text);
            }
            Value::Bool(truth) => self.bytes.extend_from_slice(&[2, truth.into()]),
            Value::Int(number) => {
                self.bytes.push(3);
                self.number(number as u64);
            }
            Value::Double(double) => {
                self.bytes.push(4);
                self.double(double);
            }
            Value::Bytes(bytes) => {
                self.bytes.push(5);
                self.blob(bytes);
            }
            Value::Array(values) => {
                self.bytes.push(6);
                self.list(values, Self::value);
            }
            Value::KeyValueList(entries) => {
                self.bytes.push(7);
                self.attributes(entries);
            }
        }
    }

    pub fn resource(&mut self, resource: &Resource<'_>) -> u128 {
        self.begin(1, &[]);
        self.attributes(resource.attributes);
        self.number(resource.dropped_attributes_count.into());
        self.list(resource.entity_refs, |meaning, entity| {
            meaning.text(entity.schema_url);
            meaning.text(entity.r#type);
            meaning.list(entity.id_keys, |meaning, key| meaning.text(key));
            meaning.list(entity.description_keys, |meaning, key| meaning.text(key));
        });
        self.text(resource.schema_url);
        self.finish()
    }

    pub fn scope(&mut self, scope: &Scope<'_>) -> u128 {
        self.begin(2, &[]);
        self.text(scope.name);
        self.text(scope.version);
        self.attributes(scope.attributes);
        self.number(scope.dropped_attributes_count.into());
        self.text(scope.schema_url);
        self.finish()
    }

    pub fn metric(&mut self, metric: &Metric<'_>) -> u128 {
        self.begin(3, &[]);
        self.text(metric.name);
        self.text(metric.description);
        self.text(metric.unit);
        self.attributes(metric.metadata);
        self.bytes.push(metric.kind as u8);
        self.number(metric.aggregation_temporality as u64);
        self.bytes.push(metric.is_monotonic.into());
        self.finish()
    }

    /// Hash and time of a span.
    pub fn span(&mut self, span: &Span<'_>, of: &[u128]) -> (u128, u64) {
        self.begin(4, of);
        let events = span.events.iter().map(|event| event.time_unix_nano);
        let times = [span.start_time_unix_nano, span.end_time_unix_nano];
        let time = self.base(times.into_iter().chain(events));
        self.id(span.trace_id.as_ref().map(|id| &id[..]));
        self.id(span.span_id.as_ref().map(|id| &id[..]));
        self.id(span.parent_span_id.as_ref().map(|id| &id[..]));
        self.text(span.trace_state);
        self.number(span.flags.into());
        self.text(span.name);
        self.number(span.kind as u64);
        self.time(span.start_time_unix_nano);
        self.time(span.end_time_unix_nano);
        self.attributes(span.attributes);
        self.number(span.dropped_attributes_count.into());
        self.list(span.events, Self::event);
        self.number(span.dropped_events_count.into());
        self.list(span.links, Self::link);
        self.number(span.dropped_links_count.into());
        self.text(span.status_message);
        self.number(span.status_code as u64);
        (self.finish(), time)
    }

    fn event(&mut self, event: &Event<'_>) {
        self.time(event.time_unix_nano);
        self.text(event.name);
        self.attributes(event.attributes);
        self.number(event.dropped_attributes_count.into());
    }

    fn link(&mut self, link: &Link<'_>) {
        self.id(link.trace_id.as_ref().map(|id| &id[..]));
        self.id(link.span_id.as_ref().map(|id| &id[..]));
        self.text(link.trace_state);
        self.attributes(link.attributes);
        self.number(link.dropped_attributes_count.into());
        self.number(link.flags.into());
    }

    /// Hash and time of a log record.
    pub fn log_record(&mut self, record: &LogRecord<'_>, of: &[u128]) -> (u128, u64) {
        self.begin(5, of);
        let time = self.base([record.time_unix_nano, record.observed_time_unix_nano]);
        self.time(record.time_unix_nano);
        self.time(record.observed_time_unix_nano);
        self.number(record.severity_number as u64);
        self.text(record.severity_text);
        self.value(&record.body.unwrap_or(Value::Empty));
        self.attributes(record.attributes);
        self.number(record.dropped_attributes_count.into());
        self.number(record.flags.into());
        self.id(record.trace_id.as_ref().map(|id| &id[..]));
        self.id(record.span_id.as_ref().map(|id| &id[..]));
        self.text(record.event_name);
        (self.finish(), time)
    }

    /// What all points begin with.
    fn point(
        &mut self,
        of: &[u128],
        [time, start]: [u64; 2],
        attributes: Attributes<'_>,
        flags: u32,
        exemplars: &[Exemplar<'_>],
    ) -> u64 {
        self.begin(6, of);
        // Starts of points lie in requests before: they move by another span than the points.
        self.has_distances = self.times != Times::Ignored;
        let others = exemplars.iter().map(|exemplar| exemplar.time_unix_nano);
        let base = self.base([time, start].into_iter().chain(others));
        self.time(time);
        self.time(start);
        self.attributes(attributes);
        self.number(flags.into());
        self.list(exemplars, |meaning, exemplar| {
            meaning.attributes(exemplar.filtered_attributes);
            meaning.time(exemplar.time_unix_nano);
            meaning.value_of(exemplar.value);
            meaning.id(exemplar.span_id.as_ref().map(|id| &id[..]));
            meaning.id(exemplar.trace_id.as_ref().map(|id| &id[..]));
        });
        base
    }

    fn value_of(&mut self, value: Option<Number>) {
        match value {
            None => self.bytes.push(0),
            Some(Number::Int(number)) => {
                self.bytes.push(1);
                self.number(number as u64);
            }
            Some(Number::Double(double)) => {
                self.bytes.push(2);
                self.double(double);
            }
        }
    }

    /// Hash and time of a point of a gauge or sum.
    pub fn number_point(&mut self, point: &NumberPoint<'_>, of: &[u128]) -> (u128, u64) {
        let times = [point.time_unix_nano, point.start_time_unix_nano];
        let time = self.point(of, times, point.attributes, point.flags, point.exemplars);
        self.value_of(point.value);
        (self.finish(), time)
    }

    /// Hash and time of a point of a histogram.
    pub fn histogram_point(&mut self, point: &HistogramPoint<'_>, of: &[u128]) -> (u128, u64) {
        let times = [point.time_unix_nano, point.start_time_unix_nano];
        let time = self.point(of, times, point.attributes, point.flags, point.exemplars);
        self.number(point.count);
        self.optional_double(point.sum);
        self.list(point.bucket_counts, |meaning, count| meaning.number(*count));
        self.list(point.explicit_bounds, |meaning, bound| {
            meaning.double(*bound)
        });
        self.optional_double(point.min);
        self.optional_double(point.max);
        (self.finish(), time)
    }

    /// Hash and time of a point of an exponential histogram.
    pub fn exponential_histogram_point(
        &mut self,
        point: &ExponentialHistogramPoint<'_>,
        of: &[u128],
    ) -> (u128, u64) {
        let times = [point.time_unix_nano, point.start_time_unix_nano];
        let time = self.point(of, times, point.attributes, point.flags, point.exemplars);
        self.number(point.count);
        self.optional_double(point.sum);
        self.number(point.scale as u64);
        self.number(point.zero_count);
        self.buckets(point.positive);
        self.buckets(point.negative);
        self.optional_double(point.min);
        self.optional_double(point.max);
        self.double(point.zero_threshold);
        (self.finish(), time)
    }

    fn buckets(&mut self, buckets: Option<Buckets<'_>>) {
        self.bytes.push(buckets.is_some().into());
        if let Some(buckets) = buckets {
            self.number(buckets.offset as u64);
            self.list(buckets.bucket_counts, |meaning, count| {
                meaning.number(*count)
            });
        }
    }

    /// Hash and time of a point of a summary.
    pub fn summary_point(&mut self, point: &SummaryPoint<'_>, of: &[u128]) -> (u128, u64) {
        let times = [point.time_unix_nano, point.start_time_unix_nano];
        let time = self.point(of, times, point.attributes, point.flags, &[]);
        self.number(point.count);
        self.double(point.sum);
        self.list(point.quantile_values, |meaning, value| {
            meaning.double(value.quantile);
            meaning.double(value.value);
        });
        (self.finish(), time)
    }
}
