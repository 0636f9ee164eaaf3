//! Slices: what is kept is what an independent look at the messages keeps.

use opentelemetry_proto::tonic::common::v1::any_value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::resource::v1::Resource;
use otolith_capture::{Dialect, Encoding, Frame, Origin, Signal, SignalHint, Source};
use otolith_ingest::{CatOptions, ServiceFilter, Slice, TraceSample};
use otolith_otlp::{Decoder, JsonRequestEncoder, Limits};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::generate::{Request, request};
use crate::items::Items;
use crate::{catted, items_of, options};

/// A slice as the oracle knows it.
#[derive(Clone, Debug, Default)]
struct Wanted {
    signal: Option<Signal>,
    service: Option<&'static str>,
    since: Option<u64>,
    until: Option<u64>,
    share: Option<f64>,
}

impl Wanted {
    fn slice(&self) -> Slice {
        Slice {
            signal: self.signal,
            service: self
                .service
                .map(|wanted| ServiceFilter::new(move |service| service == wanted)),
            since: self.since.map(|time| time as i64),
            until: self.until.map(|time| time as i64),
            traces: self.share.and_then(TraceSample::of_share),
        }
    }

    fn service(&self, resource: Option<&Resource>) -> bool {
        // Of repeated keys the last one counts.
        let attributes = resource.map_or(&[][..], |resource| &resource.attributes);
        let named = attributes
            .iter()
            .rfind(|attribute| attribute.key == "service.name");
        let value = named.and_then(|name| name.value.as_ref()?.value.as_ref());
        let name = match value {
            Some(any_value::Value::StringValue(name)) => name.as_str(),
            _ => "",
        };
        self.service.is_none_or(|wanted| wanted == name)
    }

    fn time(&self, time: u64) -> bool {
        let is_known = time > 0;
        // Times beyond 63 bits count as the last one.
        let time = time.min(i64::MAX as u64);
        self.since.is_none_or(|since| is_known && time >= since)
            && self.until.is_none_or(|until| is_known && time < until)
    }

    fn trace(&self, id: &[u8]) -> bool {
        let Some(share) = self.share else { return true };
        if id.len() != 16 || id.iter().all(|byte| *byte == 0) {
            return true;
        }
        // As fractions, to a thousandth.
        let number = id[9..]
            .iter()
            .fold(0.0, |sum, byte| sum * 256.0 + f64::from(*byte));
        number / 256_f64.powi(7) >= 1.0 - share
    }

    fn log(&self, record: &LogRecord) -> bool {
        let mut time = record.time_unix_nano;
        if time == 0 {
            time = record.observed_time_unix_nano;
        }
        self.time(time) && self.trace(&record.trace_id)
    }

    /// What is left of a request.
    fn keep(&self, request: &Request) -> Request {
        let mut request = request.clone();
        let of_signal = self.signal.is_none_or(|only| only == request.signal());
        match &mut request {
            Request::Traces(request) => {
                for group in &mut request.resource_spans {
                    let fits = of_signal && self.service(group.resource.as_ref());
                    for scope in &mut group.scope_spans {
                        scope.spans.retain(|span| {
                            fits && self.time(span.start_time_unix_nano)
                                && self.trace(&span.trace_id)
                        });
                    }
                }
            }
            Request::Logs(request) => {
                for group in &mut request.resource_logs {
                    let fits = of_signal && self.service(group.resource.as_ref());
                    for scope in &mut group.scope_logs {
                        scope.log_records.retain(|record| fits && self.log(record));
                    }
                }
            }
            Request::Metrics(request) => {
                for group in &mut request.resource_metrics {
                    let fits = of_signal && self.service(group.resource.as_ref());
                    for metric in group.scope_metrics.iter_mut().flat_map(|s| &mut s.metrics) {
                        let keep = |time| fits && self.time(time);
                        match &mut metric.data {
                            Some(Data::Gauge(d)) => {
                                d.data_points.retain(|p| keep(p.time_unix_nano))
                            }
                            Some(Data::Sum(d)) => d.data_points.retain(|p| keep(p.time_unix_nano)),
                            Some(Data::Histogram(d)) => {
                                d.data_points.retain(|p| keep(p.time_unix_nano))
                            }
                            Some(Data::ExponentialHistogram(d)) => {
                                d.data_points.retain(|p| keep(p.time_unix_nano));
                            }
                            Some(Data::Summary(d)) => {
                                d.data_points.retain(|p| keep(p.time_unix_nano))
                            }
                            None => {}
                        }
                    }
                }
            }
        }
        request
    }
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let time = || {
        prop::option::weighted(
            0.4,
            1_690_000_000_000_000_000..1_810_000_000_000_000_000_u64,
        )
    };
    (
        prop::option::weighted(0.3, prop::sample::select(Signal::ALL.to_vec())),
        prop::option::weighted(0.3, prop::sample::select(vec!["a", ""])),
        time(),
        time(),
        prop::option::weighted(0.4, prop::sample::select(vec![0.0, 0.1, 0.5, 1.0])),
    )
        .prop_map(|(signal, service, since, until, share)| Wanted {
            signal,
            service,
            since,
            until,
            share,
        })
}

fn frame<'a>(bytes: &'a [u8], signal: Signal) -> Frame<'a> {
    Frame {
        bytes,
        origin: Origin {
            file: "generated".into(),
            frame: 1,
            offset: 0,
        },
        encoding: Encoding::Protobuf,
        signal: SignalHint::Declared(signal),
        arrival_unix_nano: None,
    }
}

/// Requests as a capture of JSON lines, and their items.
fn capture(requests: &[Request]) -> (Source, Vec<String>) {
    let mut decoder = Decoder::new(Limits::DEFAULT);
    let mut items = Items::default();
    let mut lines = Vec::new();
    for request in requests {
        let bytes = request.encode();
        let mut encoder = JsonRequestEncoder::new();
        decoder
            .decode(&frame(&bytes, request.signal()), &mut encoder)
            .unwrap();
        decoder
            .decode(&frame(&bytes, request.signal()), &mut items)
            .unwrap();
        for (_, line) in encoder.take() {
            lines.extend_from_slice(&line);
            lines.push(b'\n');
        }
    }
    // Something must be there to recognise.
    lines.extend_from_slice(b"{\"resourceLogs\":[]}\n");
    (Source::from_bytes("generated.jsonl", lines), items.sorted())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn slices_keep_what_they_should(requests in vec(request(), 1..5), wanted in wanted()) {
        let (source, all) = capture(&requests);
        let kept: Vec<Request> = requests.iter().map(|request| wanted.keep(request)).collect();
        let (_, expected) = capture(&kept);
        for dialect in [Dialect::JsonLines, Dialect::AgenticCi] {
            let options = CatOptions { slice: wanted.slice(), ..options(dialect) };
            let out = catted(std::slice::from_ref(&source), &options);
            let account = &out.account;
            prop_assert_eq!(account.items_read, all.len() as u64);
            prop_assert_eq!(account.items_written, expected.len() as u64);
            prop_assert!(account.is_clean());
            if !expected.is_empty() {
                prop_assert_eq!(&items_of(&[out.source()], None), &expected);
            }
        }
        // A protobuf file of one signal is read with that in mind.
        if let Some(signal) = wanted.signal {
            let options = CatOptions { slice: wanted.slice(), ..options(Dialect::Varint) };
            let out = catted(std::slice::from_ref(&source), &options);
            if out.account.requests > 1 {
                prop_assert_eq!(&items_of(&[out.source()], Some(signal)), &expected);
            }
        }
    }
}

#[test]
fn resources_and_scopes_stay_with_what_is_kept_and_go_with_the_rest() {
    let line = concat!(
        r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}}]},"#,
        r#""scopeLogs":[{"scope":{"name":"one"},"logRecords":[{"timeUnixNano":"5"}]},"#,
        r#"{"scope":{"name":"two"},"logRecords":[{"timeUnixNano":"9"},{"timeUnixNano":"7"}]}]},"#,
        r#"{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"b"}}]},"#,
        r#""scopeLogs":[{"scope":{"name":"three"},"logRecords":[{"timeUnixNano":"9"}]}]}]}"#
    );
    let source = Source::from_bytes("a.jsonl", format!("{line}\n").into_bytes());
    let check = |wanted: Wanted, expected: &str| {
        let options = CatOptions {
            slice: wanted.slice(),
            ..options(Dialect::JsonLines)
        };
        let out = catted(std::slice::from_ref(&source), &options);
        assert_eq!(String::from_utf8(out.bytes()).unwrap(), expected);
    };
    let late = Wanted {
        since: Some(8),
        service: Some("a"),
        ..Wanted::default()
    };
    check(
        late,
        concat!(
            r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}}]},"#,
            r#""scopeLogs":[{"scope":{"name":"two"},"logRecords":[{"timeUnixNano":"9"}]}]}]}"#,
            "\n"
        ),
    );
    let nothing = Wanted {
        service: Some("c"),
        ..Wanted::default()
    };
    check(nothing, "");
    // All of it: unchanged.
    let all = Wanted {
        until: Some(10),
        ..Wanted::default()
    };
    check(all, &format!("{line}\n"));
}

/// Spans and logs of a trace share its fate, in any file.
#[test]
fn traces_of_a_real_capture_are_sampled_as_wholes() {
    let sources = crate::support::captured("mix-dev/agentic-ci.jsonl");
    let all = items_of(&sources, None);
    let mut before = Vec::new();
    for share in [0.0, 0.2, 0.6, 1.0] {
        let wanted = Wanted {
            share: Some(share),
            ..Wanted::default()
        };
        let options = CatOptions {
            slice: wanted.slice(),
            ..options(Dialect::JsonLines)
        };
        let out = catted(&sources, &options);
        let kept = items_of(&[out.source()], None);
        assert!(before.iter().all(|item| kept.binary_search(item).is_ok()));
        let points =
            |items: &[String]| items.iter().filter(|item| item.contains("Point {")).count();
        assert_eq!(points(&kept), points(&all));
        before = kept;
    }
    assert_eq!(before, all);
}
