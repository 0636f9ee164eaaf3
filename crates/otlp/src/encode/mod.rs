//! Encodes visits into protobuf requests.
//!
//! [`wire`] writes the wire format, [`message`] the messages below the request, [`request`] the
//! levels that the sink is told about one after another.

mod message;
mod request;
mod wire;

pub use request::RequestEncoder;
