//! Running other programs, with errors that name the command.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use crate::root;

/// Runs a command in the root of the checkout and fails if it fails.
pub fn command(program: &str, arguments: &[&str]) -> Result<()> {
    with(Command::new(program).args(arguments))
}

/// Runs a prepared command in the root of the checkout and fails if it fails.
pub fn with(command: &mut Command) -> Result<()> {
    command.current_dir(root());
    eprintln!("+ {command:?}");
    let status = undisturbed(command)
        .status()
        .with_context(|| format!("cannot start {command:?}"))?;
    ensure!(status.success(), "{command:?} failed: {status}");
    Ok(())
}

/// Runs a command and returns what it printed.
pub fn output(command: &mut Command) -> Result<String> {
    output_in(&root(), command)
}

/// Runs a command in a directory and returns what it printed.
pub fn output_in(directory: &Path, command: &mut Command) -> Result<String> {
    undisturbed(command).current_dir(directory);
    let output = command
        .output()
        .with_context(|| format!("cannot start {command:?}"))?;
    if !output.status.success() {
        bail!(
            "{command:?} failed: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Takes away what cargo tells a program that it runs. Build scripts of dependencies look at it, so
/// that a build from here would not be the one that was made before: minutes for nothing.
fn undisturbed(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let is_of_cargo = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if is_of_cargo {
            command.env_remove(name);
        }
    }
    command
}

/// The target directory that cargo uses, from its own metadata.
pub fn target_dir() -> Result<PathBuf> {
    let text =
        output(Command::new("cargo").args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text)?;
    let dir = metadata["target_directory"]
        .as_str()
        .context("cargo metadata names no target directory")?;
    Ok(PathBuf::from(dir))
}

/// How the command is built that a task tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// As users have it. Takes many minutes when it was not built before.
    Release,
    /// As tests have built it.
    Dev,
}

/// Builds the command and returns its path.
pub fn otolith(profile: Profile) -> Result<PathBuf> {
    let (arguments, path): (&[&str], _) = match profile {
        Profile::Release => (
            &["build", "--quiet", "--release", "--package", "otolith"],
            "release/otolith",
        ),
        // Another selection of packages has other features, and builds polars once more.
        Profile::Dev => (&["test", "--quiet", "--no-run"], "debug/otolith"),
    };
    command("cargo", arguments)?;
    Ok(target_dir()?.join(path))
}

/// Builds a bench as `cargo bench` does and returns its path.
pub fn bench(package: &str, name: &str) -> Result<PathBuf> {
    let mut command = Command::new("cargo");
    command
        .args(["bench", "--quiet", "--no-run", "--message-format", "json"])
        .args(["--package", package, "--bench", name])
        .stderr(Stdio::inherit());
    eprintln!("+ {command:?}");
    // A line per crate that was built or was there; libraries have no executable.
    for line in output(&mut command)?.lines() {
        let message: serde_json::Value = serde_json::from_str(line)?;
        if message["target"]["name"] == name
            && let Some(path) = message["executable"].as_str()
        {
            return Ok(path.into());
        }
    }
    bail!("cargo names no executable of the bench `{name}`")
}

/// A program of crates.io, built once below `dir`, which takes minutes.
pub fn installed(dir: &Path, name: &str, version: &str) -> Result<PathBuf> {
    let place = dir.join(format!("{name}-{version}"));
    let program = place.join("bin").join(name);
    if !program.exists() {
        let built = place.join("target");
        with(
            Command::new("cargo")
                .args(["install", name, "--locked", "--quiet", "--version", version])
                .arg("--root")
                .arg(&place)
                .arg("--target-dir")
                .arg(&built),
        )?;
        // Only the program is needed, and the rest is large.
        std::fs::remove_dir_all(&built)?;
    }
    Ok(program)
}

/// A Python interpreter of a virtual environment below `dir` that has `packages` installed.
pub fn python(dir: &Path, packages: &[&str]) -> Result<PathBuf> {
    let python = dir.join("venv/bin/python");
    if !python.exists() {
        with(
            Command::new("python3")
                .args(["-m", "venv"])
                .arg(dir.join("venv")),
        )?;
    }
    with(
        Command::new(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args(packages),
    )?;
    Ok(python)
}
