//! The sink that decoding is measured with: it looks at everything and keeps nothing.

use std::hint::black_box;

use otolith_capture::{Frame, Signal};
use otolith_otlp::{
    ExponentialHistogramPoint, HistogramPoint, ItemReject, LogRecord, Metric, NoteCode,
    NumberPoint, Resource, Scope, Sink, Span, SummaryPoint,
};

/// Makes the compiler believe that every value is used.
pub struct Forget;

impl Sink for Forget {
    fn begin(&mut self, _: &Frame<'_>) {}
    fn resource(&mut self, _: Signal, resource: &Resource<'_>) {
        black_box(resource);
    }
    fn scope(&mut self, scope: &Scope<'_>) {
        black_box(scope);
    }
    fn span(&mut self, span: &Span<'_>) {
        black_box(span);
    }
    fn log_record(&mut self, record: &LogRecord<'_>) {
        black_box(record);
    }
    fn metric(&mut self, metric: &Metric<'_>) {
        black_box(metric);
    }
    fn number_point(&mut self, point: &NumberPoint<'_>) {
        black_box(point);
    }
    fn histogram_point(&mut self, point: &HistogramPoint<'_>) {
        black_box(point);
    }
    fn exponential_histogram_point(&mut self, point: &ExponentialHistogramPoint<'_>) {
        black_box(point);
    }
    fn summary_point(&mut self, point: &SummaryPoint<'_>) {
        black_box(point);
    }
    fn reject_item(&mut self, _: ItemReject<'_>) {}
    fn note(&mut self, _: NoteCode) {}
    fn commit(&mut self) {}
    fn abandon(&mut self) {}
}
