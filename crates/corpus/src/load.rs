//! Requests of equal size for tests of load.

use otolith_capture::Signal;
use otolith_otlp::{KeyValue, LogRecord, RequestEncoder, Resource, Scope, Sink as _, Span, Value};

use crate::Request;
use crate::batcher::no_frame;
use crate::host::{int, text};

/// From the start of a span to its end, in nanoseconds.
const TAKES_NANOS: u64 = 20_000_000;

/// A request of so many spans in protobuf, some 660 bytes each: what an HTTP server tells of what it
/// was asked. All end at `end_unix_nano`. The same arguments give the same bytes.
pub fn spans_request(spans: u64, end_unix_nano: u64) -> Request {
    let mut encoder = RequestEncoder::new();
    encoder.begin(&no_frame());
    let attributes = [
        text("service.name", "checkout"),
        text("service.namespace", "shop"),
        text(
            "service.instance.id",
            "627cc493-f310-47de-96bd-71410b7dec09",
        ),
        text("host.name", "mimas"),
        text("telemetry.sdk.language", "python"),
        text("telemetry.sdk.name", "opentelemetry"),
        text("telemetry.sdk.version", "1.45.2"),
    ];
    encoder.resource(Signal::Traces, &resource(&attributes));
    encoder.scope(&scope("opentelemetry.instrumentation.asgi", "0.66b2"));
    for number in 0..spans {
        let path = format!("/api/v2/orders/{number:08}/items");
        let url = format!("https://shop.example.com{path}?currency=EUR&page=1");
        let attributes = [
            text("http.request.method", "POST"),
            text("http.route", "/api/v2/orders/{order}/items"),
            int("http.response.status_code", 200),
            text("url.scheme", "https"),
            text("url.path", &path),
            text("url.full", &url),
            text("server.address", "shop.example.com"),
            int("server.port", 443),
            text("client.address", "203.0.113.195"),
            text("network.protocol.version", "1.1"),
            text(
                "user_agent.original",
                "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/145.0",
            ),
            int("http.request.body.size", 1_024),
            int("http.response.body.size", 20_480),
        ];
        let id = (number + 1).to_be_bytes();
        let mut trace_id = [7; 16];
        trace_id[8..].copy_from_slice(&id);
        encoder.span(&Span {
            trace_id: Some(trace_id),
            span_id: Some(id),
            trace_state: "",
            parent_span_id: Some([9; 8]),
            flags: 256,
            name: "POST /api/v2/orders/{order}/items",
            kind: 2,
            start_time_unix_nano: end_unix_nano - TAKES_NANOS,
            end_time_unix_nano: end_unix_nano,
            attributes: &attributes,
            dropped_attributes_count: 0,
            events: &[],
            dropped_events_count: 0,
            links: &[],
            dropped_links_count: 0,
            status_message: "",
            status_code: 1,
        });
    }
    whole(Signal::Traces, end_unix_nano, encoder)
}

/// A request of one log record with this text, in protobuf: about as short as requests are.
pub fn log_request(text: &str, time_unix_nano: u64) -> Request {
    let mut encoder = RequestEncoder::new();
    encoder.begin(&no_frame());
    encoder.resource(Signal::Logs, &resource(&[]));
    encoder.scope(&scope("", ""));
    encoder.log_record(&LogRecord {
        time_unix_nano,
        observed_time_unix_nano: 0,
        severity_number: 9,
        severity_text: "",
        body: Some(Value::String(text)),
        attributes: &[],
        dropped_attributes_count: 0,
        flags: 0,
        trace_id: None,
        span_id: None,
        event_name: "",
    });
    whole(Signal::Logs, time_unix_nano, encoder)
}

fn resource<'a>(attributes: &'a [KeyValue<'a>]) -> Resource<'a> {
    Resource {
        attributes,
        dropped_attributes_count: 0,
        entity_refs: &[],
        schema_url: "",
    }
}

fn scope<'a>(name: &'a str, version: &'a str) -> Scope<'a> {
    Scope {
        name,
        version,
        attributes: &[],
        dropped_attributes_count: 0,
        schema_url: "",
    }
}

fn whole(signal: Signal, arrival_unix_nano: u64, mut encoder: RequestEncoder) -> Request {
    encoder.commit();
    let bytes = encoder.take().into_iter().flat_map(|(_, bytes)| bytes);
    Request {
        signal,
        arrival_unix_nano,
        bytes: bytes.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_the_size_of_what_sdks_send() {
        let ten = spans_request(10, crate::AUTUMN_2026).bytes.len();
        assert!((6_600..7_000).contains(&ten), "{ten}");
        let thousand = spans_request(1_000, crate::AUTUMN_2026).bytes.len();
        assert!((640_000..670_000).contains(&thousand), "{thousand}");
    }
}
