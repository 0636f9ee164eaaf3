//! Finds capture files, recognises their layout from their bytes, and cuts them into frames.
//!
//! This crate never looks inside a payload, except for an envelope's path, arrival time and
//! the place of the request in it. What a frame means is left to `otolith-otlp`.

mod frame;

pub use frame::{Encoding, Frame, Origin, Reject, RejectCode, Signal, SignalHint};
