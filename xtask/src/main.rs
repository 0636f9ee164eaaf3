//! Development tasks: `cargo xtask TASK`. A task that fails prints the command that repairs.

mod bench;
mod check;
mod collector;
mod corpus;
mod crash;
mod docs;
mod faults;
mod interop;
mod lakes;
mod repeated;
mod run;
mod spread;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::run::Profile;

const USAGE: &str = "\
usage: cargo xtask TASK

tasks:
  ci               what gates a submission: fmt, clippy, doc, docs --check, tidy, short crash and faults
  docs [--check]   writes docs/tables.md and the keys of docs/redaction.md from the definitions;
                   --check only compares
  tidy             edges between crates, file sizes, READMEs, prints in libraries
  corpus DIR SIZE  writes the made-up telemetry of size S, M, M10 (small requests) or L into a
                   directory, in every dialect: about 10 MB, 200 MB, 200 MB, 1 GB of JSON lines
  bench [CASE]     builds the release command and its peers (otlp2records; DuckDB from PyPI) and measures
                   converting (RUNS, 5 unless set); writes bench/runs/DATE and docs/performance.md.
                   With CASE only the cases whose names begin so, and writes nothing
  spread           converts 30 days of 50 services in three orders and counts the files
  crash [--kills N] [--dev]
                   kills the command N times (200) at random, in convert, compact and drop, and expects
                   the same command to make everything good; runs commands side by side. --dev takes
                   the build of the tests, else a release is built
  faults [--dev]   a full disk at many sizes, a read-only lake, inputs that vanish or may not be read:
                   clear messages, intact lakes. Mounts file systems in memory, as root
  interop [--dev]  converts every real capture and reads it with DuckDB, pyarrow,
                   deltalake, polars (from PyPI) and Spark (with Java)
  collector        replays every real capture into a real OpenTelemetry Collector (built with Go)
                   and compares what its file exporter wrote, in every framing
";

fn main() -> ExitCode {
    match run_task() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run_task() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["ci"] => check::ci(),
        ["docs"] => docs::write(),
        ["docs", "--check"] => docs::check(),
        ["tidy"] => tidy::run(),
        ["corpus", directory, size] => corpus::write_all(directory.as_ref(), size),
        ["bench"] => bench::run(None),
        ["bench", case] => bench::run(Some(case)),
        ["spread"] => spread::run(),
        ["crash", options @ ..] => {
            let (options, profile) = profile(options);
            match options {
                [] => crash::run(200, profile),
                ["--kills", kills] => crash::run(kills.parse()?, profile),
                _ => bail!("usage: cargo xtask crash [--kills N] [--dev]"),
            }
        }
        ["faults"] => faults::run(Profile::Release),
        ["faults", "--dev"] => faults::run(Profile::Dev),
        ["interop"] => interop::run(Profile::Release),
        ["interop", "--dev"] => interop::run(Profile::Dev),
        ["collector"] => collector::run(),
        _ => bail!("no such task\n\n{USAGE}"),
    }
}

/// Takes `--dev` off the end of options.
fn profile<'a>(options: &'a [&'a str]) -> (&'a [&'a str], Profile) {
    match options.split_last() {
        Some((&"--dev", options)) => (options, Profile::Dev),
        _ => (options, Profile::Release),
    }
}

/// The root of the checkout.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the root")
        .to_path_buf()
}
