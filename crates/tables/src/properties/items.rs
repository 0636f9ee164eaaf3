//! A sink that writes down each item with all that it belongs to: what two ways of the same
//! requests are compared by, whatever their grouping and the order of attributes.

use otolith_capture::{Frame, Signal};
use otolith_otlp::{
    Attributes, Event, Exemplar, ExponentialHistogramPoint, HistogramPoint, ItemReject, KeyValue,
    Link, LogRecord, Metric, NoteCode, NumberPoint, Resource, Scope, Sink, Span, SummaryPoint,
    Value,
};

/// The items of the committed frames, one text each; doubles are written so that NaN equals NaN.
#[derive(Debug, Default)]
pub struct Items {
    texts: Vec<String>,
    committed: usize,
    resource: String,
    scope: String,
    metric: String,
}

impl Items {
    /// The texts in an order that does not depend on that of the visits.
    pub fn sorted(mut self) -> Vec<String> {
        assert_eq!(self.texts.len(), self.committed);
        self.texts.sort();
        self.texts
    }

    fn add(&mut self, item: String) {
        let Self {
            resource,
            scope,
            metric,
            ..
        } = self;
        self.texts
            .push(format!("{item}\n  {metric}\n  {scope}\n  {resource}"));
    }

    fn add_point(&mut self, point: String, exemplars: &[Exemplar<'_>]) {
        let exemplars: Vec<String> = exemplars
            .iter()
            .map(|exemplar| {
                let sorted = sorted(exemplar.filtered_attributes);
                let filtered_attributes = sorted.as_slice();
                format!(
                    "{:?}",
                    Exemplar {
                        filtered_attributes,
                        ..*exemplar
                    }
                )
            })
            .collect();
        self.add(format!("{point} {exemplars:?}"));
    }
}

/// Keys are unique, so their order is one.
fn sorted<'a>(attributes: Attributes<'a>) -> Vec<KeyValue<'a>> {
    let mut sorted = attributes.to_vec();
    sorted.sort_by_key(|attribute| attribute.key);
    sorted
}

impl Sink for Items {
    fn begin(&mut self, _: &Frame<'_>) {
        assert_eq!(self.texts.len(), self.committed);
    }

    fn resource(&mut self, signal: Signal, resource: &Resource<'_>) {
        let attributes = &*sorted(resource.attributes);
        self.resource = format!(
            "{signal} {:?}",
            Resource {
                attributes,
                ..*resource
            }
        );
    }

    fn scope(&mut self, scope: &Scope<'_>) {
        let attributes = &*sorted(scope.attributes);
        self.scope = format!(
            "{:?}",
            Scope {
                attributes,
                ..*scope
            }
        );
        self.metric = String::new();
    }

    fn span(&mut self, span: &Span<'_>) {
        let mut text = String::new();
        for event in span.events {
            let attributes = &*sorted(event.attributes);
            text += &format!(
                "\n  {:?}",
                Event {
                    attributes,
                    ..*event
                }
            );
        }
        for link in span.links {
            let attributes = &*sorted(link.attributes);
            text += &format!(
                "\n  {:?}",
                Link {
                    attributes,
                    ..*link
                }
            );
        }
        let span = Span {
            attributes: &sorted(span.attributes),
            events: &[],
            links: &[],
            ..*span
        };
        self.add(format!("{span:?}{text}"));
    }

    fn log_record(&mut self, record: &LogRecord<'_>) {
        let record = LogRecord {
            attributes: &sorted(record.attributes),
            // The Collector writes a missing body as an empty one: the two are one.
            body: record.body.filter(|body| !matches!(body, Value::Empty)),
            ..*record
        };
        self.add(format!("{record:?}"));
    }

    fn metric(&mut self, metric: &Metric<'_>) {
        let metadata = &*sorted(metric.metadata);
        self.metric = format!(
            "{:?}",
            Metric {
                metadata,
                ..*metric
            }
        );
    }

    fn number_point(&mut self, point: &NumberPoint<'_>) {
        let plain = NumberPoint {
            attributes: &sorted(point.attributes),
            exemplars: &[],
            ..*point
        };
        self.add_point(format!("{plain:?}"), point.exemplars);
    }

    fn histogram_point(&mut self, point: &HistogramPoint<'_>) {
        let plain = HistogramPoint {
            attributes: &sorted(point.attributes),
            exemplars: &[],
            ..*point
        };
        self.add_point(format!("{plain:?}"), point.exemplars);
    }

    fn exponential_histogram_point(&mut self, point: &ExponentialHistogramPoint<'_>) {
        let plain = ExponentialHistogramPoint {
            attributes: &sorted(point.attributes),
            exemplars: &[],
            ..*point
        };
        self.add_point(format!("{plain:?}"), point.exemplars);
    }

    fn summary_point(&mut self, point: &SummaryPoint<'_>) {
        let plain = SummaryPoint {
            attributes: &sorted(point.attributes),
            ..*point
        };
        self.add(format!("{plain:?}"));
    }

    fn reject_item(&mut self, _: ItemReject<'_>) {}

    fn note(&mut self, _: NoteCode) {}

    fn commit(&mut self) {
        self.committed = self.texts.len();
    }

    fn abandon(&mut self) {
        self.texts.truncate(self.committed);
    }
}
