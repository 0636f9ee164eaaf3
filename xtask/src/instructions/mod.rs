//! `cargo xtask instructions`: the instructions of each stage, compared with those that were accepted.
//!
//! Unlike times, counts hardly depend on what else the machine does. They do depend on the compiler,
//! the C library, and what valgrind makes of the processor:
//!
//! - The compiler is pinned by `rust-toolchain.toml`. Counts of another one are a failure until they are
//!   accepted, by the commit that changes the pin.
//! - On another kind of machine nothing can be said. That is told, and is no failure.
//!
//! A long copy counts an instruction a byte, because the C library makes it one repeated instruction:
//! copies weigh more here than in time.
//!
//! A stage that takes fewer instructions than accepted is told and is no failure either: accepting
//! keeps what was gained.

mod compare;
mod valgrind;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::corpus::{self, Dialect, SMALL};
use crate::stages::{Program, STAGES};
use crate::{root, run};
use compare::Comparison;
pub use compare::TOLERANCE_PERCENT;
use valgrind::Valgrind;

/// The accepted counts, from the root of the checkout.
const FILE: &str = "bench/instructions.json";

/// What was accepted.
#[derive(Debug, Serialize, Deserialize)]
struct Accepted {
    rustc: String,
    machine: String,
    counts: Vec<Count>,
}

/// The instructions of one stage over one dialect, with all before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Count {
    dialect: String,
    stage: String,
    instructions: u64,
}

/// What is done with the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are compared with the accepted ones.
    Compare,
    /// They are the accepted ones from now on.
    Accept,
}

/// Counts the instructions of every stage over every dialect.
pub fn run(mode: Mode) -> Result<()> {
    let dir = run::target_dir()?.join("instructions");
    fs::create_dir_all(&dir)?;
    let valgrind = Valgrind::get(&dir)?;
    let rustc = run::output(Command::new("rustc").arg("--version"))?;
    let (rustc, machine) = (rustc.trim().to_owned(), machine(&valgrind)?);
    let accepted = match mode {
        Mode::Accept => None,
        Mode::Compare => Some(read_accepted()?),
    };
    if let Some(accepted) = &accepted
        && accepted.machine != machine
    {
        println!(
            "instructions: NOT COMPARED. {FILE} was counted on {}, this is {machine}",
            accepted.machine
        );
        return Ok(());
    }
    let counts = count(&valgrind, &dir)?;
    let Some(accepted) = accepted else {
        let all = Accepted {
            rustc,
            machine,
            counts,
        };
        let json = serde_json::to_string_pretty(&all)? + "\n";
        return fs::write(root().join(FILE), json).with_context(|| format!("cannot write {FILE}"));
    };
    let comparison = Comparison::of(&accepted.counts, &counts);
    print!("{}", comparison.table());
    ensure!(
        accepted.rustc == rustc,
        "{FILE} was counted with {}, this is {rustc}: {ACCEPT}",
        accepted.rustc
    );
    comparison.check()
}

/// What to do if counts are to differ.
const ACCEPT: &str =
    "if the counts are as they shall be, `cargo xtask instructions --accept` writes them";

fn read_accepted() -> Result<Accepted> {
    let text = fs::read_to_string(root().join(FILE)).with_context(|| {
        format!("cannot read {FILE}: `cargo xtask instructions --accept` writes it")
    })?;
    serde_json::from_str(&text).with_context(|| format!("cannot read {FILE}"))
}

/// Counts every stage over every dialect.
fn count(valgrind: &Valgrind, dir: &Path) -> Result<Vec<Count>> {
    let program = Program::build()?;
    let mut counts = Vec::new();
    for (name, dialect) in Dialect::ALL {
        let corpus = corpus::write(dir, SMALL, dialect)?;
        for (stage, _) in STAGES {
            let instructions = valgrind.count(&program, stage, &corpus)?;
            eprintln!("counted {name}, {stage}");
            counts.push(Count {
                dialect: name.to_owned(),
                stage: stage.to_owned(),
                instructions,
            });
        }
    }
    Ok(counts)
}

/// What decides which instructions run: libraries choose by what the processor can do, as far as
/// valgrind lets them see it.
fn machine(valgrind: &Valgrind) -> Result<String> {
    let info = fs::read_to_string("/proc/cpuinfo")?;
    let has_avx2 = info.split_whitespace().any(|flag| flag == "avx2");
    let libc = run::output(Command::new("getconf").arg("GNU_LIBC_VERSION"))?;
    Ok(format!(
        "{} {} AVX2, {}, {}",
        std::env::consts::ARCH,
        if has_avx2 { "with" } else { "without" },
        libc.trim(),
        valgrind.version
    ))
}
