//! Real captures arrive whole, in order, byte for byte.

use std::collections::BTreeMap;
use std::path::PathBuf;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use otolith_capture::Signal;
use otolith_otlp::newest_time_unix_nano;
use prost::Message as _;
use serde_json::Value;

use crate::sink::Sink;
use crate::{options, replay, testdata};

/// Counts bodies by path.
type Bodies = BTreeMap<(String, Vec<u8>), usize>;

fn arrived(sink: &Sink) -> Bodies {
    let mut bodies = Bodies::new();
    for request in &*sink.received() {
        let key = (request.path.clone(), request.body.to_vec());
        *bodies.entry(key).or_default() += 1;
    }
    bodies
}

/// The frames of a capture's proto files, cut here.
fn frames(capture: &str) -> Bodies {
    let mut bodies = Bodies::new();
    for signal in Signal::ALL {
        let root = PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../testdata/captures"
        ));
        let file = format!("{capture}/file-exporter-proto/{signal}.binpb");
        let bytes = std::fs::read(root.join(file)).unwrap();
        let mut rest = &*bytes;
        while let Some((len, after)) = rest.split_first_chunk::<4>() {
            let (body, after) = after.split_at(u32::from_be_bytes(*len) as usize);
            let key = (format!("/v1/{signal}"), body.to_vec());
            *bodies.entry(key).or_default() += 1;
            rest = after;
        }
    }
    bodies
}

fn signal_of(path: &str) -> Signal {
    let is_path = |signal: &Signal| path == format!("/v1/{signal}");
    Signal::ALL.into_iter().find(is_path).unwrap()
}

const UNCOMPRESSED: [&str; 6] = [
    "claude-grpc",
    "claude-http",
    "claude-json",
    "mix-dev",
    "pysdk-grpc",
    "pysdk-http",
];

#[test]
fn protobuf_arrives_byte_for_byte_in_the_order_of_its_times() {
    for capture in UNCOMPRESSED {
        let sink = Sink::accepting();
        let sources = testdata(&format!("captures/{capture}/file-exporter-proto"));
        let outcome = replay(&sources, &options(&sink.url()));
        assert!(outcome.is_clean(), "{capture}: {outcome:?}");
        assert_eq!(arrived(&sink), frames(capture), "{capture}");
        let times: Vec<u64> = sink
            .received()
            .iter()
            .map(|r| newest_time_unix_nano(signal_of(&r.path), &r.body).unwrap())
            .collect();
        assert!(times.is_sorted(), "{capture}: {times:?}");
    }
}

#[test]
fn protobuf_arrives_byte_for_byte_over_many_connections() {
    let sink = Sink::accepting();
    let mut options = options(&sink.url());
    options.in_flight = 16.try_into().unwrap();
    let sources = testdata("captures/mix-dev/file-exporter-proto");
    assert!(replay(&sources, &options).is_clean());
    assert_eq!(arrived(&sink), frames("mix-dev"));
}

/// Of repeated keys the decoder keeps the last value, in the place of the first. Codex repeats
/// `thread.id` in some spans.
fn last_of_each_key(attributes: &mut Vec<KeyValue>) {
    let mut kept: Vec<KeyValue> = Vec::new();
    for attribute in attributes.drain(..) {
        match kept.iter_mut().find(|kept| kept.key == attribute.key) {
            Some(kept) => *kept = attribute,
            None => kept.push(attribute),
        }
    }
    *attributes = kept;
}

/// Decodes and encodes again, so that requests equal in meaning are equal in bytes. Resources,
/// scopes, states and bodies that say nothing are as good as none: the Collector writes
/// `"body":{}` where there was none.
pub fn canonical(path: &str, body: &[u8]) -> Vec<u8> {
    match signal_of(path) {
        Signal::Traces => {
            let mut request = ExportTraceServiceRequest::decode(body).unwrap();
            for group in &mut request.resource_spans {
                group.resource.get_or_insert_default();
                for scope in &mut group.scope_spans {
                    scope.scope.get_or_insert_default();
                    for span in &mut scope.spans {
                        span.status.get_or_insert_default();
                        last_of_each_key(&mut span.attributes);
                    }
                }
            }
            request.encode_to_vec()
        }
        Signal::Metrics => {
            let mut request = ExportMetricsServiceRequest::decode(body).unwrap();
            for group in &mut request.resource_metrics {
                group.resource.get_or_insert_default();
                for scope in &mut group.scope_metrics {
                    scope.scope.get_or_insert_default();
                }
            }
            request.encode_to_vec()
        }
        Signal::Logs => {
            let mut request = ExportLogsServiceRequest::decode(body).unwrap();
            for group in &mut request.resource_logs {
                group.resource.get_or_insert_default();
                for scope in &mut group.scope_logs {
                    scope.scope.get_or_insert_default();
                    for record in &mut scope.log_records {
                        record.body.get_or_insert_default();
                    }
                }
            }
            request.encode_to_vec()
        }
    }
}

fn canonical_bodies(bodies: &Bodies) -> Bodies {
    let mut found = Bodies::new();
    for ((path, body), count) in bodies {
        let key = (path.clone(), canonical(path, body));
        *found.entry(key).or_default() += count;
    }
    found
}

#[test]
fn json_arrives_as_the_requests_that_its_protobuf_twin_holds() {
    for capture in UNCOMPRESSED {
        let expected = canonical_bodies(&frames(capture));
        for dialect in ["agentic-ci.jsonl", "file-exporter"] {
            let sink = Sink::accepting();
            let sources = testdata(&format!("captures/{capture}/{dialect}"));
            let outcome = replay(&sources, &options(&sink.url()));
            assert!(outcome.is_clean(), "{capture}/{dialect}: {outcome:?}");
            let found = canonical_bodies(&arrived(&sink));
            assert!(found == expected, "{capture}/{dialect} differs");
        }
    }
}

/// Requests and items by signal, of a plan and of the truth.
#[test]
fn plans_hold_what_the_truth_says_in_every_dialect() {
    let root = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../testdata/captures"
    ));
    let truth = std::fs::read(root.join("truth.json")).unwrap();
    let truth: BTreeMap<String, Value> = serde_json::from_slice(&truth).unwrap();
    let expected = |capture: &Value| -> Vec<(String, u64, u64)> {
        let items = ["spans", "data_points", "log_records"];
        let signals = Signal::ALL.iter().zip(items);
        signals
            .map(|(signal, items)| {
                let requests = &capture["requests"][signal.as_str()];
                let items = &capture["counts"][signal.as_str()][items];
                let number = |value: &Value| value.as_u64().unwrap();
                (signal.to_string(), number(requests), number(items))
            })
            .collect()
    };
    let sink = Sink::accepting();
    for (name, capture) in &truth {
        let agentic = root.join(name).join("agentic-ci.jsonl");
        let agentic = if agentic.exists() {
            "agentic-ci.jsonl"
        } else {
            "agentic-ci.jsonl.zst"
        };
        for dialect in [agentic, "file-exporter", "file-exporter-proto"] {
            let sources = testdata(&format!("captures/{name}/{dialect}"));
            let outcome = replay(&sources, &options(&sink.url()));
            assert!(outcome.is_clean(), "{name}/{dialect}: {outcome:?}");
            let signals = outcome.plan.signals.iter();
            let found: Vec<_> = signals
                .map(|s| (s.signal.to_owned(), s.requests, s.items))
                .collect();
            assert_eq!(found, expected(capture), "{name}/{dialect}");
        }
    }
}
