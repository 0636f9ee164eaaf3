//! Log records.

use bumpalo::Bump;

use super::attribute::AttributeList;
use super::fault::Fault;
use super::value::{Merged, Values, span_id, text, trace_id, wrong_wire_type};
use super::wire::{Message, Slice, Wire};
use crate::model::LogRecord;

impl<'a> Values<'_, 'a> {
    /// A `LogRecord`.
    pub(super) fn log_record<'b>(
        &mut self,
        slice: Slice<'a>,
        bump: &'b Bump,
    ) -> Result<LogRecord<'b>, Fault>
    where
        'a: 'b,
    {
        let message = Message::from(slice);
        let mut record = LogRecord {
            time_unix_nano: 0,
            observed_time_unix_nano: 0,
            severity_number: 0,
            severity_text: "",
            body: None,
            attributes: &[],
            dropped_attributes_count: 0,
            flags: 0,
            trace_id: None,
            span_id: None,
            event_name: "",
        };
        let mut body = Merged::new(bump);
        let mut attributes = AttributeList::default();
        let mut fields = message.fields();
        while let Some(field) = fields.next()? {
            match (field.number, field.value) {
                (1, Wire::Fixed64(v)) => record.time_unix_nano = v,
                (2, Wire::Varint(v)) => record.severity_number = v as i32,
                (3, Wire::Len(s)) => record.severity_text = text(field, s)?,
                // Field 4 is reserved.
                (4, _) => {}
                (5, Wire::Len(s)) => body.push(s),
                (6, Wire::Len(s)) => {
                    self.attributes(&mut attributes, &mut fields, (6, s), bump)?;
                }
                (7, Wire::Varint(v)) => record.dropped_attributes_count = v as u32,
                (8, Wire::Fixed32(v)) => record.flags = v,
                (9, Wire::Len(s)) => record.trace_id = trace_id(s)?,
                (10, Wire::Len(s)) => record.span_id = span_id(s)?,
                (11, Wire::Fixed64(v)) => record.observed_time_unix_nano = v,
                (12, Wire::Len(s)) => record.event_name = text(field, s)?,
                (1..=12, _) => return Err(wrong_wire_type(field)),
                _ => {}
            }
        }
        record.attributes = attributes.finish();
        if let Some(body) = body.message() {
            record.body = Some(self.value(body, bump)?);
        }
        Ok(record)
    }
}
