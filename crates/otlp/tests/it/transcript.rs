//! A sink that writes down its visits as lines of text: what two decoders are compared by.

use std::collections::HashMap;

use otolith_capture::{Frame, Signal};
use otolith_otlp::{
    Attributes, ExponentialHistogramPoint, HistogramPoint, ItemReject, LogRecord, Metric, NoteCode,
    NumberPoint, Resource, Scope, Sink, Span, SummaryPoint,
};

/// The visits of the committed frames, one line each, and their rejects and notes beside.
#[derive(Debug, Default)]
pub struct Transcript {
    /// Visits in order; doubles are written so that NaN equals NaN.
    pub lines: Vec<String>,
    /// Rejected items: `signal code offset bytes`.
    pub rejects: Vec<String>,
    /// Notes in order.
    pub notes: Vec<NoteCode>,
    /// How often a frame was abandoned.
    pub abandons: usize,
    /// The bytes of the attributes of points that came with them.
    pub hints: Vec<Vec<u8>>,
    /// Says of all attributes of points that come with their bytes that it does not need them.
    pub needs_none: bool,
    mark: Option<(usize, usize, usize, usize)>,
    /// The bytes of the attributes of the next point.
    hint: Option<Vec<u8>>,
    /// What bytes of attributes have said.
    said: HashMap<Vec<u8>, String>,
}

impl Transcript {
    /// All visits as one text.
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// The same bytes say the same attributes.
    fn point(&mut self, attributes: Attributes<'_>, point: &dyn std::fmt::Debug) {
        self.line(3, point);
        let Some(bytes) = self.hint.take() else {
            return;
        };
        self.hints.push(bytes.clone());
        if self.needs_none {
            return;
        }
        let attributes = format!("{attributes:?}");
        if let Some(said) = self.said.get(&bytes) {
            assert_eq!(*said, attributes, "{bytes:?}");
        }
        self.said.insert(bytes, attributes);
    }

    fn line(&mut self, depth: usize, item: &dyn std::fmt::Debug) {
        assert!(self.mark.is_some(), "a visit outside of a frame");
        self.lines.push(format!("{}{item:?}", "  ".repeat(depth)));
    }
}

impl Sink for Transcript {
    fn begin(&mut self, _: &Frame<'_>) {
        assert!(self.mark.is_none(), "a frame inside of a frame");
        self.mark = Some((
            self.lines.len(),
            self.rejects.len(),
            self.notes.len(),
            self.hints.len(),
        ));
    }

    fn resource(&mut self, signal: Signal, resource: &Resource<'_>) {
        self.line(0, &(signal, resource));
    }

    fn scope(&mut self, scope: &Scope<'_>) {
        self.line(1, scope);
    }

    fn span(&mut self, span: &Span<'_>) {
        self.line(2, span);
    }

    fn log_record(&mut self, record: &LogRecord<'_>) {
        self.line(2, record);
    }

    fn metric(&mut self, metric: &Metric<'_>) {
        self.line(2, metric);
    }

    fn point_attributes(&mut self, bytes: &[u8]) -> bool {
        assert!(self.hint.is_none(), "no point after {:?}", self.hint);
        self.hint = Some(bytes.to_vec());
        self.needs_none
    }

    fn number_point(&mut self, point: &NumberPoint<'_>) {
        self.point(point.attributes, point);
    }

    fn histogram_point(&mut self, point: &HistogramPoint<'_>) {
        self.point(point.attributes, point);
    }

    fn exponential_histogram_point(&mut self, point: &ExponentialHistogramPoint<'_>) {
        self.point(point.attributes, point);
    }

    fn summary_point(&mut self, point: &SummaryPoint<'_>) {
        self.point(point.attributes, point);
    }

    fn reject_item(&mut self, reject: ItemReject<'_>) {
        assert!(self.mark.is_some(), "a reject outside of a frame");
        self.rejects.push(format!(
            "{} {} {} {}",
            reject.signal,
            reject.code,
            reject.offset,
            String::from_utf8_lossy(reject.bytes)
        ));
    }

    fn note(&mut self, code: NoteCode) {
        assert!(self.mark.is_some(), "a note outside of a frame");
        self.notes.push(code);
    }

    fn commit(&mut self) {
        assert!(self.hint.is_none(), "no point after {:?}", self.hint);
        assert!(self.mark.take().is_some(), "commit without begin");
    }

    fn abandon(&mut self) {
        self.hint = None;
        let (lines, rejects, notes, hints) = self.mark.take().expect("abandon without begin");
        self.abandons += 1;
        self.lines.truncate(lines);
        self.rejects.truncate(rejects);
        self.notes.truncate(notes);
        self.hints.truncate(hints);
    }
}
