//! The JSON decoder, seen from outside: whole frames in, visits out.

mod captures;
mod hostile;
mod order;
mod tolerances;
mod values;

use std::sync::Arc;

use otolith_capture::{Encoding, Frame, Origin, SignalHint};
use otolith_otlp::{Decoded, Decoder, FrameReject, Limits};

use crate::transcript::Transcript;

/// A JSON frame.
fn frame(bytes: &[u8]) -> Frame<'_> {
    Frame {
        bytes,
        origin: Origin {
            file: Arc::from("test.json"),
            frame: 1,
            offset: 0,
        },
        encoding: Encoding::Json,
        signal: SignalHint::Unknown,
        arrival_unix_nano: None,
    }
}

/// Decodes with the default limits.
fn decode(text: impl AsRef<[u8]>) -> (Result<Decoded, FrameReject>, Transcript) {
    let mut transcript = Transcript::default();
    let frame = frame(text.as_ref());
    let mut decoder = Decoder::new(Limits::DEFAULT);
    let result = decoder.decode(&frame, &mut transcript);
    // A frame's visits are the same again when the decoder has seen all of it.
    let mut again = Transcript::default();
    assert_eq!(decoder.decode(&frame, &mut again), result);
    assert_eq!(again.lines, transcript.lines);
    assert_eq!(again.rejects, transcript.rejects);
    assert_eq!(again.notes, transcript.notes);
    assert_eq!(again.hints, transcript.hints);
    (result, transcript)
}
