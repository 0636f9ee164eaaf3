//! `cargo xtask bench`: converting beside its peers, as a user runs it.
//!
//! All cases run in turn, round after round, so that a machine that drifts drifts for all. What each
//! wrote is counted and added up before anything is timed. The stages of converting run in the same
//! rounds, each in a process of its own that tells its time.

mod contestants;
mod files;
mod joins;
mod measure;
mod pages;
mod render;
mod replay;
mod stages;
mod usage;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::corpus::{Corpus, Dialect};
use crate::stages::{Program, STAGES};
use crate::{docs, root, run};
use contestants::{Contestant, Programs};
pub use files::{FULL, QUICK, Sizes};
use files::{Input, Inputs};
pub use measure::{Sample, measure};
pub use pages::pages;
pub use replay::Part as ReplayPart;
use stages::{StageCase, StagePlan};

/// The results of one run of all cases.
#[derive(Debug, Serialize, Deserialize)]
pub struct Results {
    /// The day, as `YYYY-MM-DD`.
    pub date: String,
    pub machine: String,
    pub commit: String,
    pub cases: Vec<Case>,
    /// The earliest results have none.
    #[serde(default)]
    pub stages: Vec<StageCase>,
}

/// One case with all its samples, in order.
#[derive(Debug, Serialize, Deserialize)]
pub struct Case {
    pub name: String,
    pub input_bytes: u64,
    /// Size of the Parquet files, of those that write them.
    pub parquet_bytes: Option<u64>,
    pub samples: Vec<Sample>,
}

/// A case before it is run.
struct Plan {
    name: &'static str,
    contestant: Contestant,
    corpus: Corpus,
}

/// What is run.
pub struct Selection<'a> {
    /// Only cases whose names begin so.
    pub prefix: &'a str,
    pub sizes: Sizes,
}

impl Selection<'_> {
    fn has(&self, name: &str) -> bool {
        name.starts_with(self.prefix)
    }
}

/// Measures everything and writes `bench/runs/DATE/` and `docs/performance.md`. Of a selection it only
/// prints the tables.
pub fn run(selection: Option<Selection<'_>>) -> Result<()> {
    let rounds = rounds()?;
    let is_whole = selection.is_none();
    let selection = selection.unwrap_or(Selection {
        prefix: "",
        sizes: FULL,
    });
    let dir = run::target_dir()?.join("bench");
    fs::create_dir_all(&dir)?;
    let mut inputs = Inputs::new(&dir, selection.sizes);
    let plans = plans(&selection, &mut inputs)?;
    let stage_plans = stage_plans(&selection, &mut inputs)?;
    ensure!(
        !(plans.is_empty() && stage_plans.is_empty()),
        "no case begins with `{}`",
        selection.prefix
    );
    let programs = match &*plans {
        [] => None,
        _ => Some(Programs::get(&dir)?),
    };
    let stage_program = match &*stage_plans {
        [] => None,
        _ => Some(Program::build()?),
    };
    let mut outputs = Outputs::new(&dir.join("out"))?;
    let mut cases = match &programs {
        None => Vec::new(),
        Some(programs) => checked(programs, &plans, &mut outputs)?,
    };
    let mut stages: Vec<StageCase> = stage_plans.iter().map(StagePlan::case).collect();
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        if let Some(programs) = &programs {
            for (plan, case) in plans.iter().zip(&mut cases) {
                let (sample, _) = run_once(programs, plan, &mut outputs)?;
                case.samples.push(sample);
            }
        }
        if let Some(program) = &stage_program {
            for (plan, case) in stage_plans.iter().zip(&mut stages) {
                case.seconds.push(plan.run_once(program)?);
            }
        }
    }
    let results = Results {
        date: printed("date", &["+%F"])?,
        machine: machine()?,
        commit: printed("git", &["describe", "--always", "--dirty"])?,
        cases,
        stages,
    };
    print!("{}", render::tables(&results));
    if is_whole {
        let directory = root().join("bench/runs").join(&results.date);
        fs::create_dir_all(&directory)?;
        let json = serde_json::to_string_pretty(&results)? + "\n";
        fs::write(directory.join("results.json"), json)?;
        docs::write()?;
    }
    Ok(())
}

/// Measures joins of spans with samples beside scripts, and prints the table.
pub fn run_joins(quick: bool) -> Result<()> {
    joins::joins(quick, rounds()?)
}

/// Measures what agents cost over a lake beside captures and DuckDB, and prints the table.
pub fn run_usage(quick: bool) -> Result<()> {
    usage::usage(quick, rounds()?)
}

/// Measures how fast captures are replayed, beside other senders, and prints the tables.
pub fn run_replay(part: ReplayPart, quick: bool) -> Result<()> {
    replay::replay(part, quick, rounds()?)
}

/// How often every case is measured.
fn rounds() -> Result<usize> {
    match env::var("RUNS") {
        Ok(text) => text.parse().with_context(|| format!("RUNS=`{text}`")),
        Err(_) => Ok(5),
    }
}

fn plans(selection: &Selection<'_>, inputs: &mut Inputs) -> Result<Vec<Plan>> {
    use Contestant::{DuckDb, Otlp2records, Otolith, PythonLogLoop, PythonLoop, Summary, Version};
    let one = Otolith { threads: 1 };
    let two = Otolith { threads: 2 };
    let duckdb = DuckDb { threads: 2 };
    let summary = Summary { threads: 2 };
    let json = Input::Dialect(Dialect::JsonLines);
    let agentic = Input::Dialect(Dialect::AgenticCi);
    let protobuf = Input::Dialect(Dialect::Protobuf);
    // What is compared stands side by side, so that both meet the same machine.
    [
        ("DuckDB, json", duckdb, json),
        ("otlp2records, json", Otlp2records, json),
        ("json, 1 thread", one, json),
        ("json, 2 threads", two, json),
        ("json.zst, 2 threads", two, Input::Zstd),
        ("json.gz, 2 threads", two, Input::Gzip),
        ("json in tens, 1 thread", one, Input::Tens),
        ("json in tens, 2 threads", two, Input::Tens),
        ("10,000 files, 2 threads", two, Input::SmallFiles),
        ("large json, 1 thread", one, Input::Large),
        ("large json, 2 threads", two, Input::Large),
        ("agentic-ci, 1 thread", one, agentic),
        ("agentic-ci, 2 threads", two, agentic),
        ("report summary, agentic-ci, 2 threads", summary, agentic),
        ("Python loop, agentic-ci", PythonLoop, agentic),
        (
            "Python loop over log records, agentic-ci",
            PythonLogLoop,
            agentic,
        ),
        ("otlp2records, protobuf", Otlp2records, protobuf),
        ("protobuf, 1 thread", one, protobuf),
        ("protobuf, 2 threads", two, protobuf),
        ("report summary, small agentic-ci", summary, Input::Tiny),
        ("--version", Version, Input::Tiny),
    ]
    .into_iter()
    .filter(|(name, _, _)| selection.has(name))
    .map(|(name, contestant, input)| {
        Ok(Plan {
            name,
            contestant,
            corpus: inputs.get(input)?,
        })
    })
    .collect()
}

fn stage_plans(selection: &Selection<'_>, inputs: &mut Inputs) -> Result<Vec<StagePlan>> {
    let mut plans = Vec::new();
    for (name, dialect) in Dialect::ALL {
        for (stage, _) in STAGES {
            if selection.has(&stages::name(name, stage)) {
                plans.push(StagePlan {
                    dialect: name,
                    stage,
                    corpus: inputs.get(Input::Dialect(dialect))?,
                });
            }
        }
    }
    Ok(plans)
}

/// Runs every case once, fails unless it wrote what is in its input, and gives the cases without samples.
fn checked(programs: &Programs, plans: &[Plan], outputs: &mut Outputs) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for plan in plans {
        let (_, out) = run_once(programs, plan, outputs)?;
        let parquet_bytes = programs.check(plan.contestant, &plan.corpus, &out)?;
        eprintln!("checked {}", plan.name);
        cases.push(Case {
            name: plan.name.to_owned(),
            input_bytes: plan.corpus.bytes,
            parquet_bytes,
            samples: Vec::new(),
        });
    }
    Ok(cases)
}

/// What a run took, and where it wrote.
fn run_once(programs: &Programs, plan: &Plan, outputs: &mut Outputs) -> Result<(Sample, PathBuf)> {
    let out = outputs.next();
    let mut command = programs.command(plan.contestant, &plan.corpus.files, &out);
    Ok((measure(&mut command)?, out))
}

/// A directory for each run. All are removed at the end, not between runs: ext4 avoids the inodes of
/// what was removed in the last seconds, and looks for others the longer the more files a run makes.
struct Outputs {
    dir: PathBuf,
    count: u32,
}

impl Outputs {
    fn new(dir: &Path) -> Result<Self> {
        if dir.exists() {
            fs::remove_dir_all(dir)?;
        }
        fs::create_dir_all(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            count: 0,
        })
    }

    /// The next one, not made yet.
    fn next(&mut self) -> PathBuf {
        self.count += 1;
        self.dir.join(self.count.to_string())
    }
}

impl Drop for Outputs {
    fn drop(&mut self) {
        // What is left is removed by the next run.
        let _ = fs::remove_dir_all(&self.dir);
    }
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
    let rustc = printed("rustc", &["--version"])?;
    Ok(format!("{model}, {threads} threads, {rustc}"))
}

/// The line that a command prints.
fn printed(program: &str, arguments: &[&str]) -> Result<String> {
    let text = run::output(Command::new(program).args(arguments))?;
    Ok(text.trim().to_owned())
}
