//! Log records.

use bumpalo::Bump;

use super::header::{Context, context};
use super::object::Root;
use super::shared::Candidates;
use super::value::{attributes, value};
use crate::Limits;
use crate::json::fault::Stop;
use crate::json::reader::Reader;
use crate::model::LogRecord;

/// Reads the log record that is this object.
pub(super) fn log_record<'a: 'b, 'b>(
    object: &Root,
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<LogRecord<'b>, Stop> {
    let time = object.time(reader, &["_hrTime", "hrTime"])?;
    let observed = object.time(reader, &["_hrTimeObserved", "hrTimeObserved"])?;
    let mut known = Candidates::default();
    known.add(time);
    known.add(observed);
    let context = if object.enter(reader, &["_spanContext", "spanContext"]) {
        context(reader, bump)?
    } else {
        Context::default()
    };
    let mut record = LogRecord {
        time_unix_nano: known.resolve(time, reader),
        observed_time_unix_nano: known.resolve(observed, reader),
        severity_number: 0,
        severity_text: "",
        body: None,
        attributes: &[],
        dropped_attributes_count: 0,
        flags: context.trace_flags.unwrap_or(0),
        trace_id: context.trace_id,
        span_id: context.span_id,
        event_name: "",
    };
    if object.enter(reader, &["_severityNumber", "severityNumber"]) {
        record.severity_number = reader.i32_field()?;
    }
    if object.enter(reader, &["_severityText", "severityText"]) {
        record.severity_text = reader.text_field(bump)?;
    }
    if object.enter(reader, &["_body", "body"]) {
        record.body = Some(value(reader, bump, limits.value_depth)?);
    }
    if object.enter(reader, &["_eventName", "eventName"]) {
        record.event_name = reader.text_field(bump)?;
    }
    if object.enter(reader, &["attributes"]) {
        record.attributes = attributes(reader, bump, limits)?;
    }
    record.dropped_attributes_count = dropped(object, record.attributes.len(), reader)?;
    Ok(record)
}

/// SDK 1.x counts all attributes, SDK 2.x those that were dropped.
fn dropped(object: &Root, kept: usize, reader: &mut Reader<'_>) -> Result<u32, Stop> {
    if object.has(&["totalAttributesCount"]) {
        let total = object.count(reader, &["totalAttributesCount"])?;
        return Ok(total.saturating_sub(u32::try_from(kept).unwrap_or(u32::MAX)));
    }
    object.count(
        reader,
        &["_droppedAttributesCount", "droppedAttributesCount"],
    )
}
