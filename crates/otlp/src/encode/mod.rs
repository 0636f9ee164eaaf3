//! Encodes visits into requests.
//!
//! Protobuf: [`wire`] writes the wire format, [`message`] the messages below the request, [`request`] the
//! levels that the sink is told about one after another. JSON is in [`json`].

mod json;
mod message;
mod request;
mod wire;

pub use json::JsonRequestEncoder;
pub use request::RequestEncoder;
pub(crate) use wire::put_len_prefixed;
