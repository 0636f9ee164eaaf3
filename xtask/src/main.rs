//! Development tasks: `cargo xtask TASK`. A task that fails prints the command that repairs.

mod bench;
mod check;
mod collector;
mod corpus;
mod crash;
mod damaged;
mod docs;
mod faults;
mod instructions;
mod interop;
mod lakes;
mod otlp2parquet;
mod protocols;
mod repeated;
mod run;
mod senders;
mod spread;
mod stages;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::instructions::Mode;
use crate::run::Profile;

const USAGE: &str = "\
usage: cargo xtask TASK

tasks:
  ci               what gates a submission: fmt, clippy, doc, docs --check, tidy, short crash and faults,
                   cookbook, truth, instructions
  docs [--check]   writes docs/tables.md and the keys of docs/redaction.md from the definitions;
                   --check only compares
  tidy             edges between crates, file sizes, READMEs, prints in libraries
  corpus DIR SIZE  writes the made-up telemetry of size T, S, M, L or XL into a directory, in every dialect:
                   about 230 KB, 10 MB, 200 MB, 1 GB or 5 GB of JSON lines. S10 and M10 are in small requests
  bench [--size S] [CASE]
                   builds the release command and its peers (otlp2records; DuckDB from PyPI) and measures
                   converting, and its stages on one thread (RUNS, 5 unless set); writes bench/runs/DATE
                   and docs/performance.md. With CASE only the cases whose names begin so (such as
                   `stages, json`), with --size S on a twentieth of the input; then writes nothing
  bench [--size S] joins
                   measures how busy hosts were while 100,000 root spans ran (5 million samples) beside
                   DuckDB, polars and numpy (from PyPI) over the same lake, and prints the table
  bench [--size S] usage
                   measures what 50 agents cost in 30 days, over a lake and over JSON lines, beside
                   DuckDB (from PyPI) over the same lake, and prints the table
  bench [--size S] replay [throughput|cost|pace|stall|hour]
                   measures replays over 127.0.0.1 into a receiver that does nothing: how fast beside wrk
                   (from Debian), a plain socket and the Python exporter (from PyPI), processor time and
                   memory, how well a pace is kept, what is told of a receiver that freezes, beside
                   oha (from crates.io), and prints the tables. A recorded hour at 10x,
                   six minutes, only if named
  instructions [--accept]
                   counts the instructions of each stage on one thread over 10 MB with callgrind, and
                   compares them with bench/instructions.json; --accept writes that file
  spread           converts 30 days of 50 services in three orders and counts the files
  crash [--kills N] [--dev]
                   kills the command N times (200) at random, in convert, compact and drop, and expects
                   the same command to make everything good; runs commands side by side. --dev takes
                   the build of the tests, else a release is built
  damaged OTHER [COUNT [SEED]]
                   damages real captures at random (1000, seed 1) and compares what the release of this
                   checkout and another command, such as the one before a change, say of them
  faults [--dev]   a full disk at many sizes, a read-only lake, inputs that vanish or may not be read:
                   clear messages, intact lakes. Mounts file systems in memory, as root
  interop [--dev]  converts every real capture and reads it with DuckDB, pyarrow,
                   deltalake, polars (from PyPI) and Spark (with Java)
  cookbook         runs every query of docs/cookbook.md, and its other form with DuckDB (from PyPI)
  truth            asks DuckDB about the lake of every real capture for the amounts of truth.json and for
                   what tokens cost by the embedded prices, and compares both with the reports
  protocols [--dev]
                   replays every real capture into receivers of a real Collector (built with Go) by every protocol,
                   compression, and with TLS, and compares what arrived
  otlp2parquet [--dev]
                   replays every real capture into otlp2parquet (from crates.io), a receiver that shares no code
                   with the Collector, and compares its Parquet with the lake (DuckDB, from PyPI)
  collector [--dev]
                   replays every real capture into a real OpenTelemetry Collector (built with Go)
                   and compares what its file exporter wrote, in every framing
  senders [--dev]  senders not written here send to `otolith capture`: the exporters of a Collector pass on
                   every real capture, those of the Python SDK (from PyPI) what they measure
  e2e [--dev]      collector, protocols and senders: both ways through a Collector that is built once
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
        ["bench", "joins"] => bench::run_joins(false),
        ["bench", "--size", "S", "joins"] => bench::run_joins(true),
        ["bench", "usage"] => bench::run_usage(false),
        ["bench", "--size", "S", "usage"] => bench::run_usage(true),
        ["bench", "replay", part @ ..] => bench::run_replay(replay_part(part)?, false),
        ["bench", "--size", "S", "replay", part @ ..] => {
            bench::run_replay(replay_part(part)?, true)
        }
        ["bench", options @ ..] => bench::run(bench_selection(options)?),
        ["instructions"] => instructions::run(Mode::Compare),
        ["instructions", "--accept"] => instructions::run(Mode::Accept),
        ["spread"] => spread::run(),
        ["crash", options @ ..] => {
            let (options, profile) = profile(options);
            match options {
                [] => crash::run(200, profile),
                ["--kills", kills] => crash::run(kills.parse()?, profile),
                _ => bail!("usage: cargo xtask crash [--kills N] [--dev]"),
            }
        }
        ["damaged", other, numbers @ ..] => {
            let (count, seed) = match numbers {
                [] => (1_000, 1),
                [count] => (count.parse()?, 1),
                [count, seed] => (count.parse()?, seed.parse()?),
                _ => bail!("usage: cargo xtask damaged OTHER [COUNT [SEED]]"),
            };
            damaged::run(other.as_ref(), count, seed)
        }
        ["faults"] => faults::run(Profile::Release),
        ["faults", "--dev"] => faults::run(Profile::Dev),
        ["interop"] => interop::run(Profile::Release),
        ["interop", "--dev"] => interop::run(Profile::Dev),
        ["cookbook"] => interop::cookbook(Profile::Dev),
        ["truth"] => interop::truth(Profile::Dev),
        ["protocols"] => protocols::run(Profile::Release),
        ["protocols", "--dev"] => protocols::run(Profile::Dev),
        ["otlp2parquet"] => otlp2parquet::run(Profile::Release),
        ["otlp2parquet", "--dev"] => otlp2parquet::run(Profile::Dev),
        ["collector"] => collector::run(Profile::Release),
        ["collector", "--dev"] => collector::run(Profile::Dev),
        ["e2e"] => e2e(Profile::Release),
        ["e2e", "--dev"] => e2e(Profile::Dev),
        ["senders"] => senders::run(Profile::Release),
        ["senders", "--dev"] => senders::run(Profile::Dev),
        _ => bail!("no such task\n\n{USAGE}"),
    }
}

/// Both ways through a real Collector.
fn e2e(profile: Profile) -> Result<()> {
    collector::run(profile)?;
    protocols::run(profile)?;
    senders::run(profile)
}

/// What of the benchmark is run; none for all of it.
fn bench_selection<'a>(options: &'a [&'a str]) -> Result<Option<bench::Selection<'a>>> {
    let (sizes, case) = match options {
        [] => return Ok(None),
        ["--size", "S", case @ ..] => (bench::QUICK, case),
        case => (bench::FULL, case),
    };
    let prefix = match case {
        [] => "",
        [case] if !case.starts_with('-') => case,
        _ => bail!("usage: cargo xtask bench [--size S] [CASE]"),
    };
    Ok(Some(bench::Selection { prefix, sizes }))
}

/// What of replays is measured.
fn replay_part(words: &[&str]) -> Result<bench::ReplayPart> {
    let part = match words {
        [] => Some(bench::ReplayPart::All),
        [name] => bench::ReplayPart::named(name),
        _ => None,
    };
    part.context("usage: cargo xtask bench [--size S] replay [throughput|cost|pace|stall|hour]")
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
