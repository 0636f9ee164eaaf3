//! `cargo xtask bench usage`: what a fleet of agents cost in a month, from its lake, from its captures,
//! and by queries of DuckDB over the same lake. Every contestant is a whole process.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use otolith_corpus::{AUTUMN_2026, Dialect, FleetSpec, generate_fleet};
use serde::Deserialize;
use serde_json::Value;

use super::measure::table;
use crate::run::Profile;
use crate::{root, run};

/// From PyPI.
const PACKAGES: [&str; 2] = ["duckdb==2.0.1", "pytz==2026.6"];

const FULL: FleetSpec = FleetSpec {
    seed: 1,
    begin_unix_nano: AUTUMN_2026,
    days: 30,
    members: 50,
    sessions: 4,
};
const QUICK: FleetSpec = FleetSpec {
    sessions: 1,
    ..FULL
};

/// A command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Contestant {
    Compacted,
    Lake,
    Captures,
    Sources,
    Events,
}

impl Contestant {
    const ALL: [(Self, &str); 5] = [
        (Self::Compacted, "otolith report cost, lake after `compact`"),
        (Self::Lake, "otolith report cost, lake as converted"),
        (Self::Captures, "otolith report cost, JSON lines"),
        (
            Self::Sources,
            "DuckDB, lake, all sources, nothing chosen or priced",
        ),
        (Self::Events, "DuckDB, lake, the events of one agent"),
    ];
}

/// What the requests that one agent's events tell cost.
#[derive(Debug, Deserialize)]
struct Spent {
    days: u64,
    /// In dollars.
    cost: f64,
}

struct Bench {
    otolith: PathBuf,
    python: PathBuf,
    captures: PathBuf,
    lake: PathBuf,
    /// The same, compacted: it keeps what was spent.
    compacted: PathBuf,
}

/// Checks that otolith and DuckDB find the same, measures all in turn, and prints the table.
pub fn usage(quick: bool, rounds: usize) -> Result<()> {
    let dir = run::target_dir()?.join("bench/usage");
    let spec = if quick { QUICK } else { FULL };
    let bench = Bench {
        otolith: run::otolith(Profile::Release)?,
        python: run::python(&dir, &PACKAGES)?,
        captures: dir.join(format!("captures-{}", spec.sessions)),
        lake: dir.join(format!("lake-{}", spec.sessions)),
        compacted: dir.join(format!("compacted-{}", spec.sessions)),
    };
    bench.make(spec)?;
    bench.check()?;
    println!(
        "cost per day and agent, {} days of {} agents, {:.0} MB of JSON lines",
        spec.days,
        spec.members,
        size(&bench.captures)? as f64 / 1e6
    );
    table(&Contestant::ALL, rounds, |contestant| {
        bench.command(contestant)
    })
}

impl Bench {
    /// Makes captures, a file per day of arrival, and the lakes of them, unless they are there.
    fn make(&self, spec: FleetSpec) -> Result<()> {
        if !self.lake.exists() {
            self.make_captures(spec)?;
            self.convert(&self.lake)?;
        }
        if !self.compacted.exists() {
            self.convert(&self.compacted)?;
        }
        // What another version of the program has kept is of no use to this one.
        let mut compact = Command::new(&self.otolith);
        compact.args(["compact", "--quiet", "--lake"]);
        run::with(compact.arg(&self.compacted))
    }

    fn make_captures(&self, spec: FleetSpec) -> Result<()> {
        fs::create_dir_all(&self.captures)?;
        let mut files: Vec<BufWriter<File>> = Vec::new();
        let dialect = Dialect::JsonLines;
        generate_fleet(spec, dialect.encoding(), &mut |request| {
            let day = (request.arrival_unix_nano - spec.begin_unix_nano) / 86_400_000_000_000;
            while files.len() as u64 <= day {
                let name = format!("{:02}.jsonl", files.len());
                files.push(BufWriter::new(File::create(self.captures.join(name))?));
            }
            dialect.append(request, &mut files[day as usize])
        })?;
        for file in &mut files {
            file.flush()?;
        }
        Ok(())
    }

    fn convert(&self, lake: &Path) -> Result<()> {
        let mut convert = Command::new(&self.otolith);
        convert.args(["convert", "--quiet", "--lake"]);
        run::with(convert.arg(lake).arg(&self.captures))
    }

    fn command(&self, contestant: Contestant) -> Command {
        let mut report = Command::new(&self.otolith);
        report.args(["report", "cost", "--quiet", "--json"]);
        match contestant {
            Contestant::Compacted => report.arg("--lake").arg(&self.compacted),
            Contestant::Lake => report.arg("--lake").arg(&self.lake),
            Contestant::Captures => report.arg(&self.captures),
            Contestant::Sources => return self.script("sources"),
            Contestant::Events => return self.script("events"),
        };
        report
    }

    fn script(&self, what: &str) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(root().join("bench/usage/cost.py"));
        command.arg(what).arg(&self.lake);
        command
    }

    /// Fails unless otolith finds what DuckDB does where both look at the same.
    fn check(&self) -> Result<()> {
        let text = run::output(&mut self.command(Contestant::Events))?;
        let theirs: Spent = serde_json::from_str(&text)?;
        let mut ours = self.command(Contestant::Lake);
        ours.args(["--signal", "logs", "--service", "claude-code"]);
        let ours: Value = serde_json::from_str(&run::output(&mut ours)?)?;
        let rows = ours["rows"].as_array().context("no rows")?;
        let costs: Vec<f64> = rows.iter().filter_map(|r| r["cost_usd"].as_f64()).collect();
        let cost: f64 = costs.iter().sum();
        ensure!(
            costs.len() as u64 == theirs.days && (cost - theirs.cost).abs() <= 1e-6,
            "DuckDB finds {theirs:?}, otolith {} days and {cost}",
            costs.len()
        );
        eprintln!("DuckDB agrees: {theirs:?}");
        let captures = run::output(&mut self.command(Contestant::Captures))?;
        for lake in [Contestant::Lake, Contestant::Compacted] {
            let lake = run::output(&mut self.command(lake))?;
            ensure!(
                lake == captures,
                "a lake tells other costs than the captures"
            );
        }
        Ok(())
    }
}

/// Bytes of the files in a directory.
fn size(directory: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}
