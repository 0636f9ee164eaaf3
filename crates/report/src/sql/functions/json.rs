//! Values of JSON documents.

use polars::prelude::*;
use serde_json::Value;

/// `json_get(text, path)` and `json_get_string`, `json_get_int`, `json_get_float`, `json_get_bool`.
///
/// A path is a key as it stands in the document (dots and all), or a way: `$.a.b`, `a.b`, `$.a[0]`,
/// `$."a.b"`. What is not there, is no JSON or has another type is null; numbers are taken as
/// each other where that is exact, and everything has a text.
pub(super) fn functions() -> Vec<UserDefinedFunction> {
    vec![
        function("json_get", DataType::String, |found| {
            let texts = found.map(|value| value.map(|v| v.to_string()));
            texts.collect::<StringChunked>().into_column()
        }),
        function("json_get_string", DataType::String, |found| {
            let text = |value: Value| match value {
                Value::Null => None,
                Value::String(text) => Some(text),
                other => Some(other.to_string()),
            };
            let texts = found.map(|value| value.and_then(text));
            texts.collect::<StringChunked>().into_column()
        }),
        function("json_get_int", DataType::Int64, |found| {
            let numbers = found.map(|value| value?.as_i64());
            numbers.collect::<Int64Chunked>().into_column()
        }),
        function("json_get_float", DataType::Float64, |found| {
            let numbers = found.map(|value| value?.as_f64());
            numbers.collect::<Float64Chunked>().into_column()
        }),
        function("json_get_bool", DataType::Boolean, |found| {
            let values = found.map(|value| value?.as_bool());
            values.collect::<BooleanChunked>().into_column()
        }),
    ]
}

/// What a path leads to in each row.
type Found<'a> = &'a mut dyn Iterator<Item = Option<Value>>;

fn function(
    name: &'static str,
    dtype: DataType,
    collect: fn(Found<'_>) -> Column,
) -> UserDefinedFunction {
    let fun = move |columns: &mut [Column]| {
        let [document, path] = columns else {
            polars_bail!(InvalidOperation: "{name} takes a column and a path");
        };
        let path = path.get(0)?;
        let Some(path) = path.get_str() else {
            polars_bail!(InvalidOperation: "paths of {name} are literals");
        };
        let documents = document.str()?;
        let mut found = documents.iter().map(|text| at(text?, path));
        Ok(collect(&mut found).with_name(document.name().clone()))
    };
    let output = move |_: &Schema, fields: &[Field]| match fields {
        [document, _] if document.dtype() == &DataType::String => {
            Ok(Field::new(document.name().clone(), dtype.clone()))
        }
        [document, _] => {
            polars_bail!(InvalidOperation: "{name} reads JSON text; `{}` is a column of its own type", document.name())
        }
        _ => polars_bail!(InvalidOperation: "{name} takes a column and a path"),
    };
    UserDefinedFunction::new(name.into(), BaseColumnUdf::new(fun, output))
}

fn at(text: &str, path: &str) -> Option<Value> {
    let document: Value = serde_json::from_str(text).ok()?;
    if let Some(value) = document.get(path) {
        return Some(value.clone());
    }
    let mut value = &document;
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    while !rest.is_empty() {
        let (step, behind) = step(rest)?;
        value = match step {
            Step::Key(key) => value.get(key)?,
            Step::Index(index) => value.get(index)?,
        };
        rest = behind;
    }
    Some(value.clone())
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// The first step of a path, and what is behind it.
fn step(path: &str) -> Option<(Step<'_>, &str)> {
    if let Some(rest) = path.strip_prefix('[') {
        let (inner, behind) = rest.split_once(']')?;
        let quoted = inner.strip_prefix(['\'', '"']);
        return match quoted.and_then(|key| key.strip_suffix(['\'', '"'])) {
            Some(key) => Some((Step::Key(key), behind)),
            None => Some((Step::Index(inner.parse().ok()?), behind)),
        };
    }
    let path = path.strip_prefix('.').unwrap_or(path);
    if let Some(rest) = path.strip_prefix('"') {
        let (key, behind) = rest.split_once('"')?;
        return Some((Step::Key(key), behind));
    }
    let end = path.find(['.', '[']).unwrap_or(path.len());
    (end > 0).then(|| (Step::Key(&path[..end]), &path[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: &str) {
        let document = r#"{"a.b":1,"a":{"b":[2,{"c d":"x"}],"e.f":true},"n":null}"#;
        let found = at(document, path).map_or_else(|| "-".to_owned(), |v| v.to_string());
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn paths_are_keys_or_ways() {
        check("a.b", "1");
        check("$.a.b[0]", "2");
        check("$.a.b[1].\"c d\"", "\"x\"");
        check("$['a']['e.f']", "true");
        check("$.\"a.b\"", "1");
        check("n", "null");
        check("a.c", "-");
        check("$.a.b[7]", "-");
        check("$.", "-");
        check("$.a[", "-");
        assert_eq!(at("no json", "a"), None);
    }
}
