//! The batches: rows of one chunk of frames, of all databases.

pub(crate) mod cells;
pub(crate) mod context;
pub(crate) mod interner;

use std::collections::BTreeMap;

use otolith_capture::{Frame, Origin, Reject, Signal};
use otolith_otlp::{
    ExponentialHistogramPoint, HistogramPoint, ItemReject, LogRecord, Metric, NoteCode,
    NumberPoint, Resource, Scope, Sink, Span, SummaryPoint,
};

use crate::database::DatabaseName;
use crate::table::Table;

/// What the committed frames of a chunk held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Items: spans, data points, log records, in the order of [`Signal::ALL`].
    pub items: [u64; 3],
    /// Items rejected alone.
    pub rejected_items: u64,
    /// Rows per database and table.
    pub rows: BTreeMap<(DatabaseName, Table), u64>,
}

/// Rows of one chunk of frames, of all databases.
#[derive(Debug, Default)]
pub struct Batches {
    counts: Counts,
    rejects: Vec<Reject>,
    notes: BTreeMap<NoteCode, u64>,
    origin: Option<Origin>,
}

impl Batches {
    /// Makes empty batches.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// What was committed. Exact after the last commit or abandon.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Items rejected alone, in input order.
    pub fn rejects(&self) -> &[Reject] {
        &self.rejects
    }

    /// Deviations that were tolerated, and how often.
    pub fn notes(&self) -> &BTreeMap<NoteCode, u64> {
        &self.notes
    }

    /// Size of the content in bytes, close to the memory it takes.
    pub fn len_bytes(&self) -> usize {
        self.rejects.iter().map(|reject| reject.bytes.len()).sum()
    }
}

impl Sink for Batches {
    fn begin(&mut self, frame: &Frame<'_>) {
        self.origin = Some(frame.origin.clone());
    }
    fn resource(&mut self, _: Signal, _: &Resource<'_>) {}
    fn scope(&mut self, _: &Scope<'_>) {}
    fn span(&mut self, _: &Span<'_>) {}
    fn log_record(&mut self, _: &LogRecord<'_>) {}
    fn metric(&mut self, _: &Metric<'_>) {}
    fn number_point(&mut self, _: &NumberPoint<'_>) {}
    fn histogram_point(&mut self, _: &HistogramPoint<'_>) {}
    fn exponential_histogram_point(&mut self, _: &ExponentialHistogramPoint<'_>) {}
    fn summary_point(&mut self, _: &SummaryPoint<'_>) {}
    fn reject_item(&mut self, _: ItemReject<'_>) {}
    fn note(&mut self, _: NoteCode) {}
    fn commit(&mut self) {}
    fn abandon(&mut self) {}
}
