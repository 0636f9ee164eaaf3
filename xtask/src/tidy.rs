//! `cargo xtask tidy`: what the compiler does not check.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::{root, run};

/// The edges between crates, as drawn in `docs/architecture.md`: a crate, and what it may use.
const EDGES: [(&str, &[&str]); 11] = [
    ("otolith-capture", &[]),
    ("otolith-otlp", &["otolith-capture"]),
    ("otolith-corpus", &["otolith-capture", "otolith-otlp"]),
    ("otolith-tables", &["otolith-capture", "otolith-otlp"]),
    ("otolith-lake", &["otolith-tables"]),
    (
        "otolith-ingest",
        &[
            "otolith-capture",
            "otolith-otlp",
            "otolith-tables",
            "otolith-lake",
        ],
    ),
    ("otolith-report", &["otolith-tables", "otolith-lake"]),
    ("otolith-replay", &["otolith-capture", "otolith-otlp"]),
    ("otolith-receive", &["otolith-capture", "otolith-otlp"]),
    (
        "otolith",
        &[
            "otolith-capture",
            "otolith-otlp",
            "otolith-tables",
            "otolith-lake",
            "otolith-ingest",
            "otolith-report",
            "otolith-receive",
            "otolith-replay",
        ],
    ),
    (
        "xtask",
        &[
            "otolith-capture",
            "otolith-corpus",
            "otolith-tables",
            "otolith-ingest",
        ],
    ),
];

/// Crates that alone may use a heavy dependency.
const EXCLUSIVE: [(&str, &[&str]); 8] = [
    ("polars", &["otolith-report"]),
    ("parquet", &["otolith-lake"]),
    ("arrow-array", &["otolith-lake"]),
    ("delta_kernel", &["otolith-lake"]),
    ("rayon", &["otolith-ingest", "otolith-lake"]),
    ("blake3", &["otolith-ingest"]),
    ("hyper", &["otolith-receive", "otolith-replay"]),
    ("clap", &["otolith"]),
];

/// Longest file, in lines without its unit tests.
const MAX_LINES: usize = 600;

/// Runs all checks and lists everything that is wrong.
pub fn run() -> Result<()> {
    let mut wrong = Vec::new();
    check_edges(&mut wrong)?;
    check_files(&mut wrong)?;
    ensure!(wrong.is_empty(), "tidy:\n  {}", wrong.join("\n  "));
    Ok(())
}

fn check_edges(wrong: &mut Vec<String>) -> Result<()> {
    let text = run::output(Command::new("cargo").args([
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
    ]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text)?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    for package in packages {
        let name = package["name"].as_str().context("package without name")?;
        let Some((_, allowed)) = EDGES.iter().find(|(from, _)| *from == name) else {
            wrong.push(format!("crate `{name}` is not in the edge list"));
            continue;
        };
        for dependency in package["dependencies"]
            .as_array()
            .context("no dependencies")?
        {
            let to = dependency["name"]
                .as_str()
                .context("dependency without name")?;
            let normal = dependency["kind"].is_null();
            if normal && to.starts_with("otolith") && !allowed.contains(&to) {
                wrong.push(format!("`{name}` must not use `{to}`"));
            }
            let exclusive = EXCLUSIVE.iter().find(|(heavy, _)| *heavy == to);
            if let Some((_, owners)) = exclusive
                && normal
                && !owners.contains(&name)
            {
                wrong.push(format!("`{name}` must not use `{to}`: only {owners:?}"));
            }
        }
        let manifest = package["manifest_path"]
            .as_str()
            .context("no manifest path")?;
        let readme = Path::new(manifest).with_file_name("README.md");
        if name != "xtask" && !readme.exists() {
            wrong.push(format!("crate `{name}` has no README.md"));
        }
    }
    Ok(())
}

fn check_files(wrong: &mut Vec<String>) -> Result<()> {
    let listed = run::output(Command::new("git").args(["ls-files", "*.rs"]))?;
    for name in listed.lines() {
        let path: PathBuf = root().join(name);
        let Ok(text) = fs::read_to_string(&path) else {
            continue; // removed in the work tree
        };
        let code = text
            .split("#[cfg(test)]\nmod tests")
            .next()
            .unwrap_or(&text);
        let lines = code.lines().count();
        if lines > MAX_LINES && !text.contains("tidy: flat table") {
            wrong.push(format!("{name}: {lines} lines, at most {MAX_LINES}"));
        }
        if !text.is_ascii() && !name.contains("/tests/") && !text.contains("#[cfg(test)]") {
            wrong.push(format!("{name}: source is ASCII outside test data"));
        }
        let library = name.starts_with("crates/")
            && name.contains("/src/")
            && !name.starts_with("crates/cli/");
        for (number, line) in code.lines().enumerate() {
            let at = || format!("{name}:{}", number + 1);
            let word = line.trim_start();
            if library && (word.starts_with("println!") || word.starts_with("eprintln!")) {
                wrong.push(format!("{}: libraries do not print", at()));
            }
            // Spelled in two pieces so that this line is not found.
            if line.contains(concat!("TO", "DO")) || line.contains(concat!("FIX", "ME")) {
                wrong.push(format!("{}: unfinished work belongs into an issue", at()));
            }
        }
    }
    Ok(())
}
