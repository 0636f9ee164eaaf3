//! What is compared: commands that convert the same corpus, and how each tells its rows.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use otolith_capture::Signal;
use otolith_corpus::Totals;

use crate::corpus::Corpus;
use crate::{root, run};

/// From PyPI, for the judge and the peer.
const PACKAGES: [&str; 2] = ["duckdb==2.0.1", "pytz==2026.6"];

/// Input tokens by service.
type TokensOfServices = BTreeMap<String, i64>;

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
    /// Adds up the tokens of agentic-ci lines, of all items.
    PythonLoop,
    /// Adds up those of log records and looks at no other item.
    PythonLogLoop,
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
            Contestant::PythonLoop => self.script("tokens.py", files),
            Contestant::PythonLogLoop => self.script("log_tokens.py", files),
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
                let expected = self.log_tokens(corpus)?.remove("claude-code");
                ensure!(
                    Some(found) == expected,
                    "the report has {found} input tokens, expected {expected:?}"
                );
                Ok(None)
            }
            Contestant::PythonLoop => {
                let text = run::output(&mut self.command(contestant, &corpus.files, out))?;
                let signals: BTreeMap<String, TokensOfServices> =
                    serde_json::from_str(&text).context("tokens.py prints sums by signal")?;
                // Agents of the corpus tell the same tokens in each signal.
                let found: Vec<i64> = signals.values().map(|s| s.values().sum()).collect();
                let expected = vec![corpus.totals.input_tokens; Signal::ALL.len()];
                ensure!(
                    found == expected,
                    "the loop finds {found:?} input tokens, expected {expected:?}"
                );
                Ok(None)
            }
            Contestant::PythonLogLoop => {
                let found: i64 = self.log_tokens(corpus)?.values().sum();
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

    fn script(&self, name: &str, files: &[PathBuf]) -> Command {
        let mut command = Command::new(&self.python);
        command
            .arg(root().join("bench/python").join(name))
            .args(files);
        command
    }

    /// What the loop in Python adds up of log records.
    fn log_tokens(&self, corpus: &Corpus) -> Result<TokensOfServices> {
        let out = Path::new("");
        let text = run::output(&mut self.command(Contestant::PythonLogLoop, &corpus.files, out))?;
        serde_json::from_str(&text).context("log_tokens.py prints sums of services")
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
