//! Properties of the way from visits to parts, over generated frames.

mod items;
mod restored;
mod wanted;
mod well_formed;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;

use otolith_capture::{Encoding, Frame, Origin, RejectCode, Signal, SignalHint};
use otolith_otlp::{
    Event, Exemplar, ItemReject, KeyValue, Link, LogRecord, Metric, MetricKind, NoteCode, Number,
    NumberPoint, Resource, Scope, Sink, Span, Value,
};
use proptest::prelude::*;

use crate::schema::column::{self, Cell};
use crate::{Assembler, AssemblerOptions, Batches, Part};
use items::Items;
use restored::restored;
use well_formed::assert_well_formed;

/// Attributes live as long as the test program: the values are small and few.
type Attributes = &'static [KeyValue<'static>];

#[derive(Clone, Debug)]
struct Record {
    resource: Attributes,
    scope: Attributes,
    attributes: Attributes,
    signal: Signal,
    time: u64,
}

#[derive(Clone, Debug)]
struct TestFrame {
    records: Vec<Record>,
    rejects: usize,
}

const KEYS: [&str; 18] = [
    "a",
    "A",
    "a.b",
    "a_b",
    "service.name",
    "status_code",
    "cost_usd",
    "duration_ms",
    "success",
    "resource_a",
    "body",
    "date",
    "\u{e9}",
    "",
    "3x",
    "otolith.time_unix_nano",
    "attributes",
    "event.name",
];

fn leak<T>(items: Vec<T>) -> &'static [T] {
    Vec::leak(items)
}

fn text() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        prop::sample::select(vec![
            "",
            "x",
            "true",
            "false",
            "12",
            "0.25",
            "12.50",
            "-3",
            "007",
            "\"\u{1}\u{e9}",
            "a-b",
        ]),
        "[a-z\u{e9}\"\\\\]{0,6}".prop_map(|text| &*text.leak()),
    ]
}

fn value() -> impl Strategy<Value = Value<'static>> {
    let leaf = prop_oneof![
        4 => text().prop_map(Value::String),
        2 => any::<i16>().prop_map(|int| Value::Int(int.into())),
        1 => Just(Value::Int(i64::MIN)),
        2 => any::<i16>().prop_map(|int| Value::Double(f64::from(int) / 4.0)),
        1 => prop::sample::select(vec![f64::INFINITY, f64::NAN, -0.0, 1e300]).prop_map(Value::Double),
        2 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::Empty),
        1 => prop::collection::vec(any::<u8>(), 0..4).prop_map(|bytes| Value::Bytes(leak(bytes))),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        let key = prop::sample::select(vec!["k", "l", "intValue", "bytesValue", "kvlistValue"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|items| Value::Array(leak(items))),
            prop::collection::vec((key, inner), 0..3).prop_map(|entries| {
                let entries = entries
                    .into_iter()
                    .map(|(key, value)| KeyValue { key, value })
                    .collect();
                Value::KeyValueList(leak(entries))
            }),
        ]
    })
}

fn attributes(most: usize) -> impl Strategy<Value = Attributes> {
    let pick = prop::sample::subsequence(KEYS.to_vec(), 0..=most).prop_shuffle();
    pick.prop_flat_map(|keys| {
        let values = prop::collection::vec(value(), keys.len());
        values.prop_map(move |values| {
            let pairs = keys.iter().zip(values);
            leak(pairs.map(|(key, value)| KeyValue { key, value }).collect())
        })
    })
}

fn record() -> impl Strategy<Value = Record> {
    let day = 86_400_000_000_000;
    let time = prop::sample::select(vec![
        0,
        5,
        u64::MAX,
        20_000 * day,
        20_000 * day + 1_001,
        20_000 * day + 1_002,
        20_001 * day,
    ]);
    (
        attributes(3),
        attributes(3),
        attributes(8),
        prop::sample::select(Signal::ALL.to_vec()),
        time,
    )
        .prop_map(|(resource, scope, attributes, signal, time)| Record {
            resource,
            scope,
            attributes,
            signal,
            time,
        })
}

fn frames() -> impl Strategy<Value = Vec<TestFrame>> {
    // Some records repeat the attributes of one before.
    let records = prop::collection::vec((record(), prop::option::of(any::<usize>())), 0..5);
    let frames = prop::collection::vec((records, 0..2_usize), 0..8);
    frames.prop_map(|frames| {
        let mut before: Vec<Record> = Vec::new();
        let mut repeated = |(mut record, of): (Record, Option<usize>)| {
            if let Some(of) = of.and_then(|of| before.get(of % before.len().max(1))) {
                (record.resource, record.attributes) = (of.resource, of.attributes);
            }
            before.push(record.clone());
            record
        };
        let frame = |(records, rejects): (Vec<_>, _)| TestFrame {
            records: records.into_iter().map(&mut repeated).collect(),
            rejects,
        };
        frames.into_iter().map(frame).collect()
    })
}

/// Visits a frame; `first` numbers its records, so that rows can be told apart.
fn visit(batches: &mut impl Sink, number: u64, first: usize, frame: &TestFrame) {
    batches.begin(&Frame {
        bytes: &[],
        origin: Origin {
            file: Arc::from("dir/capture.jsonl"),
            frame: number,
            offset: number * 100,
        },
        encoding: Encoding::Json,
        signal: SignalHint::Unknown,
        arrival_unix_nano: None,
    });
    for (index, record) in frame.records.iter().enumerate() {
        batches.resource(
            record.signal,
            &Resource {
                attributes: record.resource,
                dropped_attributes_count: 0,
                entity_refs: &[],
                schema_url: "",
            },
        );
        batches.scope(&Scope {
            name: "scope",
            version: "",
            attributes: record.scope,
            dropped_attributes_count: 0,
            schema_url: "",
        });
        visit_item(batches, &(first + index).to_string(), record);
    }
    for _ in 0..frame.rejects {
        batches.reject_item(ItemReject {
            signal: Signal::Logs,
            code: RejectCode("bad_value"),
            message: "expected a number".to_owned(),
            offset: 7,
            bytes: b"{}",
        });
        batches.note(NoteCode("duplicate_member"));
    }
}

fn visit_item(batches: &mut impl Sink, id: &str, record: &Record) {
    match record.signal {
        Signal::Logs => batches.log_record(&LogRecord {
            time_unix_nano: record.time,
            observed_time_unix_nano: 0,
            severity_number: 9,
            severity_text: "",
            body: Some(Value::String(id)),
            attributes: record.attributes,
            dropped_attributes_count: 0,
            flags: 0,
            trace_id: None,
            span_id: None,
            event_name: "",
        }),
        Signal::Traces => batches.span(&Span {
            trace_id: Some([1; 16]),
            span_id: None,
            trace_state: "",
            parent_span_id: None,
            flags: 0,
            name: id,
            kind: 1,
            start_time_unix_nano: record.time,
            end_time_unix_nano: record.time,
            attributes: record.attributes,
            dropped_attributes_count: 0,
            events: &[Event {
                time_unix_nano: record.time,
                name: "e",
                attributes: record.attributes,
                dropped_attributes_count: 0,
            }],
            dropped_events_count: 0,
            links: &[Link {
                trace_id: None,
                span_id: Some([2; 8]),
                trace_state: "",
                attributes: record.scope,
                dropped_attributes_count: 0,
                flags: 0,
            }],
            dropped_links_count: 0,
            status_message: "",
            status_code: 0,
        }),
        Signal::Metrics => {
            batches.metric(&Metric {
                name: id,
                description: "",
                unit: "s",
                metadata: &[],
                kind: MetricKind::Gauge,
                aggregation_temporality: 0,
                is_monotonic: false,
            });
            // Points may come with and without.
            let is_known = record.time != 5
                && batches.point_attributes(format!("{:?}", record.attributes).as_bytes());
            batches.number_point(&NumberPoint {
                attributes: if is_known { &[] } else { record.attributes },
                start_time_unix_nano: 0,
                time_unix_nano: record.time,
                value: Some(Number::Int(3)),
                exemplars: &[Exemplar {
                    filtered_attributes: record.scope,
                    time_unix_nano: record.time,
                    value: Some(Number::Double(0.5)),
                    span_id: None,
                    trace_id: None,
                }],
                flags: 0,
            });
        }
    }
}

/// Base columns of `logs` and a few, so that the limit is met.
fn options() -> impl Strategy<Value = AssemblerOptions> {
    prop::sample::select(vec![28, 36, 512])
        .prop_map(|columns_per_table| AssemblerOptions { columns_per_table })
}

/// The parts and notes of frames, split into batches after the frames in `cuts`.
fn assemble(
    frames: &[TestFrame],
    cuts: &[usize],
    options: AssemblerOptions,
) -> (Vec<Part>, String) {
    let mut assembler = Assembler::new(options, BTreeMap::new());
    let mut batches = Batches::new();
    let mut first = 0;
    let mut len_bytes = 0;
    for (index, frame) in frames.iter().enumerate() {
        visit(&mut batches, index as u64 + 1, first, frame);
        batches.commit();
        first += frame.records.len();
        if cuts.contains(&index) {
            len_bytes += batches.len_bytes();
            assembler.push(std::mem::take(&mut batches));
        }
    }
    len_bytes += batches.len_bytes();
    assembler.push(batches);
    assert_eq!(assembler.len_bytes(), len_bytes);
    let parts = drain(&mut assembler);
    (parts, format!("{:?}", assembler.notes()))
}

/// All parts of what was pushed.
fn drain(assembler: &mut Assembler) -> Vec<Part> {
    let mut parts = Vec::new();
    let result: Result<(), Infallible> = assembler.drain().each(|part| {
        parts.push(part);
        Ok(())
    });
    result.expect("nothing fails");
    parts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn batches_never_change_the_parts(
        frames in frames(),
        cuts in prop::collection::vec(0..8_usize, 0..6),
        options in options(),
    ) {
        let (whole, notes) = assemble(&frames, &[], options);
        let (cut, cut_notes) = assemble(&frames, &cuts, options);
        prop_assert_eq!(format!("{whole:#?}"), format!("{cut:#?}"));
        prop_assert_eq!(notes, cut_notes);
    }

    #[test]
    fn abandoned_frames_leave_no_trace(
        frames in frames(),
        bad in prop::collection::vec((0..8_usize, frames()), 0..4),
    ) {
        let mut expected = Batches::new();
        let mut batches = Batches::new();
        let mut first = 0;
        for (index, frame) in frames.iter().enumerate() {
            for (_, abandoned) in bad.iter().filter(|(before, _)| *before == index) {
                for frame in abandoned {
                    visit(&mut batches, 1_000, 1_000, frame);
                    batches.abandon();
                }
            }
            for sink in [&mut expected, &mut batches] {
                visit(sink, index as u64, first, frame);
                sink.commit();
            }
            first += frame.records.len();
        }
        visit(&mut batches, 1_000, 1_000, &TestFrame {
            records: frames.iter().flat_map(|frame| frame.records.clone()).collect(),
            rejects: 1,
        });
        batches.abandon();
        prop_assert_eq!(batches.counts(), expected.counts());
        prop_assert_eq!(batches.notes(), expected.notes());
        prop_assert_eq!(batches.rejects(), expected.rejects());
        prop_assert_eq!(batches.len_bytes(), expected.len_bytes());
        let parts = [expected, batches].map(|batches| {
            let mut assembler = Assembler::new(AssemblerOptions::DEFAULT, BTreeMap::new());
            assembler.push(batches);
            format!("{:#?}", drain(&mut assembler))
        });
        prop_assert_eq!(&parts[0], &parts[1]);
    }

    #[test]
    fn items_come_back_as_they_were_sent(
        frames in frames(),
        cuts in prop::collection::vec(0..8_usize, 0..3),
        options in options(),
    ) {
        let (parts, _) = assemble(&frames, &cuts, options);
        for part in &parts {
            for column in &part.columns {
                assert_well_formed(column, part.row_count);
            }
        }
        let mut sent = Items::default();
        let mut first = 0;
        for frame in &frames {
            visit(&mut sent, 1, first, frame);
            sent.commit();
            first += frame.records.len();
        }
        prop_assert_eq!(restored(&parts), sent.sorted());
    }

    #[test]
    fn counts_and_rows_agree_and_rows_are_sorted(frames in frames(), options in options()) {
        let mut batches = Batches::new();
        let mut first = 0;
        for (index, frame) in frames.iter().enumerate() {
            visit(&mut batches, index as u64, first, frame);
            batches.commit();
            first += frame.records.len();
        }
        let counts = batches.counts().clone();
        prop_assert_eq!(counts.items.iter().sum::<u64>(), first as u64);
        let rejects: usize = frames.iter().map(|frame| frame.rejects).sum();
        prop_assert_eq!(counts.rejected_items, rejects as u64);
        let mut assembler = Assembler::new(options, BTreeMap::new());
        assembler.push(batches);
        let mut rows = BTreeMap::new();
        for part in drain(&mut assembler) {
            *rows.entry((part.database.clone(), part.table)).or_default() += part.row_count as u64;
            let names: BTreeSet<&str> =
                part.columns.iter().map(|column| column.field.name.as_str()).collect();
            prop_assert_eq!(names.len(), part.columns.len(), "{:?}", names);
            prop_assert!(!names.contains("date"));
            let base = crate::base_fields(part.table).len();
            prop_assert!(part.columns.len() <= options.columns_per_table.max(base));
            if let Some(column) = part.columns.iter().find(|column| column.field.name == "time") {
                let times: Vec<Option<Cell<'_>>> =
                    (0..part.row_count).map(|row| column::cell(column, row)).collect();
                let key = |time: &Option<Cell<'_>>| match time {
                    Some(Cell::Int(time)) => *time,
                    _ => i64::MIN,
                };
                prop_assert!(times.is_sorted_by_key(key), "{:?}", times);
                let days = times.iter().map(|time| match time {
                    Some(Cell::Int(time)) if (20_000..20_002).contains(&(time / 86_400_000_000)) => {
                        (time / 86_400_000_000) as i32
                    }
                    _ => 0,
                });
                prop_assert!(days.into_iter().all(|day| day == part.date));
            }
        }
        prop_assert_eq!(rows, counts.rows);
    }
}
