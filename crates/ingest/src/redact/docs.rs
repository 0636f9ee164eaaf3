//! The classes as Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::table::{ENTRIES, Holds};
use super::target::RedactClass;

/// What belongs to each class, as the part of `docs/redaction.md` that is written by
/// `cargo xtask docs`.
pub fn redaction_keys_markdown() -> String {
    let mut out = String::new();
    for class in RedactClass::ALL {
        let _ = writeln!(
            out,
            "\n### `{}`\n\n| known from | keys |\n|---|---|",
            class.as_str()
        );
        let mut order = Vec::new();
        let mut rows: BTreeMap<(&str, u8), Vec<String>> = BTreeMap::new();
        for entry in ENTRIES.iter().filter(|entry| entry.class == class) {
            let row = (entry.source, entry.holds as u8);
            if !rows.contains_key(&row) {
                order.push((row, entry.holds));
            }
            let pattern = format!("`{}`", entry.pattern);
            rows.entry(row).or_default().push(pattern);
        }
        for (row, holds) in order {
            let what = match holds {
                Holds::Attribute => "",
                Holds::EventBody => "bodies of events ",
                Holds::Kept => "not redacted: ",
            };
            let _ = writeln!(out, "| {} | {what}{} |", row.0, rows[&row].join(" "));
        }
    }
    out
}
