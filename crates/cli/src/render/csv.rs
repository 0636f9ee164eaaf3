//! Comma-separated values (RFC 4180, lines end with a line feed).

use std::borrow::Cow;
use std::io::{self, Write};

use otolith_report::{Cell, Report, time_text};

use super::numbers;
use super::table::{Look, one_line};

/// Writes a header line of column names and one line per row. Null is empty; text that is empty is
/// `""`, so that the two differ. Texts are as they were sent, except on a terminal, which control
/// characters would command.
pub fn write(report: &Report, look: Look, out: &mut impl Write) -> io::Result<()> {
    let printable = |text: Cow<'_, str>| match look {
        Look::Drawn { .. } => one_line(&text),
        Look::Plain => text.into_owned(),
    };
    let names = report.columns.iter().map(|c| printable(quote(&c.name)));
    write_line(names, out)?;
    for row in &report.rows {
        write_line(row.iter().map(|cell| printable(field(cell))), out)?;
    }
    Ok(())
}

fn write_line(fields: impl Iterator<Item = String>, out: &mut impl Write) -> io::Result<()> {
    for (index, field) in fields.enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        out.write_all(field.as_bytes())?;
    }
    out.write_all(b"\n")
}

fn field(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Null => Cow::Borrowed(""),
        Cell::Text(text) => quote(text),
        Cell::Int(n) => Cow::Owned(n.to_string()),
        Cell::Double(x) => Cow::Owned(numbers::machine_double(*x)),
        Cell::Money(amount) => Cow::Owned(numbers::dollars(*amount)),
        Cell::Time(nanos) => Cow::Owned(time_text(*nanos)),
        Cell::Bool(b) => Cow::Borrowed(if *b { "true" } else { "false" }),
    }
}

fn quote(text: &str) -> Cow<'_, str> {
    if !text.is_empty() && !text.contains([',', '"', '\n', '\r']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing::sample;

    #[test]
    fn fields_are_quoted_where_needed_and_numbers_are_whole() {
        let mut out = Vec::new();
        write(&sample(), Look::Plain, &mut out).unwrap();
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
        write(&report, Look::Drawn { width: None }, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("\\u{1b}[31m\\u{9b}x,"), "{text}");
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
    }

    #[test]
    fn empty_text_is_not_null() {
        assert_eq!(field(&Cell::Text(String::new())), "\"\"");
        assert_eq!(field(&Cell::Null), "");
    }
}
