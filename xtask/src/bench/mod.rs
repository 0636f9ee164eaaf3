//! `cargo xtask bench`: converting beside its peers, as a user runs it.
//!
//! All cases run in turn, round after round, so that a machine that drifts drifts for all. What each
//! wrote is counted and added up before anything is timed.

mod contestants;
mod files;
mod measure;
mod render;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::{docs, root, run};
use contestants::{Contestant, Programs};
use files::Inputs;
pub use measure::{Sample, measure};
pub use render::page;

/// The results of one run of all cases.
#[derive(Debug, Serialize, Deserialize)]
pub struct Results {
    /// The day, as `YYYY-MM-DD`.
    pub date: String,
    pub machine: String,
    pub commit: String,
    pub cases: Vec<Case>,
}

/// One case with all its samples, in order.
#[derive(Debug, Serialize, Deserialize)]
pub struct Case {
    pub name: String,
    pub input_bytes: u64,
    /// Size of the Parquet files.
    pub parquet_bytes: u64,
    pub samples: Vec<Sample>,
}

/// A case before it is run.
struct Plan {
    name: &'static str,
    contestant: Contestant,
    files: Vec<PathBuf>,
    input_bytes: u64,
    totals: otolith_corpus::Totals,
}

/// Measures everything and writes `bench/runs/DATE/` and `docs/performance.md`. With `only`, the cases
/// whose names begin so; then nothing is written.
pub fn run(only: Option<&str>) -> Result<()> {
    let rounds: usize = match env::var("RUNS") {
        Ok(text) => text.parse().with_context(|| format!("RUNS=`{text}`"))?,
        Err(_) => 5,
    };
    let dir = run::target_dir()?.join("bench");
    fs::create_dir_all(&dir)?;
    let programs = Programs::get(&dir)?;
    let mut plans = plans(&Inputs::make(&dir)?);
    if let Some(prefix) = only {
        plans.retain(|plan| plan.name.starts_with(prefix));
    }
    let out = dir.join("out");
    let mut cases = Vec::new();
    for plan in &plans {
        run_once(&programs, plan, &out)?;
        let parquet_bytes = programs.check(plan.contestant, &out, &plan.totals)?;
        eprintln!("checked {}", plan.name);
        cases.push(Case {
            name: plan.name.to_owned(),
            input_bytes: plan.input_bytes,
            parquet_bytes,
            samples: Vec::new(),
        });
    }
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        for (plan, case) in plans.iter().zip(&mut cases) {
            case.samples.push(run_once(&programs, plan, &out)?);
        }
    }
    let results = Results {
        date: run::output(std::process::Command::new("date").arg("+%F"))?
            .trim()
            .to_owned(),
        machine: machine()?,
        commit: run::output(
            std::process::Command::new("git").args(["describe", "--always", "--dirty"]),
        )?
        .trim()
        .to_owned(),
        cases,
    };
    print!("{}", render::tables(&results));
    if only.is_none() {
        let directory = root().join("bench/runs").join(&results.date);
        fs::create_dir_all(&directory)?;
        let json = serde_json::to_string_pretty(&results)? + "\n";
        fs::write(directory.join("results.json"), json)?;
        docs::write()?;
    }
    Ok(())
}

fn plans(inputs: &Inputs) -> Vec<Plan> {
    use Contestant::{DuckDb, Otlp2records, Otolith};
    let one = Otolith { threads: 1 };
    let two = Otolith { threads: 2 };
    let duckdb = DuckDb { threads: 2 };
    let cases = [
        ("json, 1 thread", one, &inputs.json),
        ("json, 2 threads", two, &inputs.json),
        ("agentic-ci, 1 thread", one, &inputs.agentic),
        ("agentic-ci, 2 threads", two, &inputs.agentic),
        ("protobuf, 1 thread", one, &inputs.protobuf),
        ("protobuf, 2 threads", two, &inputs.protobuf),
        ("json.zst, 2 threads", two, &inputs.zstd),
        ("json.gz, 2 threads", two, &inputs.gzip),
        ("json in tens, 1 thread", one, &inputs.tens),
        ("json in tens, 2 threads", two, &inputs.tens),
        ("10,000 files, 2 threads", two, &inputs.small_files),
        ("large json, 2 threads", two, &inputs.large),
        ("otlp2records, json", Otlp2records, &inputs.json),
        ("otlp2records, protobuf", Otlp2records, &inputs.protobuf),
        ("DuckDB, json", duckdb, &inputs.json),
    ];
    cases
        .into_iter()
        .map(|(name, contestant, corpus)| Plan {
            name,
            contestant,
            files: corpus.files.clone(),
            input_bytes: corpus.bytes,
            totals: corpus.totals,
        })
        .collect()
}

fn run_once(programs: &Programs, plan: &Plan, out: &Path) -> Result<Sample> {
    if out.exists() {
        fs::remove_dir_all(out)?;
    }
    let mut command = programs.command(plan.contestant, &plan.files, out);
    measure(&mut command)
}

/// What the numbers depend on.
fn machine() -> Result<String> {
    let info = fs::read_to_string("/proc/cpuinfo")?;
    let fields: BTreeMap<&str, &str> = info
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim(), value.trim()))
        .collect();
    let model = fields
        .get("model name")
        .copied()
        .unwrap_or("unknown processor");
    let threads = std::thread::available_parallelism()?;
    let rustc = run::output(std::process::Command::new("rustc").arg("--version"))?;
    Ok(format!("{model}, {threads} threads, {}", rustc.trim()))
}
