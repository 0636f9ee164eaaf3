//! What the line editor asks: whether what is typed is whole, and what may stand at its end.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use otolith_lake::Lake;
use otolith_report::{SqlTableKind, sql_columns, sql_tables, statements};
use rustyline::completion::{Completer, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Result};

use super::command::is_command;
use super::words::{self, Names};

/// Answers the line editor.
pub struct Helper<'a> {
    lake: &'a Lake,
    /// Read when they are wanted first: the names of metrics take a look at all metrics.
    names: OnceCell<Names>,
}

impl<'a> Helper<'a> {
    /// Completes the names of a lake.
    pub fn new(lake: &'a Lake) -> Self {
        Self {
            lake,
            names: OnceCell::new(),
        }
    }

    /// All names; none of those that cannot be read, since a query will say why.
    fn names(&self) -> &Names {
        self.names.get_or_init(|| {
            let tables = sql_tables(self.lake).unwrap_or_default();
            let mut columns = BTreeSet::new();
            for table in &tables {
                let of_metric = table.kind == SqlTableKind::Metric;
                // Those of a metric are among those of all metrics.
                if !of_metric && let Ok(found) = sql_columns(self.lake, &table.name) {
                    columns.extend(found.into_iter().map(|column| column.name));
                }
            }
            Names {
                tables: tables.into_iter().map(|table| table.name).collect(),
                columns: columns.into_iter().collect(),
            }
        })
    }
}

impl Completer for Helper<'_> {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> Result<(usize, Vec<Pair>)> {
        let before = line.get(..pos).unwrap_or(line);
        let (start, found) = words::complete(before, || self.names());
        let pair = |text: String| Pair {
            display: text.clone(),
            replacement: text,
        };
        Ok((start, found.into_iter().map(pair).collect()))
    }
}

impl Validator for Helper<'_> {
    fn validate(&self, context: &mut ValidationContext<'_>) -> Result<ValidationResult> {
        Ok(match is_whole(context.input()) {
            true => ValidationResult::Valid(None),
            false => ValidationResult::Incomplete,
        })
    }
}

impl Highlighter for Helper<'_> {}

impl Hinter for Helper<'_> {
    type Hint = String;
}

impl rustyline::Helper for Helper<'_> {}

/// Whether the return key ends what is typed, instead of one line of it.
fn is_whole(input: &str) -> bool {
    is_command(input) || statements(input).rest.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_whole_with_their_semicolon() {
        for whole in [
            "",
            "  ",
            "SELECT 1;",
            "SELECT 1;\n -- so",
            ".tables",
            "quit",
        ] {
            assert!(is_whole(whole), "{whole:?}");
        }
        for open in ["SELECT 1", "SELECT 1; SELECT", "SELECT ';", "SELECT 1 -- ;"] {
            assert!(!is_whole(open), "{open:?}");
        }
    }
}
