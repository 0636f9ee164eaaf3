//! Finds capture files, recognises their layout from their bytes, and cuts them into frames; writes
//! requests as captures.
//!
//! This crate never looks inside a payload, except for an envelope's path, arrival time and
//! the place of the request in it. What a frame means is left to `otolith-otlp`.

mod binary;
mod checkpoint;
mod chunk;
mod cut;
mod find;
mod frame;
mod hint;
mod inflate;
mod json;
mod layout;
mod options;
mod output;
pub mod problems;
mod reader;
mod recognise;
mod resume;
mod rotated;
mod skip;
mod source;
mod stream;
mod whole;
mod write;

pub use checkpoint::{Checkpoint, Head, JsonState};
pub use chunk::{Chunk, Entry};
pub use find::{FindError, find_sources};
pub use frame::{Encoding, Frame, Origin, Reject, RejectCode, Signal, SignalHint};
pub use layout::{Compression, Envelope, Layout};
pub use options::{InputFormat, ReadLimits, ReadOptions, TornTail, UnknownFormat};
pub use reader::{CaptureReader, Waiting};
pub use resume::Opened;
pub use source::{ReadError, Source};
pub use write::{
    CaptureFiles, Dialect, FileOptions, FrameError, Framer, Outgoing, UnknownDialect, WriteError,
    Written,
};

/// Makes the example of the README a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
