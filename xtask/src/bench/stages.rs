//! The stages of converting, each timed by the program that runs it.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::measure::median;
use crate::corpus::Corpus;
use crate::run;
use crate::stages::{self, Program, STAGES};

/// One stage over one dialect, with all before it.
#[derive(Debug, Serialize, Deserialize)]
pub struct StageCase {
    pub dialect: String,
    pub stage: String,
    pub input_bytes: u64,
    /// Spans, log records and points in the input.
    pub items: u64,
    /// Of every round, in order, from the beginning of the first stage to the end of this one.
    pub seconds: Vec<f64>,
}

/// A stage before it is run.
pub struct StagePlan {
    pub dialect: &'static str,
    pub stage: &'static str,
    pub corpus: Corpus,
}

impl StagePlan {
    pub fn case(&self) -> StageCase {
        StageCase {
            dialect: self.dialect.to_owned(),
            stage: self.stage.to_owned(),
            input_bytes: self.corpus.bytes,
            items: self.corpus.totals.items(),
            seconds: Vec::new(),
        }
    }

    /// Runs the stage and gives its seconds, if it has seen what is in the corpus.
    pub fn run_once(&self, program: &Program) -> Result<f64> {
        let line = program.command_line(self.stage, &self.corpus);
        let printed = run::output(Command::new(&line[0]).args(&line[1..]))?;
        stages::seconds(&printed, self.stage, &self.corpus)
    }
}

/// The name by which `cargo xtask bench` selects a stage over a dialect.
pub fn name(dialect: &str, stage: &str) -> String {
    format!("stages, {dialect}, {stage}")
}

/// Medians, and what each stage adds to the one before; nothing if no stages were run.
pub fn table(cases: &[StageCase]) -> String {
    if cases.is_empty() {
        return String::new();
    }
    let mut out = String::from(
        "\n| stages, one thread | ms to its end | ms of it alone | share | ns an item | MB/s of input |\n\
         |---|---|---|---|---|---|\n",
    );
    for dialect in cases.chunk_by(|a, b| a.dialect == b.dialect) {
        let seconds = |case: &StageCase| median(case.seconds.clone());
        let whole = dialect.last().map_or(0.0, seconds);
        let mut before = 0.0;
        for case in dialect {
            let until = seconds(case);
            let alone = until - before;
            before = until;
            // Noise has no speed.
            let of_it = match alone > 0.0 {
                true => format!(
                    "{:.0} % | {:.0} | {:.0}",
                    alone / whole * 100.0,
                    alone * 1e9 / case.items as f64,
                    case.input_bytes as f64 / alone / 1e6,
                ),
                false => "- | - | -".to_owned(),
            };
            let _ = writeln!(
                out,
                "| {}, {} | {:.1} | {:.1} | {of_it} |",
                case.dialect,
                case.stage,
                until * 1e3,
                alone * 1e3,
            );
        }
    }
    out
}

/// What each stage is, as a sentence.
pub fn legend() -> String {
    let stages = STAGES.map(|(name, what)| format!("`{name}`: {what}"));
    format!(
        "Each stage includes those before it and runs in a process of its own; alone it is the difference of\n\
         two medians, which noise can make negative for a small one.\n\n- {}\n",
        stages.join("\n- ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(dialect: &str, stage: &str, seconds: &[f64]) -> StageCase {
        StageCase {
            dialect: dialect.to_owned(),
            stage: stage.to_owned(),
            input_bytes: 10_000_000,
            items: 1_000_000,
            seconds: seconds.to_vec(),
        }
    }

    #[test]
    fn a_stage_alone_is_what_it_adds_within_its_dialect() {
        let table = table(&[
            case("json", "read", &[0.003, 0.001, 0.002]),
            case("json", "cut", &[0.010]),
            case("json", "visit", &[0.009]),
            case("protobuf", "read", &[0.004]),
        ]);
        let rows: Vec<&str> = table.lines().skip(3).collect();
        assert_eq!(
            rows,
            [
                "| json, read | 2.0 | 2.0 | 22 % | 2 | 5000 |",
                "| json, cut | 10.0 | 8.0 | 89 % | 8 | 1250 |",
                "| json, visit | 9.0 | -1.0 | - | - | - |",
                "| protobuf, read | 4.0 | 4.0 | 100 % | 4 | 2500 |",
            ]
        );
    }
}
