//! Integration tests of both decoders and the encoder.

mod generate;
mod json;
mod json_writer;
mod oracle;
mod protobuf;
mod transcript;
