//! `otolith cat`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::Result;
use otolith_ingest::{ExportError, ExportFormat, ExportOptions, Watch, export};
use otolith_lake::Lake;

use crate::args::{CatArgs, RequestFormat};
use crate::exit::Outcome;
use crate::interrupt::{self, OnInterrupt};
use crate::progress::Terminal;
use crate::render::{self, Output};
use crate::stderr;

/// Runs the command.
pub fn run(args: CatArgs, terminal: Terminal) -> Result<Outcome> {
    let options = ExportOptions {
        signal: args.signal,
        ..ExportOptions::new(match args.format {
            RequestFormat::Jsonl => ExportFormat::JsonLines,
            RequestFormat::Proto => ExportFormat::LengthPrefixed,
        })
    };
    let stop = Arc::new(AtomicBool::new(false));
    interrupt::handle(OnInterrupt::Stop(Arc::clone(&stop)));
    let lake = Lake::open(&args.lake)?;
    let mut out = Output::replacing(args.output.as_deref())?;
    let goes_to_file = !matches!(out, Output::Stdout(_));
    let began = Instant::now();
    let exported = match export(&lake, &options, &mut out, &StopFlag(stop)) {
        Err(ExportError::Interrupted) => {
            terminal.say("interrupted: what was written are whole requests, a file was not");
            return Ok(Outcome::Interrupted);
        }
        // Bare, so that a reader who has seen enough makes a normal end.
        Err(ExportError::Write(error)) => return Err(error.into()),
        exported => exported?,
    };
    out.finish()?;
    if args.json {
        if goes_to_file {
            let mut out = Output::stdout();
            render::object(&exported, &mut out)?;
            out.finish()?;
        } else {
            let mut text = Vec::new();
            render::object(&exported, &mut text)?;
            stderr::print(String::from_utf8_lossy(&text).trim_end());
        }
    } else {
        terminal.say(render::requests::summary(&exported, began.elapsed()));
    }
    Ok(Outcome::lossy_if(exported.orphan_rows > 0))
}

/// Stops when the flag is up.
struct StopFlag(Arc<AtomicBool>);

impl Watch for StopFlag {
    fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
