//! The frames behind the names of a query.

use super::Unions;
use super::scan::{self, DATE, data_type};
use crate::error::ReportError;
use crate::notes::{NoteCode, Notes};
use crate::usage::UsageRecord;
use otolith_lake::TableInfo;
use otolith_tables::{AttributePlace, ColumnOrigin, ColumnType, Field, Table, base_fields};
use polars::prelude::{
    DataFrame, DataType, Expr, IntoLazy, LazyFrame, NamedFrom, Series, TimeUnit, UnionArgs, col,
    concat, lit,
};
use std::collections::{BTreeMap, BTreeSet};

/// The column that names the database in unions.
pub(super) const DATABASE: &str = "database";

/// One table of one database with its reading names; empty when the database lacks it.
pub(super) fn of_database(
    table: Table,
    info: Option<&TableInfo>,
) -> Result<LazyFrame, ReportError> {
    match info {
        Some(info) => {
            let (frame, fields) = reading(info)?;
            Ok(with_plain_names(frame, &fields))
        }
        None => Ok(empty(&base_fields(table))),
    }
}

/// One table over all databases, with a column `database`.
///
/// A column of one name that holds integers here and doubles there becomes double; other types of
/// one name become text, with a note.
pub(super) fn union(
    table: Table,
    infos: &[&TableInfo],
    unions: Unions,
    notes: &mut Notes,
) -> Result<LazyFrame, ReportError> {
    let mut columns: Vec<Field> = base_fields(table);
    let mut mixed = BTreeSet::new();
    let mut tables = Vec::with_capacity(infos.len());
    for info in infos {
        tables.push((info, reading(info)?));
    }
    for field in tables.iter().flat_map(|(_, (_, fields))| fields) {
        match columns.iter_mut().find(|known| known.name == field.name) {
            None => columns.push(field.clone()),
            Some(known) if known.r#type == field.r#type => {}
            Some(known) if is_number(known) && is_number(field) => {
                known.r#type = ColumnType::Double;
            }
            Some(_) => {
                mixed.insert(field.name.clone());
            }
        }
    }
    for name in &mixed {
        notes.add_about(NoteCode::MixedColumn, &format!("{table}.{name}"), 1);
    }
    let dtype = |field: &Field| {
        if mixed.contains(&field.name) {
            DataType::String
        } else {
            data_type(field.r#type)
        }
    };
    // The name `database` is ours; an attribute of that name gives way.
    let shown = |name: &str| {
        if name == DATABASE {
            format!("{DATABASE}_attr")
        } else {
            name.to_owned()
        }
    };
    let mut frames = Vec::with_capacity(infos.len());
    for (info, (frame, fields)) in tables {
        let column = |field: &Field| {
            let known = fields.iter().any(|f| f.name == field.name);
            let value = if known {
                col(field.name.as_str())
            } else {
                lit(polars::prelude::Null {})
            };
            value
                .cast(naive_type(dtype(field)))
                .alias(shown(&field.name))
        };
        let mut select: Vec<Expr> = vec![lit(info.database.as_str()).alias(DATABASE)];
        select.extend(columns.iter().map(column));
        select.push(col(DATE));
        frames.push(frame.select(select));
    }
    for field in &mut columns {
        field.name = shown(&field.name);
    }
    if frames.is_empty() {
        let database = Series::new_empty(DATABASE.into(), &DataType::String);
        let frame = empty(&columns).with_column(lit(database).alias(DATABASE));
        return Ok(frame);
    }
    Ok(with_plain_names(stacked(&frames, unions)?, &columns))
}

/// The rows of all frames, which have the same columns.
pub(super) fn stacked(frames: &[LazyFrame], unions: Unions) -> Result<LazyFrame, ReportError> {
    let frame = concat(frames, UnionArgs::default()).map_err(ReportError::query)?;
    Ok(match unions {
        Unions::Plain => frame,
        // Always true, but the engine has to read a column to know.
        Unions::Read => frame.filter(col(DATABASE).count().gt_eq(lit(0))),
    })
}

/// The type of a column in SQL: times bear no zone, since the engine compares those that do with
/// no literal. They stay in UTC.
fn naive_type(dtype: DataType) -> DataType {
    match dtype {
        DataType::Datetime(unit, Some(_)) => DataType::Datetime(unit, None),
        other => other,
    }
}

const fn is_number(field: &Field) -> bool {
    matches!(field.r#type, ColumnType::Int64 | ColumnType::Double)
}

/// A table with its columns as they are read: times as [`naive_type`] has them, and integers of an
/// attribute that was sent as a double, too, as doubles together with those. The column of the
/// latter stays.
pub(super) fn reading(info: &TableInfo) -> Result<(LazyFrame, Vec<Field>), ReportError> {
    let mut fields = info.fields.clone();
    let mut changed = Vec::new();
    for field in &mut fields {
        let column = || col(field.name.as_str());
        if field.r#type == ColumnType::Timestamp {
            changed.push(column().cast(naive_type(data_type(field.r#type))));
        }
        let is_double = |other: &&Field| {
            other.r#type == ColumnType::Double
                && other.origin == field.origin
                && other.origin != ColumnOrigin::Base
        };
        if field.r#type == ColumnType::Int64
            && let Some(double) = info.fields.iter().find(is_double)
        {
            let double = col(double.name.as_str());
            changed.push(column().cast(DataType::Float64).fill_null(double));
            field.r#type = ColumnType::Double;
        }
    }
    Ok((scan::scan(info)?.with_columns(changed), fields))
}

/// Adds resource attributes without their prefix, where no other column has the name.
fn with_plain_names(frame: LazyFrame, fields: &[Field]) -> LazyFrame {
    let names: BTreeSet<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let mut plain = BTreeMap::new();
    for field in fields {
        let is_resource = matches!(
            field.origin,
            ColumnOrigin::Attribute {
                place: AttributePlace::Resource,
                ..
            }
        );
        if let Some(name) = field.name.strip_prefix("resource_")
            && is_resource
            && !names.contains(name)
            && ![DATE, DATABASE].contains(&name)
        {
            plain.insert(name, col(field.name.as_str()).alias(name));
        }
    }
    if plain.is_empty() {
        return frame;
    }
    frame.with_columns(plain.into_values().collect::<Vec<_>>())
}

pub(super) fn empty(fields: &[Field]) -> LazyFrame {
    let column = |field: &Field| {
        let dtype = naive_type(data_type(field.r#type));
        Series::new_empty(field.name.as_str().into(), &dtype).into()
    };
    let date = Series::new_empty(DATE.into(), &DataType::Date).into();
    let columns = fields.iter().map(column).chain([date]).collect();
    DataFrame::new(0, columns).map_or_else(|_| DataFrame::empty().lazy(), IntoLazy::lazy)
}

/// The usage model as a table.
pub(super) fn usage(records: &[UsageRecord]) -> Result<LazyFrame, ReportError> {
    let text = |name: &str, get: &dyn Fn(&UsageRecord) -> Option<&str>| {
        let values: Vec<Option<&str>> = records.iter().map(get).collect();
        Series::new(name.into(), values)
    };
    let count = |name: &str, get: &dyn Fn(&UsageRecord) -> Option<u64>| {
        let values = records.iter().map(get);
        let values: Vec<Option<i64>> = values
            .map(|n| n.map(|n| i64::try_from(n).unwrap_or(i64::MAX)))
            .collect();
        Series::new(name.into(), values)
    };
    let nanos: Vec<i64> = records.iter().map(|r| r.time).collect();
    let micros: Vec<i64> = nanos.iter().map(|t| t.div_euclid(1_000)).collect();
    let cost: Vec<Option<f64>> = records
        .iter()
        .map(|r| r.cost.map(|c| c.to_dollars()))
        .collect();
    let utc = DataType::Datetime(TimeUnit::Microseconds, None);
    let time = Series::new("time".into(), micros).cast(&utc);
    let columns = [
        time.map_err(ReportError::query)?,
        Series::new("time_unix_nano".into(), nanos),
        text("agent", &|r| Some(&r.agent)),
        text("service_name", &|r| Some(&r.service)),
        text("session", &|r| r.session.as_deref()),
        text("user", &|r| r.user.as_deref()),
        text("model", &|r| r.model.as_deref()),
        text("provider", &|r| r.provider.as_deref()),
        text("host", &|r| r.host.as_deref()),
        count("input_tokens", &|r| r.tokens.input),
        count("cache_read_tokens", &|r| r.tokens.cache_read),
        count("cache_creation_tokens", &|r| r.tokens.cache_creation),
        count("output_tokens", &|r| r.tokens.output),
        count("reasoning_tokens", &|r| r.tokens.reasoning),
        count("total_tokens", &|r| r.tokens.total()),
        Series::new("cost_usd".into(), cost),
        text("request_id", &|r| r.request_id.as_deref()),
        text("prompt_id", &|r| r.prompt_id.as_deref()),
        text("source", &|r| Some(r.source)),
    ];
    let columns = columns.into_iter().map(Into::into).collect();
    let frame = DataFrame::new(records.len(), columns);
    Ok(frame.map_err(ReportError::query)?.lazy())
}
