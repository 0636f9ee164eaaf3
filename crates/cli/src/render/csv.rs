//! Comma-separated values (RFC 4180, lines end with a line feed).

use std::borrow::Cow;
use std::io::{self, Write};
use std::ops::Range;

use otolith_report::{CellRef, Column, Rows, append_time};

use super::table::{Look, one_line};
use super::{blocks, numbers};

/// Writes a header line of column names and one line per row. Null is empty; text that is empty is
/// `""`, so that the two differ. Texts are as they were sent, except on a terminal, which control
/// characters would command.
pub fn write(
    columns: &[Column],
    rows: &(impl Rows + ?Sized),
    look: Look,
    out: &mut impl Write,
) -> io::Result<()> {
    let printable = |text: String| match look {
        Look::Drawn { .. } => one_line(&text),
        Look::Plain => text,
    };
    let names: Vec<Cow<'_, str>> = columns.iter().map(|c| quote(&c.name)).collect();
    writeln!(out, "{}", printable(names.join(",")))?;
    blocks::write(rows.count(), out, Vec::new, |cells, row, text| {
        let start = text.len();
        cells.clear();
        rows.row(row, cells);
        let mut last = None;
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            match cell {
                CellRef::Double(x) => double(*x, &mut last, text),
                cell => field(*cell, text),
            }
        }
        if let Look::Drawn { .. } = look {
            let line = one_line(&text[start..]);
            text.truncate(start);
            text.push_str(&line);
        }
        text.push('\n');
    })
}

/// Appends a double. As a rule several of a row are the same, such as mean, least and greatest of one
/// value: `last` is the one before, and where its text is.
fn double(x: f64, last: &mut Option<(u64, Range<usize>)>, out: &mut String) {
    let start = out.len();
    match last {
        Some((bits, text)) if *bits == x.to_bits() => out.extend_from_within(text.clone()),
        _ => {
            numbers::append_double(out, x);
            *last = Some((x.to_bits(), start..out.len()));
        }
    }
}

fn field(cell: CellRef<'_>, out: &mut String) {
    match cell {
        CellRef::Null => {}
        CellRef::Text(text) if is_plain(text) => out.push_str(text),
        CellRef::Text(text) => out.push_str(&quote(text)),
        CellRef::Int(n) => numbers::append(out, format_args!("{n}")),
        CellRef::Double(x) => numbers::append_double(out, x),
        CellRef::Money(amount) => out.push_str(&numbers::dollars(amount)),
        CellRef::Time(nanos) => append_time(out, nanos),
        CellRef::Bool(b) => out.push_str(if b { "true" } else { "false" }),
    }
}

fn quote(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")))
}

fn is_plain(text: &str) -> bool {
    let is_special = |byte: &u8| matches!(byte, b',' | b'"' | b'\n' | b'\r');
    // All bytes are looked at, many of them at once.
    let count = text.bytes().filter(is_special).count();
    count == 0 && !text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing::sample;
    use otolith_report::{Cell, Report};

    #[test]
    fn fields_are_quoted_where_needed_and_numbers_are_whole() {
        let mut out = Vec::new();
        let Report { columns, rows, .. } = sample();
        write(&columns, &rows, Look::Plain, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "agent,tokens,cost_usd,p50_ms,at\n\
             \"claude, \"\"x\"\"\",1234567,0.50,1.5,2026-11-20T00:00:00Z\n\
             \"a|b\n\",,0.06909,,\n"
        );
    }

    #[test]
    fn control_characters_reach_no_terminal() {
        let mut report = sample();
        report.rows[0][0] = Cell::Text("\u{1b}[31m\u{9b}x".to_owned());
        let mut out = Vec::new();
        let look = Look::Drawn { width: None };
        write(&report.columns, &report.rows, look, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("\\u{1b}[31m\\u{9b}x,"), "{text}");
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
    }

    #[test]
    fn empty_text_is_not_null() {
        let text = |cell| {
            let mut text = String::new();
            field(CellRef::from(&cell), &mut text);
            text
        };
        assert_eq!(text(Cell::Text(String::new())), "\"\"");
        assert_eq!(text(Cell::Null), "");
    }
}
