//! Other times, ids and names in what is sent.

use std::collections::BTreeSet;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

use super::*;
use crate::options::Times;

const TRACE: [u8; 16] = [7; 16];
const PARENT: [u8; 8] = [1; 8];
const CHILD: [u8; 8] = [2; 8];
const SECOND: u64 = 1_000_000_000;

fn resource() -> Option<Resource> {
    let attribute = |key: &str, text: &str| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(text.to_owned())),
        }),
        ..KeyValue::default()
    };
    Some(Resource {
        attributes: vec![attribute("service.name", "shop"), attribute("os", "linux")],
        ..Resource::default()
    })
}

/// A parent, and a child of a second with an event in its middle and a link to the parent.
fn traces(end: u64) -> Vec<u8> {
    let parent = Span {
        trace_id: TRACE.to_vec(),
        span_id: PARENT.to_vec(),
        start_time_unix_nano: end - 3 * SECOND,
        end_time_unix_nano: end,
        ..Span::default()
    };
    let child = Span {
        trace_id: TRACE.to_vec(),
        span_id: CHILD.to_vec(),
        parent_span_id: PARENT.to_vec(),
        start_time_unix_nano: end - 2 * SECOND,
        end_time_unix_nano: end - SECOND,
        events: vec![Event {
            time_unix_nano: end - 3 * SECOND / 2,
            ..Event::default()
        }],
        links: vec![Link {
            trace_id: TRACE.to_vec(),
            span_id: PARENT.to_vec(),
            ..Link::default()
        }],
        ..Span::default()
    };
    let scope = ScopeSpans {
        spans: vec![parent, child],
        ..ScopeSpans::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: resource(),
            scope_spans: vec![scope],
            ..ResourceSpans::default()
        }],
    }
    .encode_to_vec()
}

/// A delta point of the last ten seconds and a cumulative one since `start`, each with an exemplar
/// of the child.
fn metrics(time: u64, start: u64) -> Vec<u8> {
    let sum = |start_time_unix_nano, temporality| {
        let point = NumberDataPoint {
            start_time_unix_nano,
            time_unix_nano: time,
            value: Some(Number::AsInt(1)),
            exemplars: vec![Exemplar {
                time_unix_nano: time - SECOND,
                trace_id: TRACE.to_vec(),
                span_id: CHILD.to_vec(),
                ..Exemplar::default()
            }],
            ..NumberDataPoint::default()
        };
        Metric {
            data: Some(metric::Data::Sum(Sum {
                data_points: vec![point],
                aggregation_temporality: temporality,
                is_monotonic: true,
            })),
            ..Metric::default()
        }
    };
    let scope = ScopeMetrics {
        metrics: vec![sum(time - 10 * SECOND, 1), sum(start, 2)],
        ..ScopeMetrics::default()
    };
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: resource(),
            scope_metrics: vec![scope],
            ..ResourceMetrics::default()
        }],
    }
    .encode_to_vec()
}

/// Requests of metrics every ten seconds, received half a second later, and one of traces.
fn run_with_options(options: &ReplayOptions) -> Vec<(Duration, Signal, Bytes)> {
    let mut builder = TimelineBuilder::new(None).unwrap();
    let mut push = |signal, body: &[u8], time| {
        let request = Request {
            signal,
            body,
            items: 2,
            time_unix_nano: Some(time),
        };
        builder.push(request, options.copies).unwrap();
    };
    for n in 1..=5 {
        let time = T0 + n * 10 * SECOND;
        push(Signal::Metrics, &metrics(time, T0), time + SECOND / 2);
    }
    push(Signal::Traces, &traces(T0 + 33 * SECOND), T0 + 34 * SECOND);
    let plan = planned(builder, options).unwrap();
    let clock = Arc::new(FakeClock::default());
    let script = Arc::new(Script {
        answer_time: Duration::ZERO,
        answers: Mutex::default(),
        seen: Mutex::default(),
        clock: Arc::clone(&clock),
    });
    let never = AtomicBool::new(false);
    let outcome = run_with(plan, options, &NoWatch, &never, clock, Arc::clone(&script)).unwrap();
    assert!(outcome.is_clean(), "{outcome:?}");
    std::mem::take(&mut *script.seen.lock().unwrap())
}

fn points(body: &[u8]) -> Vec<NumberDataPoint> {
    let request = ExportMetricsServiceRequest::decode(body).unwrap();
    let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
    let points = metrics.iter().map(|metric| match &metric.data {
        Some(metric::Data::Sum(sum)) => sum.data_points[0].clone(),
        other => panic!("expected a sum, found {other:?}"),
    });
    points.collect()
}

fn spans(body: &[u8]) -> Vec<Span> {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    request.resource_spans[0].scope_spans[0].spans.clone()
}

#[test]
fn live_times_are_those_of_sending_and_stay_consistent() {
    let mut options = options("10x");
    options.times = Times::Live;
    let seen = run_with_options(&options);
    let (mut delta_end, mut starts, mut newest) = (None, BTreeSet::new(), Vec::new());
    // A tenth of what was recorded after the first one.
    let intended = [0, 1_000, 2_000, 2_350, 3_000, 4_000];
    for ((_, signal, body), ms) in seen.iter().zip(intended) {
        let now = FAKE_START + ms * 1_000_000;
        match signal {
            Signal::Metrics => {
                let points = points(body);
                let [delta, cumulative] = &points[..] else {
                    panic!("expected two points");
                };
                if let Some(end) = delta_end {
                    assert_eq!(delta.start_time_unix_nano, end, "intervals are adjacent");
                }
                delta_end = Some(delta.time_unix_nano);
                starts.insert(cumulative.start_time_unix_nano);
                for point in &points {
                    assert!(point.start_time_unix_nano < point.time_unix_nano);
                    let exemplar = &point.exemplars[0];
                    assert!(exemplar.time_unix_nano < point.time_unix_nano);
                    assert!(exemplar.time_unix_nano > point.start_time_unix_nano);
                }
                newest.push((now, delta.time_unix_nano));
            }
            Signal::Traces => {
                let spans = spans(body);
                // Received a second after the end of the parent, sent so, too; durations stay.
                assert_eq!(spans[0].end_time_unix_nano, now - SECOND);
                assert_eq!(spans[0].start_time_unix_nano, now - 4 * SECOND);
                let child = &spans[1];
                assert_eq!(
                    child.end_time_unix_nano - child.start_time_unix_nano,
                    SECOND
                );
                let event = child.events[0].time_unix_nano;
                assert_eq!(event - child.start_time_unix_nano, SECOND / 2);
            }
            Signal::Logs => panic!("no logs were planned"),
        }
    }
    assert_eq!(starts.len(), 1, "a series that counts up has one start");
    for (now, time) in newest {
        // Half a second before, at most, as recorded.
        assert!((now - SECOND / 2..=now).contains(&time), "{now} {time}");
    }
}

#[test]
fn at_the_recorded_speed_live_and_shifted_times_are_the_same() {
    let bodies = |times| {
        let mut options = options("1x");
        options.times = times;
        let seen = run_with_options(&options);
        seen.into_iter()
            .map(|(_, _, body)| body)
            .collect::<Vec<_>>()
    };
    assert_eq!(bodies(Times::Live), bodies(Times::Shift));
}

#[test]
fn fresh_ids_are_others_and_still_point_to_one_another() {
    let mut options = options("max");
    options.fresh_ids = true;
    let seen = run_with_options(&options);
    let body = |wanted| {
        let mut bodies = seen.iter().filter(|(_, signal, _)| *signal == wanted);
        bodies.next().unwrap().2.clone()
    };
    let spans = spans(&body(Signal::Traces));
    let (parent, child) = (&spans[0], &spans[1]);
    assert_ne!(parent.trace_id, TRACE);
    assert_ne!(parent.span_id, PARENT);
    assert_ne!(child.span_id, CHILD);
    assert_eq!(child.trace_id, parent.trace_id);
    assert_eq!(child.parent_span_id, parent.span_id);
    assert_eq!(child.links[0].trace_id, parent.trace_id);
    assert_eq!(child.links[0].span_id, parent.span_id);
    assert!(parent.parent_span_id.is_empty());
    for point in points(&body(Signal::Metrics)) {
        assert_eq!(point.exemplars[0].trace_id, parent.trace_id);
        assert_eq!(point.exemplars[0].span_id, child.span_id);
    }
    // Nothing but ids is different.
    let mut plain = spans.clone();
    plain
        .iter_mut()
        .for_each(|span| span.trace_id = TRACE.to_vec());
    plain[0].span_id = PARENT.to_vec();
    plain[1].span_id = CHILD.to_vec();
    plain[1].parent_span_id = PARENT.to_vec();
    plain[1].links[0].trace_id = TRACE.to_vec();
    plain[1].links[0].span_id = PARENT.to_vec();
    assert_eq!(plain, self::spans(&traces(T0 + 33 * SECOND)));
}

#[test]
fn copies_are_services_and_traces_of_their_own() {
    let mut options = options("max");
    options.copies = NonZeroU16::new(3).unwrap();
    let seen = run_with_options(&options);
    assert_eq!(seen.len(), 18);
    let (mut names, mut traces_seen) = (BTreeSet::new(), BTreeSet::new());
    let mut unchanged = 0;
    for (_, signal, body) in &seen {
        let resource = match signal {
            Signal::Metrics => {
                let request = ExportMetricsServiceRequest::decode(&**body).unwrap();
                request.resource_metrics[0].resource.clone()
            }
            _ => {
                let request = ExportTraceServiceRequest::decode(&**body).unwrap();
                traces_seen.insert(spans(body)[0].trace_id.clone());
                request.resource_spans[0].resource.clone()
            }
        };
        let attributes = resource.unwrap().attributes;
        let text = |i: usize| match &attributes[i].value {
            Some(AnyValue {
                value: Some(Value::StringValue(text)),
            }) => text.clone(),
            other => panic!("expected a text, found {other:?}"),
        };
        assert_eq!((&*attributes[1].key, &*text(1)), ("os", "linux"));
        names.insert(text(0));
        unchanged += usize::from(*body == traces(T0 + 33 * SECOND));
    }
    let expected = ["shop", "shop-1", "shop-2"].map(str::to_owned);
    assert_eq!(names, BTreeSet::from(expected));
    assert_eq!(traces_seen.len(), 3);
    assert_eq!(unchanged, 1, "the first one passes byte for byte");
}

#[test]
fn what_is_changed_goes_out_in_json_all_the_same() {
    let mut options = options("max");
    options.protocol = crate::route::Protocol::HttpJson;
    options.copies = NonZeroU16::new(2).unwrap();
    options.times = Times::Live;
    let seen = run_with_options(&options);
    let text = |i: usize| String::from_utf8(seen[i].2.to_vec()).unwrap();
    assert!(
        text(0).starts_with(r#"{"resourceMetrics":["#),
        "{}",
        text(0)
    );
    assert!(text(1).contains(r#""shop-1""#), "{}", text(1));
}
