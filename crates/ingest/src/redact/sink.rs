//! The sink between a decoder and what keeps the data: it passes everything on, redacted.

use std::ptr;
use std::sync::Arc;

use bumpalo::Bump;
use otolith_capture::{Frame, Origin, Signal};
use otolith_otlp::{
    Attributes, EntityRef, Event, Exemplar, ExponentialHistogramPoint, HistogramPoint, ItemReject,
    Link, LogRecord, Metric, NoteCode, NumberPoint, Resource, Scope, Sink, Span, SummaryPoint,
    Value,
};

use super::counts::Tally;
use super::redaction::Redaction;
use super::rewrite::Rewriter;

/// An arena keeps its memory for the next visit, up to this many bytes.
const RETAINED_BYTES: usize = 4 << 20;

/// Redacts on one thread, with memory that is reused from visit to visit.
#[derive(Debug)]
pub(crate) struct Redactor {
    redaction: Arc<Redaction>,
    arena: Bump,
    tally: Tally,
    /// The name of the last file, and what became of it.
    file: Option<(Arc<str>, Arc<str>)>,
}

impl Redactor {
    pub fn new(redaction: Arc<Redaction>) -> Self {
        Self {
            tally: Tally::new(redaction.label_count()),
            redaction,
            arena: Bump::new(),
            file: None,
        }
    }

    /// Redacts what goes to a sink.
    pub fn before<'a, S>(&'a mut self, sink: &'a mut S) -> RedactingSink<'a, S> {
        RedactingSink {
            redactor: self,
            sink,
        }
    }

    /// What was redacted in committed frames since the last time.
    pub fn take_tally(&mut self) -> Tally {
        let empty = Tally::new(self.redaction.label_count());
        std::mem::replace(&mut self.tally, empty)
    }

    fn rewriter(&mut self) -> Rewriter<'_> {
        self.arena.reset();
        if self.arena.allocated_bytes() > RETAINED_BYTES {
            self.arena = Bump::new();
        }
        Rewriter::new(&self.redaction, &self.arena, &mut self.tally)
    }

    fn file_name(&mut self, name: &Arc<str>) -> Arc<str> {
        match &self.file {
            Some((last, shown)) if Arc::ptr_eq(last, name) => Arc::clone(shown),
            _ => {
                let shown = self.redaction.file_name(name);
                self.file = Some((Arc::clone(name), Arc::clone(&shown)));
                shown
            }
        }
    }
}

/// Passes visits on to another sink, redacted.
pub(crate) struct RedactingSink<'a, S> {
    redactor: &'a mut Redactor,
    sink: &'a mut S,
}

impl<'x> Rewriter<'x> {
    fn entity_ref(&mut self, entity: &EntityRef<'x>) -> Option<EntityRef<'x>> {
        let new = EntityRef {
            schema_url: self.text(entity.schema_url),
            r#type: self.text(entity.r#type),
            id_keys: self.keys(entity.id_keys),
            description_keys: self.keys(entity.description_keys),
        };
        let is_same = ptr::eq(new.schema_url, entity.schema_url)
            && ptr::eq(new.r#type, entity.r#type)
            && ptr::eq(new.id_keys, entity.id_keys)
            && ptr::eq(new.description_keys, entity.description_keys);
        (!is_same).then_some(new)
    }

    fn keys(&mut self, keys: &'x [&'x str]) -> &'x [&'x str] {
        self.entries(keys, |rewriter, key| {
            let new = rewriter.text(key);
            (!ptr::eq(new, *key)).then_some(new)
        })
    }

    fn event(&mut self, event: &Event<'x>) -> Option<Event<'x>> {
        let (name, attributes) = (self.text(event.name), self.attributes(event.attributes));
        let is_same = ptr::eq(name, event.name) && ptr::eq(attributes, event.attributes);
        (!is_same).then_some(Event {
            name,
            attributes,
            ..*event
        })
    }

    fn link(&mut self, link: &Link<'x>) -> Option<Link<'x>> {
        let trace_state = self.text(link.trace_state);
        let attributes = self.attributes(link.attributes);
        let is_same =
            ptr::eq(trace_state, link.trace_state) && ptr::eq(attributes, link.attributes);
        (!is_same).then_some(Link {
            trace_state,
            attributes,
            ..*link
        })
    }

    fn exemplars(&mut self, exemplars: &'x [Exemplar<'x>]) -> &'x [Exemplar<'x>] {
        self.entries(exemplars, |rewriter, exemplar| {
            let filtered_attributes = rewriter.attributes(exemplar.filtered_attributes);
            let is_same = ptr::eq(filtered_attributes, exemplar.filtered_attributes);
            (!is_same).then_some(Exemplar {
                filtered_attributes,
                ..*exemplar
            })
        })
    }
}

/// Names of the event that a record tells of, by attribute and by field.
fn event_names<'a>(attributes: Attributes<'a>, field: &'a str) -> impl Iterator<Item = &'a str> {
    let named = attributes
        .iter()
        .filter_map(|attribute| match attribute.value {
            Value::String(name) if attribute.key == "event.name" => Some(name),
            _ => None,
        });
    named.chain([field])
}

impl<S: Sink> Sink for RedactingSink<'_, S> {
    fn begin(&mut self, frame: &Frame<'_>) {
        let file = self.redactor.file_name(&frame.origin.file);
        self.sink.begin(&Frame {
            origin: Origin {
                file,
                ..frame.origin.clone()
            },
            ..*frame
        });
    }

    fn resource(&mut self, signal: Signal, resource: &Resource<'_>) {
        let mut rewriter = self.redactor.rewriter();
        let resource = Resource {
            attributes: rewriter.attributes(resource.attributes),
            entity_refs: rewriter.entries(resource.entity_refs, Rewriter::entity_ref),
            schema_url: rewriter.text(resource.schema_url),
            ..*resource
        };
        self.sink.resource(signal, &resource);
    }

    fn scope(&mut self, scope: &Scope<'_>) {
        let mut rewriter = self.redactor.rewriter();
        let scope = Scope {
            name: rewriter.text(scope.name),
            version: rewriter.text(scope.version),
            attributes: rewriter.attributes(scope.attributes),
            schema_url: rewriter.text(scope.schema_url),
            ..*scope
        };
        self.sink.scope(&scope);
    }

    fn span(&mut self, span: &Span<'_>) {
        let mut rewriter = self.redactor.rewriter();
        let span = Span {
            trace_state: rewriter.text(span.trace_state),
            name: rewriter.text(span.name),
            attributes: rewriter.attributes(span.attributes),
            events: rewriter.entries(span.events, Rewriter::event),
            links: rewriter.entries(span.links, Rewriter::link),
            status_message: rewriter.text(span.status_message),
            ..*span
        };
        self.sink.span(&span);
    }

    fn log_record(&mut self, record: &LogRecord<'_>) {
        let mut rewriter = self.redactor.rewriter();
        let names = event_names(record.attributes, record.event_name);
        let record = LogRecord {
            severity_text: rewriter.text(record.severity_text),
            body: rewriter.body(record.body, names),
            attributes: rewriter.attributes(record.attributes),
            event_name: rewriter.text(record.event_name),
            ..*record
        };
        self.sink.log_record(&record);
    }

    fn metric(&mut self, metric: &Metric<'_>) {
        let mut rewriter = self.redactor.rewriter();
        let metric = Metric {
            name: rewriter.text(metric.name),
            description: rewriter.text(metric.description),
            unit: rewriter.text(metric.unit),
            metadata: rewriter.attributes(metric.metadata),
            ..*metric
        };
        self.sink.metric(&metric);
    }

    fn number_point(&mut self, point: &NumberPoint<'_>) {
        let mut rewriter = self.redactor.rewriter();
        let point = NumberPoint {
            attributes: rewriter.attributes(point.attributes),
            exemplars: rewriter.exemplars(point.exemplars),
            ..*point
        };
        self.sink.number_point(&point);
    }

    fn histogram_point(&mut self, point: &HistogramPoint<'_>) {
        let mut rewriter = self.redactor.rewriter();
        let point = HistogramPoint {
            attributes: rewriter.attributes(point.attributes),
            exemplars: rewriter.exemplars(point.exemplars),
            ..*point
        };
        self.sink.histogram_point(&point);
    }

    fn exponential_histogram_point(&mut self, point: &ExponentialHistogramPoint<'_>) {
        let mut rewriter = self.redactor.rewriter();
        let point = ExponentialHistogramPoint {
            attributes: rewriter.attributes(point.attributes),
            exemplars: rewriter.exemplars(point.exemplars),
            ..*point
        };
        self.sink.exponential_histogram_point(&point);
    }

    fn summary_point(&mut self, point: &SummaryPoint<'_>) {
        let mut rewriter = self.redactor.rewriter();
        let point = SummaryPoint {
            attributes: rewriter.attributes(point.attributes),
            ..*point
        };
        self.sink.summary_point(&point);
    }

    /// Passes it on as it is: rejects are withheld where they are written and told, see
    /// [`Redaction::withhold`].
    fn reject_item(&mut self, reject: ItemReject<'_>) {
        self.sink.reject_item(reject);
    }

    fn note(&mut self, code: NoteCode) {
        self.sink.note(code);
    }

    fn commit(&mut self) {
        self.redactor.tally.commit();
        self.sink.commit();
    }

    fn abandon(&mut self) {
        self.redactor.tally.abandon();
        self.sink.abandon();
    }
}
