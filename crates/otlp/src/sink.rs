//! The sink: what both decoders push into.

use otolith_capture::{Frame, RejectCode, Signal};

use crate::model::{
    ExponentialHistogramPoint, HistogramPoint, LogRecord, Metric, NumberPoint, Resource, Scope,
    Span, SummaryPoint,
};

/// An item that could not be taken out of an otherwise good frame.
#[derive(Clone, Debug)]
pub struct ItemReject<'a> {
    /// The signal of the item.
    pub signal: Signal,
    /// Why, as a stable word (see [`crate::problems`]).
    pub code: RejectCode,
    /// Why, for people.
    pub message: String,
    /// Byte offset of the item in the payload of its frame.
    pub offset: usize,
    /// The item's original bytes, a part of the payload.
    pub bytes: &'a [u8],
}

/// Something that was tolerated and should be counted, such as `duplicate_attribute_key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NoteCode(pub &'static str);

/// Receives one frame at a time.
///
/// The order of calls is canonical whatever the order on the wire: `begin`, then for each
/// resource its `resource` call, for each of its scopes the `scope` call, for each item its call
/// (for metrics: `metric`, then its points); at last exactly one of `commit` or `abandon`.
/// Resources, scopes and metrics without items may be announced. Everything is borrowed for the
/// call only. After `abandon` the sink must be as it was before `begin`: a JSON frame whose
/// headers turn up after their items is abandoned once and then begun again in the right order,
/// so a sink that counts rejected frames goes by the decoder's result, not by `abandon`.
///
/// `reject_item` and `note` may come at any time between `begin` and `commit`; an abandoned
/// frame takes them back too.
pub trait Sink {
    /// A frame begins.
    fn begin(&mut self, frame: &Frame<'_>);
    /// A resource begins; what follows is of this signal.
    fn resource(&mut self, signal: Signal, resource: &Resource<'_>);
    /// A scope of the last resource begins.
    fn scope(&mut self, scope: &Scope<'_>);
    /// A whole span.
    fn span(&mut self, span: &Span<'_>);
    /// A whole log record.
    fn log_record(&mut self, record: &LogRecord<'_>);
    /// A metric begins; its points follow.
    fn metric(&mut self, metric: &Metric<'_>);
    /// The attributes of the point that comes next are what these bytes of the frame say: the same bytes
    /// of frames of one encoding always say the same. A hint, for which nothing needs to be done, and
    /// which points may come without. A sink that changes attributes must not pass it on.
    ///
    /// True if the sink does not need them: the point may then come without its attributes.
    fn point_attributes(&mut self, _bytes: &[u8]) -> bool {
        false
    }
    /// A point of the last metric, a gauge or sum.
    fn number_point(&mut self, point: &NumberPoint<'_>);
    /// A point of the last metric, a histogram.
    fn histogram_point(&mut self, point: &HistogramPoint<'_>);
    /// A point of the last metric, an exponential histogram.
    fn exponential_histogram_point(&mut self, point: &ExponentialHistogramPoint<'_>);
    /// A point of the last metric, a summary.
    fn summary_point(&mut self, point: &SummaryPoint<'_>);
    /// An item was rejected alone.
    fn reject_item(&mut self, reject: ItemReject<'_>);
    /// A deviation was tolerated.
    fn note(&mut self, code: NoteCode);
    /// The frame is good: keep what came since `begin`.
    fn commit(&mut self);
    /// The frame is bad: forget what came since `begin`.
    fn abandon(&mut self);
}
