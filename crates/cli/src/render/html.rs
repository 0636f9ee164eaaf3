//! A page of its own: the table with parameters and notes, and nothing that runs or is fetched.

use std::io::{self, Write};

use otolith_report::Report;
use serde_json::Value;

use super::note_text;
use super::table::{Side, header, one_line, texts};

/// Nothing may be loaded or run, whatever the data says.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

const STYLE: &str = "\
body{font:14px/1.4 system-ui,sans-serif;margin:2em;color:#1b1b1b;background:#fff}
table{border-collapse:collapse}
th,td{padding:.25em .7em;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}
th{position:sticky;top:0;background:#f3f3f3}
th small{font-weight:normal;color:#666}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
td.z{color:#999}
dl{display:grid;grid-template-columns:max-content auto;gap:.1em 1em}
dt{color:#666}
dd{margin:0}
@media(prefers-color-scheme:dark){body{background:#1b1b1b;color:#eee}th{background:#2b2b2b}
th,td{border-color:#444}dt,th small{color:#aaa}}";

/// The beginning of a page that loads and runs nothing, up to its title.
pub(super) fn write_head(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>")?;
    writeln!(out, "<meta charset=\"utf-8\">")?;
    writeln!(
        out,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">"
    )?;
    writeln!(
        out,
        "<meta name=\"viewport\" content=\"width=device-width\">"
    )
}

/// Writes an answer as one HTML page. Every text is escaped, and control characters are made
/// visible, so that nothing of the data is taken for markup.
pub fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let name = escape(&report.report);
    write_head(out)?;
    writeln!(out, "<title>{name} - otolith</title>")?;
    writeln!(out, "<style>{STYLE}</style>\n</head>\n<body>")?;
    writeln!(out, "<h1>{name}</h1>")?;
    if !report.parameters.is_empty() {
        writeln!(out, "<dl>")?;
        for (key, value) in &report.parameters {
            let (key, value) = (escape(key), escape(&parameter(value)));
            writeln!(out, "<dt>{key}</dt><dd>{value}</dd>")?;
        }
        writeln!(out, "</dl>")?;
    }
    table(report, out)?;
    if !report.notes.is_empty() {
        writeln!(out, "<h2>Notes</h2>\n<ul>")?;
        for note in &report.notes {
            let code = escape(note.code.as_str());
            let text = escape(&note_text(note));
            writeln!(out, "<li><code>{code}</code> {text}</li>")?;
        }
        writeln!(out, "</ul>")?;
    }
    writeln!(out, "</body>\n</html>")
}

fn table(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let sides: Vec<Side> = report
        .columns
        .iter()
        .map(|column| header(column).1)
        .collect();
    writeln!(out, "<table>\n<thead><tr>")?;
    for (column, side) in report.columns.iter().zip(&sides) {
        let class = class(*side, false);
        write!(out, "<th{class} scope=\"col\">{}", escape(&column.name))?;
        if let Some(unit) = &column.unit {
            write!(out, " <small>{}</small>", escape(unit))?;
        }
        writeln!(out, "</th>")?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    for (cells, row) in texts(report).iter().zip(&report.rows) {
        write!(out, "<tr>")?;
        for ((text, cell), side) in cells.iter().zip(row).zip(&sides) {
            let class = class(*side, *cell == otolith_report::Cell::Null);
            write!(out, "<td{class}>{}</td>", escape(text))?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody>\n</table>")
}

const fn class(side: Side, is_null: bool) -> &'static str {
    match (side, is_null) {
        (Side::Left, false) => "",
        (Side::Left, true) => " class=\"z\"",
        (Side::Right, false) => " class=\"n\"",
        (Side::Right, true) => " class=\"n z\"",
    }
}

/// A parameter as typed: lists with commas.
fn parameter(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            let list: Vec<String> = list.iter().map(parameter).collect();
            list.join(",")
        }
        other => other.to_string(),
    }
}

/// The text as HTML shows it, in elements and in quoted attributes.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing::sample;
    use otolith_report::{Cell, Column};

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        write(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_page_holds_columns_units_rows_and_notes() {
        let page = written(&sample());
        assert!(page.contains(r#"<th class="n" scope="col">tokens <small>tokens</small></th>"#));
        assert!(page.contains("<tr><td>claude, &quot;x&quot;</td><td class=\"n\">1,234,567</td>"));
        assert!(page.contains(r#"<td class="n z">-</td>"#), "{page}");
        assert!(page.contains("<li><code>duplicates_removed</code> items removed (2)</li>"));
    }

    #[test]
    fn no_text_of_the_data_is_markup() {
        const HOSTILE: &str = "</td></style></title><script>alert('&\"')</script>\u{1b}\u{202e}";
        let mut report = sample();
        report.report = HOSTILE.to_owned();
        report
            .parameters
            .insert(HOSTILE.to_owned(), Value::from(vec![HOSTILE]));
        report.columns[0] = Column::with_unit(HOSTILE, report.columns[0].r#type, HOSTILE);
        report.rows[0][0] = Cell::Text(HOSTILE.to_owned());
        report.notes[0].text = HOSTILE.to_owned();
        let page = written(&report);
        assert!(!page.contains("<script") && !page.contains("alert('"));
        assert!(!page.contains(['\u{1b}', '\u{202e}']));
        for end in ["</td></style>", "</style></title>"] {
            assert!(!page.contains(end), "{page}");
        }
        // Tags are the ones of the page itself.
        let plain = written(&sample()).matches('<').count();
        let parameters = "<dl><dt></dt><dd></dd></dl>".matches('<').count();
        let unit = "<small></small>".matches('<').count();
        assert_eq!(page.matches('<').count(), plain + parameters + unit);
    }
}
