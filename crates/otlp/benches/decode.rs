//! `decode/<encoding>/<capture>`: throughput of the decoder into a sink that only counts.
//!
//! Run with `cargo bench -p otolith-otlp`. MB/s are 10^6 payload bytes per second on one core,
//! the best of [`ROUNDS`] rounds of at least [`ROUND_BYTES`] each.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use otolith_capture::{Encoding, Frame, Origin, Signal, SignalHint};
use otolith_otlp::{
    Decoder, ExponentialHistogramPoint, HistogramPoint, ItemReject, Limits, LogRecord, Metric,
    NoteCode, NumberPoint, Resource, Scope, Sink, Span, SummaryPoint,
};

/// Payload bytes per round.
const ROUND_BYTES: usize = 200_000_000;
/// Rounds per capture.
const ROUNDS: usize = 3;

/// Counts items and attributes.
#[derive(Default)]
struct Counter {
    items: u64,
    attributes: usize,
    rejects: u64,
}

impl Sink for Counter {
    fn begin(&mut self, _: &Frame<'_>) {}
    fn resource(&mut self, _: Signal, resource: &Resource<'_>) {
        self.attributes += resource.attributes.len();
    }
    fn scope(&mut self, scope: &Scope<'_>) {
        self.attributes += scope.attributes.len();
    }
    fn span(&mut self, span: &Span<'_>) {
        self.items += 1;
        self.attributes += span.attributes.len();
    }
    fn log_record(&mut self, record: &LogRecord<'_>) {
        self.items += 1;
        self.attributes += record.attributes.len();
    }
    fn metric(&mut self, _: &Metric<'_>) {}
    fn number_point(&mut self, point: &NumberPoint<'_>) {
        self.items += 1;
        self.attributes += point.attributes.len();
    }
    fn histogram_point(&mut self, point: &HistogramPoint<'_>) {
        self.items += 1;
        self.attributes += point.attributes.len();
    }
    fn exponential_histogram_point(&mut self, point: &ExponentialHistogramPoint<'_>) {
        self.items += 1;
        self.attributes += point.attributes.len();
    }
    fn summary_point(&mut self, point: &SummaryPoint<'_>) {
        self.items += 1;
        self.attributes += point.attributes.len();
    }
    fn reject_item(&mut self, _: ItemReject<'_>) {
        self.rejects += 1;
    }
    fn note(&mut self, _: NoteCode) {}
    fn commit(&mut self) {}
    fn abandon(&mut self) {}
}

fn main() {
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/captures");
    for (capture, expected_items) in [("claude-json", 54 + 61 + 78), ("mix-dev", 733 + 1816 + 62)] {
        let dir = captures.join(capture);
        let mut lines = Vec::new();
        for signal in ["traces", "metrics", "logs"] {
            let text = read(&dir.join(format!("file-exporter/{signal}.jsonl")));
            lines.extend(text.lines().map(String::from));
        }
        run(&format!("decode/json/{capture}"), &lines, expected_items);

        // The dialect of Python's encoder: a space after each comma and colon.
        let lines: Vec<_> = lines.iter().map(|line| spaced(line)).collect();
        run(
            &format!("decode/json-spaced/{capture}"),
            &lines,
            expected_items,
        );
    }
}

/// Puts a space after each comma and colon outside of strings.
fn spaced(line: &str) -> String {
    let mut out = String::with_capacity(line.len() * 5 / 4);
    let (mut in_string, mut escaped) = (false, false);
    for character in line.chars() {
        out.push(character);
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => in_string = !in_string,
            ',' | ':' if !in_string => out.push(' '),
            _ => {}
        }
    }
    out
}

fn read(path: &Path) -> String {
    match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => panic!("failed to read {}: {error}", path.display()),
    }
}

fn run(name: &str, lines: &[String], expected_items: u64) {
    let frames: Vec<_> = lines
        .iter()
        .map(|line| Frame {
            bytes: line.as_bytes(),
            origin: Origin {
                file: Arc::from("bench"),
                frame: 1,
                offset: 0,
            },
            encoding: Encoding::Json,
            signal: SignalHint::Unknown,
            arrival_unix_nano: None,
        })
        .collect();
    let len_bytes: usize = lines.iter().map(String::len).sum();
    let passes = ROUND_BYTES.div_ceil(len_bytes);
    let mut decoder = Decoder::new(Limits::DEFAULT);
    let mut best = 0.0f64;
    for _ in 0..ROUNDS {
        let mut counter = Counter::default();
        let start = Instant::now();
        for _ in 0..passes {
            for frame in &frames {
                if let Err(reject) = decoder.decode(frame, &mut counter) {
                    panic!("{name}: {}", reject.message);
                }
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!(counter.items, expected_items * passes as u64, "{name}");
        assert_eq!(counter.rejects, 0, "{name}");
        assert!(counter.attributes > 0, "{name}");
        best = best.max((len_bytes * passes) as f64 / seconds / 1e6);
    }
    println!("{name}/{len_bytes}: {best:.0} MB/s");
}
