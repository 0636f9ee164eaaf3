//! Reads the captures of `testdata` without the capture crate's reader: lines and length-prefixed frames.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use otolith_capture::{Encoding, Frame, Origin, Signal, SignalHint};
use otolith_otlp::{Decoder, Limits};
use otolith_tables::{Assembler, AssemblerOptions, Batches, Part};

use crate::view::drain;

fn path(rest: &str) -> PathBuf {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/captures");
    PathBuf::from(root).join(rest)
}

/// What is true of a capture.
pub(crate) fn truth(name: &str) -> serde_json::Value {
    let text = std::fs::read_to_string(path("truth.json")).expect("the truth is there");
    let mut all: serde_json::Value = serde_json::from_str(&text).expect("the truth is JSON");
    all[name].take()
}

/// The parts of a capture in the JSON dialect of the file exporter.
pub(crate) fn json(name: &str) -> Vec<Part> {
    let mut frames = Vec::new();
    for signal in Signal::ALL {
        let bytes = std::fs::read(path(&format!("{name}/file-exporter/{signal}.jsonl")))
            .expect("the capture is there");
        let lines = bytes.split(|byte| *byte == b'\n');
        frames.extend(
            lines
                .filter(|line| !line.is_empty())
                .map(|line| (signal, line.to_vec())),
        );
    }
    parts(&frames, Encoding::Json)
}

/// The parts of a capture in the protobuf dialect of the file exporter.
pub(crate) fn protobuf(name: &str) -> Vec<Part> {
    let mut frames = Vec::new();
    for signal in Signal::ALL {
        let file = format!("{name}/file-exporter-proto/{signal}.binpb");
        let bytes = std::fs::read(path(&file)).expect("the capture is there");
        let mut rest = bytes.as_slice();
        while let Some((prefix, tail)) = rest.split_first_chunk() {
            let (frame, tail) = tail.split_at(u32::from_be_bytes(*prefix) as usize);
            frames.push((signal, frame.to_vec()));
            rest = tail;
        }
    }
    parts(&frames, Encoding::Protobuf)
}

fn parts(frames: &[(Signal, Vec<u8>)], encoding: Encoding) -> Vec<Part> {
    let mut decoder = Decoder::new(Limits::DEFAULT);
    let mut batches = Batches::new();
    let mut assembler = Assembler::new(AssemblerOptions::DEFAULT, BTreeMap::new());
    let mut items = 0;
    for (number, (signal, bytes)) in (1..).zip(frames) {
        let frame = Frame {
            bytes,
            origin: Origin {
                file: Arc::from("capture"),
                frame: number,
                offset: 0,
            },
            encoding,
            signal: SignalHint::Declared(*signal),
            arrival_unix_nano: None,
        };
        let decoded = decoder
            .decode(&frame, &mut batches)
            .expect("the frame is good");
        assert_eq!(decoded.rejected_items, 0);
        items += decoded.items;
    }
    assert_eq!(batches.counts().items.iter().sum::<u64>(), items);
    assembler.push(batches);
    drain(&mut assembler)
}
