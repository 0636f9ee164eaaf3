//! Columns that many rows share: of the resource, the scope and the metric.

use crate::batch::context::View;
use crate::part::{ColumnType, Layout, Part};
use crate::restore::RestoreError;

use super::ColumnDefinition;
use super::column::Column;
use super::names::metric_type;

/// A value that many rows share.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ContextValue<'a> {
    Null,
    Text(&'a str),
    Int(i64),
    Double(f64),
    Bool(bool),
}

impl<'a> ContextValue<'a> {
    fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }

    /// Text of which the empty one is the absent one.
    fn present(text: &'a str) -> Self {
        Self::text((!text.is_empty()).then_some(text))
    }
}

/// A column whose value belongs to the context of a row.
#[derive(Debug)]
pub(crate) struct ContextColumn {
    pub definition: ColumnDefinition,
    pub get: for<'a> fn(&View<'a>) -> ContextValue<'a>,
}

/// Where columns are in a part: `require` those that must be there, `find` the others.
macro_rules! read {
    ($(#[$doc:meta])* $columns:ident; $($column:ident: $type:ident, $find:ident;)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $columns<'a> {
            $(pub $column: Column<'a>,)*
        }

        impl<'a> $columns<'a> {
            /// Looks for the columns in a part.
            pub(crate) fn find(part: &'a Part) -> Result<Self, RestoreError> {
                Ok(Self {
                    $($column: Column::$find(part, stringify!($column), ColumnType::$type)?,)*
                })
            }
        }
    };
}

macro_rules! context {
    ($(#[$doc:meta])* $list:ident, $columns:ident; $(
        $column:ident: $type:ident, $meaning:literal, null $null:literal, $get:expr;
    )*) => {
        $(#[$doc])*
        pub(crate) const $list: &[ContextColumn] = &[$(ContextColumn {
            definition: ColumnDefinition {
                name: stringify!($column),
                r#type: ColumnType::$type,
                layout: Layout::Repeating,
                unit: "",
                meaning: $meaning,
                null: $null,
            },
            get: $get,
        }),*];

        read! { $(#[$doc])* $columns; $($column: $type, find;)* }
    };
}

context! {
    /// Columns of the tables of data points.
    METRIC, MetricColumns;
    metric_name: String, "name of the metric", null "the metric has no name",
        |view| ContextValue::present(view.metric_name());
    metric_type: String, "`gauge`, `sum`, `histogram`, `exponential_histogram` or `summary`", null "",
        |view| ContextValue::text(view.metric.map(|metric| metric_type(metric.kind)));
    unit: String, "unit of the values, as sent", null "no unit was sent",
        |view| ContextValue::present(view.metric.map_or("", |metric| &metric.unit));
    description: String, "what the metric measures", null "no description was sent",
        |view| ContextValue::present(view.metric.map_or("", |metric| &metric.description));
    temporality: String, "`DELTA`, `CUMULATIVE` or `UNSPECIFIED`", null "the metric type has none",
        |view| ContextValue::text(view.metric.and_then(|metric| metric.temporality.as_deref()));
    is_monotonic: Boolean, "the sum never falls", null "the metric type has none",
        |view| view.metric.and_then(|metric| metric.is_monotonic).map_or(ContextValue::Null, ContextValue::Bool);
    metric_metadata: String, "metadata of the metric, JSON like `attributes`", null "the metric has none",
        |view| ContextValue::text(view.metric.and_then(|metric| metric.metadata.as_deref()));
}

/// The name alone, for exemplars.
pub(crate) const METRIC_NAME: &[ContextColumn] = METRIC.split_at(1).0;

context! {
    /// Columns of every table.
    COMMON, CommonColumns;
    service_name: String, "resource attribute `service.name`, if it is text (not repeated as an attribute column)",
        null "the resource has no such text",
        |view| ContextValue::text(view.resource.service_name.as_deref());
    scope_name: String, "name of the instrumentation scope", null "the scope has no name",
        |view| ContextValue::present(&view.scope.name);
    scope_version: String, "version of the instrumentation scope", null "the scope has no version",
        |view| ContextValue::present(&view.scope.version);
    resource_schema_url: String, "schema URL of the resource", null "none was sent",
        |view| ContextValue::present(&view.resource.schema_url);
    scope_schema_url: String, "schema URL of the scope", null "none was sent",
        |view| ContextValue::present(&view.scope.schema_url);
    resource_dropped_attributes_count: Int64, "attributes that the emitter dropped from the resource", null "",
        |view| ContextValue::Int(view.resource.dropped_attributes_count.into());
    scope_dropped_attributes_count: Int64, "attributes that the emitter dropped from the scope", null "",
        |view| ContextValue::Int(view.scope.dropped_attributes_count.into());
    resource_entity_refs: String, "entity references of the resource, OTLP JSON", null "the resource has none",
        |view| ContextValue::text(view.resource.entity_refs.as_deref());
}

/// Defines the columns that the assembler fills.
macro_rules! ending {
    ($($column:ident: $type:ident, $layout:ident, $find:ident, $meaning:literal, null $null:literal;)*) => {
        /// The columns that end every table, filled by the assembler.
        pub(crate) const ENDING: &[ColumnDefinition] = &[$(ColumnDefinition {
            name: stringify!($column),
            r#type: ColumnType::$type,
            layout: Layout::$layout,
            unit: "",
            meaning: $meaning,
            null: $null,
        }),*];

        read! {
            /// The columns that end every table.
            EndingColumns; $($column: $type, $find;)*
        }
    };
}

ending! {
    attributes: String, Distinct, find,
        "attributes of the item that have no column of their own, JSON object", null "there are none";
    resource_attributes: String, Repeating, find,
        "attributes of the resource that have no column of their own, JSON object", null "there are none";
    scope_attributes: String, Repeating, find,
        "attributes of the scope that have no column of their own, JSON object", null "there are none";
    sent_as: String, Repeating, find,
        "how attributes were sent that were converted, JSON object (see below)", null "none was converted";
    source: String, Repeating, require,
        "where the row was read: capture file name, `#`, number of the frame in it from 1", null "";
    item: Int64, Rising, require,
        "number of the item (span, log record, point) in its frame, from 0, items rejected alone not counted; rows of events, links and exemplars have that of the item they belong to", null "";
}
