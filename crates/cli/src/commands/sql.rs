//! `otolith sql`.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use otolith_lake::Lake;
use otolith_report::{Calendar, Report, SqlQuery, statements};

use super::data::Plan;
use super::report::{newest_nanos, show};
use crate::args::{Format, OutputArgs, SqlArgs};
use crate::exit::{Outcome, UsageError};
use crate::progress::Terminal;
use crate::prompt;
use crate::values::{Edge, Present};

/// Runs the command.
pub fn run(args: SqlArgs, terminal: Terminal) -> Result<Outcome> {
    let (paths, query) = split(args.paths_and_query, |path| path.exists())?;
    let work = match query {
        Some(query) => Work::One(query),
        None => without_query(&paths, &args.output)?,
    };
    let data = Plan::new(args.data, &args.input, paths)?.open_lake(terminal)?;
    let ask = |query: &str| ask(&data.lake, args.now, query);
    match work {
        Work::One(query) => {
            show(ask(&query)?, &args.output, terminal)?;
        }
        Work::Many(queries) => {
            for query in queries {
                show(ask(&query)?, &args.output, terminal)?;
            }
        }
        Work::Prompt => prompt::run(&data.lake, &ask, args.output, terminal)?,
    }
    Ok(data.outcome)
}

/// Answers a query.
fn ask(lake: &Lake, now: Option<Present>, text: &str) -> Result<Report> {
    let now = now.map(|now| nanos(now, lake)).transpose()?;
    Ok(otolith_report::sql(lake, SqlQuery { text, now })?)
}

/// What there is to do.
enum Work {
    /// The query that was named.
    One(String),
    /// The queries on standard input.
    Many(Vec<String>),
    /// What is typed.
    Prompt,
}

/// What a command without a query does: asks on a terminal, reads standard input otherwise.
fn without_query(paths: &[PathBuf], output: &OutputArgs) -> Result<Work> {
    if paths.iter().any(|path| path == Path::new("-")) {
        return Err(usage(
            "standard input is the capture and cannot be the query, too; name the query",
        ));
    }
    if !io::stdin().is_terminal() {
        let queries = read_queries()?;
        let is_one_file = output.output.is_some() || output.kind() == Format::Parquet;
        return match queries.len() {
            0 => Err(usage(
                "no query: expected one as the last argument or on standard input",
            )),
            n if n > 1 && is_one_file => Err(usage(
                "standard input holds several queries, but a file and Parquet take one answer",
            )),
            _ => Ok(Work::Many(queries)),
        };
    }
    if !io::stdout().is_terminal() || output.output.is_some() {
        return Err(usage(
            "expected a query as the last argument; the prompt needs standard output as its terminal",
        ));
    }
    if output.kind() == Format::Parquet {
        return Err(usage(
            "the prompt shows no Parquet; name a query and -o FILE",
        ));
    }
    Ok(Work::Prompt)
}

fn usage(message: &str) -> anyhow::Error {
    UsageError(message.to_owned()).into()
}

/// Most bytes of queries on standard input.
const MAX_QUERIES: u64 = 1 << 20;

/// The statements on standard input; the last one needs no semicolon.
fn read_queries() -> Result<Vec<String>> {
    let mut text = String::new();
    let mut input = io::stdin().lock().take(MAX_QUERIES + 1);
    input
        .read_to_string(&mut text)
        .context("failed to read the query from standard input")?;
    if text.len() as u64 > MAX_QUERIES {
        return Err(usage(
            "expected queries of at most 1 MiB on standard input; to read a capture there, name `-` \
             and a query",
        ));
    }
    let found = statements(&text);
    let all = found.complete.into_iter().chain(found.rest);
    Ok(all.map(str::to_owned).collect())
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

/// Takes the query off the end, if there is one: text with a blank that is no path.
fn split(
    mut arguments: Vec<OsString>,
    exists: impl Fn(&Path) -> bool,
) -> Result<(Vec<PathBuf>, Option<String>), UsageError> {
    let Some(last) = arguments.pop() else {
        return Ok((Vec::new(), None));
    };
    let mut paths: Vec<PathBuf> = arguments.into_iter().map(PathBuf::from).collect();
    if last == "-" || exists(Path::new(&last)) {
        paths.push(PathBuf::from(last));
        return Ok((paths, None));
    }
    match last.into_string() {
        Ok(query) if query.trim().contains(char::is_whitespace) => Ok((paths, Some(query))),
        Ok(text) => Err(UsageError(format!(
            "expected a query as the last argument, found `{text}`, which is no file either; put the \
             query in quotes"
        ))),
        Err(_) => Err(UsageError("the query is not valid UTF-8".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str], expected: Option<(&[&str], Option<&str>)>) {
        let exists = |path: &Path| path.extension().is_some() || path == Path::new("b dir");
        let split = split(arguments.iter().map(OsString::from).collect(), exists);
        let expected = expected.map(|(paths, query)| {
            let paths = paths.iter().map(PathBuf::from).collect();
            (paths, query.map(str::to_owned))
        });
        assert_eq!(split.ok(), expected, "{arguments:?}");
    }

    #[test]
    fn the_query_is_the_last_argument() {
        check(&["SELECT 1"], Some((&[], Some("SELECT 1"))));
        check(
            &["a.jsonl", "b dir", "SELECT 1"],
            Some((&["a.jsonl", "b dir"], Some("SELECT 1"))),
        );
        check(&["SELECT"], None);
        check(&["a.jsonl", "missing"], None);
        check(&[""], None);
    }

    #[test]
    fn without_a_query_all_are_paths() {
        check(&[], Some((&[], None)));
        check(
            &["a.jsonl", "b.jsonl"],
            Some((&["a.jsonl", "b.jsonl"], None)),
        );
        check(&["a.jsonl", "b dir"], Some((&["a.jsonl", "b dir"], None)));
        check(&["-"], Some((&["-"], None)));
    }
}
