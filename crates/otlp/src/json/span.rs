//! Spans with their events, links and status.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use super::fault::{Note, Stop};
use super::reader::Reader;
use super::scalar::{SPAN_KIND, STATUS_CODE};
use super::usual::{Kind, Place};
use super::value::attributes;
use crate::Limits;
use crate::model::{Event, Link, Span};

/// Notes a member that occurs twice. `seen` has a bit per member.
#[inline]
pub(super) fn see(reader: &mut Reader<'_>, seen: &mut u32, bit: u32) {
    if *seen & 1 << bit != 0 {
        reader.note(Note::DuplicateMember);
    }
    *seen |= 1 << bit;
}

/// Reads a span.
pub(super) fn span<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<Span<'b>, Stop> {
    let mut span = Span {
        trace_id: None,
        span_id: None,
        trace_state: "",
        parent_span_id: None,
        flags: 0,
        name: "",
        kind: 0,
        start_time_unix_nano: 0,
        end_time_unix_nano: 0,
        attributes: &[],
        dropped_attributes_count: 0,
        events: &[],
        dropped_events_count: 0,
        links: &[],
        dropped_links_count: 0,
        status_message: "",
        status_code: 0,
    };
    if reader.peek() != b'{' {
        return reader.wrong_kind("a span object");
    }
    reader.object()?;
    let (mut place, mut seen) = (Place::first_of(Kind::Span), 0);
    while let Some(name) = reader.usual_member(&mut place)? {
        let bit = match name {
            "traceId" | "trace_id" => {
                span.trace_id = reader.id_field()?;
                0
            }
            "spanId" | "span_id" => {
                span.span_id = reader.id_field()?;
                1
            }
            "parentSpanId" | "parent_span_id" => {
                span.parent_span_id = reader.id_field()?;
                2
            }
            "flags" => {
                span.flags = reader.u32_field()?;
                3
            }
            "name" => {
                span.name = reader.text_field(bump)?;
                4
            }
            "kind" => {
                span.kind = reader.enum_field(&SPAN_KIND)?;
                5
            }
            "startTimeUnixNano" | "start_time_unix_nano" => {
                span.start_time_unix_nano = reader.u64_field()?;
                6
            }
            "endTimeUnixNano" | "end_time_unix_nano" => {
                span.end_time_unix_nano = reader.u64_field()?;
                7
            }
            "attributes" => {
                span.attributes = attributes(reader, bump, limits)?;
                8
            }
            "droppedAttributesCount" | "dropped_attributes_count" => {
                span.dropped_attributes_count = reader.u32_field()?;
                9
            }
            "events" => {
                span.events = objects(reader, bump, limits, event)?;
                10
            }
            "droppedEventsCount" | "dropped_events_count" => {
                span.dropped_events_count = reader.u32_field()?;
                11
            }
            "links" => {
                span.links = objects(reader, bump, limits, link)?;
                12
            }
            "droppedLinksCount" | "dropped_links_count" => {
                span.dropped_links_count = reader.u32_field()?;
                13
            }
            "status" => {
                (span.status_code, span.status_message) = status(reader, bump)?;
                14
            }
            "traceState" | "trace_state" => {
                span.trace_state = reader.text_field(bump)?;
                15
            }
            _ => {
                reader.skip_value()?;
                continue;
            }
        };
        see(reader, &mut seen, bit);
    }
    Ok(span)
}

/// Reads a list of messages; `null` is an empty one.
pub(super) fn objects<'a: 'b, 'b, T>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
    mut read: impl FnMut(&mut Reader<'a>, &'b Bump, &Limits) -> Result<T, Stop>,
) -> Result<&'b [T], Stop> {
    if !reader.list()? {
        return Ok(&[]);
    }
    let mut list = BumpVec::new_in(bump);
    let mut first = true;
    while reader.element(&mut first)? {
        list.push(read(reader, bump, limits)?);
    }
    Ok(list.into_bump_slice())
}

fn event<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<Event<'b>, Stop> {
    let mut event = Event {
        time_unix_nano: 0,
        name: "",
        attributes: &[],
        dropped_attributes_count: 0,
    };
    if !reader.object()? {
        return Ok(event);
    }
    let (mut first, mut seen) = (true, 0);
    while let Some(name) = reader.member(&mut first)? {
        let bit = match name {
            "timeUnixNano" | "time_unix_nano" => {
                event.time_unix_nano = reader.u64_field()?;
                0
            }
            "name" => {
                event.name = reader.text_field(bump)?;
                1
            }
            "attributes" => {
                event.attributes = attributes(reader, bump, limits)?;
                2
            }
            "droppedAttributesCount" | "dropped_attributes_count" => {
                event.dropped_attributes_count = reader.u32_field()?;
                3
            }
            _ => {
                reader.skip_value()?;
                continue;
            }
        };
        see(reader, &mut seen, bit);
    }
    Ok(event)
}

fn link<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<Link<'b>, Stop> {
    let mut link = Link {
        trace_id: None,
        span_id: None,
        trace_state: "",
        attributes: &[],
        dropped_attributes_count: 0,
        flags: 0,
    };
    if !reader.object()? {
        return Ok(link);
    }
    let (mut first, mut seen) = (true, 0);
    while let Some(name) = reader.member(&mut first)? {
        let bit = match name {
            "traceId" | "trace_id" => {
                link.trace_id = reader.id_field()?;
                0
            }
            "spanId" | "span_id" => {
                link.span_id = reader.id_field()?;
                1
            }
            "traceState" | "trace_state" => {
                link.trace_state = reader.text_field(bump)?;
                2
            }
            "attributes" => {
                link.attributes = attributes(reader, bump, limits)?;
                3
            }
            "droppedAttributesCount" | "dropped_attributes_count" => {
                link.dropped_attributes_count = reader.u32_field()?;
                4
            }
            "flags" => {
                link.flags = reader.u32_field()?;
                5
            }
            _ => {
                reader.skip_value()?;
                continue;
            }
        };
        see(reader, &mut seen, bit);
    }
    Ok(link)
}

/// Reads a status: code and message.
fn status<'a: 'b, 'b>(reader: &mut Reader<'a>, bump: &'b Bump) -> Result<(i32, &'b str), Stop> {
    let (mut code, mut message) = (0, "");
    if !reader.object()? {
        return Ok((code, message));
    }
    let (mut first, mut seen) = (true, 0);
    while let Some(name) = reader.member(&mut first)? {
        let bit = match name {
            "code" => {
                code = reader.enum_field(&STATUS_CODE)?;
                0
            }
            "message" => {
                message = reader.text_field(bump)?;
                1
            }
            _ => {
                reader.skip_value()?;
                continue;
            }
        };
        see(reader, &mut seen, bit);
    }
    Ok((code, message))
}
