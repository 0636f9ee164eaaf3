//! `otolith compact`.

use anyhow::Result;
use otolith_lake::Lake;
use otolith_report::keep_usage;

use crate::args::CompactArgs;
use crate::exit::Outcome;
use crate::interrupt::{self, OnInterrupt};
use crate::progress::{LakeBar, Terminal};
use crate::render::upkeep::Compaction;
use crate::render::{self, Output};

/// Runs the command.
pub fn run(args: CompactArgs, terminal: Terminal) -> Result<Outcome> {
    let lake = Lake::open(&args.lake)?;
    interrupt::handle(OnInterrupt::Remove(None));
    let bar = LakeBar::new(terminal);
    let compacted = lake.compact(&bar);
    bar.clear();
    let compacted = compacted?;
    let usage_bytes = keep_usage(&lake)?;
    let done = Compaction::new(&compacted, usage_bytes);
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
    Ok(Outcome::Clean)
}
