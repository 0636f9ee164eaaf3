//! Encodes visits into OTLP JSON requests.
//!
//! [`text`] writes JSON, [`message`] the messages below the request, [`request`] the levels that the
//! sink is told about one after another. The mapping is that of proto3 with the rules of OTLP: names in
//! lowerCamelCase, 64-bit integers as strings, ids in hex, other bytes in base64, enumerations as
//! numbers, doubles that JSON cannot write as `"NaN"`, `"Infinity"`, `"-Infinity"`.

mod message;
mod request;
mod text;

pub use request::JsonRequestEncoder;
