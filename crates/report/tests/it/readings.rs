//! Hand-written points of hosts.

use crate::otlp::{at, attributes, metric_of};
use serde_json::{Value, json};

/// A point: time in seconds, value, attributes.
pub type Reading = (f64, f64, Value);

/// A resource with these attributes besides the service.
pub fn watcher(more: Value) -> Value {
    let mut members = json!({"service.name": "watcher"});
    let more = more.as_object().unwrap().clone();
    members.as_object_mut().unwrap().extend(more);
    json!({"attributes": attributes(&members)})
}

/// A resource of a host.
pub fn host(name: Option<&str>) -> Value {
    watcher(name.map_or(json!({}), |name| json!({"host.name": name})))
}

pub fn gauge(resource: &Value, name: &str, readings: &[Reading]) -> Value {
    let gauge = json!({"dataPoints": points(readings, None)});
    metric_of(resource, "any", &json!({"name": name, "gauge": gauge}))
}

/// A counter that started at second 0.
pub fn counter(
    resource: &Value,
    (name, unit): (&str, &str),
    temporality: u8,
    readings: &[Reading],
) -> Value {
    let sum = json!({
        "aggregationTemporality": temporality,
        "isMonotonic": true,
        "dataPoints": points(readings, Some(at(0.0))),
    });
    let metric = json!({"name": name, "unit": unit, "sum": sum});
    metric_of(resource, "any", &metric)
}

fn points(readings: &[Reading], start: Option<u64>) -> Vec<Value> {
    let point = |(time, value, members): &Reading| {
        json!({
            "startTimeUnixNano": start.unwrap_or_default().to_string(),
            "timeUnixNano": at(*time).to_string(),
            "asDouble": value,
            "attributes": attributes(members),
        })
    };
    readings.iter().map(point).collect()
}
