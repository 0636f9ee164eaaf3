//! A Markdown table with the notes below it.

use std::io::{self, Write};

use otolith_report::Report;

use super::note_text;
use super::table::{Side, header, one_line, texts};

/// Writes an answer as a GitHub-flavoured table.
pub fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let headers: Vec<(String, Side)> = report.columns.iter().map(header).collect();
    write_row(headers.iter().map(|(text, _)| text.as_str()), out)?;
    let rules = headers.iter().map(|(_, side)| match side {
        Side::Left => "---",
        Side::Right => "---:",
    });
    write_row(rules, out)?;
    for row in texts(report) {
        write_row(row.iter().map(String::as_str), out)?;
    }
    if !report.notes.is_empty() {
        writeln!(out)?;
    }
    for note in &report.notes {
        writeln!(out, "- {}", escape(&note_text(note)))?;
    }
    Ok(())
}

fn write_row<'a>(cells: impl Iterator<Item = &'a str>, out: &mut impl Write) -> io::Result<()> {
    for cell in cells {
        write!(out, "| {} ", escape(cell))?;
    }
    writeln!(out, "|")
}

fn escape(text: &str) -> String {
    one_line(text).replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing::sample;

    #[test]
    fn bars_and_line_ends_do_not_break_the_table() {
        let mut out = Vec::new();
        write(&sample(), &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\
| agent | tokens | cost_usd | p50_ms | at |
| --- | ---: | ---: | ---: | --- |
| claude, \"x\" | 1,234,567 | 0.50000 | 1.5 | 2026-11-20T00:00:00Z |
| a\\|b\\n | - | 0.06909 | - | - |

- items removed (2)
"
        );
    }
}
