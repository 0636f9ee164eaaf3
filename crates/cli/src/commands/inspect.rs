//! `otolith inspect`.

use anyhow::Result;
use otolith_capture::ReadOptions;
use otolith_ingest::{InspectOptions, inspect};
use otolith_otlp::Limits;

use super::reading;
use crate::args::InspectArgs;
use crate::exit::Outcome;
use crate::interrupt::{self, OnInterrupt};
use crate::progress::{ByteBar, Terminal};
use crate::render::{self, Output};

/// Runs the command.
pub fn run(args: InspectArgs, terminal: Terminal) -> Result<Outcome> {
    let options = InspectOptions {
        read: ReadOptions::try_from(&args.input.read)?,
        decode: Limits::from(&args.input.decode),
    };
    let sources = reading::sources(&args.paths)?;
    interrupt::handle(OnInterrupt::Remove(None));
    let bar = ByteBar::new(&sources, terminal);
    let inspected = inspect(&sources, &options, &bar);
    bar.clear();
    let inspection = inspected?;
    let mut out = Output::stdout();
    let look = out.look();
    match args.json {
        true => render::object(&inspection, &mut out)?,
        false => render::inspection::write(&inspection, look, &mut out)?,
    }
    out.finish()?;
    Ok(Outcome::lossy_if(!inspection.is_clean()))
}
