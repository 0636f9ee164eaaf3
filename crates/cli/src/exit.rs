//! How the command ends: the only place that knows exit codes and how errors are printed.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};

use anyhow::Error;

use crate::hints;
use crate::stderr::{self, indented};

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was lost.
    Clean,
    /// Finished, but something was rejected, skipped or refused.
    Lossy,
    /// Interrupted by the user; what was finished stays valid.
    Interrupted,
}

impl Outcome {
    /// [`Self::Clean`] or [`Self::Lossy`].
    pub fn lossy_if(lossy: bool) -> Self {
        if lossy { Self::Lossy } else { Self::Clean }
    }
}

const CLEAN: u8 = 0;
const FAILED: u8 = 1;
const USAGE: u8 = 2;
const LOSSY: u8 = 3;
/// Interruption and failure come before it, as they are why figures are missing; it comes before
/// [`LOSSY`], as who states conditions says what matters.
const CONDITION: u8 = 4;
const INTERRUPTED: u8 = 130;

/// A combination of options that makes no sense; shown like clap's own errors.
#[derive(Debug)]
pub struct UsageError(pub String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// The work is done, but a condition that was given was not passed.
#[derive(Debug)]
pub struct ConditionError(pub String);

impl fmt::Display for ConditionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConditionError {}

/// Ends the process at once, as interrupted by the user.
pub fn interrupted() -> ! {
    // A progress bar may stand where the prompt would come.
    if io::stderr().is_terminal() {
        stderr::print("");
    }
    std::process::exit(i32::from(INTERRUPTED))
}

/// Prints the error, if there is one, and ends the process.
pub fn finish(result: Result<Outcome, Error>) -> ! {
    let code = code(result);
    // Nobody is left to be told that it failed; what is written with care is flushed by its command.
    let _ = io::stdout().flush();
    leave(code)
}

/// Ends the process without what is done on the way out otherwise: the allocator would give back page
/// by page what the kernel takes as a whole, a hundredth of the time of a conversion (docs/limits.md, "The
/// start and the end").
#[cfg(unix)]
fn leave(code: u8) -> ! {
    signal_hook::low_level::exit(code.into())
}

#[cfg(not(unix))]
fn leave(code: u8) -> ! {
    std::process::exit(code.into())
}

fn code(result: Result<Outcome, Error>) -> u8 {
    match result {
        Ok(Outcome::Clean) => CLEAN,
        Ok(Outcome::Lossy) => LOSSY,
        Ok(Outcome::Interrupted) => INTERRUPTED,
        Err(error) if is_broken_pipe(&error) => CLEAN,
        Err(error) => match error.downcast_ref::<UsageError>() {
            Some(UsageError(message)) => {
                let message = indented(message);
                stderr::print(format_args!(
                    "error: {message}\n\nFor more information, try '--help'."
                ));
                USAGE
            }
            None => {
                print(&error);
                match error.is::<ConditionError>() {
                    true => CONDITION,
                    false => FAILED,
                }
            }
        },
    }
}

/// Prints an error after which a prompt goes on.
///
/// # Errors
/// Hands back an error of writing to standard output, after which there is nobody to go on for.
pub fn report(error: Error) -> Result<(), Error> {
    if error.is::<io::Error>() {
        return Err(error);
    }
    print(&error);
    Ok(())
}

/// The reader of our output has seen enough, as `head` does: a normal end.
fn is_broken_pipe(error: &Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

fn print(error: &Error) {
    let mut chain = error.chain().peekable();
    // The libraries name what failed: a bare error is one of writing to standard output or `-o`.
    let is_bare = chain.peek().is_some_and(|first| first.is::<io::Error>());
    let first = match is_bare {
        true => None,
        false => chain.next(),
    };
    match first {
        None => stderr::print("error: failed to write the answer"),
        Some(first) => stderr::print(format_args!("error: {}", indented(first))),
    }
    for cause in chain {
        stderr::print(format_args!("  caused by: {}", indented(cause)));
    }
    if let Some(hint) = hints::of(error) {
        stderr::print(format_args!("hint: {hint}"));
    }
}
