//! `otolith compare`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use otolith_capture::{ReadOptions, Source};
use otolith_ingest::{CompareOptions, Side, compare};
use otolith_lake::Lake;
use otolith_otlp::Limits;

use super::reading;
use crate::args::CompareArgs;
use crate::exit::{Outcome, UsageError};
use crate::interrupt::{self, OnInterrupt};
use crate::progress::{ByteBar, Terminal};
use crate::render::{self, Output};

/// Runs the command.
pub fn run(args: CompareArgs, terminal: Terminal) -> Result<Outcome> {
    let options = CompareOptions {
        threads: reading::threads(args.threads),
        read: ReadOptions::try_from(&args.input.read)?,
        decode: Limits::from(&args.input.decode),
        times: args.times.into(),
        ids: args.ids.into(),
        limit: args.limit as usize,
        buffer_bytes: reading::memory("--buffer-size", args.buffer_size)?,
        spool_dir: None,
    };
    let (left, right) = (side(&args.left)?, side(&args.with)?);
    let sources: Vec<Source> = [&left, &right]
        .iter()
        .flat_map(|side| side.sources.iter().cloned())
        .collect();
    if sources
        .iter()
        .filter(|source| &**source.name() == "-")
        .count()
        > 1
    {
        return Err(UsageError("standard input can be one side only".to_owned()).into());
    }
    let stop = Arc::new(AtomicBool::new(false));
    interrupt::handle(OnInterrupt::Stop(Arc::clone(&stop)));
    let bar = ByteBar::new(&sources, terminal).stopped_by(stop);
    let compared = compare(&left, &right, &options, &bar);
    bar.clear();
    let comparison = match compared {
        Err(error) if error.is_interrupted() => return Ok(Outcome::Interrupted),
        compared => compared?,
    };
    let mut out = Output::stdout();
    let look = out.look();
    if args.json {
        render::object(&comparison, &mut out)?;
    } else if !terminal.quiet {
        render::comparison::write(&comparison, look, &mut out)?;
    }
    out.finish()?;
    Ok(Outcome::lossy_if(!comparison.is_clean()))
}

/// The lakes among the paths, and the captures behind all others.
fn side(paths: &[PathBuf]) -> Result<Side> {
    let mut side = Side::default();
    let mut captures = Vec::new();
    for path in paths {
        match path.is_dir().then(|| Lake::open(path)) {
            Some(Ok(lake)) => side.lakes.push(lake),
            _ => captures.push(path.clone()),
        }
    }
    if !captures.is_empty() {
        side.sources = reading::sources(&captures)?;
    }
    Ok(side)
}
