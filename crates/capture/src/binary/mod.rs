//! Binary captures: messages with a length before each, and what their bytes look like.

mod cutter;
mod header;
pub(crate) mod message;

pub(crate) use cutter::{BinaryCutter, WalkEnd};
pub(crate) use header::Framing;
