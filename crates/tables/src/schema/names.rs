//! Short names of enumerations.

use std::borrow::Cow;

use otolith_otlp::Value;

use super::buffer::Names;

/// Span kinds.
#[derive(Debug)]
pub(crate) struct SpanKindNames;

impl Names for SpanKindNames {
    fn name(code: i32) -> Cow<'static, str> {
        pick(
            code,
            &[
                "UNSPECIFIED",
                "INTERNAL",
                "SERVER",
                "CLIENT",
                "PRODUCER",
                "CONSUMER",
            ],
        )
    }
}

/// Status codes of spans.
#[derive(Debug)]
pub(crate) struct StatusCodeNames;

impl Names for StatusCodeNames {
    fn name(code: i32) -> Cow<'static, str> {
        pick(code, &["UNSET", "OK", "ERROR"])
    }
}

/// Name of an aggregation temporality.
pub(crate) fn temporality(code: i32) -> Cow<'static, str> {
    pick(code, &["UNSPECIFIED", "DELTA", "CUMULATIVE"])
}

/// Kinds of log bodies.
#[derive(Debug)]
pub(crate) struct BodyKind;

impl BodyKind {
    /// Number of the kind of a value.
    pub(crate) const fn code(value: &Value<'_>) -> i32 {
        match value {
            Value::Empty => 0,
            Value::String(_) => 1,
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
    fn name(code: i32) -> Cow<'static, str> {
        pick(
            code,
            &[
                "empty", "string", "bool", "int", "double", "bytes", "array", "kvlist",
            ],
        )
    }
}

fn pick(code: i32, names: &[&'static str]) -> Cow<'static, str> {
    usize::try_from(code)
        .ok()
        .and_then(|index| names.get(index))
        .map_or_else(|| Cow::Owned(code.to_string()), |name| Cow::Borrowed(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers_have_names_and_others_stay_numbers() {
        assert_eq!(SpanKindNames::name(0), "UNSPECIFIED");
        assert_eq!(SpanKindNames::name(5), "CONSUMER");
        assert_eq!(SpanKindNames::name(6), "6");
        assert_eq!(StatusCodeNames::name(-1), "-1");
        assert_eq!(StatusCodeNames::name(2), "ERROR");
        assert_eq!(temporality(1), "DELTA");
    }
}
