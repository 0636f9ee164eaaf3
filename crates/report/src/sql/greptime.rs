//! `opentelemetry_traces` and `opentelemetry_logs`: spans and log records by the columns that
//! `GreptimeDB` gives them.

use super::Unions;
use super::documents;
use super::keys::Keys;
use super::rewrite::Rewritten;
use super::tables::Catalogue;
use super::views::{self, DATABASE};
use crate::error::ReportError;
use crate::notes::Notes;
use otolith_lake::TableInfo;
use otolith_tables::{AttributePlace, Field, Table, base_fields};
use polars::prelude::{
    DataType, Expr, Field as FrameField, JoinArgs, JoinType, LazyFrame, PolarsResult, Schema,
    TimeUnit, UnionArgs, coalesce, col, cols, concat, lit,
};

/// The view of spans.
pub(super) const TRACES: &str = "opentelemetry_traces";
/// The view of log records.
pub(super) const LOGS: &str = "opentelemetry_logs";

/// Columns that together tell an item of the lake from all others.
const ADDRESS: [&str; 3] = [DATABASE, "source", "item"];

/// All spans. Columns of one key that hold different types are text, with a note.
pub(super) fn traces(
    catalogue: &Catalogue,
    query: &Rewritten,
    unions: Unions,
    notes: &mut Notes,
) -> Result<LazyFrame, ReportError> {
    let infos = catalogue.of_table(Table::Traces);
    let keys = Keys::of(&infos, query, notes);
    let mut frames = Vec::new();
    for info in &infos {
        let (frame, fields) = views::reading(info)?;
        let mut columns = address(info);
        columns.extend(span_columns(&fields));
        columns.extend(keys.columns(&fields));
        frames.push(frame.select(columns));
    }
    if frames.is_empty() {
        let fields = base_fields(Table::Traces);
        let mut columns = vec![lit("").alias(DATABASE), col("source"), col("item")];
        columns.extend(span_columns(&fields));
        frames.push(views::empty(&fields).select(columns));
    }
    let mut frame = views::stacked(&frames, unions)?;
    // A join each, so only where they are wanted.
    if query.mentions("span_events") {
        let events = catalogue.of_table(Table::SpanEvents);
        frame = with_list(frame, "span_events", &events, |fields| {
            let attributes = documents::attributes(fields, AttributePlace::Item, false);
            let others = [col("time_unix_nano"), attributes];
            col("event_name").map_many(documents::event, &others, text)
        })?;
    }
    if query.mentions("span_links") {
        let links = catalogue.of_table(Table::SpanLinks);
        frame = with_list(frame, "span_links", &links, |fields| {
            let attributes = documents::attributes(fields, AttributePlace::Item, false);
            let others = [col("linked_span_id"), col("trace_state"), attributes];
            col("linked_trace_id").map_many(documents::link, &others, text)
        })?;
    }
    Ok(frame.drop(cols(ADDRESS)))
}

/// All log records.
pub(super) fn logs(catalogue: &Catalogue, unions: Unions) -> Result<LazyFrame, ReportError> {
    let mut frames = Vec::new();
    for info in catalogue.of_table(Table::Logs) {
        let (frame, fields) = views::reading(info)?;
        let mut columns = vec![lit(info.database.as_str()).alias(DATABASE)];
        columns.extend(log_columns(&fields));
        frames.push(frame.select(columns));
    }
    if frames.is_empty() {
        let fields = base_fields(Table::Logs);
        let mut columns = vec![lit("").alias(DATABASE)];
        columns.extend(log_columns(&fields));
        frames.push(views::empty(&fields).select(columns));
    }
    let frame = views::stacked(&frames, unions)?;
    Ok(frame.drop(cols([DATABASE])))
}

fn address(info: &TableInfo) -> Vec<Expr> {
    vec![
        lit(info.database.as_str()).alias(DATABASE),
        col("source"),
        col("item"),
    ]
}

/// Nanoseconds as a time.
fn nanos(column: Expr) -> Expr {
    column.cast(DataType::Datetime(TimeUnit::Nanoseconds, None))
}

/// The exact time, else what stands for it.
fn timestamp() -> Expr {
    let micros = col("time").cast(DataType::Int64);
    nanos(coalesce(&[col("time_unix_nano"), micros * lit(1_000)])).alias("timestamp")
}

/// An enum by its full name.
fn full(prefix: &str, column: &str) -> Expr {
    lit(prefix) + col(column)
}

fn span_columns(fields: &[Field]) -> Vec<Expr> {
    let document =
        |place, service, name: &str| documents::attributes(fields, place, service).alias(name);
    vec![
        timestamp(),
        nanos(col("end_time_unix_nano")).alias("timestamp_end"),
        col("duration_nano"),
        col("parent_span_id"),
        col("trace_id"),
        col("span_id"),
        full("SPAN_KIND_", "span_kind").alias("span_kind"),
        col("span_name"),
        full("STATUS_CODE_", "status_code").alias("span_status_code"),
        col("status_message").alias("span_status_message"),
        col("trace_state"),
        col("scope_name"),
        col("scope_version"),
        col("service_name"),
        document(AttributePlace::Item, false, "span_attributes"),
        document(AttributePlace::Scope, false, "scope_attributes"),
        document(AttributePlace::Resource, true, "resource_attributes"),
    ]
}

fn log_columns(fields: &[Field]) -> Vec<Expr> {
    let document =
        |place, service, name: &str| documents::attributes(fields, place, service).alias(name);
    vec![
        timestamp(),
        col("trace_id"),
        col("span_id"),
        col("severity_text"),
        col("severity_number"),
        col("body"),
        document(AttributePlace::Item, false, "log_attributes"),
        col("flags").alias("trace_flags"),
        col("scope_name"),
        col("scope_version"),
        document(AttributePlace::Scope, false, "scope_attributes"),
        col("scope_schema_url"),
        document(AttributePlace::Resource, true, "resource_attributes"),
        col("resource_schema_url"),
    ]
}

/// The output of what makes texts.
fn text(_: &Schema, fields: &[FrameField]) -> PolarsResult<FrameField> {
    let name = fields.first().map(|field| field.name().clone());
    Ok(FrameField::new(name.unwrap_or_default(), DataType::String))
}

/// Adds a column with the JSON list of each span's documents, which `build` makes of the rows of
/// another table.
fn with_list(
    frame: LazyFrame,
    name: &str,
    infos: &[&TableInfo],
    build: impl Fn(&[Field]) -> Expr,
) -> Result<LazyFrame, ReportError> {
    let mut parts = Vec::new();
    for info in infos {
        let (rows, fields) = views::reading(info)?;
        let mut columns = address(info);
        columns.push(build(&fields).alias(name));
        parts.push(rows.select(columns));
    }
    if parts.is_empty() {
        return Ok(frame.with_column(lit("[]").alias(name)));
    }
    let rows = concat(&parts, UnionArgs::default()).map_err(ReportError::query)?;
    let keys: Vec<Expr> = ADDRESS.iter().map(|name| col(*name)).collect();
    // Rows of a part keep the order of the events of their span.
    let lists = rows
        .group_by_stable(keys.clone())
        .agg([col(name)])
        .with_column(col(name).map(documents::list, text_of_one));
    let joined = frame.join(lists, keys.clone(), keys, JoinArgs::new(JoinType::Left));
    Ok(joined.with_column(col(name).fill_null(lit("[]"))))
}

fn text_of_one(_: &Schema, field: &FrameField) -> PolarsResult<FrameField> {
    Ok(FrameField::new(field.name().clone(), DataType::String))
}
