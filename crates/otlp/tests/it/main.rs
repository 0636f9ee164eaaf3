//! Integration tests of both decoders and the encoder.

mod json;
mod transcript;
