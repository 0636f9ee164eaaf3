//! Spans, their events and their links into rows.

use otolith_otlp::{Event, Link, Span};

use crate::schema::{
    Rows as _, SpanEventRow, SpanEventRows, SpanLinkRow, SpanLinkRows, TraceRow, TraceRows,
};
use crate::table::Table;
use crate::value::time::Moment;
use crate::wanted::Wanted;

use super::Batches;
use super::fields::{Reserved, present, time};

impl Batches {
    pub(super) fn add_span(&mut self, span: &Span<'_>) {
        let mut reserved = Reserved::new();
        let moment = Moment::of(span.start_time_unix_nano);
        let (start, end) = (span.start_time_unix_nano, span.end_time_unix_nano);
        let duration = (start != 0 && end != 0)
            .then(|| end.checked_sub(start))
            .flatten();
        let row = TraceRow {
            time: moment.micros,
            time_unix_nano: time(start, "time_unix_nano", &mut reserved),
            end_time_unix_nano: time(end, "end_time_unix_nano", &mut reserved),
            duration_nano: duration.and_then(|duration| i64::try_from(duration).ok()),
            trace_id: span.trace_id,
            span_id: span.span_id,
            parent_span_id: span.parent_span_id,
            trace_state: present(span.trace_state),
            span_name: present(span.name),
            span_kind: Some(span.kind),
            status_code: Some(span.status_code),
            status_message: present(span.status_message),
            flags: Some(span.flags.into()),
            dropped_attributes_count: Some(span.dropped_attributes_count.into()),
            dropped_events_count: Some(span.dropped_events_count.into()),
            dropped_links_count: Some(span.dropped_links_count.into()),
        };
        let is_wanted = |wanted: &Wanted| wanted.takes(Table::Traces, span.name, span.attributes);
        if !self.passes(Table::Traces, moment, moment, is_wanted) {
            let Some((table, context, contexts, _)) = self.place::<TraceRows>(moment, moment)
            else {
                return;
            };
            table.rows.push(row);
            table.append(context, contexts, span.attributes, &reserved);
        }
        self.note_row(moment, &reserved);
        for (index, event) in span.events.iter().enumerate() {
            self.span_event(span, index, event);
        }
        for (index, link) in span.links.iter().enumerate() {
            self.span_link(span, index, link);
        }
    }

    fn span_event(&mut self, span: &Span<'_>, index: usize, event: &Event<'_>) {
        let mut reserved = Reserved::new();
        let moment = Moment::of(event.time_unix_nano);
        let of_span = Moment::of(span.start_time_unix_nano);
        let row = SpanEventRow {
            time: moment.micros,
            time_unix_nano: time(event.time_unix_nano, "time_unix_nano", &mut reserved),
            trace_id: span.trace_id,
            span_id: span.span_id,
            event_name: present(event.name),
            event_index: i64::try_from(index).ok(),
            dropped_attributes_count: Some(event.dropped_attributes_count.into()),
        };
        if self.passes(Table::SpanEvents, moment, of_span, |_| false) {
            return self.note_row(moment, &reserved);
        }
        let Some((table, context, contexts, _)) = self.place::<SpanEventRows>(moment, of_span)
        else {
            return;
        };
        table.rows.push(row);
        table.append(context, contexts, event.attributes, &reserved);
        self.note_row(moment, &reserved);
    }

    fn span_link(&mut self, span: &Span<'_>, index: usize, link: &Link<'_>) {
        let moment = Moment::of(span.start_time_unix_nano);
        let row = SpanLinkRow {
            trace_id: span.trace_id,
            span_id: span.span_id,
            linked_trace_id: link.trace_id,
            linked_span_id: link.span_id,
            trace_state: present(link.trace_state),
            flags: Some(link.flags.into()),
            link_index: i64::try_from(index).ok(),
            dropped_attributes_count: Some(link.dropped_attributes_count.into()),
        };
        if self.passes(Table::SpanLinks, Moment::UNKNOWN, moment, |_| false) {
            return;
        }
        let Some((table, context, contexts, _)) = self.place::<SpanLinkRows>(moment, moment) else {
            return;
        };
        table.rows.push(row);
        table.append(context, contexts, link.attributes, &[]);
    }
}
