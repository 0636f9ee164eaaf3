//! The second look at a frame: what the first one has chosen goes on to another sink.

use otolith_capture::{Frame, Signal};
use otolith_otlp::{
    ExponentialHistogramPoint, HistogramPoint, ItemReject, LogRecord, Metric, NoteCode,
    NumberPoint, Resource, Scope, Sink, Span, SummaryPoint,
};

use super::judge::Verdict;

/// Passes on the kept items of the frame that was judged last, with the resources, scopes and
/// metrics that they are of. A frame that is kept as a whole keeps those without items, too.
pub(super) struct Chosen<'a, S> {
    verdict: &'a Verdict,
    keeps_all: bool,
    sink: &'a mut S,
    item: usize,
    header: usize,
}

impl<'a, S> Chosen<'a, S> {
    pub fn new(verdict: &'a Verdict, keeps_all: bool, sink: &'a mut S) -> Self {
        Self {
            verdict,
            keeps_all,
            sink,
            item: 0,
            header: 0,
        }
    }

    /// The sink if the next item is kept.
    fn item(&mut self) -> Option<&mut S> {
        let is_kept = self.keeps_all || self.verdict.items.get(self.item) == Some(&true);
        self.item += 1;
        is_kept.then_some(&mut *self.sink)
    }

    fn header(&mut self) -> Option<&mut S> {
        let is_kept = self.keeps_all || self.verdict.headers.get(self.header) == Some(&true);
        self.header += 1;
        is_kept.then_some(&mut *self.sink)
    }
}

impl<S: Sink> Sink for Chosen<'_, S> {
    fn begin(&mut self, frame: &Frame<'_>) {
        (self.item, self.header) = (0, 0);
        self.sink.begin(frame);
    }

    fn resource(&mut self, signal: Signal, resource: &Resource<'_>) {
        if let Some(sink) = self.header() {
            sink.resource(signal, resource);
        }
    }

    fn scope(&mut self, scope: &Scope<'_>) {
        if let Some(sink) = self.header() {
            sink.scope(scope);
        }
    }

    fn span(&mut self, span: &Span<'_>) {
        if let Some(sink) = self.item() {
            sink.span(span);
        }
    }

    fn log_record(&mut self, record: &LogRecord<'_>) {
        if let Some(sink) = self.item() {
            sink.log_record(record);
        }
    }

    fn metric(&mut self, metric: &Metric<'_>) {
        if let Some(sink) = self.header() {
            sink.metric(metric);
        }
    }

    fn number_point(&mut self, point: &NumberPoint<'_>) {
        if let Some(sink) = self.item() {
            sink.number_point(point);
        }
    }

    fn histogram_point(&mut self, point: &HistogramPoint<'_>) {
        if let Some(sink) = self.item() {
            sink.histogram_point(point);
        }
    }

    fn exponential_histogram_point(&mut self, point: &ExponentialHistogramPoint<'_>) {
        if let Some(sink) = self.item() {
            sink.exponential_histogram_point(point);
        }
    }

    fn summary_point(&mut self, point: &SummaryPoint<'_>) {
        if let Some(sink) = self.item() {
            sink.summary_point(point);
        }
    }

    fn reject_item(&mut self, _: ItemReject<'_>) {}

    fn note(&mut self, _: NoteCode) {}

    fn commit(&mut self) {
        self.sink.commit();
    }

    fn abandon(&mut self) {
        self.sink.abandon();
    }
}
