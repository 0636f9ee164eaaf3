//! `otolith convert`.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::Result;
use otolith_capture::TornTail;
use otolith_ingest::{ConvertError, ConvertOptions, Known, convert};
use otolith_lake::Lake;

use super::reading;
use crate::args::{ConvertArgs, TornTailArg};
use crate::exit::Outcome;
use crate::interrupt::{self, OnInterrupt};
use crate::progress::{ByteBar, Terminal};
use crate::render::{self, Output};

/// Runs the command.
pub fn run(args: ConvertArgs, terminal: Terminal) -> Result<Outcome> {
    let mut options = ConvertOptions {
        columns_per_table: args.columns,
        buffer_bytes: reading::memory("--buffer-size", args.buffer_size)?,
        redact: reading::redaction(args.redaction)?,
        known: match args.force {
            true => Known::Replace,
            false => Known::PassOver,
        },
        ..reading::conversion(&args.convert, &args.input, args.strict)?
    };
    options.read.torn_tail = match args.torn_tail {
        TornTailArg::Wait => TornTail::Wait,
        TornTailArg::Reject => TornTail::Reject,
    };
    let sources = reading::sources(&args.paths)?;
    let stop = Arc::new(AtomicBool::new(false));
    interrupt::handle(OnInterrupt::Stop(Arc::clone(&stop)));
    let lake = Lake::create_or_open(&args.lake)?;
    let bar = ByteBar::new(&sources, terminal).stopped_by(stop);
    let began = Instant::now();
    let converted = convert(&sources, &lake, &options, &bar);
    bar.clear();
    let account = match converted {
        Err(ConvertError::Interrupted) => {
            terminal.say("interrupted: the lake is as it was before");
            return Ok(Outcome::Interrupted);
        }
        converted => converted?,
    };
    let mut out = Output::stdout();
    let look = out.look();
    if args.json {
        render::object(&account, &mut out)?;
        for key in render::account::unmatched_keys(&account.redacted) {
            terminal.say(format_args!("note: {key}"));
        }
    } else if !terminal.quiet {
        render::account::write(&account, look, &mut out)?;
    }
    out.finish()?;
    terminal.say(render::rate(account.bytes_read, began.elapsed()));
    Ok(Outcome::lossy_if(!account.is_clean()))
}
