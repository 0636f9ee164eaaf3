//! JSON documents of attributes: put together from their columns again.

use crate::time_text::time_text;
use otolith_tables::{AttributePlace, ColumnOrigin, ColumnType, Field as TableField};
use polars::prelude::*;
use serde_json::Value;
use std::fmt::Write as _;

/// The attributes of one place as a JSON object by keys as sent, `{}` when there are none.
///
/// Values in the JSON rest stay as they are there; doubles that JSON cannot write are their names
/// as text.
pub(super) fn attributes(fields: &[TableField], place: AttributePlace, service: bool) -> Expr {
    let rest = match place {
        AttributePlace::Item => "attributes",
        AttributePlace::Resource => "resource_attributes",
        AttributePlace::Scope => "scope_attributes",
    };
    let mut keys = Vec::new();
    let mut columns = Vec::new();
    if service {
        keys.push("service.name".to_owned());
        columns.push(col("service_name"));
    }
    for field in fields {
        match &field.origin {
            ColumnOrigin::Attribute { place: at, key } if *at == place && is_scalar(field) => {
                keys.push(key.clone());
                columns.push(col(field.name.as_str()));
            }
            _ => {}
        }
    }
    let build = move |columns: &mut [Column]| object(&keys, columns);
    let output = |_: &Schema, fields: &[Field]| {
        let name = fields.first().map(|field| field.name().clone());
        Ok(Field::new(name.unwrap_or_default(), DataType::String))
    };
    col(rest).map_many(build, &columns, output)
}

const fn is_scalar(field: &TableField) -> bool {
    !matches!(
        field.r#type,
        ColumnType::Int64List | ColumnType::DoubleList | ColumnType::Timestamp
    )
}

/// One object per row: the members of the first column, which holds objects, then the others.
fn object(keys: &[String], columns: &[Column]) -> PolarsResult<Column> {
    let Some((rest, columns)) = columns.split_first() else {
        polars_bail!(InvalidOperation: "no column of attributes");
    };
    let names: Vec<String> = keys.iter().map(|key| json_text(key)).collect();
    let height = rest.len();
    let mut rows = vec![String::from("{"); height];
    for (name, column) in names.iter().zip(columns) {
        let series = column.as_materialized_series().rechunk();
        for (row, value) in rows.iter_mut().zip(series.iter()) {
            if let Some(value) = scalar(&value) {
                separate(row);
                // Writing to a text does not fail.
                let _ = write!(row, "{name}:{value}");
            }
        }
    }
    let texts = rest.str()?;
    for (row, text) in rows.iter_mut().zip(texts.iter()) {
        let members = text.and_then(|t| t.trim().strip_prefix('{')?.strip_suffix('}'));
        if let Some(members) = members.filter(|members| !members.is_empty()) {
            separate(row);
            row.push_str(members);
        }
        row.push('}');
    }
    let texts: StringChunked = rows.into_iter().map(Some).collect();
    Ok(texts.into_column().with_name(rest.name().clone()))
}

fn separate(row: &mut String) {
    if !row.ends_with('{') {
        row.push(',');
    }
}

fn json_text(text: &str) -> String {
    Value::from(text).to_string()
}

fn scalar(value: &AnyValue<'_>) -> Option<String> {
    Some(match value {
        AnyValue::Null => return None,
        AnyValue::String(text) => json_text(text),
        AnyValue::StringOwned(text) => json_text(text),
        AnyValue::Boolean(b) => b.to_string(),
        AnyValue::Int64(n) => n.to_string(),
        AnyValue::Float64(x) if x.is_finite() => Value::from(*x).to_string(),
        AnyValue::Float64(x) if x.is_nan() => json_text("NaN"),
        AnyValue::Float64(x) => json_text(if *x > 0.0 { "Infinity" } else { "-Infinity" }),
        other => json_text(&other.to_string()),
    })
}

/// `{"name": .., "time": .., "attributes": ..}` of columns in that order, the time in nanoseconds.
pub(super) fn event(columns: &mut [Column]) -> PolarsResult<Column> {
    let [names, times, attributes] = columns else {
        polars_bail!(InvalidOperation: "three columns make an event");
    };
    let times = times
        .i64()?
        .iter()
        .map(|t| t.map(|t| json_text(&time_text(t))));
    let rows = names.str()?.iter().zip(times).zip(attributes.str()?.iter());
    let texts: StringChunked = rows
        .map(|((name, time), attributes)| {
            let name = json_text(name.unwrap_or_default());
            let time = time.as_deref().unwrap_or("null");
            let attributes = attributes.unwrap_or("{}");
            Some(format!(
                r#"{{"name":{name},"time":{time},"attributes":{attributes}}}"#
            ))
        })
        .collect();
    Ok(texts.into_column().with_name(names.name().clone()))
}

/// `{"trace_id": .., "span_id": .., "trace_state": .., "attributes": ..}` of columns in that order.
pub(super) fn link(columns: &mut [Column]) -> PolarsResult<Column> {
    let [traces, spans, states, attributes] = columns else {
        polars_bail!(InvalidOperation: "four columns make a link");
    };
    let ids = traces.str()?.iter().zip(spans.str()?.iter());
    let rows = ids.zip(states.str()?.iter()).zip(attributes.str()?.iter());
    let texts: StringChunked = rows
        .map(|(((trace, span), state), attributes)| {
            let [trace, span, state] = [trace, span, state].map(|t| json_text(t.unwrap_or_default()));
            let attributes = attributes.unwrap_or("{}");
            Some(format!(
                r#"{{"trace_id":{trace},"span_id":{span},"trace_state":{state},"attributes":{attributes}}}"#
            ))
        })
        .collect();
    Ok(texts.into_column().with_name(traces.name().clone()))
}

/// A JSON list of the documents of each group; `[]` for none.
pub(super) fn list(column: Column) -> PolarsResult<Column> {
    let lists = column.list()?;
    let mut texts = Vec::with_capacity(lists.len());
    for at in 0..lists.len() {
        let mut text = String::from("[");
        if let Some(documents) = lists.get_as_series(at) {
            for document in documents.str()?.iter().flatten() {
                if text.len() > 1 {
                    text.push(',');
                }
                text.push_str(document);
            }
        }
        text.push(']');
        texts.push(Some(text));
    }
    let texts: StringChunked = texts.into_iter().collect();
    Ok(texts.into_column().with_name(column.name().clone()))
}
