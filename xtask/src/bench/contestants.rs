//! What is compared: commands that convert the same corpus, and how each tells its rows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use otolith_corpus::Totals;

use crate::{root, run};

/// From PyPI, for the judge and the peer.
const PACKAGES: [&str; 2] = ["duckdb==2.0.1", "pytz==2026.6"];

/// The programs.
pub struct Programs {
    pub otolith: PathBuf,
    otlp2records: PathBuf,
    python: PathBuf,
}

/// One command that converts files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contestant {
    Otolith { threads: usize },
    Otlp2records,
    DuckDb { threads: usize },
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
        }
    }

    /// Fails unless the Parquet files in `out` hold what the corpus has. Gives their size in bytes.
    pub fn check(&self, contestant: Contestant, out: &Path, totals: &Totals) -> Result<u64> {
        let kind = match contestant {
            Contestant::Otolith { .. } => "otolith",
            Contestant::Otlp2records => "otlp2records",
            Contestant::DuckDb { .. } => "duckdb",
        };
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
        parquet_bytes(out)
    }
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
