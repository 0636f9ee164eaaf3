//! OTLP protobuf: a borrowing decoder, and the signal of a message that does not name it.
//!
//! [`wire`] knows the wire format and [`fault`] what can be wrong with it, [`value`], [`attribute`] and
//! [`list`] what all items are made of, [`header`] resources and scopes, [`span`], [`log`] and [`point`]
//! the items; [`request`] walks the levels above them and talks to the sink, and [`probe`] tells
//! the signals apart.

mod attribute;
pub(crate) mod fault;
mod header;
mod list;
mod log;
mod point;
mod point_attributes;
mod probe;
mod request;
mod span;
mod value;
pub(crate) mod wire;

pub use probe::{Probe, probe_signal, resolve_signal};
pub(crate) use request::decode;
