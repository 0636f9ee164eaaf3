//! Objects of the JavaScript SDK: whole frames in, visits out. That dumps of the real SDK give what it
//! sends as OTLP is tested where they are converted, in the tests of `otolith-ingest`.

mod cut;
mod hostile;
mod layouts;

use std::sync::Arc;

use otolith_capture::{Encoding, Frame, Origin, SignalHint};
use otolith_otlp::{Decoded, Decoder, FrameReject, Limits};

use crate::transcript::Transcript;

/// An object as a frame, in the encoding given.
fn frame(bytes: &[u8], encoding: Encoding) -> Frame<'_> {
    Frame {
        bytes,
        origin: Origin {
            file: Arc::from("dump.json"),
            frame: 1,
            offset: 0,
        },
        encoding,
        signal: SignalHint::Unknown,
        arrival_unix_nano: None,
    }
}

/// Decodes with the default limits.
fn decode(text: impl AsRef<[u8]>) -> (Result<Decoded, FrameReject>, Transcript) {
    let mut transcript = Transcript::default();
    let frame = frame(text.as_ref(), Encoding::JavaScriptSdk);
    let result = Decoder::new(Limits::DEFAULT).decode(&frame, &mut transcript);
    (result, transcript)
}

/// The visits of an OTLP request.
fn visits_of_otlp(text: &str) -> String {
    let mut transcript = Transcript::default();
    let frame = frame(text.as_bytes(), Encoding::Json);
    Decoder::new(Limits::DEFAULT)
        .decode(&frame, &mut transcript)
        .unwrap();
    assert!(transcript.rejects.is_empty() && transcript.notes.is_empty());
    transcript.text()
}

/// The visits of an object are those of the OTLP request, without notes.
#[track_caller]
fn check(object: &str, otlp: &str) {
    let (result, transcript) = decode(object);
    result.unwrap();
    assert_eq!(transcript.text(), visits_of_otlp(otlp), "{object}");
    assert_eq!(transcript.notes, [], "{object}");
    assert_eq!(transcript.rejects, [""; 0], "{object}");
}

/// A `ResourceMetrics` with the points of one metric, whose members these are.
fn metrics(members: &str, points: &str) -> String {
    format!(
        r#"{{"resource":{{}},"scopeMetrics":[{{"scope":{{"name":"s"}},"metrics":[{{{members},"dataPoints":[{points}]}}]}}]}}"#
    )
}
