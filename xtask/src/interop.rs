//! `cargo xtask interop`: other engines read what otolith writes.

use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::run::Profile;
use crate::{root, run};

/// What the judges are, from PyPI. Pinned so that a failure is ours.
const PACKAGES: [&str; 6] = [
    "duckdb==2.0.1",
    "pyarrow==26.0.1",
    "pytz==2026.6",
    "deltalake==1.6.6",
    "polars==2.1.0",
    "pyspark==4.3.0",
];

/// Converts every real capture, then lets DuckDB and pyarrow read every file, and these, deltalake,
/// polars and Spark read every table as the log or the directory has it. Spark needs Java.
pub fn run(profile: Profile) -> Result<()> {
    let otolith = run::otolith(profile)?;
    let dir = run::target_dir()?.join("interop");
    fs::create_dir_all(&dir)?;
    let python = run::python(&dir, &PACKAGES)?;
    for (script, lakes) in [("read_lakes.py", "lakes"), ("agree.py", "agreeing")] {
        run::with(
            Command::new(&python)
                .arg(root().join("xtask/interop").join(script))
                .arg(&otolith)
                .arg(root().join("testdata/captures"))
                .arg(dir.join(lakes)),
        )?;
    }
    Ok(())
}
