//! `cargo xtask interop`: other engines read what otolith writes. `cargo xtask cookbook` and
//! `cargo xtask truth`: DuckDB answers as otolith does.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::run::Profile;
use crate::{root, run};

/// DuckDB, and what it needs for times with a zone.
const DUCKDB: [&str; 2] = ["duckdb==2.0.1", "pytz==2026.6"];

/// What the judges are, from PyPI. Pinned so that a failure is ours.
const PACKAGES: [&str; 6] = [
    DUCKDB[0],
    DUCKDB[1],
    "pyarrow==26.0.1",
    "deltalake==1.6.6",
    "polars==2.1.0",
    "pyspark==4.3.0",
];

/// Runs every query of the cookbook with otolith, and its other form with DuckDB. Takes DuckDB from
/// PyPI where it is not there yet.
pub fn cookbook(profile: Profile) -> Result<()> {
    let page = root().join("docs/cookbook.md");
    duckdb(profile, "cookbook.py", &[&page], "lake")
}

/// Asks DuckDB, about the lake of every real capture, for the amounts of `truth.json`, and for what
/// tokens cost by the embedded prices; compares them with the truth and with the reports.
pub fn truth(profile: Profile) -> Result<()> {
    let captures = root().join("testdata/captures");
    let prices = root().join("crates/report/src/prices/prices.json");
    duckdb(profile, "truth.py", &[&captures, &prices], "truth")
}

/// Runs a script that asks DuckDB, with the command, its arguments, and a directory of its own.
fn duckdb(profile: Profile, script: &str, arguments: &[&Path], lakes: &str) -> Result<()> {
    let otolith = run::otolith(profile)?;
    let dir = run::target_dir()?.join("cookbook");
    fs::create_dir_all(&dir)?;
    let python = run::python(&dir, &DUCKDB)?;
    run::with(
        Command::new(&python)
            .arg(root().join("xtask/interop").join(script))
            .arg(&otolith)
            .args(arguments)
            .arg(dir.join(lakes)),
    )
}

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
