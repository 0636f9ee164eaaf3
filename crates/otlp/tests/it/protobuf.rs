//! The protobuf decoder and encoder, held against those of `opentelemetry-proto`.

mod captures;
mod faults;
mod merge;
mod parts;
mod properties;
mod signals;
mod times;

use std::sync::Arc;

use otolith_capture::{Encoding, Frame, Origin, Signal, SignalHint};
use otolith_otlp::{Decoded, Decoder, FrameReject, Limits};

use crate::transcript::Transcript;

/// A frame as a capture would hand it on.
fn frame(bytes: &[u8], encoding: Encoding, signal: SignalHint) -> Frame<'_> {
    Frame {
        bytes,
        origin: Origin {
            file: Arc::from("test"),
            frame: 1,
            offset: 0,
        },
        encoding,
        signal,
        arrival_unix_nano: None,
    }
}

/// A protobuf frame whose signal is known.
fn declared(bytes: &[u8], signal: Signal) -> Frame<'_> {
    frame(bytes, Encoding::Protobuf, SignalHint::Declared(signal))
}

/// Decodes with the default limits.
fn decode(frame: &Frame<'_>) -> (Result<Decoded, FrameReject>, Transcript) {
    let mut transcript = Transcript::default();
    let mut decoder = Decoder::new(Limits::DEFAULT);
    let result = decoder.decode(frame, &mut transcript);
    // A frame's visits are the same again when the decoder has seen all of it.
    let mut again = Transcript::default();
    assert_eq!(decoder.decode(frame, &mut again), result);
    assert_eq!(again.lines, transcript.lines);
    assert_eq!(again.rejects, transcript.rejects);
    assert_eq!(again.notes, transcript.notes);
    assert_eq!(again.hints, transcript.hints);
    (result, transcript)
}
