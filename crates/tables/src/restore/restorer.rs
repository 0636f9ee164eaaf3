//! The items of a part as frames of visits.

use std::sync::Arc;

use bumpalo::Bump;
use otolith_capture::{Encoding, Frame, Origin, Signal, SignalHint};
use otolith_otlp::{MetricKind, Sink};

use super::children::Children;
use super::context::ContextReader;
use super::error::{Fault, RestoreError};
use super::rows::RowReader;
use crate::part::Part;
use crate::schema::column::Column;
use crate::schema::{EndingColumns, HistogramRows, LogRows, MetricRows, SummaryRows, TraceRows};
use crate::table::Table;

/// A row's memory is kept for the next row, up to this many bytes.
const RETAINED_BYTES: usize = 4 << 20;

/// Turns the rows of a part of `traces`, `logs`, `metrics`, `histograms` or `summaries` back into visits, in
/// the order of `source` and `item`.
///
/// Takes about 50 bytes per row beside the part.
#[derive(Debug)]
pub struct Restorer<'a> {
    items: Items<'a>,
    contexts: ContextReader<'a>,
    source: Column<'a>,
    table: Table,
    signal: Signal,
    /// The rows that are left, the next one last.
    rows: Vec<usize>,
    bump: Bump,
}

#[derive(Debug)]
enum Items<'a> {
    Spans(RowReader<'a, TraceRows>),
    LogRecords(RowReader<'a, LogRows>),
    Numbers(RowReader<'a, MetricRows>),
    Histograms(RowReader<'a, HistogramRows>),
    Summaries(RowReader<'a, SummaryRows>),
}

impl Items<'_> {
    /// True for points of a kind of metrics.
    fn are_of(&self, kind: MetricKind) -> bool {
        match self {
            Self::Spans(_) | Self::LogRecords(_) => false,
            Self::Numbers(_) => matches!(kind, MetricKind::Gauge | MetricKind::Sum),
            Self::Histograms(_) => {
                matches!(
                    kind,
                    MetricKind::Histogram | MetricKind::ExponentialHistogram
                )
            }
            Self::Summaries(_) => kind == MetricKind::Summary,
        }
    }
}

impl<'a> Restorer<'a> {
    /// Looks at the columns of a part, and puts its rows in order.
    ///
    /// # Errors
    ///
    /// If the rows are no items, the part lacks `source` or `item`, or a base column has another type.
    pub fn new(part: &'a Part) -> Result<Self, RestoreError> {
        let table = part.table;
        let (items, signal) = match table {
            Table::Traces => (Items::Spans(RowReader::find(part)?), Signal::Traces),
            Table::Logs => (Items::LogRecords(RowReader::find(part)?), Signal::Logs),
            Table::Metrics => (Items::Numbers(RowReader::find(part)?), Signal::Metrics),
            Table::Histograms => (Items::Histograms(RowReader::find(part)?), Signal::Metrics),
            Table::Summaries => (Items::Summaries(RowReader::find(part)?), Signal::Metrics),
            Table::SpanEvents | Table::SpanLinks | Table::Exemplars => {
                return Err(RestoreError::NoItems { table });
            }
        };
        let ending = EndingColumns::find(part)?;
        let mut rows: Vec<usize> = (0..part.row_count).collect();
        rows.sort_by_cached_key(|row| {
            let source = ending.source.text(*row).unwrap_or_default();
            (frame_of(source), ending.item.int(*row))
        });
        rows.reverse();
        Ok(Self {
            items,
            contexts: ContextReader::find(part, &ending)?,
            source: ending.source,
            table,
            signal,
            rows,
            bump: Bump::new(),
        })
    }

    /// Visits the next items as one frame, until `is_full` says so of the sink and the number of items
    /// visited, or none is left. Gives that number, 0 at the end. Successive rows with the same resource,
    /// scope and metric are one group.
    ///
    /// The frame has no bytes; its origin is that of the first item.
    ///
    /// # Errors
    ///
    /// If a value means nothing. The frame is then abandoned.
    pub fn visit<S: Sink>(
        &mut self,
        children: &mut Children<'_>,
        sink: &mut S,
        is_full: impl Fn(&S, u64) -> bool,
    ) -> Result<u64, RestoreError> {
        let Some(first) = self.rows.last() else {
            return Ok(0);
        };
        let (file, frame) = frame_of(self.source.text(*first).unwrap_or_default());
        sink.begin(&Frame {
            bytes: &[],
            origin: Origin {
                file: Arc::from(file),
                frame,
                offset: 0,
            },
            encoding: Encoding::Protobuf,
            signal: SignalHint::Declared(self.signal),
            arrival_unix_nano: None,
        });
        let mut last = None;
        let mut items = 0;
        while let Some(row) = self.rows.pop() {
            if let Err(error) = self.visit_row(row, last, children, sink) {
                sink.abandon();
                return Err(error);
            }
            last = Some(row);
            items += 1;
            if is_full(sink, items) {
                break;
            }
        }
        sink.commit();
        Ok(items)
    }

    fn visit_row<S: Sink>(
        &mut self,
        row: usize,
        last: Option<usize>,
        children: &mut Children<'_>,
        sink: &mut S,
    ) -> Result<(), RestoreError> {
        self.bump.reset();
        if self.bump.allocated_bytes() > RETAINED_BYTES {
            self.bump = Bump::new();
        }
        self.visit_contexts(row, last, sink)
            .map_err(|fault| fault.at(self.table, row))?;
        self.visit_item(row, children, sink)
    }

    fn visit_contexts<S: Sink>(
        &self,
        row: usize,
        last: Option<usize>,
        sink: &mut S,
    ) -> Result<(), Fault> {
        let (contexts, bump) = (&self.contexts, &self.bump);
        let last = last.filter(|last| contexts.is_same_resource(*last, row, bump));
        if last.is_none() {
            sink.resource(self.signal, &contexts.resource(row, bump)?);
        }
        let last = last.filter(|last| contexts.is_same_scope(*last, row, bump));
        if last.is_none() {
            sink.scope(&contexts.scope(row, bump)?);
        }
        let last = last.filter(|last| contexts.is_same_metric(*last, row));
        if self.signal == Signal::Metrics && last.is_none() {
            let metric = contexts.metric(row, bump)?;
            if !self.items.are_of(metric.kind) {
                return Err(Fault {
                    column: "metric_type",
                    reason: "points of this type are in another table",
                });
            }
            sink.metric(&metric);
        }
        Ok(())
    }

    fn visit_item<S: Sink>(
        &self,
        row: usize,
        children: &mut Children<'_>,
        sink: &mut S,
    ) -> Result<(), RestoreError> {
        let bump = &self.bump;
        let fault = |fault: Fault| fault.at(self.table, row);
        match &self.items {
            Items::Spans(spans) => sink.span(&spans.span(row, children, bump)?),
            Items::LogRecords(records) => {
                sink.log_record(&records.log_record(row, bump).map_err(fault)?);
            }
            Items::Numbers(points) => sink.number_point(&points.number_point(row, children, bump)?),
            Items::Histograms(points) => {
                if self.contexts.is_exponential(row) {
                    let point = points.exponential_histogram_point(row, children, bump)?;
                    sink.exponential_histogram_point(&point);
                } else {
                    sink.histogram_point(&points.histogram_point(row, children, bump)?);
                }
            }
            Items::Summaries(points) => {
                sink.summary_point(&points.summary_point(row, bump).map_err(fault)?);
            }
        }
        Ok(())
    }
}

/// File name and number of the frame in a `source`.
fn frame_of(source: &str) -> (&str, u64) {
    source
        .rsplit_once('#')
        .and_then(|(file, number)| Some((file, number.parse().ok()?)))
        .unwrap_or((source, 0))
}
