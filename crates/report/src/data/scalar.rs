//! A single value.

use serde_json::{Map, Value};
use std::borrow::Cow;

/// A single value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Int(i64),
    Double(f64),
    Bool(bool),
    Text(Cow<'a, str>),
}

impl<'a> Scalar<'a> {
    /// The value as text, as [`Self::as_text`] has it.
    pub(crate) fn into_text(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => text,
            other => other.as_text().into_owned().into(),
        }
    }

    /// The value as text; numbers and truth values in their JSON spelling.
    pub(crate) fn as_text(&self) -> Cow<'_, str> {
        match self {
            Scalar::Int(n) => n.to_string().into(),
            Scalar::Double(x) => x.to_string().into(),
            Scalar::Bool(b) => if *b { "true" } else { "false" }.into(),
            Scalar::Text(text) => Cow::Borrowed(text),
        }
    }

    /// The value as a number; texts are read as decimal numbers.
    pub(crate) fn as_double(&self) -> Option<f64> {
        match self {
            Scalar::Int(n) => Some(*n as f64),
            Scalar::Double(x) => Some(*x),
            Scalar::Bool(_) => None,
            Scalar::Text(text) => text.trim().parse().ok(),
        }
    }

    /// The value as a whole number; doubles are rounded to the nearest.
    pub(crate) fn as_int(&self) -> Option<i64> {
        if let Scalar::Int(n) = self {
            return Some(*n);
        }
        if let Scalar::Text(text) = self
            && let Ok(n) = text.trim().parse()
        {
            return Some(n);
        }
        let rounded = self.as_double()?.round();
        (rounded.abs() < 9_223_372_036_854_775_808.0).then_some(rounded as i64)
    }
}

/// Names of the only member of an object that stands for a value which plain JSON cannot tell, as
/// far as these are scalars.
const WRAPPERS: [&str; 4] = ["stringValue", "boolValue", "intValue", "doubleValue"];

/// A scalar member of the JSON rest of attributes, plain or as an `AnyValue`.
pub(crate) fn member(rest: &str, key: &str) -> Option<Scalar<'static>> {
    // Most rests do not hold the key; looking for its bytes first spares the parsing.
    if !rest.contains(key) {
        return None;
    }
    let rest: Value = serde_json::from_str(rest).ok()?;
    let member = rest.get(key)?;
    match wrapped(member).unwrap_or(member) {
        Value::String(text) => Some(Scalar::Text(text.clone().into())),
        Value::Bool(b) => Some(Scalar::Bool(*b)),
        Value::Number(n) => n
            .as_i64()
            .map(Scalar::Int)
            .or_else(|| n.as_f64().map(Scalar::Double)),
        _ => None,
    }
}

fn wrapped(member: &Value) -> Option<&Value> {
    let object: &Map<String, Value> = member.as_object()?;
    let (name, value) = object.iter().next()?;
    (object.len() == 1 && WRAPPERS.contains(&name.as_str())).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rest: &str, expected: Option<Scalar<'_>>) {
        assert_eq!(member(rest, "k"), expected, "{rest}");
    }

    #[test]
    fn scalars_are_found_in_the_rest() {
        check(r#"{"k":"x"}"#, Some(Scalar::Text("x".into())));
        check(r#"{"a":1,"k":7}"#, Some(Scalar::Int(7)));
        check(r#"{"k":7.0}"#, Some(Scalar::Double(7.0)));
        check(r#"{"k":true}"#, Some(Scalar::Bool(true)));
        let nan = Some(Scalar::Text("NaN".into()));
        check(r#"{"k":{"doubleValue":"NaN"}}"#, nan);
        check(r#"{"k":{"bytesValue":"AA=="}}"#, None);
        check(r#"{"k":{"name":"x"}}"#, None);
        check(r#"{"k":[1]}"#, None);
        check(r#"{"k":null}"#, None);
        check(r#"{"a":"k"}"#, None);
    }
}
