//! What queries can name: the tables and their columns.

use super::rewrite::Rewritten;
use super::tables::{Catalogue, USAGE};
use super::{Unions, greptime, lexer, metrics, rewrite, scan, views};
use crate::error::ReportError;
use crate::notes::Notes;
use otolith_lake::Lake;
use otolith_tables::Table;
use polars::prelude::DataType;

/// A table that queries can name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlTable {
    /// Its name: in lower case, of ASCII letters, digits, `_` and at most one dot.
    pub name: String,
    /// What it holds.
    pub kind: SqlTableKind,
    /// How many rows it has, where that is known without reading them.
    pub rows: Option<u64>,
}

/// What a table of queries holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqlTableKind {
    /// A table of one database.
    Database,
    /// A table over all databases.
    All,
    /// The usage model.
    Usage,
    /// Spans or log records by the columns of `GreptimeDB`.
    Greptime,
    /// The points of one metric.
    Metric,
}

impl SqlTableKind {
    /// Its name for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Database => "one database",
            Self::All => "all databases",
            Self::Usage => "usage model",
            Self::Greptime => "columns of GreptimeDB",
            Self::Metric => "metric",
        }
    }
}

/// A column of a table of queries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlColumn {
    /// Its name. What is no plain word has to be quoted in a query.
    pub name: String,
    /// `string`, `integer`, `number`, `timestamp`, `date`, `boolean`, or the engine's word for what
    /// else there is.
    pub r#type: String,
}

/// Lists the tables that queries over a lake can name: those of databases that have rows, those
/// over all databases, `usage`, the views of `GreptimeDB`'s columns, one per metric.
///
/// Reads the names of all metrics.
///
/// # Errors
/// [`ReportError::Lake`] and [`ReportError::Scan`] when the lake cannot be read.
pub fn sql_tables(lake: &Lake) -> Result<Vec<SqlTable>, ReportError> {
    let catalogue = Catalogue::read(lake)?;
    let mut tables = Vec::new();
    let mut of_databases = Vec::new();
    for table in Table::ALL {
        let mut rows = 0_u64;
        for info in catalogue.of_table(table) {
            let rows_of_part = info.parts.iter().map(|part| part.row_count);
            let of_info = rows_of_part.fold(0_u64, u64::saturating_add);
            rows = rows.saturating_add(of_info);
            of_databases.push(SqlTable {
                name: format!("{}.{table}", info.database),
                kind: SqlTableKind::Database,
                rows: Some(of_info),
            });
        }
        tables.push(SqlTable {
            name: table.as_str().to_owned(),
            kind: SqlTableKind::All,
            rows: Some(rows),
        });
    }
    let view = |name: &str, kind| SqlTable {
        name: name.to_owned(),
        kind,
        rows: None,
    };
    tables.push(view(USAGE, SqlTableKind::Usage));
    tables.push(view(greptime::TRACES, SqlTableKind::Greptime));
    tables.push(view(greptime::LOGS, SqlTableKind::Greptime));
    of_databases.sort_by(|a, b| a.name.cmp(&b.name));
    tables.extend(of_databases);
    let metrics = metrics::views_of(&catalogue)?;
    // A metric that bears the name of a table cannot be named.
    let is_free = |name: &&String| tables.iter().all(|table| table.name != **name);
    let metrics: Vec<SqlTable> = metrics
        .keys()
        .filter(is_free)
        .map(|name| view(name, SqlTableKind::Metric))
        .collect();
    tables.extend(metrics);
    Ok(tables)
}

/// Lists the columns of a table that queries over a lake can name, in the order of `SELECT *`.
///
/// For the view of a metric its points are read, since it has the columns that they fill.
///
/// # Errors
/// [`ReportError::UnknownTable`]; [`ReportError::Lake`], [`ReportError::Scan`] and
/// [`ReportError::Query`] when the lake cannot be read.
pub fn sql_columns(lake: &Lake, name: &str) -> Result<Vec<SqlColumn>, ReportError> {
    let name = name.to_lowercase();
    let catalogue = Catalogue::read(lake)?;
    let query = everything_of(&catalogue, &name);
    let mut notes = Notes::default();
    // Its columns are the same whatever its rows.
    let frame = match name.as_str() {
        USAGE => Some(views::usage(&[])?),
        _ if query.names.contains(&name) => {
            catalogue.frame(lake, &name, &query, Unions::Plain, &mut notes)?
        }
        _ => None,
    };
    let mut frame = match frame {
        Some(frame) => frame,
        None => catalogue.metric(&name, Unions::Plain, &mut notes)?,
    };
    let schema = scan::guard(|| frame.collect_schema())?.map_err(ReportError::query)?;
    let column = |(name, dtype): (_, &DataType)| SqlColumn {
        name: ToString::to_string(name),
        r#type: type_name(dtype),
    };
    Ok(schema.iter().map(column).collect())
}

fn everything_of(catalogue: &Catalogue, name: &str) -> Rewritten {
    let text = format!("SELECT * FROM {name}");
    let words = lexer::lex(&text);
    rewrite::rewrite(&text, &words, |db, table| catalogue.holds(db, table))
}

fn type_name(dtype: &DataType) -> String {
    match dtype {
        DataType::Boolean => "boolean".to_owned(),
        DataType::String => "string".to_owned(),
        DataType::Date => "date".to_owned(),
        DataType::Datetime(..) => "timestamp".to_owned(),
        _ if dtype.is_integer() => "integer".to_owned(),
        _ if dtype.is_float() => "number".to_owned(),
        _ => dtype.to_string(),
    }
}
