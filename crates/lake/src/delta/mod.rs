//! The Delta log of a table. Only the modules below here know `delta_kernel`, whose API changes
//! with every version.
//!
//! [`log`] reads and commits, on the thread that asks ([`in_place`]), [`schema`] translates columns,
//! [`stats`] tells the log what is in a part, [`committer`] makes a commit durable, [`checkpoint`]
//! keeps the log quick to read.

mod checkpoint;
mod committer;
mod in_place;
mod log;
mod root;
mod schema;
mod stats;

pub(crate) use log::{Change, DeltaTable, Engine, LogPart, NewPart, Operation, Target, commit};
pub(crate) use stats::{PartStats, footer};
