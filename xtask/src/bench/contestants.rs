//! What is compared: commands that convert the same corpus, and how each tells its rows.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use otolith_corpus::Totals;

use crate::corpus::Corpus;
use crate::{root, run};

/// From PyPI, for the judge and the peer.
const PACKAGES: [&str; 2] = ["duckdb==2.0.1", "pytz==2026.6"];

/// The programs.
pub struct Programs {
    pub otolith: PathBuf,
    otlp2records: PathBuf,
    python: PathBuf,
}

/// A command over files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contestant {
    /// Converts.
    Otolith { threads: usize },
    /// Converts.
    Otlp2records,
    /// Converts.
    DuckDb { threads: usize },
    /// Answers `report summary` straight from the files.
    Summary { threads: usize },
    /// Adds up the tokens of agentic-ci lines.
    PythonLoop,
    /// Only starts.
    Version,
}

impl Programs {
    /// Builds or installs everything.
    pub fn get(dir: &Path) -> Result<Self> {
        let peers = run::target_dir()?.join("bench-peers");
        run::with(
            Command::new("cargo")
                .args([
                    "build",
                    "--quiet",
                    "--release",
                    "--locked",
                    "--manifest-path",
                ])
                .arg(root().join("bench/otlp2records/Cargo.toml"))
                .arg("--target-dir")
                .arg(&peers),
        )?;
        Ok(Self {
            otolith: run::otolith(run::Profile::Release)?,
            otlp2records: peers.join("release/otlp2records-driver"),
            python: run::python(dir, &PACKAGES)?,
        })
    }

    /// The command that converts `files` into the directory `out`, which does not exist.
    pub fn command(&self, contestant: Contestant, files: &[PathBuf], out: &Path) -> Command {
        match contestant {
            Contestant::Otolith { threads } => {
                let mut command = Command::new(&self.otolith);
                command
                    .args(["convert", "--json", "--quiet", "--threads"])
                    .arg(threads.to_string())
                    .arg("--lake")
                    .arg(out)
                    .args(files);
                command
            }
            Contestant::Otlp2records => {
                let mut command = Command::new(&self.otlp2records);
                command.arg(out).args(files);
                command
            }
            Contestant::DuckDb { threads } => {
                let mut command = Command::new(&self.python);
                command
                    .arg(root().join("bench/duckdb/convert.py"))
                    .arg(out)
                    .arg(threads.to_string())
                    .args(files);
                command
            }
            Contestant::Summary { threads } => {
                let mut command = Command::new(&self.otolith);
                command
                    .args(["report", "summary", "--json", "--quiet", "--threads"])
                    .arg(threads.to_string())
                    .args(files);
                command
            }
            Contestant::PythonLoop => {
                let mut command = Command::new(&self.python);
                command
                    .arg(root().join("bench/python/tokens.py"))
                    .args(files);
                command
            }
            Contestant::Version => {
                let mut command = Command::new(&self.otolith);
                command.arg("--version");
                command
            }
        }
    }

    /// Fails unless what a contestant gives is what the corpus has. Gives the size of the Parquet
    /// files in `out` in bytes, if it writes any.
    pub fn check(
        &self,
        contestant: Contestant,
        corpus: &Corpus,
        out: &Path,
    ) -> Result<Option<u64>> {
        match contestant {
            Contestant::Otolith { .. } => self.check_files("otolith", out, &corpus.totals),
            Contestant::Otlp2records => self.check_files("otlp2records", out, &corpus.totals),
            Contestant::DuckDb { .. } => self.check_files("duckdb", out, &corpus.totals),
            Contestant::Summary { .. } => {
                let text = run::output(&mut self.command(contestant, &corpus.files, out))?;
                let found = tokens_of_all(&text)?;
                // The only service of the corpus whose log records are those of a real agent.
                let expected = self.tokens_of_services(corpus)?.remove("claude-code");
                ensure!(
                    Some(found) == expected,
                    "the report has {found} input tokens, expected {expected:?}"
                );
                Ok(None)
            }
            Contestant::PythonLoop => {
                let found: i64 = self.tokens_of_services(corpus)?.values().sum();
                let expected = corpus.totals.input_tokens;
                ensure!(
                    found == expected,
                    "the loop finds {found} input tokens, expected {expected}"
                );
                Ok(None)
            }
            Contestant::Version => Ok(None),
        }
    }

    /// What the loop in Python adds up.
    fn tokens_of_services(&self, corpus: &Corpus) -> Result<BTreeMap<String, i64>> {
        let out = Path::new("");
        let text = run::output(&mut self.command(Contestant::PythonLoop, &corpus.files, out))?;
        serde_json::from_str(&text).context("tokens.py prints sums of services")
    }

    fn check_files(&self, kind: &str, out: &Path, totals: &Totals) -> Result<Option<u64>> {
        let text = run::output(
            Command::new(&self.python)
                .arg(root().join("bench/duckdb/check.py"))
                .arg(kind)
                .arg(out),
        )?;
        let found: Vec<i64> = text
            .split_whitespace()
            .map(|word| word.parse().context("check.py prints numbers"))
            .collect::<Result<_>>()?;
        let expected = [
            totals.spans.cast_signed(),
            totals.log_records.cast_signed(),
            totals.number_points.cast_signed(),
            totals.histogram_points.cast_signed(),
            totals.input_tokens,
        ];
        ensure!(
            found == expected,
            "{kind}: spans, records, numbers, histograms, input tokens are {found:?}, expected \
             {expected:?}"
        );
        parquet_bytes(out).map(Some)
    }
}

/// The input tokens of all agents in the JSON of `report summary`.
fn tokens_of_all(json: &str) -> Result<i64> {
    let report: serde_json::Value = serde_json::from_str(json)?;
    let rows = report["rows"].as_array().into_iter().flatten();
    let all = rows.filter(|row| row["agent"] == "all");
    let mut tokens = all.filter_map(|row| row["input_tokens"].as_i64());
    tokens
        .next()
        .context("the report has no row for all agents")
}

fn parquet_bytes(directory: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        if path.is_dir() {
            bytes += parquet_bytes(&path)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "parquet")
            && !path
                .components()
                .any(|part| part.as_os_str() == "_delta_log")
        {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}
