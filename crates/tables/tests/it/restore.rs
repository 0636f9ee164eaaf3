//! Items get back what belongs to them, and nothing else.

use std::collections::BTreeMap;

use otolith_capture::{Encoding, Frame, Origin, RejectCode, Signal, SignalHint};
use otolith_otlp::{
    Event, ExponentialHistogramPoint, HistogramPoint, ItemReject, Link, LogRecord, Metric,
    NoteCode, NumberPoint, Resource, Scope, Sink, Span, SummaryPoint,
};
use otolith_tables::{Assembler, AssemblerOptions, Batches, Children, Part, Restorer, Table};

use crate::view::{Cell, Rows, drain};

const DAY: u64 = 20_000 * 86_400_000_000_000;

/// A span as a test has it: the last byte of its id (0 for none), names of its events, number of
/// its links.
type TestSpan = (u8, &'static [&'static str], usize);

fn visit(batches: &mut Batches, file: &str, spans: &[TestSpan]) {
    batches.begin(&Frame {
        bytes: b"{}",
        origin: Origin {
            file: file.into(),
            frame: 1,
            offset: 0,
        },
        encoding: Encoding::Json,
        signal: SignalHint::Unknown,
        arrival_unix_nano: None,
    });
    batches.resource(
        Signal::Traces,
        &Resource {
            attributes: &[],
            dropped_attributes_count: 0,
            entity_refs: &[],
            schema_url: "",
        },
    );
    batches.scope(&Scope {
        name: "",
        version: "",
        attributes: &[],
        dropped_attributes_count: 0,
        schema_url: "",
    });
    for (number, (id, events, links)) in spans.iter().enumerate() {
        let events: Vec<Event<'_>> = events
            .iter()
            .zip(0..)
            .map(|(name, index)| Event {
                // The later the event, the earlier its time; all on the day before the span.
                time_unix_nano: DAY - 1_000 - index,
                name,
                attributes: &[],
                dropped_attributes_count: 0,
            })
            .collect();
        let link = Link {
            trace_id: None,
            span_id: None,
            trace_state: "",
            attributes: &[],
            dropped_attributes_count: 0,
            flags: 0,
        };
        batches.span(&Span {
            trace_id: None,
            span_id: (*id > 0).then_some([*id; 8]),
            trace_state: "",
            parent_span_id: None,
            flags: 0,
            name: "",
            kind: 0,
            // The later the span in its frame, the earlier its time.
            start_time_unix_nano: DAY + 1_000 - number as u64,
            end_time_unix_nano: 0,
            attributes: &[],
            dropped_attributes_count: 0,
            events: &events,
            dropped_events_count: 0,
            links: &vec![link; *links],
            dropped_links_count: 0,
            status_message: "",
            status_code: 0,
        });
        batches.reject_item(ItemReject {
            signal: Signal::Traces,
            code: RejectCode("bad_value"),
            message: String::new(),
            offset: 0,
            bytes: b"",
        });
    }
}

fn parts(batches: Batches) -> Vec<Part> {
    let mut assembler = Assembler::new(AssemblerOptions::DEFAULT, BTreeMap::new());
    assembler.push(batches);
    drain(&mut assembler)
}

/// Writes down spans as `id: events, number of links`.
#[derive(Default)]
struct Spans(Vec<String>);

impl Sink for Spans {
    fn begin(&mut self, _: &Frame<'_>) {}
    fn resource(&mut self, _: Signal, _: &Resource<'_>) {}
    fn scope(&mut self, _: &Scope<'_>) {}
    fn span(&mut self, span: &Span<'_>) {
        let id = span.span_id.map_or(0, |id| id[0]);
        let events: Vec<&str> = span.events.iter().map(|event| event.name).collect();
        self.0
            .push(format!("{id}: {} {}", events.join(""), span.links.len()));
    }
    fn log_record(&mut self, _: &LogRecord<'_>) {}
    fn metric(&mut self, _: &Metric<'_>) {}
    fn number_point(&mut self, _: &NumberPoint<'_>) {}
    fn histogram_point(&mut self, _: &HistogramPoint<'_>) {}
    fn exponential_histogram_point(&mut self, _: &ExponentialHistogramPoint<'_>) {}
    fn summary_point(&mut self, _: &SummaryPoint<'_>) {}
    fn reject_item(&mut self, _: ItemReject<'_>) {}
    fn note(&mut self, _: NoteCode) {}
    fn commit(&mut self) {}
    fn abandon(&mut self) {
        self.0.clear();
    }
}

fn check(frames: &[(&str, &[TestSpan])], expected: &[&str]) {
    let mut batches = Batches::new();
    for (file, spans) in frames {
        visit(&mut batches, file, spans);
        batches.commit();
    }
    let parts = parts(batches);
    let mut children = Children::new(&parts).expect("the parts are ours");
    let mut spans = Spans::default();
    for part in parts.iter().filter(|part| part.table == Table::Traces) {
        let mut restorer = Restorer::new(part).expect("the part is ours");
        while restorer
            .visit(&mut children, &mut spans, |_, _| false)
            .expect("the rows are ours")
            > 0
        {}
    }
    assert_eq!(spans.0, expected);
    assert_eq!(children.orphan_count(), 0);
}

#[test]
fn spans_without_ids_keep_their_events_and_order() {
    check(
        &[(
            "f",
            &[
                (0, &["a", "b"], 1),
                (0, &[], 0),
                (0, &["c"], 2),
                (7, &["d"], 0),
            ],
        )],
        &["0: ab 1", "0:  0", "0: c 2", "7: d 0"],
    );
}

#[test]
fn files_of_one_name_are_told_apart_by_ids() {
    check(
        &[
            ("x/f", &[(1, &["a", "b"], 0), (2, &["c"], 0)]),
            ("y/f", &[(2, &["d"], 1), (1, &["e", "f", "g"], 0)]),
        ],
        &["1: ab 0", "2: d 1", "2: c 0", "1: efg 0"],
    );
}

#[test]
fn copies_share_out_what_they_have() {
    let spans: &[TestSpan] = &[(1, &["a", "b"], 1), (0, &["c"], 0)];
    check(
        &[("x/f", spans), ("y/f", spans), ("z/f", spans)],
        &[
            "1: ab 1", "1: ab 1", "1: ab 1", "0: c 0", "0: c 0", "0: c 0",
        ],
    );
}

#[test]
fn items_are_numbered_by_frame_and_events_lie_under_the_date_of_their_span() {
    let mut batches = Batches::new();
    visit(&mut batches, "f", &[(9, &["x"], 1)]);
    batches.abandon();
    visit(
        &mut batches,
        "f",
        &[(1, &[], 0), (2, &["a", "b"], 1), (3, &["c"], 0)],
    );
    batches.commit();
    visit(&mut batches, "f", &[(4, &[], 1)]);
    batches.commit();
    let parts = parts(batches);
    let items = |table| {
        let rows = Rows::of(&parts, table);
        let mut items: Vec<i64> = rows.iter("item").filter_map(|cell| cell.int()).collect();
        items.sort_unstable();
        items
    };
    assert_eq!(items(Table::Traces), [0, 0, 1, 2]);
    assert_eq!(items(Table::SpanEvents), [1, 1, 2]);
    assert_eq!(items(Table::SpanLinks), [0, 1]);
    assert!(parts.iter().all(|part| part.date == 20_000));
    let events = Rows::of(&parts, Table::SpanEvents);
    let times: Vec<Cell> = events.iter("time").collect();
    assert!(times.is_sorted_by_key(Cell::int), "{times:?}");
}
