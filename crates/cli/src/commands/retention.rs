//! `otolith drop`.

use anyhow::Result;
use otolith_lake::Lake;

use crate::args::DropArgs;
use crate::exit::Outcome;
use crate::interrupt::{self, OnInterrupt};
use crate::progress::Terminal;
use crate::render::upkeep::Dropped;
use crate::render::{self, Output, count};
use crate::values;

/// Runs the command.
pub fn run(args: DropArgs, terminal: Terminal) -> Result<Outcome> {
    let lake = Lake::open(&args.lake)?;
    interrupt::handle(OnInterrupt::Remove(None));
    let days = values::days(args.before);
    let plan = match args.dry_run {
        true => lake.plan_drop(days)?,
        false => lake.drop_before(days)?,
    };
    let dropped = Dropped::new(&plan, args.before, args.dry_run);
    let mut out = Output::stdout();
    let look = out.look();
    if args.json {
        render::object(&dropped, &mut out)?;
    } else if !terminal.quiet {
        dropped.write(look, &mut out)?;
    }
    out.finish()?;
    if plan.is_empty() {
        terminal.say(format_args!("note: nothing is older than {}", args.before));
    }
    if plan.undated_rows > 0 {
        terminal.say(format_args!(
            "note: {} without a plausible time stay, in the partition 1970-01-01",
            count(plan.undated_rows)
        ));
    }
    if args.dry_run && !plan.is_empty() {
        terminal.say("note: nothing was removed (--dry-run)");
    }
    Ok(Outcome::Clean)
}
