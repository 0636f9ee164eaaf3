//! Integration tests of both decoders and the encoder.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should panic, in its helpers too"
)]

mod generate;
mod json;
mod json_writer;
mod known_lists;
mod oracle;
mod protobuf;
mod sdk;
mod transcript;
