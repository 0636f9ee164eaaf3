//! Attributes turned back from parts by the documented rules.

use std::collections::BTreeMap;

use otolith_otlp::{KeyValue, Value};

use super::leak;
use crate::{AttributePlace, ColumnOrigin, ColumnType, Part, PartColumn, Strings, Table, Values};

/// Attributes of each log record as (place, key, value), rebuilt from parts.
pub(super) fn rebuild(parts: &[Part]) -> BTreeMap<String, Vec<(AttributePlace, String, Rebuilt)>> {
    let mut rows = BTreeMap::new();
    for part in parts.iter().filter(|part| part.table == Table::Logs) {
        for row in 0..part.row_count {
            let mut found = Vec::new();
            let mut id = String::new();
            for column in &part.columns {
                assert_well_formed(column, part.row_count);
                let Some(value) = at(column, row) else {
                    continue;
                };
                match (&column.field.origin, column.field.name.as_str(), value) {
                    (ColumnOrigin::Attribute { place, key }, _, value) => {
                        found.push((*place, key.clone(), value));
                    }
                    (_, "body", Rebuilt::Text(text)) => id = text,
                    (_, "service_name", value) => {
                        let key = "service.name".to_owned();
                        found.push((AttributePlace::Resource, key, value));
                    }
                    (_, "attributes", value) => rest(AttributePlace::Item, &value, &mut found),
                    (_, "resource_attributes", value) => {
                        rest(AttributePlace::Resource, &value, &mut found);
                    }
                    (_, "scope_attributes", value) => {
                        rest(AttributePlace::Scope, &value, &mut found);
                    }
                    _ => {}
                }
            }
            found.sort_by_key(|(place, key, _)| (*place, key.clone()));
            assert!(rows.insert(id, found).is_none());
        }
    }
    rows
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rebuilt {
    Text(String),
    Int(i64),
    Double(f64),
    Bool(bool),
    /// What the JSON rest says of it.
    Json(serde_json::Value),
}

pub(super) fn assert_well_formed(column: &PartColumn, rows: usize) {
    let len = match &column.values {
        Values::Int64(values) => values.len(),
        Values::Double(values) => values.len(),
        Values::Boolean(values) => values.len(),
        Values::String(strings) => strings.offsets.len() - 1,
        Values::Dictionary {
            indices,
            dictionary,
        } => {
            let most = dictionary.offsets.len() as i32 - 1;
            assert!(indices.iter().all(|index| (0..most).contains(index)));
            indices.len()
        }
        Values::Int64List { offsets, .. } | Values::DoubleList { offsets, .. } => offsets.len() - 1,
    };
    assert_eq!(len, rows, "{}", column.field.name);
    if let Some(validity) = &column.validity {
        assert_eq!(validity.len(), rows);
        assert!(validity.contains(&false));
    }
    let fits = match column.field.r#type {
        ColumnType::Timestamp | ColumnType::Int64 => matches!(column.values, Values::Int64(_)),
        ColumnType::Double => matches!(column.values, Values::Double(_)),
        ColumnType::Boolean => matches!(column.values, Values::Boolean(_)),
        ColumnType::String => {
            matches!(column.values, Values::String(_) | Values::Dictionary { .. })
        }
        ColumnType::Int64List => matches!(column.values, Values::Int64List { .. }),
        ColumnType::DoubleList => matches!(column.values, Values::DoubleList { .. }),
    };
    assert!(fits, "{}", column.field.name);
}

pub(super) fn at(column: &PartColumn, row: usize) -> Option<Rebuilt> {
    if column.validity.as_ref().is_some_and(|valid| !valid[row]) {
        return None;
    }
    let text = |strings: &Strings, index: usize| {
        let range = strings.offsets[index] as usize..strings.offsets[index + 1] as usize;
        Rebuilt::Text(String::from_utf8(strings.bytes[range].to_vec()).unwrap())
    };
    match &column.values {
        Values::Int64(values) => Some(Rebuilt::Int(values[row])),
        Values::Double(values) => Some(Rebuilt::Double(values[row])),
        Values::Boolean(values) => Some(Rebuilt::Bool(values[row])),
        Values::String(strings) => Some(text(strings, row)),
        Values::Dictionary {
            indices,
            dictionary,
        } => Some(text(dictionary, indices[row] as usize)),
        Values::Int64List { .. } | Values::DoubleList { .. } => None,
    }
}

pub(super) fn rest(
    place: AttributePlace,
    json: &Rebuilt,
    found: &mut Vec<(AttributePlace, String, Rebuilt)>,
) {
    let Rebuilt::Text(json) = json else {
        panic!("the JSON rest is text");
    };
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).unwrap();
    assert!(!object.is_empty());
    for (key, value) in object {
        let key = match key.strip_prefix("otolith.attribute.") {
            Some(key) => key.to_owned(),
            None if key.starts_with("otolith.") => continue,
            None => key,
        };
        found.push((place, key, Rebuilt::Json(value)));
    }
}

/// A value of the JSON rest, turned back by the documented rule.
pub(super) fn plain(json: &serde_json::Value) -> Value<'static> {
    use base64::Engine as _;
    match json {
        serde_json::Value::Null => Value::Empty,
        serde_json::Value::Bool(truth) => Value::Bool(*truth),
        serde_json::Value::String(text) => Value::String(text.clone().leak()),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(int) => Value::Int(int),
            None => Value::Double(number.as_f64().unwrap()),
        },
        serde_json::Value::Array(items) => Value::Array(leak(items.iter().map(plain).collect())),
        serde_json::Value::Object(object) => {
            let only = (object.len() == 1).then(|| object.iter().next().unwrap());
            match only {
                Some((key, serde_json::Value::String(text))) if key == "bytesValue" => {
                    let engine = base64::engine::general_purpose::STANDARD;
                    Value::Bytes(leak(engine.decode(text).unwrap()))
                }
                Some((key, serde_json::Value::String(text))) if key == "doubleValue" => {
                    Value::Double(text.parse().unwrap())
                }
                Some((key, map)) if key == "kvlistValue" => {
                    let entries = map["values"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|entry| KeyValue {
                            key: entry["key"].as_str().unwrap().to_owned().leak(),
                            value: otlp(&entry["value"]),
                        });
                    Value::KeyValueList(leak(entries.collect()))
                }
                _ => {
                    let entries = object.iter().map(|(key, value)| KeyValue {
                        key: key.clone().leak(),
                        value: plain(value),
                    });
                    Value::KeyValueList(leak(entries.collect()))
                }
            }
        }
    }
}

/// An OTLP JSON `AnyValue`.
pub(super) fn otlp(json: &serde_json::Value) -> Value<'static> {
    let Some((key, value)) = json.as_object().unwrap().iter().next() else {
        return Value::Empty;
    };
    match key.as_str() {
        "intValue" => Value::Int(value.as_str().unwrap().parse().unwrap()),
        "arrayValue" => Value::Array(leak(
            value["values"]
                .as_array()
                .unwrap()
                .iter()
                .map(otlp)
                .collect(),
        )),
        "stringValue" | "boolValue" => plain(value),
        "doubleValue" if value.is_number() => Value::Double(value.as_f64().unwrap()),
        _ => plain(json),
    }
}

/// Equal, NaN included, and maps whatever their order (the JSON reader of the test sorts).
pub(super) fn same(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Double(a), Value::Double(b)) => {
            a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(*b).all(|(a, b)| same(a, b))
        }
        (Value::KeyValueList(a), Value::KeyValueList(b)) => {
            let sorted = |entries: &[KeyValue<'_>]| {
                let mut order: Vec<usize> = (0..entries.len()).collect();
                order.sort_by(|a, b| entries[*a].key.cmp(entries[*b].key));
                order
            };
            a.len() == b.len()
                && sorted(a)
                    .into_iter()
                    .zip(sorted(b))
                    .all(|(i, j)| a[i].key == b[j].key && same(&a[i].value, &b[j].value))
        }
        _ => a == b,
    }
}

/// True when the lake tells the value as sent, or what the documented conversions make of it.
pub(super) fn tells(sent: &KeyValue<'_>, found: &Rebuilt) -> bool {
    let is_known = ["cost_usd", "duration_ms", "success", "status_code"].contains(&sent.key);
    match (sent.value, found) {
        (sent, Rebuilt::Json(json)) if same(&sent, &plain(json)) => true,
        (Value::String(sent), Rebuilt::Text(found)) => sent == found,
        (Value::Int(sent), Rebuilt::Int(found)) => sent == *found,
        (Value::Bool(sent), Rebuilt::Bool(found)) => sent == *found,
        (Value::Double(sent), Rebuilt::Double(found)) => {
            same(&Value::Double(sent), &Value::Double(*found))
        }
        (Value::Int(sent), Rebuilt::Double(found)) => is_known && sent as f64 == *found,
        (Value::Double(sent), Rebuilt::Int(found)) => is_known && sent == *found as f64,
        (Value::String(sent), Rebuilt::Int(found)) => {
            is_known && sent.parse::<f64>() == Ok(*found as f64)
        }
        (Value::String(sent), Rebuilt::Double(found)) => is_known && sent.parse() == Ok(*found),
        (Value::String(sent), Rebuilt::Bool(found)) => is_known && sent == found.to_string(),
        // A converted value in the JSON rest, beyond the limit of columns.
        (sent, Rebuilt::Json(json)) if is_known => {
            let found = match plain(json) {
                Value::Int(int) => Rebuilt::Int(int),
                Value::Double(double) => Rebuilt::Double(double),
                Value::Bool(truth) => Rebuilt::Bool(truth),
                _ => return false,
            };
            tells(
                &KeyValue {
                    key: "cost_usd",
                    value: sent,
                },
                &found,
            )
        }
        _ => false,
    }
}
