//! What the tables look like: the only place where base columns are named.
//!
//! `table!` defines the columns that each row brings, `context!` those that many rows share.
//! Row structs, buffers, fields and documentation come from these definitions.

pub(crate) mod buffer;
pub(crate) mod codes;
pub(crate) mod column;
mod context_columns;
mod definitions;
pub(crate) mod ends;
mod ids;
mod markdown;
mod names;
mod number_lists;
pub(crate) mod runs;
pub(crate) mod strings;
mod validity;

pub(crate) use context_columns::{
    COMMON, CommonColumns, ContextColumn, ContextValue, ENDING, EndingColumns, MetricColumns,
};
pub(crate) use definitions::*;
pub use markdown::tables_markdown;
pub(crate) use names::{BodyKind, TemporalityNames, metric_kind};

use crate::part::{ColumnOrigin, ColumnType, Field, Layout};
use crate::restore::Fault;
use crate::table::Table;
use buffer::Gathered;
use column::Column;
use runs::Runs;

/// A base column as documented.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ColumnDefinition {
    pub name: &'static str,
    pub r#type: ColumnType,
    pub layout: Layout,
    /// Unit of the values, empty where they have none.
    pub unit: &'static str,
    /// One line.
    pub meaning: &'static str,
    /// When the column is null; empty when it never is.
    pub null: &'static str,
}

impl ColumnDefinition {
    pub(crate) fn field(&self) -> Field {
        Field {
            name: self.name.to_owned(),
            r#type: self.r#type,
            origin: ColumnOrigin::Base,
            layout: self.layout,
        }
    }
}

/// The row buffers of one table, made by `table!`.
pub(crate) trait Rows: Default + Send + Sync {
    /// One row.
    type Row<'a>;
    /// The table.
    const TABLE: Table;
    /// Its own columns.
    const COLUMNS: &'static [ColumnDefinition];
    /// Columns from the metric, if the rows belong to one.
    const HEADERS: &'static [ContextColumn];

    fn push(&mut self, row: Self::Row<'_>);
    fn truncate(&mut self, rows: usize);
    fn len_bytes(&self) -> usize;
    /// Bytes of variable length in a row.
    fn row_bytes(&self, row: usize) -> usize;
    /// A row out of a part, given its columns in the order of [`Self::COLUMNS`].
    fn read<'a>(columns: &[Column<'a>], row: usize) -> Result<Self::Row<'a>, Fault>;
    /// One entry per column of [`Self::COLUMNS`].
    fn gather(buffers: &[&Self], rows: &Runs) -> Vec<Gathered>;
}

/// Base columns of a table, in their order. The `date` is the directory, not a column.
pub fn base_fields(table: Table) -> Vec<Field> {
    base_columns(table)
        .iter()
        .map(ColumnDefinition::field)
        .collect()
}

/// What a base column holds, in one line, with its unit. `None` for all other names.
pub fn meaning(table: Table, column: &str) -> Option<String> {
    let definition = base_columns(table)
        .into_iter()
        .find(|definition| definition.name == column)?;
    Some(match definition.unit {
        "" => definition.meaning.to_owned(),
        unit => format!("{} ({unit})", definition.meaning),
    })
}

/// Definitions of all base columns of a table.
pub(crate) fn base_columns(table: Table) -> Vec<ColumnDefinition> {
    fn of<R: Rows>() -> Vec<ColumnDefinition> {
        R::COLUMNS
            .iter()
            .chain(R::HEADERS.iter().map(|column| &column.definition))
            .chain(COMMON.iter().map(|column| &column.definition))
            .chain(ENDING)
            .copied()
            .collect()
    }
    match table {
        Table::Traces => of::<TraceRows>(),
        Table::SpanEvents => of::<SpanEventRows>(),
        Table::SpanLinks => of::<SpanLinkRows>(),
        Table::Logs => of::<LogRows>(),
        Table::Metrics => of::<MetricRows>(),
        Table::Histograms => of::<HistogramRows>(),
        Table::Summaries => of::<SummaryRows>(),
        Table::Exemplars => of::<ExemplarRows>(),
    }
}
