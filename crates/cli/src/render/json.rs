//! JSON objects and JSON Lines.

use std::io::{self, Write};

use otolith_report::Report;
use serde::Serialize;

/// Writes an answer as one object on one line.
pub fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    object(&report.to_json(), out)
}

/// Writes one object per row.
pub fn write_lines(report: &Report, out: &mut impl Write) -> io::Result<()> {
    for row in &report.rows {
        object(&report.row_to_json(row), out)?;
    }
    Ok(())
}

/// Writes a value as one line of JSON.
pub fn object(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing::sample;

    #[test]
    fn lines_hold_one_row_each() {
        let mut out = Vec::new();
        write_lines(&sample(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["cost_usd"], 0.5);
        assert_eq!(lines[1]["tokens"], serde_json::Value::Null);
    }
}
