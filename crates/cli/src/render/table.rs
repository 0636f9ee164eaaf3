//! Aligned text for people.

use std::io::{self, Write};

use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table as Drawing, Width, presets,
};
use otolith_report::{self as report, CellType, Column, Report, time_text};

use super::numbers;

/// How a table looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// With lines, wrapped to the width of the terminal if that is known.
    Drawn {
        /// Columns of the terminal.
        width: Option<u16>,
    },
    /// Columns apart by blanks, never wrapped: for pipes and files.
    Plain,
}

impl Look {
    /// The look on the terminal of standard output.
    pub fn terminal() -> Self {
        Self::Drawn {
            width: Drawing::new().width(),
        }
    }
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

    /// Writes the grid; without rows only its headers. What does not fit a terminal without
    /// breaking numbers is written plain.
    pub fn write(&self, look: Look, out: &mut impl Write) -> io::Result<()> {
        let mut drawing = Drawing::new();
        // Control characters in the data must reach no terminal.
        let header = |(text, _): &(String, Side)| Cell::new(one_line(text)).set_delimiter('_');
        drawing.set_header(self.headers.iter().map(header));
        for row in &self.rows {
            drawing.add_row(row.iter().map(|text| cell(text)));
        }
        match look {
            Look::Drawn { width } if self.fits(width) => self.frame(&mut drawing, width),
            _ => self.space(&mut drawing),
        }
        let sides = self.headers.iter().map(|(_, side)| *side);
        for (column, side) in drawing.column_iter_mut().zip(sides) {
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

    /// Sets columns apart by two blanks.
    fn space(&self, drawing: &mut Drawing) {
        drawing.load_style(presets::NOTHING).force_no_tty();
        for (index, column) in drawing.column_iter_mut().enumerate() {
            column.set_padding((if index == 0 { 0 } else { 2 }, 0));
        }
    }

    /// Draws a frame, wraps texts and headers if need be.
    fn frame(&self, drawing: &mut Drawing, width: Option<u16>) {
        drawing.load_style(presets::UTF8_BORDERS_ONLY);
        let Some(width) = width else { return };
        drawing.set_width(width);
        drawing.set_content_arrangement(ContentArrangement::Dynamic);
        for (column, least) in drawing.column_iter_mut().zip(self.least_widths()) {
            let least = u16::try_from(least + PADDING).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
        }
    }

    /// Whether a frame of this width is wide enough for what cannot be wrapped.
    fn fits(&self, width: Option<u16>) -> bool {
        let columns: usize = self
            .least_widths()
            .iter()
            .map(|width| width + PADDING + 1)
            .sum();
        width.is_none_or(|width| columns < usize::from(width))
    }

    /// The widths that hold each number, and each word of texts and headers.
    fn least_widths(&self) -> Vec<usize> {
        let column = |(index, (header, side)): (usize, &(String, Side))| {
            let words = header.split_inclusive('_').map(width);
            let cells = self.rows.iter().filter_map(|row| row.get(index));
            let least = cells.map(|text| match side {
                Side::Right => width(text),
                Side::Left => text.split(' ').map(width).max().unwrap_or_default(),
            });
            let header = words.max().unwrap_or_default();
            least.max().unwrap_or_default().min(MAX_WORD).max(header)
        };
        self.headers.iter().enumerate().map(column).collect()
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// Blanks around a cell in a frame.
const PADDING: usize = 2;
/// Words longer than this may be broken.
const MAX_WORD: usize = 30;
/// Characters of a cell; longer texts are cut.
const MAX_CELL: usize = 200;

/// The text with control characters escaped, so that it stays in its line.
pub fn one_line(text: &str) -> String {
    if !text.contains(is_unprintable) {
        return text.to_owned();
    }
    let escape = |c: char| match is_unprintable(c) {
        true => c.escape_default().collect::<String>(),
        false => c.to_string(),
    };
    text.chars().map(escape).collect()
}

/// Whether a character commands a terminal, or turns the direction of the text around it.
pub fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text as a cell: in one line, and cut where it is very long, as every row would be that wide.
fn cell(text: &str) -> String {
    match text.char_indices().nth(MAX_CELL) {
        Some((end, _)) => one_line(&text[..end]) + "...",
        None => one_line(text),
    }
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
                Some(report::Cell::Money(amount)) => Some(numbers::dollar_digits(*amount)),
                _ => None,
            });
            amounts.max().unwrap_or_default()
        })
        .collect();
    let row = |row: &Vec<report::Cell>| {
        let cells = row.iter().zip(&money_digits);
        cells.map(|(cell, digits)| text(cell, *digits)).collect()
    };
    report.rows.iter().map(row).collect()
}

fn text(cell: &report::Cell, money_digits: usize) -> String {
    use report::Cell;
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

    fn drawn(width: u16) -> String {
        let mut out = Vec::new();
        let look = Look::Drawn { width: Some(width) };
        write(&sample(), look, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn drawn_tables_have_a_frame() {
        let text = drawn(100);
        assert_eq!(text.lines().count(), 6, "{text}");
    }

    #[test]
    fn drawn_tables_keep_to_the_width_and_break_no_number() {
        let text = drawn(64);
        assert!(
            text.contains("1,234,567") && text.contains("0.50000"),
            "{text}"
        );
        assert!(
            text.lines().all(|line| line.chars().count() <= 64),
            "{text}"
        );
        assert!(text.starts_with('\u{250c}'), "{text}");
    }

    #[test]
    fn very_long_texts_are_cut() {
        let mut grid = Grid::new(&["name", "other"]);
        grid.row(["\u{e9}".repeat(5_000), "x\u{202e}y".to_owned()]);
        let mut out = Vec::new();
        grid.write(Look::Plain, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let row = format!("{}...  x\\u{{202e}}y", "\u{e9}".repeat(MAX_CELL));
        assert_eq!(text.lines().nth(1), Some(row.as_str()));
    }

    #[test]
    fn narrow_terminals_get_plain_tables() {
        assert!(drawn(30).starts_with("agent"));
    }
}
