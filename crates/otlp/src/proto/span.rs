//! Spans with their events, links and status.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use super::attribute::AttributeList;
use super::fault::Fault;
use super::value::{Merged, Values, numbered, span_id, text, trace_id, wrong_wire_type};
use super::wire::{Message, Slice, Wire};
use crate::model::{Event, Link, Span};

impl<'a> Values<'_, 'a> {
    /// A `Span`.
    pub(super) fn span<'b>(&mut self, slice: Slice<'a>, bump: &'b Bump) -> Result<Span<'b>, Fault>
    where
        'a: 'b,
    {
        let message = Message::from(slice);
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
        let mut status = Merged::new(bump);
        let mut attributes = AttributeList::default();
        let (mut events, mut links) = (0, 0);
        let mut fields = message.fields();
        while let Some(field) = fields.next()? {
            match (field.number, field.value) {
                (1, Wire::Len(s)) => span.trace_id = trace_id(s)?,
                (2, Wire::Len(s)) => span.span_id = span_id(s)?,
                (3, Wire::Len(s)) => span.trace_state = text(field, s)?,
                (4, Wire::Len(s)) => span.parent_span_id = span_id(s)?,
                (5, Wire::Len(s)) => span.name = text(field, s)?,
                (6, Wire::Varint(v)) => span.kind = v as i32,
                (7, Wire::Fixed64(v)) => span.start_time_unix_nano = v,
                (8, Wire::Fixed64(v)) => span.end_time_unix_nano = v,
                (9, Wire::Len(s)) => {
                    self.attributes(&mut attributes, &mut fields, (9, s), bump)?;
                }
                (10, Wire::Varint(v)) => span.dropped_attributes_count = v as u32,
                (11, Wire::Len(_)) => events += 1,
                (12, Wire::Varint(v)) => span.dropped_events_count = v as u32,
                (13, Wire::Len(_)) => links += 1,
                (14, Wire::Varint(v)) => span.dropped_links_count = v as u32,
                (15, Wire::Len(s)) => status.push(s),
                (16, Wire::Fixed32(v)) => span.flags = v,
                (1..=16, _) => return Err(wrong_wire_type(field)),
                _ => {}
            }
        }
        span.attributes = attributes.finish();
        span.events = self.events(message, events, bump)?;
        span.links = self.links(message, links, bump)?;
        if let Some(status) = status.message() {
            let mut fields = status.fields();
            while let Some(field) = fields.next()? {
                match (field.number, field.value) {
                    (2, Wire::Len(s)) => span.status_message = text(field, s)?,
                    (3, Wire::Varint(v)) => span.status_code = v as i32,
                    (2 | 3, _) => return Err(wrong_wire_type(field)),
                    _ => {}
                }
            }
        }
        Ok(span)
    }

    fn events<'b>(
        &mut self,
        span: Message<'b>,
        count: usize,
        bump: &'b Bump,
    ) -> Result<&'b [Event<'b>], Fault> {
        if count == 0 {
            return Ok(&[]);
        }
        let mut events = BumpVec::with_capacity_in(count, bump);
        let mut fields = span.fields();
        while let Some(field) = fields.next()? {
            if let Some(slice) = numbered(field, 11)? {
                events.push(self.event(slice.into(), bump)?);
            }
        }
        Ok(events.into_bump_slice())
    }

    fn event<'b>(&mut self, message: Message<'b>, bump: &'b Bump) -> Result<Event<'b>, Fault> {
        let mut event = Event {
            time_unix_nano: 0,
            name: "",
            attributes: &[],
            dropped_attributes_count: 0,
        };
        let mut attributes = AttributeList::default();
        let mut fields = message.fields();
        while let Some(field) = fields.next()? {
            match (field.number, field.value) {
                (1, Wire::Fixed64(v)) => event.time_unix_nano = v,
                (2, Wire::Len(s)) => event.name = text(field, s)?,
                (3, Wire::Len(s)) => self.attribute(&mut attributes, s, bump)?,
                (4, Wire::Varint(v)) => event.dropped_attributes_count = v as u32,
                (1..=4, _) => return Err(wrong_wire_type(field)),
                _ => {}
            }
        }
        event.attributes = attributes.finish();
        Ok(event)
    }

    fn links<'b>(
        &mut self,
        span: Message<'b>,
        count: usize,
        bump: &'b Bump,
    ) -> Result<&'b [Link<'b>], Fault> {
        if count == 0 {
            return Ok(&[]);
        }
        let mut links = BumpVec::with_capacity_in(count, bump);
        let mut fields = span.fields();
        while let Some(field) = fields.next()? {
            if let Some(slice) = numbered(field, 13)? {
                links.push(self.link(slice.into(), bump)?);
            }
        }
        Ok(links.into_bump_slice())
    }

    fn link<'b>(&mut self, message: Message<'b>, bump: &'b Bump) -> Result<Link<'b>, Fault> {
        let mut link = Link {
            trace_id: None,
            span_id: None,
            trace_state: "",
            attributes: &[],
            dropped_attributes_count: 0,
            flags: 0,
        };
        let mut attributes = AttributeList::default();
        let mut fields = message.fields();
        while let Some(field) = fields.next()? {
            match (field.number, field.value) {
                (1, Wire::Len(s)) => link.trace_id = trace_id(s)?,
                (2, Wire::Len(s)) => link.span_id = span_id(s)?,
                (3, Wire::Len(s)) => link.trace_state = text(field, s)?,
                (4, Wire::Len(s)) => self.attribute(&mut attributes, s, bump)?,
                (5, Wire::Varint(v)) => link.dropped_attributes_count = v as u32,
                (6, Wire::Fixed32(v)) => link.flags = v,
                (1..=6, _) => return Err(wrong_wire_type(field)),
                _ => {}
            }
        }
        link.attributes = attributes.finish();
        Ok(link)
    }
}
