//! Log records.

use bumpalo::Bump;

use super::fault::Stop;
use super::reader::Reader;
use super::scalar::SEVERITY;
use super::span::see;
use super::usual::{Kind, Place};
use super::value::{attributes, value};
use crate::Limits;
use crate::model::LogRecord;

/// Reads a log record. `"body": null` is no body; `"body": {}` is an empty one.
pub(super) fn log_record<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<LogRecord<'b>, Stop> {
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
    if reader.peek() != b'{' {
        return reader.wrong_kind("a log record object");
    }
    reader.object()?;
    let (mut place, mut seen) = (Place::first_of(Kind::LogRecord), 0);
    while let Some(name) = reader.usual_member(&mut place)? {
        let bit = match name {
            "timeUnixNano" | "time_unix_nano" => {
                record.time_unix_nano = reader.u64_field()?;
                0
            }
            "observedTimeUnixNano" | "observed_time_unix_nano" => {
                record.observed_time_unix_nano = reader.u64_field()?;
                1
            }
            "severityNumber" | "severity_number" => {
                record.severity_number = reader.enum_field(&SEVERITY)?;
                2
            }
            "severityText" | "severity_text" => {
                record.severity_text = reader.text_field(bump)?;
                3
            }
            "body" => {
                record.body = if reader.null()? {
                    None
                } else {
                    Some(value(reader, bump, limits.value_depth)?)
                };
                4
            }
            "attributes" => {
                record.attributes = attributes(reader, bump, limits)?;
                5
            }
            "droppedAttributesCount" | "dropped_attributes_count" => {
                record.dropped_attributes_count = reader.u32_field()?;
                6
            }
            "flags" => {
                record.flags = reader.u32_field()?;
                7
            }
            "traceId" | "trace_id" => {
                record.trace_id = reader.id_field()?;
                8
            }
            "spanId" | "span_id" => {
                record.span_id = reader.id_field()?;
                9
            }
            "eventName" | "event_name" => {
                record.event_name = reader.text_field(bump)?;
                10
            }
            _ => {
                reader.skip_value()?;
                continue;
            }
        };
        see(reader, &mut seen, bit);
    }
    Ok(record)
}
