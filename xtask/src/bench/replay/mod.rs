//! `cargo xtask bench replay`: how fast `otolith replay` sends, beside senders that do less, what it
//! takes, and how well it keeps a pace. All of it over 127.0.0.1, into a receiver that does nothing.

mod cost;
mod inputs;
mod loopback;
mod pace;
mod stall;
mod throughput;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::measure::{Sample, measure_output};
use crate::run::{self, Profile};
use inputs::Inputs;
use loopback::{Loopback, Sink};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All but [`Self::Hour`].
    All,
    /// Requests and bytes per second at `--speed max`.
    Throughput,
    /// Processor time of JSON sent as protobuf, and memory.
    Cost,
    /// 2,000 requests a second for a minute.
    Pace,
    /// A receiver that freezes for a second.
    Stall,
    /// A recorded hour at ten times its speed, which takes six minutes.
    Hour,
}

impl Part {
    /// The part of this name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "throughput" => Self::Throughput,
            "cost" => Self::Cost,
            "pace" => Self::Pace,
            "stall" => Self::Stall,
            "hour" => Self::Hour,
            _ => return None,
        })
    }
}

/// Programs, and where inputs lie.
struct Bench {
    dir: PathBuf,
    otolith: PathBuf,
    loopback: Loopback,
    rounds: usize,
    is_quick: bool,
}

/// What `otolith replay --json` tells, as far as it is looked at.
#[derive(Debug, Deserialize)]
struct Outcome {
    requests: Requests,
    duration_seconds: f64,
    achieved_requests_per_second: Option<f64>,
    intended_requests_per_second: Option<f64>,
    lateness: Option<Spread>,
    latency: Option<Spread>,
}

#[derive(Debug, Deserialize)]
struct Requests {
    planned: u64,
    accepted: u64,
}

/// In milliseconds.
#[derive(Debug, Deserialize)]
struct Spread {
    mean_ms: f64,
    p50_ms: f64,
    p90_ms: f64,
    p99_ms: f64,
    p99_9_ms: f64,
    max_ms: f64,
}

/// Measures and prints tables.
pub fn replay(part: Part, is_quick: bool, rounds: usize) -> Result<()> {
    let dir = run::target_dir()?.join("bench/replay");
    let bench = Bench {
        otolith: run::otolith(Profile::Release)?,
        loopback: Loopback::build(&dir)?,
        dir,
        rounds,
        is_quick,
    };
    let inputs = Inputs::new(&bench.dir)?;
    let is_all = part == Part::All;
    println!("{}", super::machine()?);
    if is_all || part == Part::Throughput {
        throughput::run(&bench, &inputs)?;
    }
    if is_all || part == Part::Cost {
        cost::processor(&bench)?;
        cost::memory(&bench, &inputs)?;
    }
    if is_all || part == Part::Pace {
        pace::minute(&bench, &inputs)?;
    }
    if is_all || part == Part::Stall {
        stall::run(&bench, &inputs)?;
    }
    if part == Part::Hour {
        pace::hour(&bench, &inputs)?;
    }
    Ok(())
}

impl Bench {
    /// Replays a capture into a sink. Fails unless all of it was accepted.
    fn replay(&self, sink: &Sink, capture: &Path, options: &[&str]) -> Result<(Sample, Outcome)> {
        let mut command = Command::new(&self.otolith);
        command
            .args(["replay", "--json", "--quiet", "--to"])
            .arg(format!("http://127.0.0.1:{}", sink.port))
            .args(options)
            .arg(capture);
        let (sample, printed) = measure_output(&mut command)?;
        let outcome: Outcome = serde_json::from_str(&printed)
            .with_context(|| format!("{command:?} printed `{printed}`"))?;
        let Requests { planned, accepted } = outcome.requests;
        ensure!(
            planned == accepted && planned > 0,
            "{command:?}: {accepted} of {planned} requests were accepted"
        );
        Ok((sample, outcome))
    }
}
