//! The documentation of the tables, from their definitions.

use std::fmt::Write as _;

use super::base_columns;
use crate::dialect::known_keys;
use crate::part::ColumnType;
use crate::table::Table;

/// The reference of all tables and columns in Markdown (`docs/tables.md`).
pub fn tables_markdown() -> String {
    let mut text = String::from(INTRODUCTION);
    for table in Table::ALL {
        write!(
            text,
            "\n## `{table}`\n\n{}\n\n| column | type | unit | meaning | null when |\n|---|---|---|---|---|\n",
            row_meaning(table)
        )
        .expect("writing to memory does not fail");
        for column in base_columns(table) {
            let unit = if column.unit.is_empty() {
                "-"
            } else {
                column.unit
            };
            let null = if column.null.is_empty() {
                "never"
            } else {
                column.null
            };
            writeln!(
                text,
                "| `{}` | {} | {unit} | {} | {null} |",
                column.name,
                type_name(column.r#type),
                column.meaning
            )
            .expect("writing to memory does not fail");
        }
        writeln!(
            text,
            "| `date` | date | - | {}, the name of the directory; 1970-01-01 when that is unknown, before 1980 or after 2199 | never |",
            date_meaning(table)
        )
        .expect("writing to memory does not fail");
    }
    text.push_str(ATTRIBUTES);
    for r#type in [
        ColumnType::Int64,
        ColumnType::Double,
        ColumnType::Boolean,
        ColumnType::String,
    ] {
        let keys: Vec<String> = known_keys::all()
            .filter(|(_, known)| *known == r#type)
            .map(|(key, _)| format!("`{key}`"))
            .collect();
        writeln!(text, "- {}: {}", type_name(r#type), keys.join(", "))
            .expect("writing to memory does not fail");
    }
    text
}

const INTRODUCTION: &str = "# Tables

Generated from the definitions in `crates/tables`; do not edit.

Each service has a database, each database these Delta Lake tables, with their Parquet files in
`LAKE/<database>/<table>/date=YYYY-MM-DD/`. Columns stand in this order; attribute columns follow.
";

const ATTRIBUTES: &str = include_str!("attributes.md");

fn row_meaning(table: Table) -> &'static str {
    match table {
        Table::Traces => "One row per span.",
        Table::SpanEvents => "One row per event of a span.",
        Table::SpanLinks => "One row per link of a span.",
        Table::Logs => "One row per log record.",
        Table::Metrics => "One row per point of a gauge or sum.",
        Table::Histograms => "One row per point of a histogram or exponential histogram.",
        Table::Summaries => "One row per point of a summary.",
        Table::Exemplars => {
            "One row per exemplar of a point. Its attributes are those that the point lacks."
        }
    }
}

/// What the `date` is of. Parts of an item have the item's, so that both come and go together.
fn date_meaning(table: Table) -> &'static str {
    match table {
        Table::SpanEvents | Table::SpanLinks => "day of the start of the span in UTC",
        Table::Exemplars => "day of the point in UTC",
        Table::Traces | Table::Logs | Table::Metrics | Table::Histograms | Table::Summaries => {
            "day of `time` in UTC"
        }
    }
}

fn type_name(r#type: ColumnType) -> &'static str {
    match r#type {
        ColumnType::Timestamp => "timestamp",
        ColumnType::Int64 => "int64",
        ColumnType::Double => "double",
        ColumnType::String => "string",
        ColumnType::Boolean => "boolean",
        ColumnType::Int64List => "list of int64",
        ColumnType::DoubleList => "list of double",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_base_column_is_documented_and_named_once_per_table() {
        let text = tables_markdown();
        for table in Table::ALL {
            let columns = base_columns(table);
            let names: BTreeSet<_> = columns.iter().map(|column| column.name).collect();
            assert_eq!(names.len(), columns.len(), "{table}");
            for column in columns {
                assert!(!column.meaning.is_empty(), "{table}.{}", column.name);
                assert!(text.contains(&format!("| `{}` |", column.name)));
            }
        }
    }
}
