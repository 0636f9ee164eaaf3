//! The views of metrics: one by the name of each.
//!
//! Numbers have their points under `value`. Histograms and summaries have no one value: their view has
//! the columns of their table, and `NAME_count` and `NAME_sum` are views of numbers, as Prometheus and
//! `GreptimeDB` name them.

use super::Unions;
use super::scan;
use super::tables::Catalogue;
use super::views;
use crate::error::ReportError;
use crate::notes::Notes;
use otolith_tables::{Table, base_fields, normalise};
use polars::prelude::{DataType, Expr, LazyFrame, col, lit};
use std::collections::{BTreeMap, BTreeSet};

/// Longest name of a metric's view in bytes.
const MAX_NAME_BYTES: usize = 100;

/// What a view shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MetricView {
    table: Table,
    /// The column that is the value; none where there is no one value.
    value: Option<&'static str>,
    /// Metrics whose names give the name of the view.
    metrics: BTreeSet<String>,
}

/// The views of the metrics of a lake, by name. A metric of numbers goes before the count or sum of
/// another that would have its name.
pub(super) fn views_of(catalogue: &Catalogue) -> Result<BTreeMap<String, MetricView>, ReportError> {
    let mut found: BTreeMap<String, MetricView> = BTreeMap::new();
    for (table, shapes) in [
        (Table::Metrics, &[("", Some("value"))][..]),
        (Table::Histograms, &HISTOGRAM),
        (Table::Summaries, &HISTOGRAM),
    ] {
        for name in names(catalogue, table)? {
            for (ending, value) in shapes {
                let view = normalise(&format!("{name}{ending}"), MAX_NAME_BYTES);
                let view = found.entry(view).or_insert_with(|| MetricView {
                    table,
                    value: *value,
                    metrics: BTreeSet::new(),
                });
                if (view.table, view.value) == (table, *value) {
                    view.metrics.insert(name.clone());
                }
            }
        }
    }
    Ok(found)
}

/// Endings of the names of views, and the column that is the value.
const HISTOGRAM: [(&str, Option<&str>); 3] =
    [("", None), ("_count", Some("count")), ("_sum", Some("sum"))];

/// The names of the metrics of a table.
fn names(catalogue: &Catalogue, table: Table) -> Result<BTreeSet<String>, ReportError> {
    let mut names = BTreeSet::new();
    for info in catalogue.of_table(table) {
        let frame = scan::scan(info)?.select([col("metric_name").unique()]);
        let frame = scan::collect(info, frame)?;
        let column = frame.column("metric_name").and_then(|c| c.str().cloned());
        let column = column.map_err(ReportError::query)?;
        names.extend(column.iter().flatten().map(str::to_owned));
    }
    Ok(names)
}

/// The points of the metrics of a view, with the columns that they fill.
pub(super) fn points(
    catalogue: &Catalogue,
    view: &MetricView,
    unions: Unions,
    notes: &mut Notes,
) -> Result<LazyFrame, ReportError> {
    let names = view.metrics.iter();
    let is_one = names
        .map(|name| col("metric_name").eq(lit(name.as_str())))
        .reduce(Expr::or)
        .unwrap_or_else(|| lit(false));
    let infos = catalogue.of_table(view.table);
    let mut frame = views::union(view.table, &infos, unions, notes)?.filter(is_one);
    let schema = frame.collect_schema().map_err(ReportError::query)?;
    let filled = |name: &str| col(name).is_not_null().any(true).alias(name);
    let filled: Vec<Expr> = schema.iter_names().map(|name| filled(name)).collect();
    let filled = scan::guard(|| frame.clone().select(filled).collect())?;
    let filled = filled.map_err(ReportError::query)?;
    let base = base_fields(view.table);
    let mut columns = vec![col("time")];
    if let Some(value) = view.value {
        let value = || col(value).cast(DataType::Float64);
        columns.extend([
            value().alias("value"),
            col("time").alias("greptime_timestamp"),
            value().alias("greptime_value"),
        ]);
    }
    for column in filled.columns() {
        let name = column.name().as_str();
        let is_base = base.iter().any(|field| field.name == name);
        let has_values = column.bool().is_ok_and(|cells| cells.get(0) == Some(true));
        if !["time", "value"].contains(&name) && (is_base || has_values) {
            columns.push(col(name));
        }
    }
    // A resource attribute whose plain name only other metrics bear.
    let shown: BTreeSet<String> = columns.iter().filter_map(name_of).collect();
    for name in &shown {
        if let Some(plain) = name.strip_prefix("resource_")
            && schema.contains(plain)
            && !shown.contains(plain)
        {
            columns.push(col(name.as_str()).alias(plain));
        }
    }
    Ok(frame.select(columns))
}

/// The name of the column that an expression makes.
fn name_of(expr: &Expr) -> Option<String> {
    let name = expr.clone().meta().output_name().ok()?;
    Some(name.to_string())
}
