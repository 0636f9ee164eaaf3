//! `cargo xtask bench joins`: how busy hosts were while root spans ran, beside scripts over the same
//! lake. Every contestant is a whole process that reads the lake's Parquet files.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use otolith_capture::Signal;
use otolith_corpus::{CORES, JoinSpec, generate_joins};
use serde::Deserialize;

use super::measure::{measure, measure_output, table};
use crate::run::Profile;
use crate::{root, run};

/// From PyPI.
const PACKAGES: [&str; 5] = [
    "duckdb==2.0.1",
    "pytz==2026.6",
    "polars==2.1.0",
    "pyarrow==26.0.1",
    "numpy",
];

const FULL: JoinSpec = JoinSpec {
    seed: 1,
    scrapes: 156_250,
    spans: 100_000,
};
const QUICK: JoinSpec = JoinSpec {
    seed: 1,
    scrapes: 7_812,
    spans: 5_000,
};
/// The part of the spans that the inequality join gets in each round.
const SHARE: f64 = 0.1;

/// A command over the lake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Contestant {
    Otolith,
    Polars,
    Numpy,
    /// Of [`SHARE`] of the spans.
    DuckDb,
}

impl Contestant {
    const ALL: [(Self, &str); 4] = [
        (Self::Otolith, "otolith report trace-resources"),
        (Self::Polars, "polars, prefix sums and as-of joins"),
        (Self::Numpy, "numpy, prefix sums and binary search"),
        (
            Self::DuckDb,
            "DuckDB, inequality join, a tenth of the spans",
        ),
    ];
}

/// Sums over spans with samples.
#[derive(Debug, PartialEq, Deserialize)]
struct Sums {
    spans: u64,
    /// Of all cores.
    samples: u64,
    means: f64,
}

struct Bench {
    otolith: PathBuf,
    python: PathBuf,
    lake: PathBuf,
    answer: PathBuf,
}

/// Checks that all contestants find the same, measures them in turn, and prints the table.
pub fn joins(quick: bool, rounds: usize) -> Result<()> {
    let dir = run::target_dir()?.join("bench/joins");
    let spec = if quick { QUICK } else { FULL };
    let bench = Bench {
        otolith: run::otolith(Profile::Release)?,
        python: run::python(&dir, &PACKAGES)?,
        lake: dir.join(format!("lake-{}", spec.scrapes)),
        answer: dir.join("answer.csv"),
    };
    make_lake(&bench, &dir, spec)?;
    bench.check()?;
    let points = spec.scrapes * 4 * CORES;
    println!("{} root spans over {points} samples", spec.spans);
    table(&Contestant::ALL, rounds, |contestant| {
        bench.command(contestant)
    })?;
    bench.whole_inequality_join()
}

/// Converts generated captures, unless the lake is there.
fn make_lake(bench: &Bench, dir: &Path, spec: JoinSpec) -> Result<()> {
    if bench.lake.exists() {
        return Ok(());
    }
    let captures = dir.join("captures");
    fs::create_dir_all(&captures)?;
    let create = |name: &str| File::create(captures.join(name)).map(BufWriter::new);
    let (mut spans, mut metrics) = (create("traces.bin")?, create("metrics.bin")?);
    generate_joins(spec, &mut |request| {
        let output = match request.signal {
            Signal::Traces => &mut spans,
            Signal::Metrics | Signal::Logs => &mut metrics,
        };
        let length = u32::try_from(request.bytes.len()).map_err(std::io::Error::other)?;
        output.write_all(&length.to_be_bytes())?;
        output.write_all(&request.bytes)
    })?;
    spans.flush()?;
    metrics.flush()?;
    let mut convert = Command::new(&bench.otolith);
    convert
        .args(["convert", "--quiet", "--lake"])
        .arg(&bench.lake);
    run::with(convert.arg(&captures))?;
    fs::remove_dir_all(&captures)?;
    Ok(())
}

impl Bench {
    fn command(&self, contestant: Contestant) -> Command {
        let word = match contestant {
            Contestant::Otolith => {
                let mut command = Command::new(&self.otolith);
                command
                    .args(["report", "trace-resources", "--root-only", "--quiet"])
                    .args(["--format", "csv", "--lake"])
                    .arg(&self.lake)
                    .arg("-o")
                    .arg(&self.answer);
                return command;
            }
            Contestant::Polars => "polars",
            Contestant::Numpy => "numpy",
            Contestant::DuckDb => "duckdb",
        };
        let mut command = self.script(word);
        if contestant == Contestant::DuckDb {
            command.arg(SHARE.to_string());
        }
        command
    }

    fn script(&self, word: &str) -> Command {
        let mut command = Command::new(&self.python);
        let script = root().join("bench/joins/join.py");
        command.arg(script).arg(word).arg(&self.lake);
        command
    }

    /// Measures the inequality join of all spans, which takes a minute or more, once.
    fn whole_inequality_join(&self) -> Result<()> {
        let ours = measure(&mut self.command(Contestant::Otolith))?;
        let (theirs, text) = measure_output(&mut self.script("duckdb"))?;
        let (found, expected): (Sums, _) = (serde_json::from_str(&text)?, self.answered(1.0)?);
        ensure!(
            (found.spans, found.samples) == (expected.spans, expected.samples),
            "the inequality join of all spans finds {found:?}, otolith {expected:?}"
        );
        println!(
            "DuckDB, inequality join, all spans, one run: {:.1} s, {:.0} times otolith's {:.3} s before it",
            theirs.wall_s,
            theirs.wall_s / ours.wall_s,
            ours.wall_s
        );
        Ok(())
    }

    /// Fails unless all find the same sums.
    fn check(&self) -> Result<()> {
        run::output(&mut self.command(Contestant::Otolith))?;
        for (contestant, name) in &Contestant::ALL[1..] {
            let text = run::output(&mut self.command(*contestant))?;
            let sums: Sums = serde_json::from_str(&text)?;
            let share = if *contestant == Contestant::DuckDb {
                SHARE
            } else {
                1.0
            };
            let expected = self.answered(share)?;
            let close = (sums.means - expected.means).abs() <= 1e-9 * expected.means;
            ensure!(
                (sums.spans, sums.samples) == (expected.spans, expected.samples) && close,
                "{name} finds {sums:?}, otolith {expected:?}"
            );
            eprintln!("{name} agrees: {sums:?}");
        }
        Ok(())
    }

    /// The sums of what otolith wrote, of a share of the spans by their start.
    fn answered(&self, share: f64) -> Result<Sums> {
        let mut lines = BufReader::new(File::open(&self.answer)?).lines();
        let header = lines.next().context("the answer is empty")??;
        let place = |column: &str| {
            let mut names = header.split(',').map(|name| name.trim_end_matches(')'));
            let place = names.position(|name| name.split(" (").next() == Some(column));
            place.with_context(|| format!("the answer has no column `{column}`"))
        };
        let (samples, mean) = (place("cpu_samples")?, place("cpu_sample_mean")?);
        let rows = lines.collect::<Result<Vec<_>, _>>()?;
        let count = (rows.len() as f64 * share) as usize;
        let mut sums = Sums {
            spans: 0,
            samples: 0,
            means: 0.0,
        };
        for row in &rows[..count] {
            let cells: Vec<&str> = row.split(',').collect();
            let read: u64 = cells[samples].parse().unwrap_or_default();
            if read > 0 {
                sums.spans += 1;
                sums.samples += read * CORES;
                sums.means += cells[mean].parse::<f64>()?;
            }
        }
        Ok(sums)
    }
}
