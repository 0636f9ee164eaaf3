//! The request with its resource, scope and metric groups, as a sink.

use otolith_capture::{Frame, Signal};

use super::wire::{Buffer, Mark};
use crate::model::{
    ExponentialHistogramPoint, HistogramPoint, LogRecord, Metric, MetricKind, NumberPoint,
    Resource, Scope, Span, SummaryPoint,
};
use crate::sink::{ItemReject, NoteCode, Sink};

/// A sink that builds one protobuf `Export*ServiceRequest` for each signal that it is told about.
///
/// Resources and scopes are grouped as visited. What means nothing is left out: empty texts,
/// absent ids, zero numbers without presence, resources and scopes without any content. An
/// attribute without a value gets an empty one. Rejected items and notes are not kept.
#[derive(Debug, Default)]
pub struct RequestEncoder {
    /// By `Signal as usize`.
    requests: [Buffer; 3],
    /// The signals that appeared, in order.
    order: Vec<Signal>,
    /// Where `requests` and `order` ended at the last `begin`.
    begun: [usize; 3],
    order_begun: usize,
    /// What `resource` was called for last.
    signal: Option<Signal>,
    resource: Option<Group>,
    scope: Option<Group>,
    metric: Option<OpenMetric>,
}

/// An open resource or scope group and what is written at its end.
#[derive(Debug)]
struct Group {
    mark: Mark,
    schema_url: String,
}

#[derive(Debug)]
struct OpenMetric {
    metric: Mark,
    data: Mark,
    temporality: i32,
    is_monotonic: bool,
}

impl RequestEncoder {
    /// Makes an encoder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what was committed: at most one request per signal, in the order in which the
    /// signals first appeared.
    pub fn take(&mut self) -> Vec<(Signal, Vec<u8>)> {
        let order = std::mem::take(&mut self.order);
        order
            .into_iter()
            .map(|signal| {
                let buffer = &mut self.requests[signal as usize];
                (signal, std::mem::take(&mut buffer.bytes))
            })
            .collect()
    }

    /// Bytes of all requests so far.
    pub fn len_bytes(&self) -> usize {
        self.requests
            .iter()
            .map(|request| request.bytes.len())
            .sum()
    }

    /// The buffer of the signal that is being told about.
    fn buffer(&mut self) -> &mut Buffer {
        let signal = self.signal.expect("a sink is told the resource first");
        &mut self.requests[signal as usize]
    }

    fn close_metric(&mut self) {
        if let Some(open) = self.metric.take() {
            let buffer = self.buffer();
            buffer.int32(2, open.temporality);
            if open.is_monotonic {
                buffer.put_varint(3, 1);
            }
            buffer.close(open.data);
            buffer.close(open.metric);
        }
    }

    fn close_scope(&mut self) {
        self.close_metric();
        if let Some(group) = self.scope.take() {
            self.close_group(&group);
        }
    }

    fn close_resource(&mut self) {
        self.close_scope();
        if let Some(group) = self.resource.take() {
            self.close_group(&group);
        }
    }

    fn close_group(&mut self, group: &Group) {
        let buffer = self.buffer();
        buffer.text(3, &group.schema_url);
        buffer.close(group.mark);
    }
}

impl Sink for RequestEncoder {
    fn begin(&mut self, _: &Frame<'_>) {
        self.begun = [0, 1, 2].map(|i: usize| self.requests[i].bytes.len());
        self.order_begun = self.order.len();
    }

    fn resource(&mut self, signal: Signal, resource: &Resource<'_>) {
        self.close_resource();
        if !self.order.contains(&signal) {
            self.order.push(signal);
        }
        self.signal = Some(signal);
        let buffer = self.buffer();
        let mark = buffer.open(1);
        if !resource.attributes.is_empty()
            || resource.dropped_attributes_count != 0
            || !resource.entity_refs.is_empty()
        {
            buffer.resource(1, resource);
        }
        self.resource = Some(Group {
            mark,
            schema_url: resource.schema_url.to_owned(),
        });
    }

    fn scope(&mut self, scope: &Scope<'_>) {
        self.close_scope();
        let buffer = self.buffer();
        let mark = buffer.open(2);
        if !scope.name.is_empty()
            || !scope.version.is_empty()
            || !scope.attributes.is_empty()
            || scope.dropped_attributes_count != 0
        {
            buffer.scope(1, scope);
        }
        self.scope = Some(Group {
            mark,
            schema_url: scope.schema_url.to_owned(),
        });
    }

    fn span(&mut self, span: &Span<'_>) {
        self.buffer().span(2, span);
    }

    fn log_record(&mut self, record: &LogRecord<'_>) {
        self.buffer().log_record(2, record);
    }

    fn metric(&mut self, metric: &Metric<'_>) {
        self.close_metric();
        let buffer = self.buffer();
        let mark = buffer.open(2);
        buffer.text(1, metric.name);
        buffer.text(2, metric.description);
        buffer.text(3, metric.unit);
        buffer.attributes(12, metric.metadata);
        let data = buffer.open(match metric.kind {
            MetricKind::Gauge => 5,
            MetricKind::Sum => 7,
            MetricKind::Histogram => 9,
            MetricKind::ExponentialHistogram => 10,
            MetricKind::Summary => 11,
        });
        self.metric = Some(OpenMetric {
            metric: mark,
            data,
            temporality: metric.aggregation_temporality,
            is_monotonic: metric.is_monotonic,
        });
    }

    fn number_point(&mut self, point: &NumberPoint<'_>) {
        self.buffer().number_point(1, point);
    }

    fn histogram_point(&mut self, point: &HistogramPoint<'_>) {
        self.buffer().histogram_point(1, point);
    }

    fn exponential_histogram_point(&mut self, point: &ExponentialHistogramPoint<'_>) {
        self.buffer().exponential_histogram_point(1, point);
    }

    fn summary_point(&mut self, point: &SummaryPoint<'_>) {
        self.buffer().summary_point(1, point);
    }

    fn reject_item(&mut self, _: ItemReject<'_>) {}

    fn note(&mut self, _: NoteCode) {}

    fn commit(&mut self) {
        self.close_resource();
    }

    fn abandon(&mut self) {
        self.metric = None;
        self.scope = None;
        self.resource = None;
        for (request, begun) in self.requests.iter_mut().zip(self.begun) {
            request.bytes.truncate(begun);
        }
        self.order.truncate(self.order_begun);
    }
}
