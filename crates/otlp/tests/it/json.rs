//! The JSON decoder, seen from outside: whole frames in, visits out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use otolith_capture::{Encoding, Frame, Origin, SignalHint};
use otolith_otlp::problems::DUPLICATE_ATTRIBUTE_KEY;
use otolith_otlp::{Decoded, Decoder, FrameReject, Limits, NoteCode};

use crate::transcript::Transcript;

pub fn frame(bytes: &[u8]) -> Frame<'_> {
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

fn decode(text: &str) -> (Result<Decoded, FrameReject>, Transcript) {
    let mut transcript = Transcript::default();
    let result = Decoder::new(Limits::DEFAULT).decode(&frame(text.as_bytes()), &mut transcript);
    (result, transcript)
}

fn captures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/captures")
}

#[test]
fn every_line_of_every_capture_is_taken() {
    let mut items = 0;
    for entry in std::fs::read_dir(captures()).unwrap() {
        let dir = entry.unwrap().path().join("file-exporter");
        for signal in ["traces", "metrics", "logs"] {
            let Ok(text) = std::fs::read_to_string(dir.join(format!("{signal}.jsonl"))) else {
                continue;
            };
            for line in text.lines() {
                let (result, transcript) = decode(line);
                let decoded = result.unwrap();
                assert_eq!(decoded.rejected_items, 0, "{:?}", transcript.rejects);
                // Codex repeats keys.
                let is_repeat = |code: &NoteCode| *code == DUPLICATE_ATTRIBUTE_KEY;
                assert!(
                    transcript.notes.iter().all(is_repeat),
                    "{:?}",
                    transcript.notes
                );
                items += decoded.items;
            }
        }
    }
    assert!(items > 10_000, "found {items}");
}
