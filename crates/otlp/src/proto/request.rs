//! The levels above the items: request, resource, scope, metric. Pushes into the sink in
//! canonical order, whatever the order on the wire.
//!
//! Each message is read twice: first its header fields, then its list. Lengths let both passes
//! skip what they do not want, so that the second one costs little.

use bumpalo::Bump;
use otolith_capture::Signal;

use super::attribute::AttributeList;
use super::fault::Fault;
use super::value::{Merged, Values, numbered, text, wrong_wire_type};
use super::wire::{Field, Message, Slice, Wire};
use crate::arena::{self, Arena};
use crate::model::{Metric, MetricKind};
use crate::sink::{ItemReject, Sink};
use crate::{Decoded, FrameReject, Limits, problems};

/// The list of the time before protocol 0.19, at each of three levels. Later reserved.
const OLD_LIST: u32 = 1000;

/// Decodes one request between `begin` and `commit` or `abandon`, which are the caller's to call.
///
/// A span, log record or data point that is broken inside is rejected alone: its length is known.
/// All else that is broken rejects the frame, the header of a metric included.
///
/// # Errors
///
/// When the frame is bad outside of its items.
pub(crate) fn decode<S: Sink>(
    bytes: &[u8],
    signal: Signal,
    limits: &Limits,
    arena: &mut Arena,
    sink: &mut S,
) -> Result<Decoded, FrameReject> {
    arena.reset();
    let Arena {
        header,
        item,
        lists,
    } = arena;
    let mut walk = Walk {
        signal,
        values: Values::new(limits, lists),
        header,
        item,
        sink,
        decoded: Decoded::default(),
    };
    match walk.request(Message::payload(bytes)) {
        Ok(()) => Ok(walk.decoded),
        Err(fault) => Err(frame_reject(fault)),
    }
}

/// A fault outside of items.
pub(super) fn frame_reject(fault: Fault) -> FrameReject {
    fault.into()
}

/// All that the levels need. `'a` is the life of the frame.
struct Walk<'a, 's, S> {
    signal: Signal,
    values: Values<'s, 'a>,
    header: &'a Bump,
    item: &'s mut Bump,
    sink: &'s mut S,
    decoded: Decoded,
}

impl<'a, S: Sink> Walk<'a, '_, S> {
    fn request(&mut self, message: Message<'a>) -> Result<(), Fault> {
        let mut fields = message.fields();
        while let Some(field) = fields.next()? {
            match numbered(field, 1)? {
                Some(slice) => self.resource_group(slice.into())?,
                None => self.note_old_list(field),
            }
        }
        Ok(())
    }

    fn note_old_list(&mut self, field: Field<'_>) {
        if field.number == OLD_LIST {
            self.sink.note(problems::OLD_LIST_IGNORED);
        }
    }

    /// A `ResourceSpans`, `ResourceMetrics` or `ResourceLogs`.
    fn resource_group(&mut self, message: Message<'a>) -> Result<(), Fault> {
        let mut header = Merged::new(self.header);
        let mut schema_url = "";
        let mut fields = message.fields();
        while let Some(field) = fields.next()? {
            match (field.number, field.value) {
                (1, Wire::Len(s)) => header.push(s),
                (2, Wire::Len(_)) => fields.pass_over(2)?,
                (3, Wire::Len(s)) => schema_url = text(field, s)?,
                (1 | 3, _) => return Err(wrong_wire_type(field)),
                _ => self.note_old_list(field),
            }
        }
        let resource = self
            .values
            .resource(header.message(), schema_url, self.header)?;
        self.sink.resource(self.signal, &resource);
        self.values.notes.flush(self.sink);
        let mut fields = message.fields();
        while let Some(field) = fields.next()? {
            if let Some(slice) = numbered(field, 2)? {
                self.scope_group(slice.into())?;
            }
        }
        Ok(())
    }

    /// A `ScopeSpans`, `ScopeMetrics` or `ScopeLogs`.
    fn scope_group(&mut self, message: Message<'a>) -> Result<(), Fault> {
        let mut header = Merged::new(self.header);
        let mut schema_url = "";
        let mut fields = message.fields();
        while let Some(field) = fields.next()? {
            match (field.number, field.value) {
                (1, Wire::Len(s)) => header.push(s),
                (2, Wire::Len(_)) => fields.pass_over(2)?,
                (3, Wire::Len(s)) => schema_url = text(field, s)?,
                (1 | 3, _) => return Err(wrong_wire_type(field)),
                _ => self.note_old_list(field),
            }
        }
        let scope = self
            .values
            .scope(header.message(), schema_url, self.header)?;
        self.sink.scope(&scope);
        self.values.notes.flush(self.sink);
        let mut fields = message.fields();
        while let Some(field) = fields.next()? {
            let Some(slice) = numbered(field, 2)? else {
                continue;
            };
            match self.signal {
                Signal::Traces => {
                    let span = self.values.span(slice, self.item);
                    let result = span.map(|span| self.sink.span(&span));
                    self.finish_item(slice, result);
                }
                Signal::Logs => {
                    let record = self.values.log_record(slice, self.item);
                    let result = record.map(|record| self.sink.log_record(&record));
                    self.finish_item(slice, result);
                }
                Signal::Metrics => self.metric(slice.into())?,
            }
        }
        Ok(())
    }

    /// Counts an item that was pushed or could not be decoded, and forgets its values.
    fn finish_item(&mut self, slice: Slice<'_>, result: Result<(), Fault>) {
        match result {
            Ok(()) => {
                self.decoded.items += 1;
                self.values.notes.flush(self.sink);
            }
            Err(fault) => {
                self.decoded.rejected_items += 1;
                // What was tolerated in a rejected item does not count.
                self.values.notes = Default::default();
                self.sink.reject_item(ItemReject {
                    signal: self.signal,
                    code: fault.code(),
                    message: fault.message(),
                    offset: slice.offset,
                    bytes: slice.bytes,
                });
            }
        }
        arena::reset(self.item);
    }

    /// A `Metric` with its points. Of several kinds of data, which the protocol forbids, all are
    /// pushed, each as a metric of its own: nothing is lost.
    fn metric(&mut self, message: Message<'a>) -> Result<(), Fault> {
        let (mut name, mut description, mut unit) = ("", "", "");
        let mut metadata = AttributeList::default();
        let mut data = KINDS.map(|kind| (kind, Merged::new(self.header)));
        let mut fields = message.fields();
        while let Some(field) = fields.next()? {
            let kind = match (field.number, field.value) {
                (1, Wire::Len(s)) => {
                    name = text(field, s)?;
                    continue;
                }
                (2, Wire::Len(s)) => {
                    description = text(field, s)?;
                    continue;
                }
                (3, Wire::Len(s)) => {
                    unit = text(field, s)?;
                    continue;
                }
                (12, Wire::Len(s)) => {
                    self.values.attribute(&mut metadata, s, self.header)?;
                    continue;
                }
                (5, Wire::Len(s)) => (0, s),
                (7, Wire::Len(s)) => (1, s),
                (9, Wire::Len(s)) => (2, s),
                (10, Wire::Len(s)) => (3, s),
                (11, Wire::Len(s)) => (4, s),
                (1..=3 | 5 | 7 | 9..=12, _) => return Err(wrong_wire_type(field)),
                _ => continue,
            };
            data[kind.0].1.push(kind.1);
        }
        let metadata = metadata.finish();
        self.values.notes.flush(self.sink);
        let mut kinds = 0;
        for (kind, occurrences) in data {
            if let Some(message) = occurrences.message() {
                kinds += 1;
                let metric = Metric {
                    name,
                    description,
                    unit,
                    metadata,
                    kind,
                    aggregation_temporality: 0,
                    is_monotonic: false,
                };
                self.data(metric, message)?;
            }
        }
        match kinds {
            0 => self.sink.note(problems::NO_KNOWN_DATA),
            1 => {}
            _ => self.sink.note(problems::SEVERAL_DATA_KINDS),
        }
        Ok(())
    }

    /// The data of one kind.
    fn data(&mut self, mut metric: Metric<'a>, message: Message<'a>) -> Result<(), Fault> {
        let has_temporality = !matches!(metric.kind, MetricKind::Gauge | MetricKind::Summary);
        let mut fields = message.fields();
        while let Some(field) = fields.next()? {
            match (field.number, field.value) {
                (1, Wire::Len(_)) => fields.pass_over(1)?,
                (2, Wire::Varint(v)) if has_temporality => {
                    metric.aggregation_temporality = v as i32;
                }
                (3, Wire::Varint(v)) if metric.kind == MetricKind::Sum => {
                    metric.is_monotonic = v != 0;
                }
                (2, _) if has_temporality => return Err(wrong_wire_type(field)),
                (3, _) if metric.kind == MetricKind::Sum => return Err(wrong_wire_type(field)),
                _ => {}
            }
        }
        self.sink.metric(&metric);
        let mut fields = message.fields();
        while let Some(field) = fields.next()? {
            if let Some(slice) = numbered(field, 1)? {
                self.point(metric.kind, slice);
            }
        }
        Ok(())
    }

    fn point(&mut self, kind: MetricKind, slice: Slice<'_>) {
        let Self {
            values, item, sink, ..
        } = self;
        let result = match kind {
            MetricKind::Gauge | MetricKind::Sum => {
                let point = values.number_point(slice, item);
                point.map(|(mut point, list)| {
                    point.attributes = values.needed((point.attributes, list), *sink, item);
                    sink.number_point(&point);
                })
            }
            MetricKind::Histogram => {
                let point = values.histogram_point(slice, item);
                point.map(|(mut point, list)| {
                    point.attributes = values.needed((point.attributes, list), *sink, item);
                    sink.histogram_point(&point);
                })
            }
            MetricKind::ExponentialHistogram => {
                let point = values.exponential_histogram_point(slice, item);
                point.map(|(mut point, list)| {
                    point.attributes = values.needed((point.attributes, list), *sink, item);
                    sink.exponential_histogram_point(&point);
                })
            }
            MetricKind::Summary => {
                let point = values.summary_point(slice, item);
                point.map(|(mut point, list)| {
                    point.attributes = values.needed((point.attributes, list), *sink, item);
                    sink.summary_point(&point);
                })
            }
        };
        self.finish_item(slice, result);
    }
}

/// The kinds of data, in the order of their field numbers.
const KINDS: [MetricKind; 5] = [
    MetricKind::Gauge,
    MetricKind::Sum,
    MetricKind::Histogram,
    MetricKind::ExponentialHistogram,
    MetricKind::Summary,
];
