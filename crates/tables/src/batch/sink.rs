//! Visits into rows.

use std::sync::Arc;

use otolith_capture::{Frame, Reject, Signal};
use otolith_otlp::{
    ExponentialHistogramPoint, HistogramPoint, ItemReject, LogRecord, Metric, MetricKind, NoteCode,
    NumberPoint, Resource, Scope, Sink, Span, SummaryPoint,
};

use crate::database::DatabaseName;
use crate::problems::OVERSIZED_FRAME;
use crate::table::Table;

use super::tables::DatabaseBatch;
use super::{Batches, FrameName, RunningFrame};

/// Bytes that are kept of a rejected item.
const REJECT_BYTES: usize = 64 * 1024;
/// Bytes of attribute lists that are told apart in a batch; a chunk of a usual size has fewer.
const LIST_NAMES_BYTES: usize = 4 << 20;
/// Largest payload whose texts are sure to fit a column, even when escaped.
const FRAME_BYTES: usize = 256 * 1024 * 1024;

impl Batches {
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
        let before: u64 = frame.items.iter().sum();
        frame.item = u32::try_from(before).expect("frames are smaller");
        frame.items[frame.signal as usize] += 1;
        true
    }
}

/// The table of the points of a metric.
fn table_of(kind: MetricKind) -> Table {
    match kind {
        MetricKind::Gauge | MetricKind::Sum => Table::Metrics,
        MetricKind::Histogram | MetricKind::ExponentialHistogram => Table::Histograms,
        MetricKind::Summary => Table::Summaries,
    }
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
            metric_is_wanted: true,
            table_of_points: None,
            items: [0; 3],
            item: 0,
            notes: std::collections::BTreeMap::new(),
            touched: Vec::new(),
            seen: Vec::new(),
            passed_resources: Vec::new(),
            contexts: self.contexts.mark(),
            databases: self.databases.len(),
            rejects: self.rejects.len(),
            list_names: self.list_names.len(),
        });
        self.list = None;
        self.encoding = Some(frame.encoding);
    }

    fn resource(&mut self, signal: Signal, resource: &Resource<'_>) {
        let Some(frame) = &mut self.frame else { return };
        frame.signal = signal;
        frame.scope = None;
        let (databases, numbers) = (&mut self.databases, &mut self.numbers);
        let wanted = &self.wanted;
        frame.resource = self.contexts.resource(resource, |service_name| {
            let name = DatabaseName::from_service(service_name);
            *numbers.entry(name).or_insert_with_key(|name| {
                databases.push(DatabaseBatch::new(name.clone(), wanted.clone()));
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
        if self.take_item() {
            self.add_span(span);
        }
    }

    fn log_record(&mut self, record: &LogRecord<'_>) {
        if self.take_item() {
            self.add_log_record(record);
        }
    }

    fn metric(&mut self, metric: &Metric<'_>) {
        let Some(frame) = &mut self.frame else { return };
        let wanted = self.wanted.as_ref();
        let table = table_of(metric.kind);
        frame.table_of_points = Some(table);
        frame.metric_is_wanted = wanted.is_none_or(|wanted| wanted.takes_name(table, metric.name));
        frame.metric = frame
            .scope
            .filter(|_| frame.metric_is_wanted)
            .map(|scope| self.contexts.metric(scope, metric));
    }

    fn point_attributes(&mut self, bytes: &[u8]) -> bool {
        let Some(frame) = &self.frame else {
            return false;
        };
        if self.wanted.is_some() {
            return !frame.metric_is_wanted;
        }
        // What bytes say depends on the encoding: names are those of the first one.
        self.list_encoding = self.list_encoding.or(self.encoding);
        if self.list_encoding != self.encoding || self.list_names.len_bytes() > LIST_NAMES_BYTES {
            return false;
        }
        let list = self.list_names.intern(bytes).0;
        self.list = Some(list);
        let database = self.contexts.get_resource(frame.resource).database;
        let database = &self.databases[database as usize];
        let table = frame
            .table_of_points
            .and_then(|table| database.table(table));
        table.is_some_and(|table| table.knows_list(list))
    }

    fn number_point(&mut self, point: &NumberPoint<'_>) {
        if self.take_item() {
            self.add_number_point(point);
        }
    }

    fn histogram_point(&mut self, point: &HistogramPoint<'_>) {
        if self.take_item() {
            self.add_histogram_point(point);
        }
    }

    fn exponential_histogram_point(&mut self, point: &ExponentialHistogramPoint<'_>) {
        if self.take_item() {
            self.add_exponential_histogram_point(point);
        }
    }

    fn summary_point(&mut self, point: &SummaryPoint<'_>) {
        if self.take_item() {
            self.add_summary_point(point);
        }
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
        self.commit_seen(&frame);
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
        self.list_names.truncate(frame.list_names);
        self.frames.pop();
        self.contexts.truncate(frame.contexts);
        for database in self.databases.drain(frame.databases..) {
            self.numbers.remove(&database.name);
        }
    }
}
