//! The command end to end: exit codes, streams, standard input, errors, and JSON of every command.
//!
//! What the answers hold is tested in the libraries; here it is how they come out.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

#[cfg(unix)]
mod capture;
mod cat;
mod compare;
mod convert;
mod dumps;
mod errors;
mod help;
mod inspect;
#[cfg(unix)]
mod interrupt;
mod prompt;
mod redact;
mod replay;
#[cfg(unix)]
mod replay_panel;
mod replay_results;
mod report;
mod sink;
mod sql;
mod streams;
mod support;
mod tables;
mod upkeep;
