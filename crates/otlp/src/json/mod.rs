//! OTLP JSON: a tolerant one-pass decoder over borrowed text.
//!
//! [`reader`] knows JSON ([`string`] its strings, [`fault`] what is wrong), [`scalar`] and [`value`] know how loosely emitters write numbers, ids
//! and attributes, [`span`], [`log`] and [`metric`] know the items, [`request`] and [`groups`] walk the levels
//! above them and talk to the sink. [`usual`] foresees members. [`sdk`] reads what is JSON but not OTLP: dumps of the JavaScript SDK.

mod fault;
mod groups;
mod header;
mod histogram;
mod log;
mod metric;
mod number;
mod point;
mod reader;
mod request;
mod scalar;
mod scan;
mod schema_url;
mod sdk;
mod skip;
mod span;
mod string;
mod usual;
mod value;

pub(crate) use request::{Order, Outcome, decode};
pub(crate) use schema_url::Prospect;
pub(crate) use sdk::decode as decode_sdk;
