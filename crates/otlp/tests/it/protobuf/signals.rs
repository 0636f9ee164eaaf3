//! The signal of a request, from few fields.

use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::{Gauge, Metric, NumberDataPoint, Sum, metric};
use opentelemetry_proto::tonic::trace::v1::Span;
use otolith_capture::{Encoding, Signal, SignalHint};
use otolith_otlp::problems::{BAD_PROTOBUF, UNKNOWN_SIGNAL};
use otolith_otlp::{Probe, probe_signal, resolve_signal};
use prost::Message;

use super::frame;

/// An embedded message.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    prost::encoding::encode_varint(content.len() as u64, &mut bytes);
    bytes.extend_from_slice(content);
    bytes
}

/// A request with the items in one scope.
fn request(items: &[Vec<u8>]) -> Vec<u8> {
    let items: Vec<u8> = items.iter().flat_map(|item| field(2, item)).collect();
    field(1, &field(2, &items))
}

fn check(item: impl Message + std::fmt::Debug, expected: Probe) {
    let bytes = request(&[item.encode_to_vec()]);
    assert_eq!(probe_signal(&bytes), expected, "{item:?}");
}

fn string(text: &str) -> Option<AnyValue> {
    let value = Some(any_value::Value::StringValue(text.to_owned()));
    Some(AnyValue { value })
}

#[test]
fn few_fields_are_enough() {
    let traces = Probe::Signal(Signal::Traces);
    let logs = Probe::Signal(Signal::Logs);
    let metrics = Probe::Signal(Signal::Metrics);
    let span = Span {
        trace_id: vec![0xAB; 16],
        span_id: vec![0xCD; 8],
        name: "GET".to_owned(),
        ..Span::default()
    };
    check(span.clone(), traces);
    check(
        Span {
            trace_id: Vec::new(),
            start_time_unix_nano: 1,
            ..span.clone()
        },
        traces,
    );
    check(
        Span {
            name: "only".to_owned(),
            kind: 1,
            ..Span::default()
        },
        traces,
    );
    // All that a metric might have, too.
    let span_id = b"01234567".to_vec();
    check(
        Span {
            trace_id: b"0123456789abcdef".to_vec(),
            span_id,
            ..span
        },
        Probe::Unclear,
    );

    let record = LogRecord {
        body: string("text"),
        ..LogRecord::default()
    };
    check(
        LogRecord {
            time_unix_nano: 1,
            ..record.clone()
        },
        logs,
    );
    // As Codex sends them.
    check(
        LogRecord {
            observed_time_unix_nano: 1,
            ..record.clone()
        },
        logs,
    );
    check(
        LogRecord {
            severity_number: 9,
            ..record.clone()
        },
        logs,
    );
    check(record, Probe::Unclear);

    let data_points = vec![NumberDataPoint {
        time_unix_nano: 1,
        ..Default::default()
    }];
    let gauge = Metric {
        // As long as a trace id.
        name: "system.cpu.usage".to_owned(),
        data: Some(metric::Data::Gauge(Gauge {
            data_points: data_points.clone(),
        })),
        ..Metric::default()
    };
    check(gauge.clone(), metrics);
    check(
        Metric {
            description: "8 bytes.".to_owned(),
            unit: "1".to_owned(),
            ..gauge
        },
        metrics,
    );
    let sum = Sum {
        data_points,
        aggregation_temporality: 1,
        is_monotonic: true,
    };
    let sum = Some(metric::Data::Sum(sum));
    check(
        Metric {
            name: "x".to_owned(),
            data: sum,
            ..Metric::default()
        },
        metrics,
    );
}

#[test]
fn a_clear_item_behind_unclear_ones_decides() {
    let clear = Span {
        start_time_unix_nano: 1,
        ..Span::default()
    };
    let torn = vec![0x0A, 0x7F];
    let bytes = request(&[Vec::new(), torn, clear.encode_to_vec()]);
    assert_eq!(probe_signal(&bytes), Probe::Signal(Signal::Traces));
}

#[test]
fn what_is_no_request_is_not_told() {
    assert_eq!(probe_signal(b""), Probe::Empty);
    assert_eq!(probe_signal(&field(1, b"")), Probe::Empty);
    assert_eq!(probe_signal(&request(&[])), Probe::Empty);
    assert_eq!(probe_signal(&request(&[Vec::new()])), Probe::Unclear);
    assert_eq!(probe_signal(b"{\"resourceSpans\":[]}"), Probe::NotOtlp);
    assert_eq!(probe_signal(&[0x0A, 0x02, 0x12]), Probe::NotOtlp);
    // A profile: time in field 3, duration in field 4.
    let profile = [&[0x19, 1, 0, 0, 0, 0, 0, 0, 0][..], &[0x20, 1]].concat();
    assert_eq!(probe_signal(&request(&[profile])), Probe::Unclear);
}

#[test]
fn hints_and_probe_together() {
    let span = Span {
        start_time_unix_nano: 1,
        ..Span::default()
    };
    let span = request(&[span.encode_to_vec()]);
    let (logs, traces) = (Signal::Logs, Signal::Traces);
    for (bytes, hint, expected) in [
        (&span[..], SignalHint::Unknown, Ok(traces)),
        (&span, SignalHint::FileName(logs), Ok(traces)),
        (&span, SignalHint::Declared(logs), Ok(logs)),
        (b"", SignalHint::Unknown, Err(UNKNOWN_SIGNAL)),
        (b"", SignalHint::FileName(logs), Ok(logs)),
        (b"\x0A\x05", SignalHint::Unknown, Err(BAD_PROTOBUF)),
        (b"\x0A\x05", SignalHint::FileName(logs), Ok(logs)),
    ] {
        let frame = frame(bytes, Encoding::Protobuf, hint);
        assert_eq!(
            resolve_signal(&frame).map_err(|reject| reject.code),
            expected,
            "{hint:?}"
        );
    }
}
