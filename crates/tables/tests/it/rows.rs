//! Single visits into single rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use otolith_capture::{Encoding, Frame, Origin, RejectCode, Signal, SignalHint};
use otolith_otlp::{
    Buckets, EntityRef, ExponentialHistogramPoint, HistogramPoint, ItemReject, KeyValue, LogRecord,
    Metric, MetricKind, NumberPoint, QuantileValue, Resource, Scope, Sink as _, Span, SummaryPoint,
    Value,
};
use otolith_tables::{Assembler, AssemblerOptions, Batches, DatabaseName, Part, Table};

use crate::view::{Cell, Rows, drain};

fn kv<'a>(key: &'a str, value: Value<'a>) -> KeyValue<'a> {
    KeyValue { key, value }
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

fn begin(batches: &mut Batches) {
    batches.begin(&Frame {
        bytes: b"{}",
        origin: Origin {
            file: Arc::from("some/dir/capture.jsonl"),
            frame: 7,
            offset: 1_000,
        },
        encoding: Encoding::Json,
        signal: SignalHint::Unknown,
        arrival_unix_nano: None,
    });
}

fn resource(batches: &mut Batches, signal: Signal, service_name: &str) {
    batches.resource(
        signal,
        &Resource {
            attributes: &[kv("service.name", Value::String(service_name))],
            dropped_attributes_count: 2,
            entity_refs: &[EntityRef {
                schema_url: "",
                r#type: "service",
                id_keys: &["service.name"],
                description_keys: &[],
            }],
            schema_url: "",
        },
    );
    batches.scope(&Scope {
        name: "scope",
        version: "1",
        attributes: &[],
        dropped_attributes_count: 0,
        schema_url: "",
    });
}

/// The parts of one frame of one service.
fn parts(signal: Signal, visit: impl FnOnce(&mut Batches)) -> (Vec<Part>, BTreeMap<String, u64>) {
    let mut batches = Batches::new();
    begin(&mut batches);
    resource(&mut batches, signal, "Some Service");
    visit(&mut batches);
    batches.commit();
    let mut assembler = Assembler::new(AssemblerOptions::DEFAULT, BTreeMap::new());
    assembler.push(batches);
    let notes = assembler.notes().iter();
    let notes = notes.map(|(code, count)| (code.0.to_owned(), *count));
    let notes = notes.collect();
    (drain(&mut assembler), notes)
}

const LOG: LogRecord<'static> = LogRecord {
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

const SPAN: Span<'static> = Span {
    trace_id: None,
    span_id: None,
    trace_state: "",
    parent_span_id: None,
    flags: 0,
    name: "span",
    kind: 0,
    start_time_unix_nano: 0,
    end_time_unix_nano: 0,
    attributes: &[],
    dropped_attributes_count: 0,
    events: &[],
    dropped_events_count: 0,
    links: &[],
    dropped_links_count: 0,
    status_message: "",
    status_code: 0,
};

/// Checks columns of the only row of a table.
fn check(parts: &[Part], table: Table, expected: &[(&str, Cell)]) {
    let rows = Rows::of(parts, table);
    assert_eq!(rows.len(), 1);
    for (column, cell) in expected {
        assert_eq!(rows.at(column, 0), *cell, "{table}.{column}");
    }
}

#[test]
fn a_row_tells_where_it_comes_from() {
    let (parts, _) = parts(Signal::Logs, |batches| batches.log_record(&LOG));
    assert_eq!(
        parts[0].database,
        DatabaseName::from_service("some_service")
    );
    check(
        &parts,
        Table::Logs,
        &[
            ("source", text("capture.jsonl#7")),
            ("service_name", text("Some Service")),
            ("resource_dropped_attributes_count", Cell::Int(2)),
            ("resource_attributes", Cell::Null),
            ("scope_name", text("scope")),
            ("scope_version", text("1")),
            (
                "resource_entity_refs",
                text(
                    r#"[{"descriptionKeys":[],"idKeys":["service.name"],"schemaUrl":"","type":"service"}]"#,
                ),
            ),
        ],
    );
}

#[test]
fn bodies_are_text_or_otlp_json() {
    let list = [Value::Int(1), Value::Double(0.5)];
    for (body, kind, expected) in [
        (None, Cell::Null, Cell::Null),
        (Some(Value::Empty), Cell::Null, Cell::Null),
        (Some(Value::String("")), text("string"), text("")),
        (
            Some(Value::Bool(true)),
            text("bool"),
            text(r#"{"boolValue":true}"#),
        ),
        (
            Some(Value::Bytes(b"\0")),
            text("bytes"),
            text(r#"{"bytesValue":"AA=="}"#),
        ),
        (
            Some(Value::Array(&list)),
            text("array"),
            text(r#"{"arrayValue":{"values":[{"intValue":"1"},{"doubleValue":0.5}]}}"#),
        ),
    ] {
        let (parts, _) = parts(Signal::Logs, |batches| {
            batches.log_record(&LogRecord { body, ..LOG });
        });
        check(
            &parts,
            Table::Logs,
            &[("body", expected), ("body_kind", kind)],
        );
    }
}

#[test]
fn a_log_without_times_has_the_time_that_it_tells() {
    let stamp = [kv(
        "event.timestamp",
        Value::String("2026-11-20T10:00:00.5Z"),
    )];
    let (found, notes) = parts(Signal::Logs, |batches| {
        batches.log_record(&LogRecord {
            attributes: &stamp,
            ..LOG
        });
    });
    check(
        &found,
        Table::Logs,
        &[
            ("time", Cell::Int(1_795_168_800_500_000)),
            ("time_unix_nano", Cell::Null),
            ("event_timestamp", text("2026-11-20T10:00:00.5Z")),
        ],
    );
    assert_eq!(found[0].date, 20_777);
    assert!(notes.is_empty());

    let (found, notes) = parts(Signal::Logs, |batches| batches.log_record(&LOG));
    check(&found, Table::Logs, &[("time", Cell::Null)]);
    assert_eq!((found[0].date, notes["no_time"]), (0, 1));
}

#[test]
fn what_does_not_fit_is_kept_in_the_rest() {
    let (found, notes) = parts(Signal::Traces, |batches| {
        batches.span(&Span {
            start_time_unix_nano: 1_795_168_800_000_000_000,
            end_time_unix_nano: u64::MAX,
            ..SPAN
        });
    });
    check(
        &found,
        Table::Traces,
        &[
            ("end_time_unix_nano", Cell::Null),
            ("duration_nano", Cell::Null),
            (
                "attributes",
                text(r#"{"otolith.end_time_unix_nano":"18446744073709551615"}"#),
            ),
        ],
    );
    assert_eq!(notes["out_of_range"], 1);

    let (found, _) = parts(Signal::Metrics, |batches| {
        batches.metric(&metric(MetricKind::Histogram));
        batches.histogram_point(&HistogramPoint {
            attributes: &[],
            start_time_unix_nano: 0,
            time_unix_nano: u64::MAX,
            count: 1 << 63,
            sum: None,
            bucket_counts: &[1, u64::MAX],
            explicit_bounds: &[0.5],
            exemplars: &[],
            flags: 0,
            min: Some(f64::INFINITY),
            max: None,
        });
    });
    let rest = concat!(
        r#"{"otolith.time_unix_nano":"18446744073709551615","otolith.count":"9223372036854775808","#,
        r#""otolith.bucket_counts":["1","18446744073709551615"]}"#
    );
    check(
        &found,
        Table::Histograms,
        &[
            ("time", Cell::Int(18_446_744_073_709_551)),
            ("count", Cell::Null),
            ("bucket_counts", Cell::Null),
            ("explicit_bounds", Cell::Doubles(vec![0.5])),
            ("min", Cell::Double(f64::INFINITY)),
            ("attributes", text(rest)),
        ],
    );
    assert_eq!(found[0].date, 0);
}

fn metric(kind: MetricKind) -> Metric<'static> {
    Metric {
        name: "m",
        description: "",
        unit: "s",
        metadata: &[],
        kind,
        aggregation_temporality: 2,
        is_monotonic: true,
    }
}

#[test]
fn points_have_the_columns_of_their_type() {
    let (found, _) = parts(Signal::Metrics, |batches| {
        batches.metric(&metric(MetricKind::Gauge));
        batches.number_point(&NumberPoint {
            attributes: &[],
            start_time_unix_nano: 0,
            time_unix_nano: 1_795_168_800_000_000_000,
            value: None,
            exemplars: &[],
            flags: 1,
        });
        batches.metric(&metric(MetricKind::ExponentialHistogram));
        batches.exponential_histogram_point(&ExponentialHistogramPoint {
            attributes: &[],
            start_time_unix_nano: 0,
            time_unix_nano: 1_795_168_800_000_000_000,
            count: 3,
            sum: Some(1.5),
            scale: -2,
            zero_count: 1,
            positive: Some(Buckets {
                offset: -1,
                bucket_counts: &[2],
            }),
            negative: None,
            flags: 0,
            exemplars: &[],
            min: None,
            max: None,
            zero_threshold: 0.0,
        });
        batches.metric(&metric(MetricKind::Summary));
        batches.summary_point(&SummaryPoint {
            attributes: &[],
            start_time_unix_nano: 0,
            time_unix_nano: 1_795_168_800_000_000_000,
            count: 3,
            sum: 1.5,
            quantile_values: &[QuantileValue {
                quantile: 0.5,
                value: 0.25,
            }],
            flags: 0,
        });
    });
    check(
        &found,
        Table::Metrics,
        &[
            ("metric_type", text("gauge")),
            ("value", Cell::Null),
            ("flags", Cell::Int(1)),
            ("temporality", Cell::Null),
            ("is_monotonic", Cell::Null),
        ],
    );
    check(
        &found,
        Table::Histograms,
        &[
            ("metric_type", text("exponential_histogram")),
            ("temporality", text("CUMULATIVE")),
            ("scale", Cell::Int(-2)),
            ("zero_count", Cell::Int(1)),
            ("positive_offset", Cell::Int(-1)),
            ("positive_counts", Cell::Ints(vec![2])),
            ("negative_offset", Cell::Null),
            ("negative_counts", Cell::Null),
            ("explicit_bounds", Cell::Null),
        ],
    );
    check(
        &found,
        Table::Summaries,
        &[
            ("quantiles", Cell::Doubles(vec![0.5])),
            ("quantile_values", Cell::Doubles(vec![0.25])),
            ("count", Cell::Int(3)),
            ("temporality", Cell::Null),
        ],
    );
}

#[test]
fn rejected_items_keep_their_place_and_the_first_bytes() {
    let mut batches = Batches::new();
    begin(&mut batches);
    batches.reject_item(ItemReject {
        signal: Signal::Logs,
        code: RejectCode("bad_value"),
        message: "expected a number".to_owned(),
        offset: 23,
        bytes: &vec![b'x'; 100_000],
    });
    batches.commit();
    let reject = &batches.rejects()[0];
    assert_eq!((reject.origin.frame, reject.origin.offset), (7, 1_023));
    assert_eq!((reject.bytes.len(), reject.len_bytes), (65_536, 100_000));
    assert_eq!(batches.counts().rejected_items, 1);
}

#[test]
fn two_services_of_one_database_are_noted() {
    let mut batches = Batches::new();
    for service_name in ["a-b", "a b", "a-b", "c"] {
        begin(&mut batches);
        resource(&mut batches, Signal::Logs, service_name);
        batches.log_record(&LOG);
        batches.commit();
    }
    let mut assembler = Assembler::new(AssemblerOptions::DEFAULT, BTreeMap::new());
    assembler.push(batches);
    let code = otolith_tables::problems::SERVICE_NAME_COLLISION;
    assert_eq!(assembler.notes()[&code], 1);
    let parts = drain(&mut assembler);
    let rows: Vec<_> = parts
        .iter()
        .map(|part| (part.database.as_str(), part.row_count))
        .collect();
    assert_eq!(rows, [("a_b", 3), ("c", 1)]);
}

#[test]
fn a_drain_that_fails_loses_what_follows_and_nothing_else() {
    let mut assembler = Assembler::new(AssemblerOptions::DEFAULT, BTreeMap::new());
    for (service_name, fails) in [("a", true), ("b", false)] {
        let mut batches = Batches::new();
        for signal in [Signal::Logs, Signal::Traces] {
            begin(&mut batches);
            resource(&mut batches, signal, service_name);
            if signal == Signal::Logs {
                batches.log_record(&LOG);
            } else {
                batches.span(&SPAN);
            }
            batches.commit();
        }
        assembler.push(batches);
        let mut tables = Vec::new();
        let result = assembler.drain().each(|part| {
            tables.push((part.database.as_str().to_owned(), part.table));
            if fails { Err("full") } else { Ok(()) }
        });
        if fails {
            assert_eq!(result, Err("full"));
            assert_eq!(tables.len(), 1);
        } else {
            assert_eq!(result, Ok(()));
            let name = service_name.to_owned();
            assert_eq!(tables, [(name.clone(), Table::Traces), (name, Table::Logs)]);
        }
        assert_eq!(assembler.len_bytes(), 0);
    }
}
