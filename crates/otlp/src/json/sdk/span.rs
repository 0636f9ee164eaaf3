//! Spans.

use bumpalo::Bump;

use super::header::{Context, context, context_of};
use super::members::Object;
use super::object::Root;
use super::shared::Candidates;
use super::value::attributes;
use crate::Limits;
use crate::json::fault::{Note, Stop};
use crate::json::reader::Reader;
use crate::json::span::objects;
use crate::model::{Event, Link, Span, SpanId};

/// What a span says of its parent.
struct Parent {
    span_id: Option<SpanId>,
    /// None if it is not known.
    is_remote: Option<bool>,
}

/// Reads the span that is this object.
pub(super) fn span<'a: 'b, 'b>(
    object: &Root,
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<Span<'b>, Stop> {
    let own = if object.enter(reader, &["_spanContext", "spanContext"]) {
        context(reader, bump)?
    } else {
        context_of(object, reader, bump)?
    };
    let parent = parent(object, reader, bump)?;
    let mut span = Span {
        trace_id: own.trace_id,
        span_id: own.span_id,
        trace_state: own.trace_state,
        parent_span_id: parent.span_id,
        flags: own.flags(parent.is_remote),
        name: "",
        kind: 0,
        start_time_unix_nano: 0,
        end_time_unix_nano: 0,
        attributes: &[],
        dropped_attributes_count: object.count(
            reader,
            &["_droppedAttributesCount", "droppedAttributesCount"],
        )?,
        events: &[],
        dropped_events_count: object
            .count(reader, &["_droppedEventsCount", "droppedEventsCount"])?,
        links: &[],
        dropped_links_count: object.count(reader, &["_droppedLinksCount", "droppedLinksCount"])?,
        status_message: "",
        status_code: 0,
    };
    if object.enter(reader, &["name"]) {
        span.name = reader.text_field(bump)?;
    }
    if object.enter(reader, &["kind"]) {
        // The SDK counts from `INTERNAL` = 0, the protocol from `UNSPECIFIED` = 0.
        span.kind = reader.i32_field()?.saturating_add(1);
    }
    if object.enter(reader, &["attributes"]) {
        span.attributes = attributes(reader, bump, limits)?;
    }
    if object.enter(reader, &["status"]) {
        (span.status_code, span.status_message) = status(reader, bump)?;
    }
    if object.enter(reader, &["links"]) {
        span.links = links(object, reader, bump, limits)?;
    }
    let start = object.time(reader, &["startTime"])?;
    let end = object.time(reader, &["endTime"])?;
    let mut known = Candidates::default();
    known.add(start);
    known.add(end);
    if object.enter(reader, &["events"]) {
        span.events = objects(reader, bump, limits, |reader, bump, limits| {
            event(&mut known, reader, bump, limits)
        })?;
    }
    span.start_time_unix_nano = known.resolve(start, reader);
    span.end_time_unix_nano = known.resolve(end, reader);
    Ok(span)
}

/// The parent: its context, or its id alone, from which it does not show whether it is remote. SDK 1.x
/// does not know it.
fn parent(object: &Root, reader: &mut Reader<'_>, bump: &Bump) -> Result<Parent, Stop> {
    if object.enter(reader, &["parentSpanContext"]) && reader.peek() == b'{' {
        let parent = context(reader, bump)?;
        return Ok(Parent {
            span_id: parent.span_id,
            is_remote: Some(parent.is_remote),
        });
    }
    let mut span_id = None;
    if object.enter(reader, &["parentSpanId"]) {
        span_id = reader.id_field()?;
    }
    let is_root = span_id.is_none() && !object.has(&["instrumentationLibrary"]);
    Ok(Parent {
        span_id,
        is_remote: is_root.then_some(false),
    })
}

fn status<'a: 'b, 'b>(reader: &mut Reader<'a>, bump: &'b Bump) -> Result<(i32, &'b str), Stop> {
    let object = Object::find(reader, &["code", "message"])?;
    let (mut code, mut message) = (0, "");
    if object.enter(reader, &["code"]) {
        code = reader.i32_field()?;
    }
    if object.enter(reader, &["message"]) {
        message = reader.text_field(bump)?;
    }
    object.leave(reader);
    Ok((code, message))
}

fn event<'a: 'b, 'b>(
    known: &mut Candidates,
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<Event<'b>, Stop> {
    let object = Object::find(
        reader,
        &[
            "name",
            "attributes",
            "time",
            "timestamp",
            "droppedAttributesCount",
        ],
    )?;
    let mut event = Event {
        time_unix_nano: 0,
        name: "",
        attributes: &[],
        dropped_attributes_count: object.count(reader, &["droppedAttributesCount"])?,
    };
    if object.enter(reader, &["name"]) {
        event.name = reader.text_field(bump)?;
    }
    if object.enter(reader, &["attributes"]) {
        event.attributes = attributes(reader, bump, limits)?;
    }
    let time = object.time(reader, &["time", "timestamp"])?;
    known.add(time);
    event.time_unix_nano = known.resolve(time, reader);
    object.leave(reader);
    Ok(event)
}

/// The contexts that a link whose context is cut out may have: that of the parent, or of a link before.
#[derive(Default)]
struct Contexts<'b> {
    first: Option<Context<'b>>,
    differ: bool,
}

impl<'b> Contexts<'b> {
    fn add(&mut self, context: Context<'b>) {
        self.differ |= *self.first.get_or_insert(context) != context;
    }
}

fn links<'a: 'b, 'b>(
    span: &Root,
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<&'b [Link<'b>], Stop> {
    let start = reader.offset();
    let mut contexts = Contexts::default();
    if span.enter(reader, &["parentSpanContext"]) && reader.peek() == b'{' {
        contexts.add(context(reader, bump)?);
    }
    reader.go_to(start);
    objects(reader, bump, limits, |reader, bump, limits| {
        link(&mut contexts, reader, bump, limits)
    })
}

fn link<'a: 'b, 'b>(
    contexts: &mut Contexts<'b>,
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<Link<'b>, Stop> {
    let object = Object::find(reader, &["context", "attributes", "droppedAttributesCount"])?;
    let mut linked = Context::default();
    if object.enter(reader, &["context"]) {
        if !reader.cut() {
            linked = context(reader, bump)?;
            contexts.add(linked);
        } else if let Some(only) = contexts.first
            && !contexts.differ
        {
            linked = only;
        } else {
            reader.note(Note::CutReference);
        }
    }
    let mut link = Link {
        trace_id: linked.trace_id,
        span_id: linked.span_id,
        trace_state: linked.trace_state,
        attributes: &[],
        dropped_attributes_count: object.count(reader, &["droppedAttributesCount"])?,
        flags: linked.flags(Some(linked.is_remote)),
    };
    if object.enter(reader, &["attributes"]) {
        link.attributes = attributes(reader, bump, limits)?;
    }
    object.leave(reader);
    Ok(link)
}
