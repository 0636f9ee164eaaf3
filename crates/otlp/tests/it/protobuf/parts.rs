//! Requests in parts, with other names, with other ids: held against decode, change, encode.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, Metric, metric};
use opentelemetry_proto::tonic::resource::v1::Resource;
use otolith_capture::Signal;
use otolith_otlp::{
    Patch, PatchIds, SpanId, TraceId, count_items, patch, suffix_resources, take_items,
};
use proptest::prelude::*;

use crate::generate::{Request, request};

/// Every item with what is around it, as text, in order; groups without items, too.
fn flat(request: &Request) -> Vec<String> {
    let mut items = Vec::new();
    match request {
        Request::Traces(request) => {
            for group in &request.resource_spans {
                let around = format!("{:?} {:?}", group.resource, group.schema_url);
                for scope in &group.scope_spans {
                    let around = format!("{around} {:?} {:?}", scope.scope, scope.schema_url);
                    let spans = scope.spans.iter().map(|span| format!("{around} {span:?}"));
                    items.extend(spans);
                    items.extend(scope.spans.is_empty().then(|| around.clone()));
                }
                items.extend(group.scope_spans.is_empty().then_some(around));
            }
        }
        Request::Logs(request) => {
            for group in &request.resource_logs {
                let around = format!("{:?} {:?}", group.resource, group.schema_url);
                for scope in &group.scope_logs {
                    let around = format!("{around} {:?} {:?}", scope.scope, scope.schema_url);
                    let records = scope.log_records.iter();
                    items.extend(records.map(|record| format!("{around} {record:?}")));
                    items.extend(scope.log_records.is_empty().then(|| around.clone()));
                }
                items.extend(group.scope_logs.is_empty().then_some(around));
            }
        }
        Request::Metrics(request) => {
            for group in &request.resource_metrics {
                let around = format!("{:?} {:?}", group.resource, group.schema_url);
                for scope in &group.scope_metrics {
                    let around = format!("{around} {:?} {:?}", scope.scope, scope.schema_url);
                    for metric in &scope.metrics {
                        items.extend(points(metric).into_iter().map(|p| format!("{around} {p}")));
                    }
                    items.extend(scope.metrics.is_empty().then(|| around.clone()));
                }
                items.extend(group.scope_metrics.is_empty().then_some(around));
            }
        }
    }
    items
}

/// A metric for each of its points; itself if it has none.
fn points(metric: &Metric) -> Vec<String> {
    let mut single = metric.clone();
    let mut found = Vec::new();
    macro_rules! each {
        ($data:expr, $kind:path) => {{
            for point in &$data.data_points {
                let mut data = $data.clone();
                data.data_points = vec![point.clone()];
                single.data = Some($kind(data));
                found.push(format!("{single:?}"));
            }
        }};
    }
    match &metric.data {
        Some(metric::Data::Gauge(data)) => each!(data, metric::Data::Gauge),
        Some(metric::Data::Sum(data)) => each!(data, metric::Data::Sum),
        Some(metric::Data::Histogram(data)) => each!(data, metric::Data::Histogram),
        Some(metric::Data::ExponentialHistogram(data)) => {
            each!(data, metric::Data::ExponentialHistogram);
        }
        Some(metric::Data::Summary(data)) => each!(data, metric::Data::Summary),
        None => {}
    }
    if found.is_empty() {
        found.push(format!("{metric:?}"));
    }
    found
}

/// Ids that tell what they were.
struct Turned;

impl PatchIds for Turned {
    fn trace_id(&self, id: TraceId) -> TraceId {
        id.map(|byte| byte.rotate_left(3) ^ 0x5A)
    }

    fn span_id(&self, id: SpanId) -> SpanId {
        id.map(|byte| byte.rotate_left(5) ^ 0xA5)
    }
}

/// What [`Turned`] makes of an id in a message.
fn turn(id: &mut Vec<u8>) {
    if id.iter().all(|byte| *byte == 0) {
        return;
    }
    if let Ok(trace) = TraceId::try_from(&**id) {
        *id = Turned.trace_id(trace).to_vec();
    } else if let Ok(span) = SpanId::try_from(&**id) {
        *id = Turned.span_id(span).to_vec();
    }
}

fn turn_exemplars<'a>(exemplars: impl IntoIterator<Item = &'a mut Exemplar>) {
    for exemplar in exemplars {
        turn(&mut exemplar.trace_id);
        turn(&mut exemplar.span_id);
    }
}

fn turned(mut request: Request) -> Request {
    match &mut request {
        Request::Traces(request) => {
            let groups = request.resource_spans.iter_mut();
            let scopes = groups.flat_map(|group| &mut group.scope_spans);
            for span in scopes.flat_map(|scope| &mut scope.spans) {
                turn(&mut span.trace_id);
                turn(&mut span.span_id);
                turn(&mut span.parent_span_id);
                for link in &mut span.links {
                    turn(&mut link.trace_id);
                    turn(&mut link.span_id);
                }
            }
        }
        Request::Logs(request) => {
            let groups = request.resource_logs.iter_mut();
            let scopes = groups.flat_map(|group| &mut group.scope_logs);
            for record in scopes.flat_map(|scope| &mut scope.log_records) {
                turn(&mut record.trace_id);
                turn(&mut record.span_id);
            }
        }
        Request::Metrics(request) => {
            let groups = request.resource_metrics.iter_mut();
            let scopes = groups.flat_map(|group| &mut group.scope_metrics);
            for metric in scopes.flat_map(|scope| &mut scope.metrics) {
                match &mut metric.data {
                    Some(metric::Data::Gauge(data)) => {
                        turn_exemplars(data.data_points.iter_mut().flat_map(|p| &mut p.exemplars));
                    }
                    Some(metric::Data::Sum(data)) => {
                        turn_exemplars(data.data_points.iter_mut().flat_map(|p| &mut p.exemplars));
                    }
                    Some(metric::Data::Histogram(data)) => {
                        turn_exemplars(data.data_points.iter_mut().flat_map(|p| &mut p.exemplars));
                    }
                    Some(metric::Data::ExponentialHistogram(data)) => {
                        turn_exemplars(data.data_points.iter_mut().flat_map(|p| &mut p.exemplars));
                    }
                    Some(metric::Data::Summary(_)) | None => {}
                }
            }
        }
    }
    request
}

const IDENTITY: [&str; 4] = [
    "service.name",
    "service.instance.id",
    "host.name",
    "host.id",
];

fn suffixed(mut request: Request, suffix: &str) -> Request {
    let resources: Vec<&mut Option<Resource>> = match &mut request {
        Request::Traces(request) => {
            let groups = request.resource_spans.iter_mut();
            groups.map(|group| &mut group.resource).collect()
        }
        Request::Logs(request) => {
            let groups = request.resource_logs.iter_mut();
            groups.map(|group| &mut group.resource).collect()
        }
        Request::Metrics(request) => {
            let groups = request.resource_metrics.iter_mut();
            groups.map(|group| &mut group.resource).collect()
        }
    };
    for resource in resources {
        let attributes = &mut resource.get_or_insert_default().attributes;
        let mut has_name = false;
        for attribute in attributes.iter_mut() {
            if !IDENTITY.contains(&&*attribute.key) {
                continue;
            }
            if let Some(AnyValue {
                value: Some(Value::StringValue(text)),
            }) = &mut attribute.value
            {
                text.push_str(suffix);
                has_name = true;
            }
        }
        if !has_name {
            let value = Some(Value::StringValue(suffix.to_owned()));
            let attribute = KeyValue {
                key: "service.instance.id".to_owned(),
                value: Some(AnyValue { value }),
                ..KeyValue::default()
            };
            attributes.insert(0, attribute);
        }
    }
    request
}

/// Gives some resources a name, which random keys are not.
fn named(mut request: Request, key: &str) -> Request {
    let attribute = KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue("name".to_owned())),
        }),
        ..KeyValue::default()
    };
    let resource = match &mut request {
        Request::Traces(request) => request.resource_spans.first_mut().map(|g| &mut g.resource),
        Request::Logs(request) => request.resource_logs.first_mut().map(|g| &mut g.resource),
        Request::Metrics(request) => request
            .resource_metrics
            .first_mut()
            .map(|g| &mut g.resource),
    };
    if let Some(resource) = resource {
        resource.get_or_insert_default().attributes.push(attribute);
    }
    request
}

proptest! {
    #[test]
    fn parts_hold_every_item_once_with_what_is_around_it(
        request in request(),
        cuts in prop::collection::vec(0u64..40, 0..4),
    ) {
        let signal = request.signal();
        let bytes = request.encode();
        let total = count_items(signal, &bytes).unwrap();
        let mut cuts: Vec<u64> = cuts.into_iter().map(|cut| cut.min(total)).collect();
        cuts.push(total);
        cuts.sort_unstable();
        cuts.dedup();
        let (mut from, mut parts, mut items) = (0, Vec::new(), 0);
        for to in cuts {
            let part = take_items(signal, &bytes, from..to).unwrap();
            let found = count_items(signal, &part).unwrap();
            prop_assert_eq!(found, to - from);
            items += found;
            parts.extend(flat(&Request::decode(signal, &part).unwrap()));
            from = to;
        }
        prop_assert_eq!(items, total);
        prop_assert_eq!(parts, flat(&request));
        prop_assert_eq!(take_items(signal, &bytes, 0..total).unwrap(), bytes);
    }

    #[test]
    fn ids_change_as_if_decoded_and_encoded(request in request()) {
        let signal = request.signal();
        let mut bytes = request.encode();
        let ids = Patch { time: None, ids: Some(&Turned) };
        patch(signal, &mut bytes, ids).unwrap();
        prop_assert_eq!(bytes, turned(request).encode());
    }

    #[test]
    fn names_change_as_if_decoded_and_encoded(
        request in request(),
        key in prop::sample::select(IDENTITY.to_vec()),
        is_named: bool,
    ) {
        let request = if is_named { named(request, key) } else { request };
        let signal = request.signal();
        let changed = suffix_resources(&request.encode(), "-7").unwrap();
        let changed = Request::decode(signal, &changed).unwrap();
        // As bytes, since NaN is not equal to itself.
        prop_assert_eq!(changed.encode(), suffixed(request, "-7").encode());
    }

    #[test]
    fn any_bytes_are_taken_apart_without_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        request in request(),
        at in any::<prop::sample::Index>(),
    ) {
        let mut broken = request.encode();
        if !broken.is_empty() {
            let at = at.index(broken.len());
            broken[at] ^= 0x55;
        }
        for bytes in [bytes, broken] {
            for signal in Signal::ALL {
                let _ = count_items(signal, &bytes);
                let _ = take_items(signal, &bytes, 1..2);
                let _ = suffix_resources(&bytes, "-1");
                let mut patched = bytes.clone();
                let ids = Patch { time: None, ids: Some(&Turned) };
                let _ = patch(signal, &mut patched, ids);
                prop_assert_eq!(patched.len(), bytes.len());
            }
        }
    }
}

#[test]
fn unknown_fields_go_with_what_they_are_in() {
    // A request of two log records, with field 99 = 1 everywhere, and a resource that comes last.
    const UNKNOWN: &[u8] = &[0x98, 0x06, 1];
    let put =
        |number: u8, content: &[u8]| [&[number << 3 | 2, content.len() as u8], content].concat();
    let record = |severity: u8| put(2, &[&[0x10, severity], UNKNOWN].concat());
    let request = |records: &[Vec<u8>]| {
        let scope = [&records.concat()[..], UNKNOWN].concat();
        let group = [&put(2, &scope)[..], UNKNOWN, &put(1, UNKNOWN)].concat();
        [&put(1, &group)[..], UNKNOWN].concat()
    };
    let whole = request(&[record(1), record(2)]);
    for (range, records) in [(0..1, [record(1)]), (1..2, [record(2)])] {
        let part = take_items(Signal::Logs, &whole, range).unwrap();
        assert_eq!(part, request(&records));
    }
}
