//! `cargo xtask ci`: the checks beside the tests.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::instructions::Mode;
use crate::run::Profile;
use crate::{crash, docs, faults, instructions, interop, run, tidy};

/// Kills that are enough to meet every command in every phase, in less than a minute.
const KILLS: u64 = 10;

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
    run::command("cargo", &["test", "--package", "xtask"])?;
    crash::run(KILLS, Profile::Dev)?;
    faults::run(Profile::Dev)?;
    interop::cookbook(Profile::Dev)?;
    interop::truth(Profile::Dev)?;
    // Last, so that it is seen if nothing was compared.
    instructions::run(Mode::Compare)
}
