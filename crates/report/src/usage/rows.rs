//! Rows of one table, with cells by key of the mapping.

use super::mapping::{Condition, Key, KeyId, Mapping, Source, Test};
use crate::error::ReportError;
use crate::scan;
use otolith_lake::TableInfo;
use otolith_tables::{AttributePlace, ColumnOrigin, ColumnType, Field};
use polars::prelude::{
    BooleanChunked, Column, DataFrame, DataType, Expr, Float64Chunked, Int64Chunked, PolarsResult,
    StringChunked, col, lit,
};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A single value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Int(i64),
    Double(f64),
    Bool(bool),
    Text(Cow<'a, str>),
}

impl Scalar<'_> {
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

/// A column in one chunk.
enum Cells {
    Int(Int64Chunked),
    Double(Float64Chunked),
    Bool(BooleanChunked),
    Text(StringChunked),
    /// A key inside the JSON rest of attributes.
    Json(StringChunked, String),
}

impl Cells {
    fn of(column: &Column) -> PolarsResult<Option<Self>> {
        let series = column.as_materialized_series().rechunk();
        Ok(match series.dtype() {
            DataType::Int64 => Some(Self::Int(series.i64()?.clone())),
            DataType::Float64 => Some(Self::Double(series.f64()?.clone())),
            DataType::Boolean => Some(Self::Bool(series.bool()?.clone())),
            DataType::String => Some(Self::Text(series.str()?.clone())),
            DataType::Datetime(..) => {
                Some(Self::Int(series.cast(&DataType::Int64)?.i64()?.clone()))
            }
            _ => None,
        })
    }

    fn get(&self, row: usize) -> Option<Scalar<'_>> {
        match self {
            Self::Int(cells) => cells.get(row).map(Scalar::Int),
            Self::Double(cells) => cells.get(row).map(Scalar::Double),
            Self::Bool(cells) => cells.get(row).map(Scalar::Bool),
            Self::Text(cells) => cells.get(row).map(|text| Scalar::Text(text.into())),
            Self::Json(cells, key) => json_member(cells.get(row)?, key),
        }
    }
}

/// A scalar member of the JSON rest of attributes, plain or as an `AnyValue`.
fn json_member(text: &str, key: &str) -> Option<Scalar<'static>> {
    // Most rests do not hold the key; looking for its bytes first spares the parsing.
    if !text.contains(key) {
        return None;
    }
    let rest: Value = serde_json::from_str(text).ok()?;
    let member = rest.get(key)?;
    let any_value = member.as_object().and_then(|o| o.values().next());
    match any_value.unwrap_or(member) {
        Value::String(text) => Some(Scalar::Text(text.clone().into())),
        Value::Bool(b) => Some(Scalar::Bool(*b)),
        Value::Number(n) => n
            .as_i64()
            .map(Scalar::Int)
            .or_else(|| n.as_f64().map(Scalar::Double)),
        _ => None,
    }
}

/// Base columns that readers need besides the keys of the mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    Time,
    TimeUnixNano,
    ObservedTimeUnixNano,
    StartTimeUnixNano,
    ServiceName,
    ScopeName,
    TraceId,
    SpanId,
    ParentSpanId,
    EventNameField,
    Body,
    MetricName,
    SpanName,
    Temporality,
    SeriesId,
    Value,
    Count,
    Sum,
}

/// Names in the order of [`Base`].
const BASE: [&str; 18] = [
    "time",
    "time_unix_nano",
    "observed_time_unix_nano",
    "start_time_unix_nano",
    "service_name",
    "scope_name",
    "trace_id",
    "span_id",
    "parent_span_id",
    "event_name_field",
    "body",
    "metric_name",
    "span_name",
    "temporality",
    "series_id",
    "value",
    "count",
    "sum",
];

/// Rows of one table that some source of the mapping may want.
pub(crate) struct Rows {
    /// Per key of the mapping: its columns, the plain one first.
    slots: Vec<Vec<Cells>>,
    base: Vec<Option<Cells>>,
    len: usize,
}

impl Rows {
    /// Reads what the sources may want from a table: matching rows, needed columns.
    pub(crate) fn read(
        info: &TableInfo,
        mapping: &Mapping,
        sources: &[&Source],
    ) -> Result<Self, ReportError> {
        let columns: Vec<KeyColumns<'_>> = mapping
            .keys
            .iter()
            .map(|key| KeyColumns::of(info, key))
            .collect();
        let mut wanted: BTreeSet<&str> = columns
            .iter()
            .flat_map(|c| c.names.iter().copied())
            .collect();
        let known = |name: &&&str| info.fields.iter().any(|field| field.name == **name);
        wanted.extend(BASE.iter().filter(known));
        let any = sources
            .iter()
            .map(|source| all_of(&source.conditions, &columns))
            .reduce(Expr::or)
            .unwrap_or_else(|| lit(false));
        let projection: Vec<Expr> = wanted.iter().map(|name| col(*name)).collect();
        let frame = scan::scan(info)?.filter(any).select(projection);
        let frame = scan::collect(info, frame)?;
        Self::from_frame(&frame, &columns).map_err(|source| ReportError::Scan {
            table: scan::qualified(info),
            source,
        })
    }

    fn from_frame(frame: &DataFrame, columns: &[KeyColumns<'_>]) -> PolarsResult<Self> {
        let mut slots = Vec::with_capacity(columns.len());
        for key in columns {
            let mut slot = Vec::new();
            for name in &key.names {
                slot.extend(match (Cells::of(frame.column(name)?)?, key.inside) {
                    (Some(Cells::Text(cells)), Some(key)) => {
                        Some(Cells::Json(cells, key.to_owned()))
                    }
                    (cells, _) => cells,
                });
            }
            slots.push(slot);
        }
        let mut base = Vec::with_capacity(BASE.len());
        for name in BASE {
            base.push(match frame.column(name) {
                Ok(column) => Cells::of(column)?,
                Err(_) => None,
            });
        }
        Ok(Self {
            slots,
            base,
            len: frame.height(),
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The value of a key: that of its first column that has one.
    pub(crate) fn get(&self, row: usize, key: KeyId) -> Option<Scalar<'_>> {
        self.slots[key.0].iter().find_map(|cells| cells.get(row))
    }

    /// The value of a base column; absent when the table lacks the column.
    pub(crate) fn base(&self, row: usize, column: Base) -> Option<Scalar<'_>> {
        self.base[column as usize].as_ref()?.get(row)
    }

    /// The text of a base column, empty when absent.
    pub(crate) fn base_text(&self, row: usize, column: Base) -> &str {
        match self.base(row, column) {
            Some(Scalar::Text(Cow::Borrowed(text))) => text,
            _ => "",
        }
    }

    /// The whole number of a base column.
    pub(crate) fn base_int(&self, row: usize, column: Base) -> Option<i64> {
        match self.base(row, column) {
            Some(Scalar::Int(n)) => Some(n),
            _ => None,
        }
    }

    /// The time of a row in nanoseconds: its own, else when it was observed, else `time`.
    pub(crate) fn time(&self, row: usize) -> Option<i64> {
        let known = |column| self.base_int(row, column).filter(|nanos| *nanos > 0);
        known(Base::TimeUnixNano)
            .or_else(|| known(Base::ObservedTimeUnixNano))
            .or_else(|| self.base_int(row, Base::Time)?.checked_mul(1_000))
    }
}

/// Where a table holds a key.
struct KeyColumns<'a> {
    /// Its columns, the plain one first; else the JSON rest.
    names: Vec<&'a str>,
    /// The key to look for inside the JSON rest.
    inside: Option<&'a str>,
    /// The only column is text, so that its value equals its text.
    text: bool,
}

impl<'a> KeyColumns<'a> {
    fn of(info: &'a TableInfo, key: &'a Key) -> Self {
        let base = |name: &str| {
            let is = |field: &&Field| field.name == name && field.origin == ColumnOrigin::Base;
            info.fields.iter().filter(is).collect::<Vec<_>>()
        };
        let (mut found, inside) = match key {
            Key::Class(_) | Key::Time => (Vec::new(), None),
            Key::Column(name) => (base(name), None),
            Key::Attribute(place, key) => {
                let is = |field: &&Field| match &field.origin {
                    ColumnOrigin::Attribute { place: p, key: k } => p == place && k == key,
                    ColumnOrigin::Base => false,
                };
                let found: Vec<&Field> = info.fields.iter().filter(is).collect();
                if found.is_empty() {
                    (base(rest_column(*place)), Some(key.as_str()))
                } else {
                    (found, None)
                }
            }
        };
        // A side column's name is the plain one's with a suffix.
        found.sort_by_key(|field| field.name.len());
        Self {
            text: inside.is_none() && found.len() == 1 && found[0].r#type == ColumnType::String,
            names: found.iter().map(|field| field.name.as_str()).collect(),
            inside,
        }
    }
}

/// The base column with the JSON of attributes that have no column of their own.
const fn rest_column(place: AttributePlace) -> &'static str {
    match place {
        AttributePlace::Item => "attributes",
        AttributePlace::Resource => "resource_attributes",
        AttributePlace::Scope => "scope_attributes",
    }
}

/// Rows that may fulfil all conditions: never fewer than those that do.
fn all_of(conditions: &[Condition], columns: &[KeyColumns<'_>]) -> Expr {
    let mut all = lit(true);
    for condition in conditions {
        let key = &columns[condition.key.0];
        let any = match &condition.test {
            Test::NotIn(_) => continue,
            Test::In(words) if key.text => words
                .iter()
                .map(|word| col(key.names[0]).eq(lit(word.as_str())))
                .reduce(Expr::or),
            Test::In(_) | Test::Present => key
                .names
                .iter()
                .map(|name| col(*name).is_not_null())
                .reduce(Expr::or),
        };
        all = all.and(any.unwrap_or_else(|| lit(false)));
    }
    all
}
