//! Hand-written OTLP JSON requests.

use serde_json::{Value, json};

/// A time in the capture, by seconds.
pub fn at(seconds: f64) -> u64 {
    1_790_000_000_000_000_000 + (seconds * 1e9) as u64
}

/// Attributes of plain JSON values.
pub fn attributes(members: &Value) -> Value {
    let attribute = |(key, value): (&String, &Value)| {
        let value = match value {
            Value::String(text) => json!({"stringValue": text}),
            Value::Bool(b) => json!({"boolValue": b}),
            Value::Number(n) if n.is_i64() || n.is_u64() => json!({"intValue": n.to_string()}),
            other => json!({"doubleValue": other}),
        };
        json!({"key": key, "value": value})
    };
    members.as_object().unwrap().iter().map(attribute).collect()
}

pub fn resource(service: &str) -> Value {
    let members = json!({"service.name": service, "host.name": "mimas"});
    json!({"attributes": attributes(&members)})
}

/// One log record per item: time in seconds and attributes.
pub fn logs(service: &str, scope: &str, records: &[(f64, Value)]) -> Value {
    let record = |(time, members): &(f64, Value)| {
        json!({
            "timeUnixNano": at(*time).to_string(),
            "body": {"stringValue": "something happened"},
            "attributes": attributes(members),
        })
    };
    let records: Vec<Value> = records.iter().map(record).collect();
    json!({"resourceLogs": [{
        "resource": resource(service),
        "scopeLogs": [{"scope": {"name": scope}, "logRecords": records}],
    }]})
}

/// A span: name, id, parent id (0 is none), times in seconds, attributes.
pub struct Span {
    pub name: &'static str,
    pub id: u64,
    pub parent: u64,
    pub start: f64,
    pub end: f64,
    pub error: bool,
    pub members: Value,
}

pub fn spans(service: &str, scope: &str, spans: &[Span]) -> Value {
    let span = |span: &Span| {
        let parent = match span.parent {
            0 => String::new(),
            id => format!("{id:016x}"),
        };
        json!({
            "traceId": format!("{:032x}", 7),
            "spanId": format!("{:016x}", span.id),
            "parentSpanId": parent,
            "name": span.name,
            "kind": 1,
            "startTimeUnixNano": at(span.start).to_string(),
            "endTimeUnixNano": at(span.end).to_string(),
            "attributes": attributes(&span.members),
            "status": {"code": if span.error { 2 } else { 0 }},
        })
    };
    let spans: Vec<Value> = spans.iter().map(span).collect();
    json!({"resourceSpans": [{
        "resource": resource(service),
        "scopeSpans": [{"scope": {"name": scope}, "spans": spans}],
    }]})
}

/// A point of a sum: start and time in seconds, value, attributes.
pub type Point = (f64, f64, f64, Value);

pub const DELTA: u8 = 1;
pub const CUMULATIVE: u8 = 2;

pub fn sum(service: &str, scope: &str, name: &str, temporality: u8, points: &[Point]) -> Value {
    let point = |(start, time, value, members): &Point| {
        json!({
            "startTimeUnixNano": at(*start).to_string(),
            "timeUnixNano": at(*time).to_string(),
            "asDouble": value,
            "attributes": attributes(members),
        })
    };
    let points: Vec<Value> = points.iter().map(point).collect();
    metric(
        service,
        scope,
        &json!({
            "name": name,
            "sum": {"aggregationTemporality": temporality, "isMonotonic": true, "dataPoints": points},
        }),
    )
}

/// A histogram whose points hold one value each.
pub fn histogram(
    service: &str,
    scope: &str,
    name: &str,
    temporality: u8,
    points: &[Point],
) -> Value {
    let point = |(start, time, value, members): &Point| {
        json!({
            "startTimeUnixNano": at(*start).to_string(),
            "timeUnixNano": at(*time).to_string(),
            "count": "1",
            "sum": value,
            "attributes": attributes(members),
        })
    };
    let points: Vec<Value> = points.iter().map(point).collect();
    metric(
        service,
        scope,
        &json!({
            "name": name,
            "histogram": {"aggregationTemporality": temporality, "dataPoints": points},
        }),
    )
}

pub fn metric(service: &str, scope: &str, metric: &Value) -> Value {
    metric_of(&resource(service), scope, metric)
}

pub fn metric_of(resource: &Value, scope: &str, metric: &Value) -> Value {
    json!({"resourceMetrics": [{
        "resource": resource,
        "scopeMetrics": [{"scope": {"name": scope}, "metrics": [metric]}],
    }]})
}
