//! `otolith verify`.

use anyhow::Result;
use otolith_lake::Lake;
use otolith_report::is_kept_usage_right;

use crate::args::VerifyArgs;
use crate::exit::Outcome;
use crate::interrupt::{self, OnInterrupt};
use crate::progress::{LakeBar, Terminal};
use crate::render::upkeep::Verified;
use crate::render::{self, Output};

/// Runs the command.
pub fn run(args: VerifyArgs, terminal: Terminal) -> Result<Outcome> {
    let lake = Lake::open(&args.lake)?;
    interrupt::handle(OnInterrupt::Remove(None));
    let bar = LakeBar::new(terminal);
    let result = lake.verify(&bar);
    bar.clear();
    let result = result?;
    // Tables that are not sound tell nothing about what was made of them.
    let is_usage_wrong = result.findings.is_empty() && !is_kept_usage_right(&lake)?;
    let verified = Verified::new(&result, is_usage_wrong);
    let mut out = Output::stdout();
    if args.json {
        render::object(&verified, &mut out)?;
    } else if !terminal.quiet || !verified.is_sound() {
        verified.write(&mut out)?;
    }
    out.finish()?;
    Ok(Outcome::lossy_if(!verified.is_sound()))
}
