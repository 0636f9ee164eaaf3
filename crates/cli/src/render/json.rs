//! JSON objects and JSON Lines.

use std::io::{self, Write};

use otolith_report::{Cell, Column, Note, Report};
use serde::Serialize;
use serde::ser::SerializeMap as _;
use serde_json::ser::{Formatter, Serializer};
use serde_json::{Map, Value};

use super::table::is_unprintable;

/// Writes an answer as one object on one line: the value of [`Report::to_json`], its members in
/// the order of the documentation and those of a row in the order of the columns.
pub fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let answer = Answer {
        report: &report.report,
        parameters: &report.parameters,
        columns: report.columns.iter().map(ColumnObject::new).collect(),
        rows: rows(report).collect(),
        notes: report.notes.iter().map(NoteObject::new).collect(),
    };
    object(&answer, out)
}

/// Writes one object per row.
pub fn write_lines(report: &Report, out: &mut impl Write) -> io::Result<()> {
    rows(report).try_for_each(|row| object(&row, out))
}

/// Writes a value as one line of JSON, in which nothing commands a terminal.
pub fn object(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Printable))?;
    out.write_all(b"\n")
}

/// Escapes what JSON allows to stand as it is, but terminals obey.
struct Printable;

impl Formatter for Printable {
    fn write_string_fragment<W>(&mut self, out: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_unprintable) {
            out.write_all(&rest.as_bytes()[..at])?;
            let mut chars = rest[at..].chars();
            if let Some(c) = chars.next() {
                write!(out, "\\u{:04x}", u32::from(c))?;
            }
            rest = chars.as_str();
        }
        out.write_all(rest.as_bytes())
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    report: &'a str,
    parameters: &'a Map<String, Value>,
    columns: Vec<ColumnObject<'a>>,
    rows: Vec<Row<'a>>,
    notes: Vec<NoteObject<'a>>,
}

#[derive(Serialize)]
struct ColumnObject<'a> {
    name: &'a str,
    r#type: &'static str,
    unit: Option<&'a str>,
}

impl<'a> ColumnObject<'a> {
    fn new(column: &'a Column) -> Self {
        Self {
            name: &column.name,
            r#type: column.r#type.as_str(),
            unit: column.unit.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct NoteObject<'a> {
    code: &'static str,
    text: &'a str,
    count: u64,
}

impl<'a> NoteObject<'a> {
    fn new(note: &'a Note) -> Self {
        Self {
            code: note.code.as_str(),
            text: &note.text,
            count: note.count,
        }
    }
}

/// A row as an object. Of columns of one name the last one counts.
struct Row<'a> {
    columns: &'a [Column],
    cells: &'a [Cell],
}

fn rows(report: &Report) -> impl Iterator<Item = Row<'_>> {
    report.rows.iter().map(|cells| Row {
        columns: &report.columns,
        cells,
    })
}

impl Serialize for Row<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (index, (column, cell)) in self.columns.iter().zip(self.cells).enumerate() {
            let mut later = self.columns[index + 1..].iter();
            if later.all(|other| other.name != column.name) {
                map.serialize_entry(&column.name, &cell.to_json())?;
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing::sample;
    use otolith_report::CellType;

    fn written(report: &Report, write: impl Fn(&Report, &mut Vec<u8>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_object_is_that_of_the_library() {
        let mut report = sample();
        let check = |report: &Report| {
            let text = written(report, write);
            assert_eq!(text.lines().count(), 1);
            let value: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value, report.to_json());
        };
        check(&report);
        report.columns[1] = Column::new("agent", CellType::Int);
        check(&report);
    }

    #[test]
    fn control_characters_are_escaped_and_read_back() {
        let text = "a\u{1b}\u{7f}\u{9b}31m\u{202e}\u{e9}\n";
        let mut out = Vec::new();
        object(&text, &mut out).unwrap();
        assert_eq!(
            out,
            "\"a\\u001b\\u007f\\u009b31m\\u202e\u{e9}\\n\"\n".as_bytes()
        );
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
    }

    #[test]
    fn lines_hold_one_row_each_in_the_order_of_the_columns() {
        let text = written(&sample(), write_lines);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(
            lines[0],
            r#"{"agent":"claude, \"x\"","tokens":1234567,"cost_usd":0.5,"p50_ms":1.5,"at":"2026-11-20T00:00:00Z"}"#
        );
    }
}
