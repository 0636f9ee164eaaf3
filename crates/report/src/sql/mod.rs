//! SQL over a lake, in the dialect of polars.

mod lexer;
mod result;
mod rewrite;
mod tables;
mod views;

use crate::error::ReportError;
use crate::notes::Notes;
use crate::report::Report;
use crate::scan::guard;
use otolith_lake::Lake;
use polars::sql::SQLContext;
use serde_json::{Map, Value};

/// What the engine says when it misses a table.
const NO_TABLE: &str = "was not found";

/// Answers one `SELECT` over the tables of a lake.
///
/// There are: the tables of each database as `database.table`; the same over all databases as
/// `traces`, `span_events`, `span_links`, `logs`, `metrics`, `histograms`, `summaries` and
/// `exemplars`, with a column `database`; the usage model as `usage`; and for each metric of
/// `metrics` a view of its name, normalised like a column's (`claude_code_token_usage`), with
/// `time`, `value`, `greptime_timestamp`, `greptime_value` and the attributes that occur. A
/// resource attribute whose plain name no other column bears is there without `resource_`, too.
///
/// Only what the query mentions is read. The rows come in the order of the query's `ORDER BY`;
/// without one, in no promised order.
///
/// # Errors
/// [`ReportError::Unsupported`] for known gaps of this SQL, [`ReportError::UnknownTable`],
/// [`ReportError::Query`] for all else that the query engine refuses.
pub fn sql(lake: &Lake, query: &str) -> Result<Report, ReportError> {
    let words = lexer::lex(query);
    rewrite::refuse_unsupported(&words)?;
    let mut notes = Notes::default();
    let catalogue = tables::Catalogue::read(lake)?;
    let rewritten = rewrite::rewrite(query, &words, |db, table| catalogue.holds(db, table));
    let mut context = SQLContext::new();
    let unknown = catalogue.register(lake, &rewritten, &mut context, &mut notes)?;
    let frame = guard(|| context.execute(&rewritten.text)?.collect())?;
    let frame = frame.map_err(|source| match unknown {
        Some(error) if source.to_string().contains(NO_TABLE) => error,
        _ => ReportError::query(source),
    })?;
    let mut parameters = Map::new();
    parameters.insert("query".to_owned(), Value::from(query));
    let (columns, rows) = result::cells(&frame).map_err(ReportError::query)?;
    Ok(Report {
        report: "sql".to_owned(),
        parameters,
        columns,
        rows,
        notes: notes.into_vec(),
    })
}
