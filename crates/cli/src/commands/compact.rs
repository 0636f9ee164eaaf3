//! `otolith compact`.

use anyhow::{Context as _, Result};
use otolith_lake::Lake;
use otolith_report::keep_usage;

use crate::args::CompactArgs;
use crate::exit::Outcome;
use crate::interrupt::{self, OnInterrupt};
use crate::progress::{LakeBar, Terminal};
use crate::render::upkeep::{Compaction, Usage};
use crate::render::{self, Output};

/// Runs the command.
pub fn run(args: CompactArgs, terminal: Terminal) -> Result<Outcome> {
    let lake = Lake::open(&args.lake)?;
    interrupt::handle(OnInterrupt::Remove(None));
    let bar = LakeBar::new(terminal);
    let compacted = lake.compact(&bar);
    bar.clear();
    let compacted = compacted?;
    // Parts that were large enough before are read here for the first time.
    let usage = match args.no_usage {
        true => Ok(Usage::Unwanted),
        false => keep_usage(&lake).map(|bytes| bytes.map_or(Usage::NotKept, Usage::Kept)),
    };
    let of_usage = usage.as_ref().map_or(Usage::NotKept, |usage| *usage);
    let done = Compaction::new(&compacted, of_usage);
    let mut out = Output::stdout();
    let look = out.look();
    if args.json {
        render::object(&done, &mut out)?;
    } else if !terminal.quiet {
        if compacted.is_empty() {
            terminal.say("note: no table has several small parts of one date");
        }
        done.write(look, &mut out)?;
    }
    out.finish()?;
    usage.context("the tables are compacted, but what was spent could not be kept")?;
    Ok(Outcome::Clean)
}
