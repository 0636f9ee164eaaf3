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
    NoteCode, NumberPoint, RequestEncoder, Resource, Scope, Sink, Span, SummaryPoint,
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
        let plain: Vec<_> = lines
            .iter()
            .map(|line| (SignalHint::Unknown, line.as_bytes().to_vec()))
            .collect();
        let name = |encoding| format!("decode/{encoding}/{capture}");
        run(&name("json"), &plain, Encoding::Json, expected_items);

        // The dialect of Python's encoder: a space after each comma and colon.
        let spaced: Vec<_> = lines
            .iter()
            .map(|line| (SignalHint::Unknown, spaced(line).into_bytes()))
            .collect();
        run(
            &name("json-spaced"),
            &spaced,
            Encoding::Json,
            expected_items,
        );

        let protobuf: Vec<_> = plain.iter().flat_map(|(_, line)| protobuf(line)).collect();
        run(
            &name("protobuf"),
            &protobuf,
            Encoding::Protobuf,
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

/// The requests of a line.
fn protobuf(line: &[u8]) -> Vec<(SignalHint, Vec<u8>)> {
    let mut encoder = RequestEncoder::new();
    let frame = frame(SignalHint::Unknown, line, Encoding::Json);
    if let Err(reject) = Decoder::new(Limits::DEFAULT).decode(&frame, &mut encoder) {
        panic!("{}", reject.message);
    }
    let requests = encoder.take().into_iter();
    requests
        .map(|(signal, bytes)| (SignalHint::Declared(signal), bytes))
        .collect()
}

fn frame(signal: SignalHint, bytes: &[u8], encoding: Encoding) -> Frame<'_> {
    Frame {
        bytes,
        origin: Origin {
            file: Arc::from("bench"),
            frame: 1,
            offset: 0,
        },
        encoding,
        signal,
        arrival_unix_nano: None,
    }
}

fn read(path: &Path) -> String {
    match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => panic!("failed to read {}: {error}", path.display()),
    }
}

fn run(name: &str, payloads: &[(SignalHint, Vec<u8>)], encoding: Encoding, expected_items: u64) {
    let frames: Vec<_> = payloads
        .iter()
        .map(|(signal, bytes)| frame(*signal, bytes, encoding))
        .collect();
    let len_bytes: usize = payloads.iter().map(|(_, bytes)| bytes.len()).sum();
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
