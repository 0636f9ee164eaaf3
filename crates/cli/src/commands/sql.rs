//! `otolith sql`.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;
use jiff::Timestamp;
use otolith_lake::Lake;
use otolith_report::{Calendar, SqlQuery};

use super::data::Plan;
use super::report::{newest_nanos, show};
use crate::args::SqlArgs;
use crate::exit::{Outcome, UsageError};
use crate::progress::Terminal;
use crate::values::{Edge, Present};

/// Runs the command.
pub fn run(args: SqlArgs, terminal: Terminal) -> Result<Outcome> {
    let (paths, query) = split(args.paths_and_query)?;
    let data = Plan::new(args.data, &args.input, paths)?.open_lake(terminal)?;
    let now = args.now.map(|now| nanos(now, &data.lake)).transpose()?;
    let report = otolith_report::sql(&data.lake, SqlQuery { text: &query, now })?;
    show(&report, &args.output, terminal)?;
    Ok(data.outcome)
}

/// What `--now` means, in nanoseconds since the Unix epoch.
fn nanos(now: Present, lake: &Lake) -> Result<i64> {
    let now = match now {
        Present::Clock => i64::try_from(Timestamp::now().as_nanosecond()).ok(),
        Present::Moment(moment) => {
            let newest = newest_nanos(lake.into())?;
            moment.fix(Edge::Start, &Calendar::default(), newest)
        }
    };
    Ok(now.ok_or_else(|| UsageError("--now names no time that data can have".to_owned()))?)
}

/// Takes the query off the end. Text without a blank is no query, but a path without a query
/// after it.
fn split(mut arguments: Vec<OsString>) -> Result<(Vec<PathBuf>, String), UsageError> {
    let last = arguments.pop().unwrap_or_default();
    match last.into_string() {
        Ok(query) if query.trim().contains(char::is_whitespace) => {
            Ok((arguments.into_iter().map(PathBuf::from).collect(), query))
        }
        Ok(text) => Err(UsageError(format!(
            "expected a query as the last argument, found `{text}`; put the query in quotes"
        ))),
        Err(_) => Err(UsageError("the query is not valid UTF-8".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str], expected: Option<(&[&str], &str)>) {
        let split = split(arguments.iter().map(OsString::from).collect());
        let expected = expected
            .map(|(paths, query)| (paths.iter().map(PathBuf::from).collect(), query.to_owned()));
        assert_eq!(split.ok(), expected, "{arguments:?}");
    }

    #[test]
    fn the_query_is_the_last_argument() {
        check(&["SELECT 1"], Some((&[], "SELECT 1")));
        check(
            &["a.jsonl", "b dir", "SELECT 1"],
            Some((&["a.jsonl", "b dir"], "SELECT 1")),
        );
        check(&["a.jsonl", "b.jsonl"], None);
        check(&["SELECT"], None);
        check(&[""], None);
    }
}
