//! Writes captures: the other direction of reading them.
//!
//! [`Framer`] puts a request into the form of a [`Dialect`], [`CaptureFiles`] puts such records into
//! a stream, a file, or numbered files. What a request means is left to the caller.

mod dialect;
mod files;
mod framer;
mod json_line;

pub use dialect::{Dialect, UnknownDialect};
pub use files::{CaptureFiles, FileOptions, WriteError, Written};
pub use framer::{FrameError, Framer, Outgoing};
