//! `rows/<capture>` and `parts/<capture>`: throughput of JSON lines into batches, and of batches
//! into parts.
//!
//! Run with `cargo bench -p otolith-tables`. MB/s are 10^6 payload bytes per second on one core,
//! the best of [`ROUNDS`] rounds of at least [`ROUND_BYTES`] each. `rows` includes decoding: compare
//! with `cargo bench -p otolith-otlp`.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use otolith_capture::{Encoding, Frame, Origin, Signal, SignalHint};
use otolith_otlp::{Decoder, Limits};
use otolith_tables::{Assembler, AssemblerOptions, Batches};

/// Payload bytes per round.
const ROUND_BYTES: usize = 100_000_000;
/// Payload bytes per batch.
const CHUNK_BYTES: usize = 4 << 20;
/// Batches between two drains.
const DRAIN_BATCHES: usize = 8;
/// Rounds per capture.
const ROUNDS: usize = 3;

fn main() {
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/captures");
    for (capture, expected_items) in [("claude-json", 54 + 61 + 78), ("mix-dev", 733 + 1816 + 62)] {
        let mut lines = Vec::new();
        for signal in Signal::ALL {
            let path = captures.join(format!("{capture}/file-exporter/{signal}.jsonl"));
            match std::fs::read_to_string(&path) {
                Ok(text) => lines.extend(text.lines().map(String::from)),
                Err(error) => panic!("failed to read {}: {error}", path.display()),
            }
        }
        let frames: Vec<_> = lines.iter().map(|line| frame(line)).collect();
        let mut best = [Duration::MAX; 2];
        let mut len_bytes = 0;
        for _ in 0..ROUNDS {
            let round = run(&frames, expected_items);
            len_bytes = round.len_bytes;
            best[0] = best[0].min(round.rows);
            best[1] = best[1].min(round.parts);
        }
        for (name, time) in ["rows", "parts"].into_iter().zip(best) {
            let speed = len_bytes as f64 / time.as_secs_f64() / 1e6;
            println!("{name}/{capture}/{len_bytes}: {speed:.0} MB/s");
        }
    }
}

fn frame(line: &str) -> Frame<'_> {
    Frame {
        bytes: line.as_bytes(),
        origin: Origin {
            file: Arc::from("bench"),
            frame: 1,
            offset: 0,
        },
        encoding: Encoding::Json,
        signal: SignalHint::Unknown,
        arrival_unix_nano: None,
    }
}

struct Round {
    len_bytes: usize,
    rows: Duration,
    parts: Duration,
}

fn run(frames: &[Frame<'_>], expected_items: u64) -> Round {
    let mut decoder = Decoder::new(Limits::DEFAULT);
    let mut assembler = Assembler::new(AssemblerOptions::DEFAULT, BTreeMap::new());
    let mut round = Round {
        len_bytes: 0,
        rows: Duration::ZERO,
        parts: Duration::ZERO,
    };
    let (mut items, mut passes, mut row_count, mut batch_count) = (0, 0, 0, 0);
    while round.len_bytes < ROUND_BYTES {
        let start = Instant::now();
        let mut batches = Batches::new();
        let mut chunk_bytes = 0;
        while chunk_bytes < CHUNK_BYTES {
            for frame in frames {
                if let Err(reject) = decoder.decode(frame, &mut batches) {
                    panic!("{}", reject.message);
                }
                chunk_bytes += frame.bytes.len();
            }
            passes += 1;
        }
        round.rows += start.elapsed();
        round.len_bytes += chunk_bytes;
        items += batches.counts().items.iter().sum::<u64>();
        let start = Instant::now();
        assembler.push(batches);
        batch_count += 1;
        if batch_count % DRAIN_BATCHES == 0 || round.len_bytes >= ROUND_BYTES {
            let result: Result<(), Infallible> = assembler.drain().each(|part| {
                row_count += part.row_count;
                Ok(())
            });
            assert!(result.is_ok());
        }
        round.parts += start.elapsed();
    }
    assert_eq!(items, expected_items * passes);
    assert!(row_count as u64 >= items);
    round
}
