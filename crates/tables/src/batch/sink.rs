//! Visits into rows.

use std::sync::Arc;

use otolith_capture::{Frame, Reject, Signal};
use otolith_otlp::{
    Event, Exemplar, ExponentialHistogramPoint, HistogramPoint, ItemReject, Link, LogRecord,
    Metric, NoteCode, Number, NumberPoint, Resource, Scope, Sink, Span, SummaryPoint, Value,
};

use crate::database::DatabaseName;
use crate::dialect;
use crate::problems::{OUT_OF_RANGE, OVERSIZED_FRAME};
use crate::schema::{
    BodyKind, ExemplarRow, ExemplarRows, HistogramRow, HistogramRows, LogRow, LogRows, MetricRow,
    MetricRows, Rows as _, SpanEventRow, SpanEventRows, SpanLinkRow, SpanLinkRows, SummaryRow,
    SummaryRows, TraceRow, TraceRows,
};
use crate::value::json;
use crate::value::series::series_id;
use crate::value::time::Moment;

use super::context::Contexts;
use super::tables::DatabaseBatch;
use super::{Batches, FrameName, RunningFrame};

/// Bytes that are kept of a rejected item.
const REJECT_BYTES: usize = 64 * 1024;
/// Largest payload whose texts are sure to fit a column, even when escaped.
const FRAME_BYTES: usize = 256 * 1024 * 1024;

/// Values of base columns that do not fit: name of the column and JSON.
type Reserved = Vec<(&'static str, String)>;

/// An unsigned number as a signed one; what does not fit goes to `reserved`.
fn int(value: u64, column: &'static str, reserved: &mut Reserved) -> Option<i64> {
    let int = i64::try_from(value).ok();
    if int.is_none() {
        reserved.push((column, format!("\"{value}\"")));
    }
    int
}

/// A time, null when 0.
fn time(unix_nano: u64, column: &'static str, reserved: &mut Reserved) -> Option<i64> {
    (unix_nano != 0)
        .then(|| int(unix_nano, column, reserved))
        .flatten()
}

/// A list of counts; if one does not fit, the whole list goes to `reserved`.
fn counts<'a>(
    counts: &[u64],
    column: &'static str,
    scratch: &'a mut Vec<i64>,
    reserved: &mut Reserved,
) -> Option<&'a [i64]> {
    scratch.clear();
    for count in counts {
        let Ok(count) = i64::try_from(*count) else {
            let texts: Vec<_> = counts.iter().map(|count| format!("\"{count}\"")).collect();
            reserved.push((column, format!("[{}]", texts.join(","))));
            return None;
        };
        scratch.push(count);
    }
    Some(scratch)
}

fn present(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn double(number: Number) -> f64 {
    match number {
        Number::Int(int) => int as f64,
        Number::Double(double) => double,
    }
}

fn exact(number: Number) -> Option<i64> {
    match number {
        Number::Int(int) => Some(int),
        Number::Double(_) => None,
    }
}

impl Batches {
    fn add_note(&mut self, code: NoteCode) {
        if let Some(frame) = &mut self.frame {
            *frame.notes.entry(code).or_default() += 1;
        }
    }

    /// Notes what is strange about a row.
    fn note_row(&mut self, moment: Moment, reserved: &Reserved) {
        if let Some(code) = moment.note() {
            self.add_note(code);
        }
        if !reserved.is_empty() {
            self.add_note(OUT_OF_RANGE);
        }
    }

    /// Counts an item; false if it cannot be taken because its frame is too large.
    fn take_item(&mut self) -> bool {
        let Some(frame) = &mut self.frame else {
            return false;
        };
        if frame.oversized {
            let signal = frame.signal;
            self.reject_item(ItemReject {
                signal,
                code: OVERSIZED_FRAME,
                message: format!("the frame has more than {FRAME_BYTES} bytes"),
                offset: 0,
                bytes: &[],
            });
            return false;
        }
        frame.items[frame.signal as usize] += 1;
        true
    }

    fn span_event(&mut self, span: &Span<'_>, index: usize, event: &Event<'_>) {
        let mut reserved = Reserved::new();
        let moment = Moment::of(event.time_unix_nano);
        let row = SpanEventRow {
            time: moment.micros,
            time_unix_nano: time(event.time_unix_nano, "time_unix_nano", &mut reserved),
            trace_id: span.trace_id,
            span_id: span.span_id,
            event_name: present(event.name),
            event_index: i64::try_from(index).ok(),
            dropped_attributes_count: Some(event.dropped_attributes_count.into()),
        };
        let Some((table, context, contexts, _)) = self.place::<SpanEventRows>(moment.nanos) else {
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
        let Some((table, context, contexts, _)) = self.place::<SpanLinkRows>(moment.nanos) else {
            return;
        };
        table.rows.push(row);
        table.append(context, contexts, link.attributes, &[]);
    }

    fn exemplars(&mut self, series_id: i64, point_time: u64, exemplars: &[Exemplar<'_>]) {
        for exemplar in exemplars {
            let mut reserved = Reserved::new();
            let moment = Moment::of(exemplar.time_unix_nano);
            let row = ExemplarRow {
                time: moment.micros,
                time_unix_nano: time(exemplar.time_unix_nano, "time_unix_nano", &mut reserved),
                series_id: Some(series_id),
                point_time_unix_nano: time(point_time, "point_time_unix_nano", &mut reserved),
                value: exemplar.value.map(double),
                value_int: exemplar.value.and_then(exact),
                trace_id: exemplar.trace_id,
                span_id: exemplar.span_id,
            };
            let Some((table, context, contexts, _)) = self.place::<ExemplarRows>(moment.nanos)
            else {
                return;
            };
            table.rows.push(row);
            table.append(context, contexts, exemplar.filtered_attributes, &reserved);
            self.note_row(moment, &reserved);
        }
    }

    fn context_hash(contexts: &Contexts, metric: u32) -> u64 {
        contexts.get_metric(metric).hash
    }
}

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

impl Sink for Batches {
    fn begin(&mut self, frame: &Frame<'_>) {
        let path = &frame.origin.file;
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        let file = match self.frames.last() {
            Some(last) if *last.file == *name => Arc::clone(&last.file),
            _ => name.into(),
        };
        self.frames.push(FrameName {
            file,
            number: frame.origin.frame,
        });
        self.frame = Some(RunningFrame {
            origin: frame.origin.clone(),
            oversized: frame.bytes.len() > FRAME_BYTES,
            signal: Signal::Traces,
            resource: 0,
            scope: None,
            metric: None,
            items: [0; 3],
            notes: std::collections::BTreeMap::new(),
            touched: Vec::new(),
            contexts: self.contexts.mark(),
            databases: self.databases.len(),
            rejects: self.rejects.len(),
        });
    }

    fn resource(&mut self, signal: Signal, resource: &Resource<'_>) {
        let Some(frame) = &mut self.frame else { return };
        frame.signal = signal;
        frame.scope = None;
        let (databases, numbers) = (&mut self.databases, &mut self.numbers);
        frame.resource = self.contexts.resource(resource, |service_name| {
            let name = DatabaseName::from_service(service_name);
            *numbers.entry(name).or_insert_with_key(|name| {
                databases.push(DatabaseBatch::new(name.clone()));
                u32::try_from(databases.len() - 1).expect("a chunk has fewer databases")
            })
        });
    }

    fn scope(&mut self, scope: &Scope<'_>) {
        if let Some(frame) = &mut self.frame {
            frame.scope = Some(self.contexts.scope(frame.resource, scope));
            frame.metric = None;
        }
    }

    fn span(&mut self, span: &Span<'_>) {
        if !self.take_item() {
            return;
        }
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
        let Some((table, context, contexts, _)) = self.place::<TraceRows>(moment.nanos) else {
            return;
        };
        table.rows.push(row);
        table.append(context, contexts, span.attributes, &reserved);
        self.note_row(moment, &reserved);
        for (index, event) in span.events.iter().enumerate() {
            self.span_event(span, index, event);
        }
        for (index, link) in span.links.iter().enumerate() {
            self.span_link(span, index, link);
        }
    }

    fn log_record(&mut self, record: &LogRecord<'_>) {
        if !self.take_item() {
            return;
        }
        let mut reserved = Reserved::new();
        let moment = log_moment(record);
        let time_unix_nano = time(record.time_unix_nano, "time_unix_nano", &mut reserved);
        let observed_time_unix_nano = time(
            record.observed_time_unix_nano,
            "observed_time_unix_nano",
            &mut reserved,
        );
        let Some((table, context, contexts, scratch)) = self.place::<LogRows>(moment.nanos) else {
            return;
        };
        let body = match record.body {
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
            event_name: dialect::event_name(record),
            event_name_field: present(record.event_name),
            body,
            body_kind: record.body.as_ref().map(BodyKind::code),
            flags: Some(record.flags.into()),
            dropped_attributes_count: Some(record.dropped_attributes_count.into()),
        });
        table.append(context, contexts, record.attributes, &reserved);
        self.note_row(moment, &reserved);
    }

    fn metric(&mut self, metric: &Metric<'_>) {
        if let Some(frame) = &mut self.frame {
            frame.metric = frame.scope.map(|scope| self.contexts.metric(scope, metric));
        }
    }

    fn number_point(&mut self, point: &NumberPoint<'_>) {
        if !self.take_item() {
            return;
        }
        let mut reserved = Reserved::new();
        let moment = Moment::of(point.time_unix_nano);
        let Some((table, context, contexts, _)) = self.place::<MetricRows>(moment.nanos) else {
            return;
        };
        let hash = table.append_hashed(point.attributes);
        let series = series_id(Self::context_hash(contexts, context.context), hash);
        table.rows.push(MetricRow {
            time: moment.micros,
            time_unix_nano: time(point.time_unix_nano, "time_unix_nano", &mut reserved),
            start_time_unix_nano: time(
                point.start_time_unix_nano,
                "start_time_unix_nano",
                &mut reserved,
            ),
            value: point.value.map(double),
            value_int: point.value.and_then(exact),
            series_id: Some(series),
            flags: Some(point.flags.into()),
        });
        table.finish(context, contexts, &reserved);
        self.note_row(moment, &reserved);
        self.exemplars(series, point.time_unix_nano, point.exemplars);
    }

    fn histogram_point(&mut self, point: &HistogramPoint<'_>) {
        if !self.take_item() {
            return;
        }
        let mut reserved = Reserved::new();
        let moment = Moment::of(point.time_unix_nano);
        let Some((table, context, contexts, scratch)) = self.place::<HistogramRows>(moment.nanos)
        else {
            return;
        };
        let hash = table.append_hashed(point.attributes);
        let series = series_id(Self::context_hash(contexts, context.context), hash);
        table.rows.push(HistogramRow {
            time: moment.micros,
            time_unix_nano: time(point.time_unix_nano, "time_unix_nano", &mut reserved),
            start_time_unix_nano: time(
                point.start_time_unix_nano,
                "start_time_unix_nano",
                &mut reserved,
            ),
            count: int(point.count, "count", &mut reserved),
            sum: point.sum,
            min: point.min,
            max: point.max,
            explicit_bounds: Some(point.explicit_bounds),
            bucket_counts: counts(
                point.bucket_counts,
                "bucket_counts",
                &mut scratch.first,
                &mut reserved,
            ),
            scale: None,
            zero_count: None,
            zero_threshold: None,
            positive_offset: None,
            positive_counts: None,
            negative_offset: None,
            negative_counts: None,
            series_id: Some(series),
            flags: Some(point.flags.into()),
        });
        table.finish(context, contexts, &reserved);
        self.note_row(moment, &reserved);
        self.exemplars(series, point.time_unix_nano, point.exemplars);
    }

    fn exponential_histogram_point(&mut self, point: &ExponentialHistogramPoint<'_>) {
        if !self.take_item() {
            return;
        }
        let mut reserved = Reserved::new();
        let moment = Moment::of(point.time_unix_nano);
        let Some((table, context, contexts, scratch)) = self.place::<HistogramRows>(moment.nanos)
        else {
            return;
        };
        let hash = table.append_hashed(point.attributes);
        let series = series_id(Self::context_hash(contexts, context.context), hash);
        let (first, second) = (&mut scratch.first, &mut scratch.second);
        table.rows.push(HistogramRow {
            time: moment.micros,
            time_unix_nano: time(point.time_unix_nano, "time_unix_nano", &mut reserved),
            start_time_unix_nano: time(
                point.start_time_unix_nano,
                "start_time_unix_nano",
                &mut reserved,
            ),
            count: int(point.count, "count", &mut reserved),
            sum: point.sum,
            min: point.min,
            max: point.max,
            explicit_bounds: None,
            bucket_counts: None,
            scale: Some(point.scale.into()),
            zero_count: int(point.zero_count, "zero_count", &mut reserved),
            zero_threshold: Some(point.zero_threshold),
            positive_offset: point.positive.map(|buckets| buckets.offset.into()),
            positive_counts: point.positive.and_then(|buckets| {
                counts(
                    buckets.bucket_counts,
                    "positive_counts",
                    first,
                    &mut reserved,
                )
            }),
            negative_offset: point.negative.map(|buckets| buckets.offset.into()),
            negative_counts: point.negative.and_then(|buckets| {
                counts(
                    buckets.bucket_counts,
                    "negative_counts",
                    second,
                    &mut reserved,
                )
            }),
            series_id: Some(series),
            flags: Some(point.flags.into()),
        });
        table.finish(context, contexts, &reserved);
        self.note_row(moment, &reserved);
        self.exemplars(series, point.time_unix_nano, point.exemplars);
    }

    fn summary_point(&mut self, point: &SummaryPoint<'_>) {
        if !self.take_item() {
            return;
        }
        let mut reserved = Reserved::new();
        let moment = Moment::of(point.time_unix_nano);
        let Some((table, context, contexts, scratch)) = self.place::<SummaryRows>(moment.nanos)
        else {
            return;
        };
        let hash = table.append_hashed(point.attributes);
        let series = series_id(Self::context_hash(contexts, context.context), hash);
        scratch.quantiles.clear();
        scratch.values.clear();
        for pair in point.quantile_values {
            scratch.quantiles.push(pair.quantile);
            scratch.values.push(pair.value);
        }
        table.rows.push(SummaryRow {
            time: moment.micros,
            time_unix_nano: time(point.time_unix_nano, "time_unix_nano", &mut reserved),
            start_time_unix_nano: time(
                point.start_time_unix_nano,
                "start_time_unix_nano",
                &mut reserved,
            ),
            count: int(point.count, "count", &mut reserved),
            sum: Some(point.sum),
            quantiles: Some(&scratch.quantiles),
            quantile_values: Some(&scratch.values),
            series_id: Some(series),
            flags: Some(point.flags.into()),
        });
        table.finish(context, contexts, &reserved);
        self.note_row(moment, &reserved);
    }

    fn reject_item(&mut self, reject: ItemReject<'_>) {
        let Some(frame) = &self.frame else { return };
        let mut origin = frame.origin.clone();
        origin.offset = origin.offset.saturating_add(reject.offset as u64);
        self.rejects.push(Reject {
            origin,
            code: reject.code,
            message: reject.message,
            bytes: reject.bytes[..reject.bytes.len().min(REJECT_BYTES)].to_vec(),
            len_bytes: reject.bytes.len() as u64,
        });
    }

    fn note(&mut self, code: NoteCode) {
        self.add_note(code);
    }

    fn commit(&mut self) {
        let Some(frame) = self.frame.take() else {
            return;
        };
        for (database, table) in &frame.touched {
            let database = &mut self.databases[*database as usize];
            let rows = database.table_mut(*table).map_or(0, |table| table.commit());
            *self
                .counts
                .rows
                .entry((database.name.clone(), *table))
                .or_default() += rows as u64;
        }
        for (total, items) in self.counts.items.iter_mut().zip(frame.items) {
            *total += items;
        }
        for (&code, count) in &frame.notes {
            *self.notes.entry(code).or_default() += count;
        }
        self.counts.rejected_items += (self.rejects.len() - frame.rejects) as u64;
        if frame.touched.is_empty() {
            self.forget_contexts(&frame);
        }
    }

    fn abandon(&mut self) {
        let Some(frame) = self.frame.take() else {
            return;
        };
        for (database, table) in &frame.touched {
            if let Some(table) = self.databases[*database as usize].table_mut(*table) {
                table.abandon();
            }
        }
        self.rejects.truncate(frame.rejects);
        self.forget_contexts(&frame);
    }
}

impl Batches {
    /// Forgets the frame itself and what its rows would have shared.
    fn forget_contexts(&mut self, frame: &RunningFrame) {
        self.frames.pop();
        self.contexts.truncate(frame.contexts);
        for database in self.databases.drain(frame.databases..) {
            self.numbers.remove(&database.name);
        }
    }
}
