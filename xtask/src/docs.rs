//! Documents that are generated from the definitions in the code.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

use crate::root;

/// The generated files and their contents.
fn generated() -> Vec<(PathBuf, String)> {
    vec![(
        root().join("docs/tables.md"),
        otolith_tables::tables_markdown(),
    )]
}

/// Writes the generated files.
pub fn write() -> Result<()> {
    for (path, text) in generated() {
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Fails if a generated file is stale.
pub fn check() -> Result<()> {
    for (path, text) in generated() {
        let written = fs::read_to_string(&path).unwrap_or_default();
        ensure!(
            written == text,
            "{} is stale: run `cargo xtask docs`",
            path.display()
        );
    }
    Ok(())
}
