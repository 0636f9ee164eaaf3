//! The `otolith` command: arguments, progress, text and exit codes. The work is in the libraries.

mod args;
mod commands;
mod exit;
mod hints;
mod interrupt;
mod progress;
mod prompt;
mod render;
mod stderr;
mod values;

use args::{Args, Command};
use clap::Parser as _;

/// Batches and parts are made and dropped by several threads, in pieces of many sizes: the system's
/// allocator takes less memory for it and more time (docs/adr/0009-codes-of-texts.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let args = Args::parse();
    let terminal = progress::Terminal::new(args.quiet);
    exit::finish(match args.command {
        Command::Inspect(args) => commands::inspect::run(args, terminal),
        Command::Convert(args) => commands::convert::run(args, terminal),
        Command::Capture(args) => commands::capture::run(args, terminal),
        Command::Cat(args) => commands::cat::run(args, terminal),
        Command::Compare(args) => commands::compare::run(args, terminal),
        Command::Tables(args) => commands::tables::run(args, terminal),
        Command::Compact(args) => commands::compact::run(args, terminal),
        Command::Drop(args) => commands::retention::run(args, terminal),
        Command::Verify(args) => commands::verify::run(args, terminal),
        Command::Report(args) => commands::report::run(args, terminal),
        Command::Sql(args) => commands::sql::run(args, terminal),
        Command::Replay(args) => commands::replay::run(*args, terminal),
    })
}
