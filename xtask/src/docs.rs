//! Documents that are generated from the definitions in the code.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

use crate::{bench, root};

/// The generated files and their contents.
fn generated() -> Result<Vec<(PathBuf, String)>> {
    let redaction = root().join("docs/redaction.md");
    let with_keys = with_keys(&fs::read_to_string(&redaction).unwrap_or_default());
    let mut generated = vec![
        (
            root().join("docs/tables.md"),
            otolith_tables::tables_markdown(),
        ),
        (redaction, with_keys),
    ];
    generated.extend(bench::pages()?);
    Ok(generated)
}

/// The page with the keys of the classes between the two lines that enclose them.
fn with_keys(page: &str) -> String {
    const BEGIN: &str =
        "<!-- written by `cargo xtask docs` from crates/ingest/src/redact/table.rs -->\n";
    const END: &str = "<!-- end of what is written -->\n";
    let head = page.split_once(BEGIN).map_or(page, |(head, _)| head);
    let tail = page.split_once(END).map_or("", |(_, tail)| tail);
    let keys = otolith_ingest::redaction_keys_markdown();
    format!("{head}{BEGIN}{keys}{END}{tail}")
}

/// Writes the generated files.
pub fn write() -> Result<()> {
    for (path, text) in generated()? {
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Fails if a generated file is stale.
pub fn check() -> Result<()> {
    for (path, text) in generated()? {
        let written = fs::read_to_string(&path).unwrap_or_default();
        ensure!(
            written == text,
            "{} is stale: run `cargo xtask docs`",
            path.display()
        );
    }
    Ok(())
}
