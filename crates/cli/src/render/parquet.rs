//! A Parquet file of its own, typed, with units in the metadata of its fields.

use std::io::{self, Write};

use otolith_lake::{SheetCells, SheetColumn, sheet};
use otolith_report::{Cell, CellType, Report};
use serde_json::{Value, json};

/// Writes an answer as a Parquet file: money as DECIMAL(19, 9), times as timestamps in UTC. The
/// file's metadata holds `otolith.report`, and as JSON `otolith.parameters` and `otolith.notes`. Of
/// columns of one name the last one counts.
pub fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let mut columns = Vec::with_capacity(report.columns.len());
    for (index, column) in report.columns.iter().enumerate() {
        let mut later = report.columns[index + 1..].iter();
        if later.any(|other| other.name == column.name) {
            continue;
        }
        columns.push(SheetColumn {
            name: column.name.clone(),
            unit: column.unit.clone(),
            cells: cells(column.r#type, report.rows.iter().map(|row| &row[index])),
        });
    }
    let notes = report.notes.iter();
    let notes: Vec<Value> = notes
        .map(|n| json!({"code": n.code.as_str(), "text": n.text, "count": n.count}))
        .collect();
    let metadata = [
        ("otolith.report", report.report.clone()),
        ("otolith.parameters", json!(report.parameters).to_string()),
        ("otolith.notes", json!(notes).to_string()),
    ];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value));
    let bytes = sheet(columns, metadata.into()).map_err(io::Error::other)?;
    out.write_all(&bytes)
}

/// The cells of a column. A cell of another type than its column's, which no report has, is null.
fn cells<'a>(r#type: CellType, cells: impl Iterator<Item = &'a Cell>) -> SheetCells {
    match r#type {
        CellType::Text => SheetCells::Text(
            cells
                .map(|cell| match cell {
                    Cell::Text(text) => Some(text.clone()),
                    _ => None,
                })
                .collect(),
        ),
        CellType::Int => SheetCells::Int(
            cells
                .map(|cell| match cell {
                    Cell::Int(n) => Some(*n),
                    _ => None,
                })
                .collect(),
        ),
        CellType::Double => SheetCells::Double(
            cells
                .map(|cell| match cell {
                    Cell::Double(x) => Some(*x),
                    _ => None,
                })
                .collect(),
        ),
        CellType::Money => SheetCells::Billionths(
            cells
                .map(|cell| match cell {
                    Cell::Money(amount) => Some(amount.0),
                    _ => None,
                })
                .collect(),
        ),
        CellType::Time => SheetCells::Time(
            cells
                .map(|cell| match cell {
                    Cell::Time(nanos) => Some(*nanos),
                    _ => None,
                })
                .collect(),
        ),
        CellType::Bool => SheetCells::Bool(
            cells
                .map(|cell| match cell {
                    Cell::Bool(is) => Some(*is),
                    _ => None,
                })
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing::sample;

    #[test]
    fn an_answer_is_a_parquet_file_without_columns_of_one_name() {
        let written = |report: &Report| {
            let mut out = Vec::new();
            write(report, &mut out).unwrap();
            assert!(out.starts_with(b"PAR1") && out.ends_with(b"PAR1"));
            out
        };
        let mut report = sample();
        let usual = written(&report);
        report.columns.insert(0, report.columns[1].clone());
        for row in &mut report.rows {
            row.insert(0, Cell::Int(5));
        }
        assert_eq!(written(&report), usual);
    }

    #[test]
    fn cells_keep_their_type() {
        let report = sample();
        let column = |index: usize| {
            let column = report.rows.iter().map(|row| &row[index]);
            cells(report.columns[index].r#type, column)
        };
        assert_eq!(column(1), SheetCells::Int(vec![Some(1_234_567), None]));
        assert_eq!(
            column(2),
            SheetCells::Billionths(vec![Some(500_000_000), Some(69_090_000)])
        );
        assert_eq!(column(3), SheetCells::Double(vec![Some(1.5), None]));
    }
}
