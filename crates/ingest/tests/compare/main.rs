//! Two sides compared: what is missing, doubled and unexpected is found, and nothing else.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod captures;
mod found;
#[expect(dead_code, reason = "shared with tests that use all of it")]
#[path = "../../../otlp/tests/it/generate.rs"]
mod generate;
mod identity;
#[path = "../../../tables/src/properties/items.rs"]
mod items;
#[path = "../../../otlp/tests/it/json_writer.rs"]
mod json_writer;
#[expect(dead_code, reason = "not all of it is used here")]
#[path = "../it/support.rs"]
mod support;

use otolith_capture::{Chunk, Entry, Frame, ReadOptions, Source};
use otolith_ingest::{CompareOptions, Comparison, NoWatch, Side, compare};

fn captures(sources: &[Source]) -> Side {
    Side {
        sources: sources.to_vec(),
        lakes: Vec::new(),
    }
}

fn compared(left: &Side, right: &Side, options: &CompareOptions) -> Comparison {
    let comparison = compare(left, right, options, &NoWatch).unwrap();
    assert!(comparison.balances(), "{comparison:#?}");
    comparison
}

/// Visits all good frames.
fn each_frame(sources: &[Source], mut visit: impl FnMut(&Frame<'_>)) {
    let mut chunk = Chunk::new();
    for source in sources {
        let mut reader = source.open(&ReadOptions::default()).unwrap();
        while reader.next_chunk(&mut chunk).unwrap() {
            for entry in chunk.entries() {
                match entry {
                    Entry::Frame(frame) => visit(&frame),
                    Entry::Reject(reject) => panic!("{reject:?}"),
                }
            }
        }
    }
}
