//! One frame: which of the SDK's objects it is, and what of it goes where.

use bumpalo::Bump;
use otolith_capture::Signal;

use super::header::{resource, scope};
use super::log::log_record;
use super::members::Object;
use super::metric;
use super::span::span;
use crate::arena::Arena;
use crate::json::fault::Stop;
use crate::json::reader::Reader;
use crate::json::request::{Out, reject, text};
use crate::model::{Resource, Scope};
use crate::problems::JAVASCRIPT_SDK_DUMP;
use crate::sink::Sink;
use crate::{Decoded, FrameReject, Limits};

/// The members of all objects of the SDK.
const MEMBERS: [&str; 47] = [
    "resource",
    "instrumentationScope",
    "instrumentationLibrary",
    "attributes",
    "name",
    // Span.
    "_spanContext",
    "spanContext",
    "parentSpanContext",
    "parentSpanId",
    "traceId",
    "spanId",
    "traceFlags",
    "traceState",
    "isRemote",
    "kind",
    "startTime",
    "endTime",
    "status",
    "events",
    "links",
    "_droppedAttributesCount",
    "droppedAttributesCount",
    "_droppedEventsCount",
    "droppedEventsCount",
    "_droppedLinksCount",
    "droppedLinksCount",
    // Log record.
    "_hrTime",
    "hrTime",
    "_hrTimeObserved",
    "hrTimeObserved",
    "_severityNumber",
    "severityNumber",
    "_severityText",
    "severityText",
    "_body",
    "body",
    "_eventName",
    "eventName",
    "totalAttributesCount",
    // Metrics.
    "scopeMetrics",
    "description",
    "unit",
    "descriptor",
    "dataPointType",
    "dataPoints",
    "aggregationTemporality",
    "isMonotonic",
];

/// The object that a frame is.
pub(super) type Root = Object<{ MEMBERS.len() }>;

/// All that reading a frame needs. `'a` is the life of the frame.
pub(super) struct Walk<'a, 's, S> {
    pub(super) reader: Reader<'a>,
    pub(super) header: &'a Bump,
    pub(super) item: &'s mut Bump,
    pub(super) limits: &'s Limits,
    pub(super) out: Out<'s, S>,
}

/// Decodes one frame between `begin` and `commit` or `abandon`, which are the caller's to call.
///
/// # Errors
///
/// When the frame is not JSON, none of the SDK's objects, or bad; a bad data point is rejected alone.
pub(crate) fn decode<S: Sink>(
    bytes: &[u8],
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
        reader: Reader::new(text(bytes)?, header, lists),
        header,
        item,
        limits,
        out: Out {
            sink,
            decoded: Decoded::default(),
        },
    };
    if let Err(Stop) = walk.root() {
        return Err(reject(&mut walk.reader));
    }
    walk.out.notes(&walk.reader);
    Ok(walk.out.decoded)
}

impl<'a, S: Sink> Walk<'a, '_, S> {
    fn root(&mut self) -> Result<(), Stop> {
        self.reader.space();
        let root = Object::find(&mut self.reader, &MEMBERS)?;
        self.reader.space();
        if !self.reader.is_at_end() {
            return self.reader.syntax("the end of the frame");
        }
        let signal = match signal(&root) {
            Some(signal) => signal,
            None => {
                let message = "expected a span, log record or metrics of the JavaScript SDK";
                return self.reader.stop(JAVASCRIPT_SDK_DUMP, 0, message);
            }
        };
        let resource = self.resource(&root)?;
        self.out.sink.resource(signal, &resource);
        if root.enter(&mut self.reader, &["scopeMetrics"]) {
            return metric::scopes(self);
        }
        let scope = self.scope(&root)?;
        self.out.sink.scope(&scope);
        match signal {
            Signal::Metrics => metric::alone(self, &root),
            Signal::Traces => {
                let span = span(&root, &mut self.reader, self.item, self.limits)?;
                self.out.sink.span(&span);
                self.out.decoded.items += 1;
                Ok(())
            }
            Signal::Logs => {
                let record = log_record(&root, &mut self.reader, self.item, self.limits)?;
                self.out.sink.log_record(&record);
                self.out.decoded.items += 1;
                Ok(())
            }
        }
    }

    fn resource(&mut self, root: &Root) -> Result<Resource<'a>, Stop> {
        if root.enter(&mut self.reader, &["resource"]) {
            return resource(&mut self.reader, self.header, self.limits);
        }
        Ok(Resource::default())
    }

    fn scope(&mut self, root: &Root) -> Result<Scope<'a>, Stop> {
        let names = ["instrumentationScope", "instrumentationLibrary"];
        if root.enter(&mut self.reader, &names) {
            return scope(&mut self.reader, self.header, self.limits);
        }
        Ok(Scope::default())
    }
}

/// The signal of an object; none if it is none of the SDK's.
fn signal(root: &Root) -> Option<Signal> {
    let is_log = root.has(&[
        "_hrTime",
        "hrTime",
        "_hrTimeObserved",
        "hrTimeObserved",
        "_body",
        "_severityNumber",
    ]);
    let has_context = root.has(&["_spanContext", "spanContext", "traceId"]);
    if root.has(&["scopeMetrics", "dataPoints"]) {
        Some(Signal::Metrics)
    } else if is_log {
        Some(Signal::Logs)
    } else if has_context && root.has(&["startTime", "endTime"]) {
        Some(Signal::Traces)
    } else {
        None
    }
}
