//! Reads the column `sent_as`, and undoes what it tells.

use bumpalo::Bump;
use otolith_otlp::{KeyValue, Value};

use super::json::{Json, parse_object};
use super::value;
use crate::part::AttributePlace;

/// The converted keys of a place, and how each was sent.
pub(crate) type Converted<'b> = &'b [(&'b str, Json<'b>)];

/// The converted keys of a place in a text of the column.
///
/// # Errors
///
/// If the text is not of the documented form.
pub(crate) fn of_place<'b>(
    text: Option<&'b str>,
    place: AttributePlace,
    bump: &'b Bump,
) -> Result<Converted<'b>, &'static str> {
    let Some(text) = text else { return Ok(&[]) };
    let places = parse_object(text, bump)?;
    match places.iter().find(|(name, _)| *name == place.as_str()) {
        None => Ok(&[]),
        Some((_, Json::Object(keys))) => Ok(keys),
        Some(_) => Err("expected a JSON object of keys"),
    }
}

/// Gives values back the kind and text in which they were sent. A key that is not there (any more)
/// is passed over.
///
/// # Errors
///
/// If it is not told how a value was sent.
pub(crate) fn undo<'b>(
    attributes: &mut [KeyValue<'b>],
    converted: Converted<'b>,
    bump: &'b Bump,
) -> Result<(), &'static str> {
    for (key, sent) in converted {
        if let Some(attribute) = attributes.iter_mut().find(|other| other.key == *key) {
            attribute.value = as_sent(attribute.value, *sent, bump)?;
        }
    }
    Ok(())
}

fn as_sent<'b>(
    value: Value<'b>,
    sent: Json<'b>,
    bump: &'b Bump,
) -> Result<Value<'b>, &'static str> {
    Ok(match (sent, value) {
        (Json::Object(_), _) => value::otlp(sent, bump)?,
        (Json::Text("stringValue"), Value::Bool(truth)) => {
            Value::String(if truth { "true" } else { "false" })
        }
        (Json::Text("stringValue"), Value::Int(int)) => {
            Value::String(bump.alloc_str(&int.to_string()))
        }
        // The shortest decimal without exponent, a whole number without fraction.
        (Json::Text("stringValue"), Value::Double(double)) => {
            Value::String(bump.alloc_str(&double.to_string()))
        }
        // Only doubles of the same value were made of integers, and the other way round.
        (Json::Text("intValue"), Value::Double(double)) => Value::Int(double as i64),
        (Json::Text("doubleValue"), Value::Int(int)) => Value::Double(int as f64),
        (Json::Text("stringValue" | "intValue" | "doubleValue"), value) => value,
        _ => return Err("expected the name of an `AnyValue` field, or an `AnyValue`"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: Value<'_>, sent_as: &str, expected: Result<Value<'_>, &'static str>) {
        let bump = Bump::new();
        let text = format!(r#"{{"scope":{{}},"item":{{"gone":"intValue","k":{sent_as}}}}}"#);
        let mut attributes = [KeyValue { key: "k", value }];
        let undone = of_place(Some(&text), AttributePlace::Item, &bump)
            .and_then(|converted| undo(&mut attributes, converted, &bump))
            .map(|()| attributes[0].value);
        assert_eq!(undone, expected, "{sent_as}");
    }

    #[test]
    fn values_get_back_their_kind_and_text() {
        let text = r#""stringValue""#;
        check(Value::Int(2499), text, Ok(Value::String("2499")));
        check(Value::Double(0.0), text, Ok(Value::String("0")));
        check(Value::Double(1.2e-5), text, Ok(Value::String("0.000012")));
        check(Value::Bool(true), text, Ok(Value::String("true")));
        check(Value::String("x"), text, Ok(Value::String("x")));
        check(Value::Double(5.0), r#""intValue""#, Ok(Value::Int(5)));
        check(Value::Int(5), r#""doubleValue""#, Ok(Value::Double(5.0)));
        check(
            Value::Double(0.01),
            r#"{"stringValue":"0.0100"}"#,
            Ok(Value::String("0.0100")),
        );
        assert!(of_place(Some("[]"), AttributePlace::Item, &Bump::new()).is_err());
        assert!(of_place(Some(r#"{"item":5}"#), AttributePlace::Item, &Bump::new()).is_err());
        let other = Err("expected the name of an `AnyValue` field, or an `AnyValue`");
        check(Value::Int(5), r#""int""#, other);
        check(Value::Int(5), "5", other);
    }
}
