//! `stages STAGE ROUNDS FILE...`: what one thread takes for captures up to the end of one stage.
//!
//! Each stage includes those before it, so that the difference of two is what the later one costs:
//!
//! | stage | what it includes |
//! |---|---|
//! | `read` | bytes of the files, decompressed and hashed: what it takes to find them known |
//! | `cut` | and cut into frames, in chunks |
//! | `visit` | and decoded, each item shown to a sink that forgets it |
//! | `append` | and put into batches; parts are assembled and forgotten |
//! | `encode` | and set aside, merged, encoded and synced as Parquet files that are deleted at the end |
//! | `commit` | the whole of `convert`: also the identity of the run, the ledger and the tables' logs |
//!
//! ```text
//! cargo bench -p otolith-ingest --bench stages -- append 5 $PWD/testdata/captures/mix-dev/agentic-ci.jsonl
//! ```
//! Without arguments all stages run over a real capture in every dialect.
//!
//! Each round prints a line of JSON: the stage, the bytes of the files, the frames and items that the
//! stage has seen (null if it does not see them), and its seconds. `cargo xtask bench` makes tables of
//! them, `cargo xtask instructions` counts the instructions of [`measured`].

mod forget;
mod stage;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use otolith_capture::find_sources;

use crate::stage::{Input, Seen, Stage};

/// As in the command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo adds `--bench` to what it was given.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    match &*arguments {
        [] => real_captures(),
        [name, rounds, files @ ..] => {
            let mut all = Stage::ALL.into_iter();
            let stage = all.find(|(known, _)| known == name);
            let stage = stage.ok_or_else(|| format!("no stage `{name}`"))?;
            let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
            rounds_of(stage, rounds.parse()?, &files)
        }
        _ => Err("expected STAGE ROUNDS FILE..., or nothing".into()),
    }
}

/// Every stage over a capture of many emitters, in every dialect.
fn real_captures() -> Result<(), Box<dyn Error>> {
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/captures/mix-dev");
    for dialect in ["file-exporter", "agentic-ci.jsonl", "file-exporter-proto"] {
        println!("{dialect}");
        for stage in Stage::ALL {
            rounds_of(stage, 5, &[capture.join(dialect)])?;
        }
    }
    Ok(())
}

fn rounds_of(
    (name, stage): (&str, Stage),
    rounds: u32,
    files: &[PathBuf],
) -> Result<(), Box<dyn Error>> {
    let sources = find_sources(files)?;
    for _ in 0..rounds {
        let input = Input::new(stage, &sources)?;
        let began = Instant::now();
        let seen = measured(stage, &input)?;
        let seconds = began.elapsed().as_secs_f64();
        let line = serde_json::json!({
            "stage": name,
            "bytes": seen.bytes,
            "frames": seen.frames,
            "items": seen.items,
            "seconds": seconds,
        });
        println!("{line}");
    }
    Ok(())
}

/// All that is measured. Never inlined, because callgrind finds it by its name.
#[inline(never)]
fn measured(stage: Stage, input: &Input<'_>) -> Result<Seen, Box<dyn Error>> {
    stage.run(input)
}
