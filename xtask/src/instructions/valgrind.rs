//! Counting with callgrind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::corpus::Corpus;
use crate::run;
use crate::stages::{self, Program};

/// The package that is taken from Debian's mirror where none is installed.
const PACKAGE: &str = "valgrind=1:3.19.0-1";
/// What the package is saved as, without the directory.
const PACKAGE_FILE: &str = "valgrind_1%3a3.19.0-1_amd64.deb";
const PACKAGE_SHA256: &str = "324842f2308a1e42abf2d81ff5eb19a9475fc9db95647f4d9da71444eda4087f";

/// The function of the program that is counted, with all that it calls on its thread.
const COUNTED: &str = "stages::measured*";

/// A valgrind that works.
pub struct Valgrind {
    program: PathBuf,
    /// Where its tools are, if not where it was built for.
    tools: Option<PathBuf>,
    pub version: String,
    /// Where counts are written.
    dir: PathBuf,
}

impl Valgrind {
    /// The one that is installed, else one below `dir`.
    pub fn get(dir: &Path) -> Result<Self> {
        let installed = run::output(Command::new("valgrind").arg("--version"));
        let (program, tools, version) = match installed {
            Ok(version) => ("valgrind".into(), None, version),
            Err(_) => {
                let unpacked = unpacked(dir).with_context(|| {
                    format!(
                        "no valgrind is installed, and `{PACKAGE}` cannot be had with apt-get and \
                         dpkg-deb: install valgrind"
                    )
                })?;
                let program = unpacked.join("usr/bin/valgrind.bin");
                let tools = unpacked.join("usr/libexec/valgrind");
                let mut command = Command::new(&program);
                command.arg("--version").env("VALGRIND_LIB", &tools);
                let version = run::output(&mut command)?;
                (program, Some(tools), version)
            }
        };
        Ok(Self {
            program,
            tools,
            version: version.trim().to_owned(),
            dir: dir.to_owned(),
        })
    }

    /// The instructions of a stage, without the start of the program and what is made before.
    pub fn count(&self, program: &Program, stage: &str, corpus: &Corpus) -> Result<u64> {
        let out = self.dir.join("callgrind.out");
        let mut command = Command::new(&self.program);
        if let Some(tools) = &self.tools {
            command.env("VALGRIND_LIB", tools);
        }
        command
            .args(["--quiet", "--tool=callgrind"])
            .arg(format!("--toggle-collect={COUNTED}"))
            .arg(format!("--callgrind-out-file={}", out.display()))
            .args(program.command_line(stage, corpus));
        let printed = run::output(&mut command)?;
        stages::seconds(&printed, stage, corpus)?;
        let text = fs::read_to_string(&out)?;
        let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
        let total: u64 = total.context("callgrind wrote no totals")?.trim().parse()?;
        ensure!(
            total > 0,
            "callgrind has found no function `{COUNTED}` in {}",
            out.display()
        );
        Ok(total)
    }
}

/// The directory with the files of the package, which is fetched once.
fn unpacked(dir: &Path) -> Result<PathBuf> {
    let unpacked = dir.join(PACKAGE.replace([':', '='], "-"));
    if unpacked.exists() {
        return Ok(unpacked);
    }
    let mut fetch = Command::new("apt-get");
    fetch.args(["download", "--quiet", PACKAGE]);
    run::output_in(dir, &mut fetch)?;
    let package = dir.join(PACKAGE_FILE);
    let sum = run::output(Command::new("sha256sum").arg(&package))?;
    ensure!(
        sum.starts_with(PACKAGE_SHA256),
        "expected SHA-256 {PACKAGE_SHA256}, found {sum}"
    );
    // Under its name only once it is whole.
    let partial = dir.join("partial");
    if partial.exists() {
        fs::remove_dir_all(&partial)?;
    }
    run::output(
        Command::new("dpkg-deb")
            .arg("-x")
            .arg(&package)
            .arg(&partial),
    )?;
    fs::rename(&partial, &unpacked)?;
    Ok(unpacked)
}
