//! Log records into rows.

use otolith_otlp::{LogRecord, Value};

use crate::dialect;
use crate::schema::{BodyKind, LogRow, LogRows, Rows as _};
use crate::table::Table;
use crate::value::json;
use crate::value::time::Moment;
use crate::wanted::Wanted;

use super::Batches;
use super::fields::{Reserved, present, time};

/// When a log record happened: its own time, else the observed one, else what it says itself.
fn log_moment(record: &LogRecord<'_>) -> Moment {
    [record.time_unix_nano, record.observed_time_unix_nano]
        .into_iter()
        .map(Moment::of)
        .find(|moment| moment.is_known())
        .or_else(|| {
            let stamp = record
                .attributes
                .iter()
                .find(|attribute| attribute.key == "event.timestamp")?;
            Some(Moment::of_text(&stamp.value))
        })
        .unwrap_or(Moment::UNKNOWN)
}

/// When a log record happened, in nanoseconds since the Unix epoch, as the column `time` has it: its
/// own time, else the observed one, else its attribute `event.timestamp`. `None` if nothing tells it.
pub fn log_time_unix_nano(record: &LogRecord<'_>) -> Option<i64> {
    let moment = log_moment(record);
    moment.is_known().then_some(moment.nanos)
}

impl Batches {
    pub(super) fn add_log_record(&mut self, record: &LogRecord<'_>) {
        let mut reserved = Reserved::new();
        let moment = log_moment(record);
        let time_unix_nano = time(record.time_unix_nano, "time_unix_nano", &mut reserved);
        let observed_time_unix_nano = time(
            record.observed_time_unix_nano,
            "observed_time_unix_nano",
            &mut reserved,
        );
        let event_name = dialect::event_name(record);
        let is_wanted = |wanted: &Wanted| {
            let name = event_name.unwrap_or_default();
            wanted.takes(Table::Logs, name, record.attributes)
        };
        if self.passes(Table::Logs, moment, moment, is_wanted) {
            return self.note_row(moment, &reserved);
        }
        let Some((table, context, contexts, scratch)) = self.place::<LogRows>(moment, moment)
        else {
            return;
        };
        // The Collector writes a missing body as `{}`: the two are one.
        let sent = record.body.filter(|body| !matches!(body, Value::Empty));
        let body = match sent {
            None => None,
            Some(Value::String(text)) => Some(text),
            Some(value) => {
                scratch.json.clear();
                json::write_otlp(&mut scratch.json, &value);
                Some(json::as_text(&scratch.json))
            }
        };
        table.rows.push(LogRow {
            time: moment.micros,
            time_unix_nano,
            observed_time_unix_nano,
            trace_id: record.trace_id,
            span_id: record.span_id,
            severity_number: Some(record.severity_number.into()),
            severity_text: present(record.severity_text),
            event_name,
            event_name_field: present(record.event_name),
            body,
            body_kind: sent.as_ref().map(BodyKind::code),
            flags: Some(record.flags.into()),
            dropped_attributes_count: Some(record.dropped_attributes_count.into()),
        });
        table.append(context, contexts, record.attributes, &reserved);
        self.note_row(moment, &reserved);
    }
}
