//! `cargo xtask interop`: other engines read what otolith writes.

use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::{root, run};

/// What the judges are, from PyPI. Pinned so that a failure is ours.
const PACKAGES: [&str; 3] = ["duckdb>=1.4", "pyarrow>=21", "pytz"];

/// Converts every real capture, then lets DuckDB and pyarrow read every file.
pub fn run() -> Result<()> {
    let otolith = run::release_otolith()?;
    let dir = run::target_dir()?.join("interop");
    fs::create_dir_all(&dir)?;
    let python = run::python(&dir, &PACKAGES)?;
    run::with(
        Command::new(python)
            .arg(root().join("xtask/interop/read_lakes.py"))
            .arg(otolith)
            .arg(root().join("testdata/captures"))
            .arg(dir.join("lakes")),
    )
}
