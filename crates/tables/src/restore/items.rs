//! Rows of spans and log records back into items.

use bumpalo::Bump;
use otolith_otlp::{LogRecord, Span, Value};

use super::children::Children;
use super::error::{Fault, RestoreError};
use super::json::parse;
use super::reserved::narrow;
use super::rows::{Owner, RowReader};
use super::value;
use crate::schema::{BodyKind, LogRow, LogRows, TraceRows};

impl<'a> RowReader<'a, TraceRows> {
    /// A span with its events and links.
    pub(crate) fn span<'b, 'c: 'b>(
        &self,
        number: usize,
        children: &mut Children<'c>,
        bump: &'b Bump,
    ) -> Result<Span<'b>, RestoreError>
    where
        'a: 'b,
    {
        let fault = self.fault(number);
        let row = self.row(number).map_err(fault)?;
        let owner = Owner::Span(row.trace_id, row.span_id);
        let address = self.address(number, owner).map_err(fault)?;
        let events = children.events(&address, bump)?;
        let links = children.links(&address, bump)?;
        let read = || {
            let (attributes, reserved) = self.attributes(number, bump)?;
            Ok(Span {
                trace_id: row.trace_id,
                span_id: row.span_id,
                trace_state: row.trace_state.unwrap_or_default(),
                parent_span_id: row.parent_span_id,
                flags: narrow(row.flags, "flags")?,
                name: row.span_name.unwrap_or_default(),
                kind: row.span_kind.unwrap_or_default(),
                start_time_unix_nano: reserved.unsigned(row.time_unix_nano, "time_unix_nano")?,
                end_time_unix_nano: reserved
                    .unsigned(row.end_time_unix_nano, "end_time_unix_nano")?,
                attributes,
                dropped_attributes_count: narrow(
                    row.dropped_attributes_count,
                    "dropped_attributes_count",
                )?,
                events,
                dropped_events_count: narrow(row.dropped_events_count, "dropped_events_count")?,
                links,
                dropped_links_count: narrow(row.dropped_links_count, "dropped_links_count")?,
                status_message: row.status_message.unwrap_or_default(),
                status_code: row.status_code.unwrap_or_default(),
            })
        };
        read().map_err(fault)
    }
}

impl<'a> RowReader<'a, LogRows> {
    /// A log record.
    pub(crate) fn log_record<'b>(
        &self,
        number: usize,
        bump: &'b Bump,
    ) -> Result<LogRecord<'b>, Fault>
    where
        'a: 'b,
    {
        let row = self.row(number)?;
        let (attributes, reserved) = self.attributes(number, bump)?;
        Ok(LogRecord {
            time_unix_nano: reserved.unsigned(row.time_unix_nano, "time_unix_nano")?,
            observed_time_unix_nano: reserved
                .unsigned(row.observed_time_unix_nano, "observed_time_unix_nano")?,
            severity_number: narrow(row.severity_number, "severity_number")?,
            severity_text: row.severity_text.unwrap_or_default(),
            body: body(&row, bump)?,
            attributes,
            dropped_attributes_count: narrow(
                row.dropped_attributes_count,
                "dropped_attributes_count",
            )?,
            flags: narrow(row.flags, "flags")?,
            trace_id: row.trace_id,
            span_id: row.span_id,
            event_name: row.event_name_field.unwrap_or_default(),
        })
    }
}

fn body<'b>(row: &LogRow<'b>, bump: &'b Bump) -> Result<Option<Value<'b>>, Fault> {
    let Some(text) = row.body else {
        return Ok(None);
    };
    if matches!(row.body_kind, None | Some(BodyKind::STRING)) {
        return Ok(Some(Value::String(text)));
    }
    let value = parse(text, bump).and_then(|json| value::otlp(json, bump));
    value.map(Some).map_err(|reason| Fault {
        column: "body",
        reason,
    })
}
