//! Aligned text for people.

use std::io::{self, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table as Drawing, presets};
use otolith_report::{Cell, CellType, Column, Report, time_text};

use super::numbers;

/// How a table looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// With lines, wrapped to the width of the terminal.
    Drawn,
    /// Columns apart by blanks, never wrapped: for pipes and files.
    Plain,
}

/// How the cells of a column stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Rows of text under headers.
#[derive(Debug, Default)]
pub struct Grid {
    headers: Vec<(String, Side)>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// A grid without rows. Headers that start with `>` are those of numbers.
    pub fn new(headers: &[&str]) -> Self {
        let header = |text: &&str| match text.strip_prefix('>') {
            Some(text) => (text.to_owned(), Side::Right),
            None => ((*text).to_owned(), Side::Left),
        };
        Self {
            headers: headers.iter().map(header).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row with one text per header.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes the grid; without rows only its headers.
    pub fn write(&self, look: Look, out: &mut impl Write) -> io::Result<()> {
        let mut drawing = Drawing::new();
        // Control characters in the data must reach no terminal.
        let clean = |text: &String| one_line(text);
        drawing.set_header(self.headers.iter().map(|(text, _)| clean(text)));
        for row in &self.rows {
            drawing.add_row(row.iter().map(clean));
        }
        match look {
            Look::Drawn => drawing
                .load_style(presets::UTF8_BORDERS_ONLY)
                .set_content_arrangement(ContentArrangement::Dynamic),
            Look::Plain => drawing.load_style(presets::NOTHING).force_no_tty(),
        };
        let sides = self.headers.iter().map(|(_, side)| *side);
        for (index, (column, side)) in drawing.column_iter_mut().zip(sides).enumerate() {
            if look == Look::Plain {
                column.set_padding((if index == 0 { 0 } else { 2 }, 0));
            }
            column.set_cell_alignment(match side {
                Side::Left => CellAlignment::Left,
                Side::Right => CellAlignment::Right,
            });
        }
        for line in drawing.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// The text with control characters escaped, so that it stays in its line.
pub fn one_line(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    let escape = |c: char| match c.is_control() {
        true => c.escape_default().collect::<String>(),
        false => c.to_string(),
    };
    text.chars().map(escape).collect()
}

/// Writes the rows of an answer as a table, units in the headers.
pub fn write(report: &Report, look: Look, out: &mut impl Write) -> io::Result<()> {
    let grid = Grid {
        headers: report.columns.iter().map(header).collect(),
        rows: texts(report),
    };
    grid.write(look, out)
}

/// A header with its unit, unless the name says it, and the side of its cells.
pub fn header(column: &Column) -> (String, Side) {
    let name = &column.name;
    let text = match column.unit.as_deref() {
        Some(unit) if !says_unit(name, unit) => format!("{name} ({unit})"),
        _ => name.clone(),
    };
    let side = match column.r#type {
        CellType::Int | CellType::Double | CellType::Money => Side::Right,
        CellType::Text | CellType::Time | CellType::Bool => Side::Left,
    };
    (text, side)
}

fn says_unit(name: &str, unit: &str) -> bool {
    // A bare ratio.
    if unit == "1" {
        return true;
    }
    let unit = unit.to_ascii_lowercase();
    name.split('_').next_back().is_some_and(|last| last == unit)
}

/// The cells of an answer as people read them.
pub fn texts(report: &Report) -> Vec<Vec<String>> {
    // Money of one column has as many digits as its longest amount takes, so that points align.
    let money_digits: Vec<usize> = (0..report.columns.len())
        .map(|index| {
            let amounts = report.rows.iter().filter_map(|row| match row.get(index) {
                Some(Cell::Money(amount)) => Some(numbers::dollar_digits(*amount)),
                _ => None,
            });
            amounts.max().unwrap_or_default()
        })
        .collect();
    let row = |row: &Vec<Cell>| {
        let cells = row.iter().zip(&money_digits);
        cells.map(|(cell, digits)| text(cell, *digits)).collect()
    };
    report.rows.iter().map(row).collect()
}

fn text(cell: &Cell, money_digits: usize) -> String {
    match cell {
        Cell::Null => "-".to_owned(),
        Cell::Text(text) => text.clone(),
        Cell::Int(n) => numbers::integer(*n),
        Cell::Double(x) => numbers::double(*x),
        Cell::Money(amount) => numbers::dollars_padded(*amount, money_digits),
        Cell::Time(nanos) => time_text(*nanos),
        Cell::Bool(b) => b.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing::sample;

    fn check(look: Look, expected: &str) {
        let mut out = Vec::new();
        write(&sample(), look, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn plain_tables_are_aligned_text() {
        check(
            Look::Plain,
            "\
agent           tokens  cost_usd  p50_ms  at
claude, \"x\"  1,234,567   0.50000     1.5  2026-11-20T00:00:00Z
a|b\\n                -   0.06909       -  -
",
        );
    }

    #[test]
    fn drawn_tables_have_a_frame() {
        let mut out = Vec::new();
        write(&sample(), Look::Drawn, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 6, "{text}");
    }
}
