//! SQL over a lake, in the dialect of polars.

mod documents;
mod familiar;
mod functions;
mod gaps;
mod greptime;
mod keys;
mod lexer;
mod literals;
mod metrics;
mod names;
mod result;
mod rewrite;
mod scan;
mod stages;
mod statements;
mod tables;
mod unknown;
mod views;

pub use names::{SqlColumn, SqlTable, SqlTableKind, sql_columns, sql_tables};
pub use statements::{Statements, statements};

use crate::data::Data;
use crate::error::ReportError;
use crate::notes::{NoteCode, Notes};
use crate::report::Report;
use crate::time_text::time_text;
use otolith_lake::Lake;
use polars::error::set_warning_function;
use polars::prelude::DataFrame;
use polars::sql::SQLContext;
use scan::guard;
use serde_json::{Map, Value};
use std::cell::Cell;
use std::sync::{Arc, Once};

/// What the engine says when it misses a table.
const NO_TABLE: &str = "was not found";

/// What the engine says when it counts the rows of a union without reading a column: it does so
/// with a type that is not compiled in.
const NO_COUNT: &str = "UInt128 not supported";

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct SqlQuery<'a> {
    /// One query.
    pub text: &'a str,
    /// What `now()` gives, in nanoseconds since the Unix epoch; none stands for the time of the
    /// newest item in the lake, with a note.
    pub now: Option<i64>,
}

/// Gives the present of a query, in nanoseconds since the Unix epoch.
type Now<'a> = &'a dyn Fn() -> Result<i64, ReportError>;

/// Answers one `SELECT` over the tables of a lake.
///
/// There are: the tables of each database as `database.table`; the same over all databases as
/// `traces`, `span_events`, `span_links`, `logs`, `metrics`, `histograms`, `summaries` and
/// `exemplars`, with a column `database`; the usage model as `usage`; and for each metric of
/// `metrics` a view of its name, normalised like a column's (`claude_code_token_usage`), with
/// `time`, `value`, `greptime_timestamp`, `greptime_value` and the attributes that occur. The views of
/// histograms and summaries have the columns of their tables instead of a value; their counts and sums
/// are views, too (`http_server_duration_count`, `..._sum`). A
/// resource attribute whose plain name no other column bears is there without `resource_`, too.
/// `opentelemetry_traces` and `opentelemetry_logs` hold all spans and log records by the columns that
/// `GreptimeDB` gives them: one per key as sent (`span_attributes.session.id`), attributes as JSON
/// text too. Times are UTC and compare with `TIMESTAMP '...'` or with RFC 3339 text of any offset.
///
/// Only what the query mentions is read. The rows come in the order of the query's `ORDER BY`;
/// without one, in no promised order.
///
/// # Errors
/// [`ReportError::Unsupported`] for known gaps of this SQL, [`ReportError::UnknownTable`],
/// [`ReportError::Query`] for all else that the query engine refuses.
pub fn sql(lake: &Lake, query: SqlQuery<'_>) -> Result<Report, ReportError> {
    let asked_newest = Cell::new(None);
    let now = || match query.now {
        Some(now) => Ok(now),
        None => {
            let micros = Data::from(lake).newest_micros()?.unwrap_or(0);
            asked_newest.set(Some(micros));
            Ok(micros.saturating_mul(1_000))
        }
    };
    gaps::refuse(&lexer::lex(query.text))?;
    let text = familiar::widen(&literals::with_durations(query.text), &now)?;
    let words = lexer::lex(&text);
    let catalogue = tables::Catalogue::read(lake)?;
    let rewritten = rewrite::rewrite(&text, &words, |db, table| catalogue.holds(db, table));
    silence();
    let mut answer = run(lake, &catalogue, &rewritten, Unions::Plain);
    if matches!(&answer, Err(ReportError::Query(text)) if text.contains(NO_COUNT)) {
        answer = run(lake, &catalogue, &rewritten, Unions::Read);
    }
    let (frame, mut notes) = answer?;
    if let Some(micros) = asked_newest.get() {
        let time = time_text(micros.saturating_mul(1_000));
        notes.add_about(NoteCode::Present, &time, 1);
    }
    let mut parameters = Map::new();
    parameters.insert("query".to_owned(), Value::from(query.text));
    let (columns, rows) = result::cells(&frame).map_err(ReportError::query)?;
    Ok(Report {
        report: "sql".to_owned(),
        parameters,
        columns,
        rows,
        notes: notes.into_vec(),
    })
}

/// How unions of databases are put to the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unions {
    /// As they are.
    Plain,
    /// So that some column is always read.
    Read,
}

fn run(
    lake: &Lake,
    catalogue: &tables::Catalogue,
    query: &rewrite::Rewritten,
    unions: Unions,
) -> Result<(DataFrame, Notes), ReportError> {
    let mut notes = Notes::default();
    let functions = Arc::new(functions::Functions::new());
    let mut context = SQLContext::new().with_function_registry(functions);
    let unknown = catalogue.register(lake, query, unions, &mut context, &mut notes)?;
    let stages = stages::Stages::of(&query.text);
    let frame = guard(|| {
        for (name, text) in &stages.before {
            let frame = context.execute(text)?;
            context.register(name, frame);
        }
        context.execute(&stages.last)?.collect()
    })?;
    let frame = frame.map_err(|source| {
        let message = source.to_string();
        match unknown {
            Some(error) if message.contains(NO_TABLE) => error,
            _ => gaps::known(&message).unwrap_or_else(|| unknown::shortened(&message)),
        }
    })?;
    Ok((frame, notes))
}

/// Keeps the engine from printing to standard error that it will change some day.
fn silence() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| set_warning_function(|_, _| {}));
}
