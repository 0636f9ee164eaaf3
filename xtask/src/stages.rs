//! The stages of converting, as `crates/ingest/benches/stages` runs them on one thread.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::corpus::Corpus;
use crate::run;

/// The stages in order, and what each adds to those before it, which it includes.
pub const STAGES: [(&str, &str); 6] = [
    ("read", "the bytes of the files, hashed"),
    ("cut", "frames"),
    ("visit", "decoded items, shown to a sink that forgets them"),
    ("append", "rows in batches, assembled into parts"),
    (
        "encode",
        "parts, set aside and merged if there are many, as Parquet files, synced",
    ),
    (
        "commit",
        "the whole of `convert`: also the identity of the run, its account, ledger and logs",
    ),
];

/// The program, built.
pub struct Program(PathBuf);

/// What a round of a stage tells.
#[derive(Debug, Deserialize)]
struct Round {
    bytes: u64,
    /// None if the stage does not see frames.
    frames: Option<u64>,
    /// None if the stage does not see items.
    items: Option<u64>,
    seconds: f64,
}

impl Program {
    /// Builds the program as a release is built.
    pub fn build() -> Result<Self> {
        run::bench("otolith-ingest", "stages").map(Self)
    }

    /// The program and the arguments for one round of a stage.
    pub fn command_line(&self, stage: &str, corpus: &Corpus) -> Vec<OsString> {
        let mut line = vec![self.0.clone().into(), stage.into(), "1".into()];
        line.extend(corpus.files.iter().map(OsString::from));
        line
    }
}

/// The seconds of a round from what the program printed. Fails unless it has seen what is in the corpus.
pub fn seconds(printed: &str, stage: &str, corpus: &Corpus) -> Result<f64> {
    let round: Round = serde_json::from_str(printed)
        .with_context(|| format!("the stage `{stage}` printed `{printed}`"))?;
    let expected = Round {
        bytes: corpus.bytes,
        frames: (stage != "read").then_some(corpus.totals.requests),
        items: (!["read", "cut"].contains(&stage)).then_some(corpus.totals.items()),
        seconds: round.seconds,
    };
    ensure!(
        (round.bytes, round.frames, round.items)
            == (expected.bytes, expected.frames, expected.items),
        "the stage `{stage}` has seen {round:?}, expected {expected:?}"
    );
    Ok(round.seconds)
}
