//! Short names of enumerations.

use otolith_otlp::{MetricKind, Value};

use super::codes::Names;

/// Span kinds.
#[derive(Debug)]
pub(crate) struct SpanKindNames;

impl Names for SpanKindNames {
    const NAMES: &'static [&'static str] = &[
        "UNSPECIFIED",
        "INTERNAL",
        "SERVER",
        "CLIENT",
        "PRODUCER",
        "CONSUMER",
    ];
}

/// Status codes of spans.
#[derive(Debug)]
pub(crate) struct StatusCodeNames;

impl Names for StatusCodeNames {
    const NAMES: &'static [&'static str] = &["UNSET", "OK", "ERROR"];
}

/// Aggregation temporalities.
#[derive(Debug)]
pub(crate) struct TemporalityNames;

impl Names for TemporalityNames {
    const NAMES: &'static [&'static str] = &["UNSPECIFIED", "DELTA", "CUMULATIVE"];
}

/// Kinds of log bodies.
#[derive(Debug)]
pub(crate) struct BodyKind;

impl BodyKind {
    /// Number of text.
    pub(crate) const STRING: i32 = 1;

    /// Number of the kind of a value.
    pub(crate) const fn code(value: &Value<'_>) -> i32 {
        match value {
            Value::Empty => 0,
            Value::String(_) => Self::STRING,
            Value::Bool(_) => 2,
            Value::Int(_) => 3,
            Value::Double(_) => 4,
            Value::Bytes(_) => 5,
            Value::Array(_) => 6,
            Value::KeyValueList(_) => 7,
        }
    }
}

impl Names for BodyKind {
    const NAMES: &'static [&'static str] = &[
        "empty", "string", "bool", "int", "double", "bytes", "array", "kvlist",
    ];
}

const METRIC_KINDS: [(MetricKind, &str); 5] = [
    (MetricKind::Gauge, "gauge"),
    (MetricKind::Sum, "sum"),
    (MetricKind::Histogram, "histogram"),
    (MetricKind::ExponentialHistogram, "exponential_histogram"),
    (MetricKind::Summary, "summary"),
];

/// Name of a kind of metrics.
pub(crate) fn metric_type(kind: MetricKind) -> &'static str {
    METRIC_KINDS[kind as usize].1
}

/// The kind of a name made by [`metric_type`].
pub(crate) fn metric_kind(name: &str) -> Option<MetricKind> {
    let mut kinds = METRIC_KINDS.iter();
    kinds
        .find(|(_, known)| *known == name)
        .map(|(kind, _)| *kind)
}

#[cfg(test)]
mod tests {
    use super::super::codes::{code, name};
    use super::*;

    fn check<N: Names>(number: i32, expected: &str) {
        assert_eq!(name::<N>(number), expected);
        assert_eq!(code::<N>(expected), Some(number));
    }

    #[test]
    fn known_numbers_have_names_and_others_stay_numbers() {
        check::<SpanKindNames>(0, "UNSPECIFIED");
        check::<SpanKindNames>(5, "CONSUMER");
        check::<SpanKindNames>(6, "6");
        check::<StatusCodeNames>(-1, "-1");
        check::<StatusCodeNames>(2, "ERROR");
        check::<TemporalityNames>(1, "DELTA");
        assert_eq!(code::<StatusCodeNames>("error"), None);
    }

    #[test]
    fn kinds_of_metrics_have_names() {
        for (kind, name) in METRIC_KINDS {
            assert_eq!(metric_type(kind), name);
            assert_eq!(metric_kind(name), Some(kind));
        }
    }
}
