//! The request with its resource, scope and metric groups, as a sink.

use otolith_capture::{Frame, Signal};

use super::text::Text;
use crate::model::{
    ExponentialHistogramPoint, HistogramPoint, LogRecord, Metric, MetricKind, NumberPoint,
    Resource, Scope, Span, SummaryPoint,
};
use crate::sink::{ItemReject, NoteCode, Sink};

/// A sink that builds one OTLP JSON `Export*ServiceRequest` for each signal that it is told about.
///
/// As [`crate::RequestEncoder`], in the other encoding: resources and scopes are grouped as visited, and
/// what means nothing is left out. A request is one line. Headers stand before the lists that
/// they belong to, for readers that need them first.
#[derive(Debug, Default)]
pub struct JsonRequestEncoder {
    /// By `Signal as usize`.
    requests: [Text; 3],
    /// The signals that appeared, in order.
    order: Vec<Signal>,
    /// Where `requests` and `order` ended at the last `begin`.
    begun: [usize; 3],
    order_begun: usize,
    /// What `resource` was called for last.
    signal: Option<Signal>,
    level: Level,
}

/// The innermost group that is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    #[default]
    Request,
    Resource,
    Scope,
    Metric,
}

impl JsonRequestEncoder {
    /// Makes an encoder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what was committed: at most one request per signal, in the order in which the
    /// signals first appeared. Texts of one line, without its end.
    pub fn take(&mut self) -> Vec<(Signal, Vec<u8>)> {
        let order = std::mem::take(&mut self.order);
        order
            .into_iter()
            .map(|signal| {
                let text = &mut self.requests[signal as usize];
                text.close_list();
                text.close();
                (signal, std::mem::take(&mut text.bytes))
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

    /// The text of the signal that is being told about.
    fn text(&mut self) -> &mut Text {
        let signal = self.signal.expect("a sink is told the resource first");
        &mut self.requests[signal as usize]
    }

    /// Closes what is open inside of a group.
    fn close_to(&mut self, level: Level) {
        while self.level > level {
            let is_metric = self.level == Level::Metric;
            let text = self.text();
            text.close_list();
            text.close();
            if is_metric {
                text.close();
            }
            self.level = match self.level {
                Level::Metric => Level::Scope,
                Level::Scope => Level::Resource,
                Level::Resource | Level::Request => Level::Request,
            };
        }
    }

    /// Opens a group: its object is open, its list is not yet.
    fn open(&mut self, level: Level) -> &mut Text {
        self.level = level;
        let text = self.text();
        text.open_item();
        text
    }
}

/// Names of the lists of resources, scopes and items.
const fn lists(signal: Signal) -> [&'static str; 3] {
    match signal {
        Signal::Traces => ["resourceSpans", "scopeSpans", "spans"],
        Signal::Metrics => ["resourceMetrics", "scopeMetrics", "metrics"],
        Signal::Logs => ["resourceLogs", "scopeLogs", "logRecords"],
    }
}

impl Sink for JsonRequestEncoder {
    fn begin(&mut self, _: &Frame<'_>) {
        self.begun = [0, 1, 2].map(|i: usize| self.requests[i].bytes.len());
        self.order_begun = self.order.len();
    }

    fn resource(&mut self, signal: Signal, resource: &Resource<'_>) {
        self.close_to(Level::Request);
        self.signal = Some(signal);
        let [resources, scopes, _] = lists(signal);
        if !self.order.contains(&signal) {
            self.order.push(signal);
            let text = self.text();
            text.open_item();
            text.open_list(resources);
        }
        let text = self.open(Level::Resource);
        if !resource.attributes.is_empty()
            || resource.dropped_attributes_count != 0
            || !resource.entity_refs.is_empty()
        {
            text.resource(resource);
        }
        text.text("schemaUrl", resource.schema_url);
        text.open_list(scopes);
    }

    fn scope(&mut self, scope: &Scope<'_>) {
        self.close_to(Level::Resource);
        let signal = self.signal.expect("a sink is told the resource first");
        let [_, _, items] = lists(signal);
        let text = self.open(Level::Scope);
        if !scope.name.is_empty()
            || !scope.version.is_empty()
            || !scope.attributes.is_empty()
            || scope.dropped_attributes_count != 0
        {
            text.scope(scope);
        }
        text.text("schemaUrl", scope.schema_url);
        text.open_list(items);
    }

    fn span(&mut self, span: &Span<'_>) {
        self.text().span(span);
    }

    fn log_record(&mut self, record: &LogRecord<'_>) {
        self.text().log_record(record);
    }

    fn metric(&mut self, metric: &Metric<'_>) {
        self.close_to(Level::Scope);
        let text = self.open(Level::Metric);
        text.text("name", metric.name);
        text.text("description", metric.description);
        text.text("unit", metric.unit);
        text.attributes("metadata", metric.metadata);
        text.open(match metric.kind {
            MetricKind::Gauge => "gauge",
            MetricKind::Sum => "sum",
            MetricKind::Histogram => "histogram",
            MetricKind::ExponentialHistogram => "exponentialHistogram",
            MetricKind::Summary => "summary",
        });
        text.number("aggregationTemporality", metric.aggregation_temporality);
        if metric.is_monotonic {
            text.put_bool("isMonotonic", true);
        }
        text.open_list("dataPoints");
    }

    fn number_point(&mut self, point: &NumberPoint<'_>) {
        self.text().number_point(point);
    }

    fn histogram_point(&mut self, point: &HistogramPoint<'_>) {
        self.text().histogram_point(point);
    }

    fn exponential_histogram_point(&mut self, point: &ExponentialHistogramPoint<'_>) {
        self.text().exponential_histogram_point(point);
    }

    fn summary_point(&mut self, point: &SummaryPoint<'_>) {
        self.text().summary_point(point);
    }

    fn reject_item(&mut self, _: ItemReject<'_>) {}

    fn note(&mut self, _: NoteCode) {}

    fn commit(&mut self) {
        self.close_to(Level::Request);
    }

    fn abandon(&mut self) {
        self.level = Level::Request;
        for (request, begun) in self.requests.iter_mut().zip(self.begun) {
            request.bytes.truncate(begun);
        }
        self.order.truncate(self.order_begun);
    }
}
