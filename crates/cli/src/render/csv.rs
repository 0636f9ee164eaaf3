//! Comma-separated values (RFC 4180, lines end with a line feed).

use std::borrow::Cow;
use std::io::{self, Write};

use otolith_report::{Cell, Report, time_text};

use super::numbers;

/// Writes a header line of column names and one line per row. Null is empty; text that is empty is
/// `""`, so that the two differ.
pub fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let names = report.columns.iter().map(|c| quote(&c.name));
    write_line(names, out)?;
    for row in &report.rows {
        write_line(row.iter().map(field), out)?;
    }
    Ok(())
}

fn write_line<'a>(
    fields: impl Iterator<Item = Cow<'a, str>>,
    out: &mut impl Write,
) -> io::Result<()> {
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
        write(&sample(), &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "agent,tokens,cost_usd,p50_ms,at\n\
             \"claude, \"\"x\"\"\",1234567,0.50,1.5,2026-11-20T00:00:00Z\n\
             \"a|b\n\",,0.06909,,\n"
        );
    }

    #[test]
    fn empty_text_is_not_null() {
        assert_eq!(field(&Cell::Text(String::new())), "\"\"");
        assert_eq!(field(&Cell::Null), "");
    }
}
