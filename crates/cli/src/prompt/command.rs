//! The commands of the prompt, which begin with a dot.

use clap::ValueEnum as _;
use otolith_report::{Cell, CellType, Column, Report, SqlColumn, SqlTable};
use serde_json::{Map, Value};

use crate::args::Format;
use crate::exit::UsageError;

/// A command of the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `.help`
    Help,
    /// `.tables`
    Tables,
    /// `.schema NAME`
    Schema(String),
    /// `.format [NAME]`
    Format(Option<Format>),
    /// `.quit`
    Quit,
}

/// The words that commands begin with.
pub const WORDS: [&str; 6] = [".exit", ".format", ".help", ".quit", ".schema", ".tables"];

/// What `.help` says.
pub const HELP: &str = "\
SELECT ...;       run a query; it may take several lines and ends with `;`
.tables           list what queries can name
.schema NAME      list the columns of a table
.format [FORMAT]  say or set how answers look: table, csv, json, jsonl, markdown, html
.help             this
.quit             end, as Ctrl-D does

Tab completes names, Ctrl-R searches what was typed before, Ctrl-C cancels what is typed. A line that
begins with a blank is not remembered. Ctrl-C while a query runs ends otolith.";

impl Command {
    /// Reads what was typed; none if it is no command.
    ///
    /// The words `quit`, `exit` and `help` alone are commands, too: no query is like that.
    pub fn parse(input: &str) -> Option<Result<Self, UsageError>> {
        if !is_command(input) {
            return None;
        }
        let mut words = input.trim().trim_end_matches(';').split_whitespace();
        let word = words.next().unwrap_or_default().to_lowercase();
        let value = words.next();
        if let Some(more) = words.next() {
            return Some(Err(UsageError(format!(
                "expected one value behind `{word}`, found `{more}` as well"
            ))));
        }
        Some(match (word.trim_start_matches('.'), value) {
            ("help", None) => Ok(Self::Help),
            ("tables", None) => Ok(Self::Tables),
            ("schema", Some(name)) => Ok(Self::Schema(name.to_owned())),
            ("schema", None) => Err(UsageError(
                "expected a table behind `.schema`; .tables lists them".to_owned(),
            )),
            ("format", None) => Ok(Self::Format(None)),
            ("format", Some(name)) => format(name).map(|format| Self::Format(Some(format))),
            ("quit" | "exit", None) => Ok(Self::Quit),
            ("help" | "tables" | "quit" | "exit", Some(value)) => Err(UsageError(format!(
                "`{word}` takes no value, found `{value}`"
            ))),
            _ => Err(UsageError(format!("no command `{word}`; .help lists them"))),
        })
    }
}

/// Whether what was typed is a command, known or not, and no SQL.
pub fn is_command(input: &str) -> bool {
    let input = input.trim();
    let word = input.trim_end_matches(';').trim_end();
    let is_word = |known: &&str| word.eq_ignore_ascii_case(known);
    input.starts_with('.') || ["quit", "exit", "help"].iter().any(is_word)
}

/// The formats that a terminal can show, by name.
pub fn formats() -> impl Iterator<Item = &'static str> {
    let all = Format::value_variants().iter();
    all.filter(|format| **format != Format::Parquet)
        .map(|format| format.as_str())
}

fn format(name: &str) -> Result<Format, UsageError> {
    match Format::from_str(name, true) {
        Ok(Format::Parquet) => Err(UsageError(
            "Parquet is no text for a terminal; run `otolith sql` with a query, --format parquet and \
             -o FILE"
                .to_owned(),
        )),
        Ok(format) => Ok(format),
        Err(_) => {
            let names: Vec<&str> = formats().collect();
            Err(UsageError(format!(
                "no format `{name}`; there are {}",
                names.join(", ")
            )))
        }
    }
}

/// The answer of `.tables`.
pub fn tables(tables: &[SqlTable]) -> Report {
    let row = |table: &SqlTable| {
        vec![
            Cell::Text(table.name.clone()),
            Cell::Text(table.kind.as_str().to_owned()),
            Cell::count(table.rows),
        ]
    };
    Report {
        report: "tables".to_owned(),
        parameters: Map::new(),
        columns: vec![
            column("table", CellType::Text),
            column("of", CellType::Text),
            column("rows", CellType::Int),
        ],
        rows: tables.iter().map(row).collect(),
        notes: Vec::new(),
    }
}

/// The answer of `.schema`.
pub fn schema(table: &str, columns: &[SqlColumn]) -> Report {
    let row = |column: &SqlColumn| {
        vec![
            Cell::Text(column.name.clone()),
            Cell::Text(column.r#type.clone()),
        ]
    };
    let mut parameters = Map::new();
    parameters.insert("table".to_owned(), Value::from(table));
    Report {
        report: "schema".to_owned(),
        parameters,
        columns: vec![
            column("column", CellType::Text),
            column("type", CellType::Text),
        ],
        rows: columns.iter().map(row).collect(),
        notes: Vec::new(),
    }
}

fn column(name: &str, r#type: CellType) -> Column {
    Column {
        name: name.to_owned(),
        r#type,
        unit: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: Option<Result<Command, &str>>) {
        let parsed = Command::parse(input).map(|parsed| parsed.map_err(|error| error.0));
        match (parsed, expected) {
            (Some(Err(error)), Some(Err(part))) => assert!(error.contains(part), "{error}"),
            (parsed, expected) => {
                let expected = expected.map(|result| result.map_err(str::to_owned));
                assert_eq!(parsed, expected, "{input}");
            }
        }
    }

    #[test]
    fn commands_begin_with_a_dot() {
        check(".help", Some(Ok(Command::Help)));
        check(" .TABLES ;", Some(Ok(Command::Tables)));
        check(
            ".schema claude_code.logs",
            Some(Ok(Command::Schema("claude_code.logs".to_owned()))),
        );
        check(".format", Some(Ok(Command::Format(None))));
        check(".format CSV", Some(Ok(Command::Format(Some(Format::Csv)))));
        check(".quit", Some(Ok(Command::Quit)));
        check("exit;", Some(Ok(Command::Quit)));
        check("help", Some(Ok(Command::Help)));
    }

    #[test]
    fn queries_are_no_commands() {
        check("SELECT 1;", None);
        check("help me;", None);
        check("-- .help", None);
    }

    #[test]
    fn errors_name_what_there_is() {
        check(".", Some(Err("no command `.`")));
        check(".foo", Some(Err(".help lists them")));
        check(".schema", Some(Err(".tables lists them")));
        check(".schema a b", Some(Err("found `b` as well")));
        check(".format xml", Some(Err("table, csv, json")));
        check(".format parquet", Some(Err("-o FILE")));
        check(".quit now", Some(Err("takes no value")));
    }
}
