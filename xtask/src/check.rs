//! `cargo xtask ci`: the checks beside the tests.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{docs, run, tidy};

/// Runs every check; the first that fails ends the run.
pub fn ci() -> Result<()> {
    run::command("cargo", &["fmt", "--all", "--check"]).context("repair with `cargo fmt --all`")?;
    tidy::run()?;
    docs::check()?;
    run::command(
        "cargo",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ],
    )?;
    run::with(
        Command::new("cargo")
            .args([
                "doc",
                "--workspace",
                "--no-deps",
                "--document-private-items",
            ])
            .env("RUSTDOCFLAGS", "--deny warnings"),
    )?;
    run::command("cargo", &["test", "--package", "xtask"])
}
