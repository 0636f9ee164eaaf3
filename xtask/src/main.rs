//! Development tasks: `cargo xtask TASK`. A task that fails prints the command that repairs.

mod bench;
mod check;
mod collector;
mod corpus;
mod docs;
mod interop;
mod run;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask TASK

tasks:
  ci               what gates a submission: fmt, clippy, doc, docs --check, tidy
  docs [--check]   writes docs/tables.md and the keys of docs/redaction.md from the definitions;
                   --check only compares
  tidy             edges between crates, file sizes, READMEs, prints in libraries
  corpus FILE MB   writes a capture of about MB megabytes of JSON lines, made by repeating and
                   shifting the real captures
  bench            builds the release command and measures converting on a corpus (CORPUS_MB, RUNS)
  interop          converts every real capture and reads it with DuckDB and pyarrow (from PyPI)
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
        ["corpus", file, megabytes] => corpus::write(file.as_ref(), megabytes.parse()?),
        ["bench"] => bench::run(),
        ["interop"] => interop::run(),
        ["collector"] => collector::run(),
        _ => bail!("no such task\n\n{USAGE}"),
    }
}

/// The root of the checkout.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the root")
        .to_path_buf()
}
