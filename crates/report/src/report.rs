//! The answer of a report: a small typed table with notes, free of any way to show it.

use crate::money::NanoDollars;
use crate::notes::Note;
use crate::time_text::time_text;
use serde_json::{Map, Number, Value, json};

/// A small result table: what every report and `sql` return.
///
/// Every row has exactly one cell per column, in the order of `columns`.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Name of the report: `summary`, `cost`, `tokens`, `tools`, `metrics` or `sql`.
    pub report: String,
    /// The parameters that shaped it, by the names of the command's options.
    pub parameters: Map<String, Value>,
    /// The columns. Columns of one meaning have one name in all reports.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
    /// What a reader has to know besides: removed duplicates, sources, unpriced models.
    pub notes: Vec<Note>,
}

/// A column of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its cells hold; any cell may be [`Cell::Null`] instead.
    pub r#type: CellType,
    /// Its unit (`tokens`, `USD`, `ms`, `s`), where it has one.
    pub unit: Option<String>,
}

/// What the cells of a column hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellType {
    /// [`Cell::Text`]
    Text,
    /// [`Cell::Int`]
    Int,
    /// [`Cell::Double`]
    Double,
    /// [`Cell::Money`]
    Money,
    /// [`Cell::Time`]
    Time,
    /// [`Cell::Bool`]
    Bool,
}

impl CellType {
    /// The word in JSON: `string`, `integer`, `number` (doubles and money), `timestamp`,
    /// `boolean`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Int => "integer",
            Self::Double | Self::Money => "number",
            Self::Time => "timestamp",
            Self::Bool => "boolean",
        }
    }
}

/// A value of a report.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Unknown or not sent; never a stand-in for 0.
    Null,
    /// Text.
    Text(String),
    /// An integer.
    Int(i64),
    /// A double; NaN and infinities included.
    Double(f64),
    /// Money.
    Money(NanoDollars),
    /// Nanoseconds since the Unix epoch.
    Time(i64),
    /// A truth value.
    Bool(bool),
}

impl Cell {
    /// The text, or null.
    pub fn text(value: Option<&str>) -> Self {
        value.map_or(Self::Null, |text| Self::Text(text.to_owned()))
    }

    /// The count, or null. Counts beyond 2^63-1 are shown as 2^63-1.
    pub fn count(value: Option<u64>) -> Self {
        value.map_or(Self::Null, |n| {
            Self::Int(i64::try_from(n).unwrap_or(i64::MAX))
        })
    }

    /// The double, or null.
    pub fn double(value: Option<f64>) -> Self {
        value.map_or(Self::Null, Self::Double)
    }

    /// The amount, or null.
    pub fn money(value: Option<NanoDollars>) -> Self {
        value.map_or(Self::Null, Self::Money)
    }

    /// The value in JSON: times as RFC 3339 text in UTC, money as a number of dollars, NaN and
    /// infinities as the texts `NaN`, `Infinity` and `-Infinity` (as OTLP JSON has them).
    pub fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) => Value::String(text.clone()),
            Self::Int(n) => Value::from(*n),
            Self::Double(x) => double_to_json(*x),
            Self::Money(amount) => double_to_json(amount.to_dollars()),
            Self::Time(nanos) => Value::String(time_text(*nanos)),
            Self::Bool(b) => Value::Bool(*b),
        }
    }
}

fn double_to_json(x: f64) -> Value {
    Number::from_f64(x).map_or_else(
        || {
            let word = if x.is_nan() {
                "NaN"
            } else if x > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            };
            Value::from(word)
        },
        Value::Number,
    )
}

impl Column {
    /// A column without a unit.
    pub fn new(name: impl Into<String>, r#type: CellType) -> Self {
        Self {
            name: name.into(),
            r#type,
            unit: None,
        }
    }

    /// A column with a unit.
    pub fn with_unit(name: impl Into<String>, r#type: CellType, unit: &str) -> Self {
        Self {
            unit: Some(unit.to_owned()),
            ..Self::new(name, r#type)
        }
    }
}

impl Report {
    /// The documented JSON object: `report`, `parameters`, `columns` (`name`, `type`, `unit`),
    /// `rows` (one object per row, by column name) and `notes` (`code`, `text`, `count`).
    ///
    /// Should two columns have one name (possible in `sql` only), the last one wins in a row.
    pub fn to_json(&self) -> Value {
        let columns: Vec<Value> = self
            .columns
            .iter()
            .map(|c| json!({"name": c.name, "type": c.r#type.as_str(), "unit": c.unit}))
            .collect();
        let rows: Vec<Value> = self.rows.iter().map(|row| self.row_to_json(row)).collect();
        let notes: Vec<Value> = self
            .notes
            .iter()
            .map(|n| json!({"code": n.code.as_str(), "text": n.text, "count": n.count}))
            .collect();
        json!({
            "report": self.report,
            "parameters": self.parameters,
            "columns": columns,
            "rows": rows,
            "notes": notes,
        })
    }

    /// One row as a JSON object by column name, for JSON Lines.
    pub fn row_to_json(&self, row: &[Cell]) -> Value {
        let cells = self.columns.iter().zip(row);
        Value::Object(
            cells
                .map(|(column, cell)| (column.name.clone(), cell.to_json()))
                .collect(),
        )
    }

    /// The cell of a row by column name.
    pub fn cell(&self, row: usize, column: &str) -> Option<&Cell> {
        let index = self.columns.iter().position(|c| c.name == column)?;
        self.rows.get(row)?.get(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cell: &Cell, expected: &str) {
        assert_eq!(cell.to_json().to_string(), expected);
    }

    #[test]
    fn cells_become_json_without_loss_of_meaning() {
        check(&Cell::Null, "null");
        check(&Cell::Int(i64::MAX), "9223372036854775807");
        check(&Cell::Double(0.1), "0.1");
        check(&Cell::Double(f64::NAN), "\"NaN\"");
        check(&Cell::Double(f64::NEG_INFINITY), "\"-Infinity\"");
        check(&Cell::Money(NanoDollars(69_090_000)), "0.06909");
        check(&Cell::Time(1_500_000_000), "\"1970-01-01T00:00:01.5Z\"");
        check(&Cell::count(Some(u64::MAX)), "9223372036854775807");
    }

    #[test]
    fn rows_are_objects_by_column_name() {
        let report = Report {
            report: "cost".into(),
            parameters: Map::new(),
            columns: vec![
                Column::new("agent", CellType::Text),
                Column::with_unit("cost_usd", CellType::Money, "USD"),
            ],
            rows: vec![vec![Cell::Text("codex".into()), Cell::Null]],
            notes: vec![],
        };
        assert_eq!(
            report.to_json(),
            json!({
                "report": "cost",
                "parameters": {},
                "columns": [
                    {"name": "agent", "type": "string", "unit": null},
                    {"name": "cost_usd", "type": "number", "unit": "USD"},
                ],
                "rows": [{"agent": "codex", "cost_usd": null}],
                "notes": [],
            })
        );
        assert_eq!(report.cell(0, "agent"), Some(&Cell::Text("codex".into())));
    }
}
