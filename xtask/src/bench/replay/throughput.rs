//! How much is sent at `--speed max`.

use anyhow::Result;

use super::inputs::Inputs;
use super::loopback::Sink;
use super::{Bench, Outcome};
use crate::bench::measure::{Sample, median};

/// Requests in flight of small bodies.
const SMALL_IN_FLIGHT: [u32; 3] = [4, 8, 16];
/// Of large ones.
const LARGE_IN_FLIGHT: [u32; 3] = [1, 2, 4];

const SMALL_SPANS: u64 = 10;
const LARGE_SPANS: u64 = 1_000;

/// Replays and what was beside them, in the order of rounds.
#[derive(Default)]
struct Case {
    replays: Vec<Replay>,
    /// Requests per second.
    peers: Vec<f64>,
    /// Share of a processor that the sink took while the peer sent.
    peer_sink: Vec<f64>,
}

struct Replay {
    sample: Sample,
    outcome: Outcome,
    /// Share of a processor that the sink took while requests were sent.
    sink: f64,
}

impl Case {
    fn of(&self, value: fn(&Replay) -> f64) -> f64 {
        median(self.replays.iter().map(value).collect())
    }

    /// Requests per second while requests were sent.
    fn rate(&self) -> f64 {
        self.of(|replay| replay.outcome.achieved_requests_per_second.unwrap_or(0.0))
    }

    fn peer(&self) -> Option<f64> {
        (!self.peers.is_empty()).then(|| median(self.peers.clone()))
    }
}

/// Measures all cases in turn, round after round, and prints the tables.
pub fn run(bench: &Bench, inputs: &Inputs) -> Result<()> {
    let (small_count, large_count) = if bench.is_quick {
        (20_000, 300)
    } else {
        (200_000, 4_000)
    };
    let small = inputs.equal(small_count, SMALL_SPANS)?;
    let large = inputs.equal(large_count, LARGE_SPANS)?;
    let small_body = inputs.body(SMALL_SPANS)?;
    let large_body = inputs.body(LARGE_SPANS)?;
    let mut small_cases = SMALL_IN_FLIGHT.map(|_| Case::default());
    let mut large_cases = LARGE_IN_FLIGHT.map(|_| Case::default());
    let (mut waits, mut python) = (Vec::new(), Vec::new());
    let sink = bench.loopback.sink()?;
    // Both are in memory, then, as after a first run.
    for capture in [&small, &large] {
        bench.replay(&sink, capture, &["--speed", "max"])?;
    }
    for round in 1..=bench.rounds {
        eprintln!("round {round} of {}", bench.rounds);
        for (in_flight, case) in SMALL_IN_FLIGHT.into_iter().zip(&mut small_cases) {
            case.replays.push(replay(bench, &sink, &small, in_flight)?);
            let (rate, busy) = beside(&sink, || bench.loopback.wrk(&sink, &small_body, in_flight))?;
            case.peers.extend(rate);
            case.peer_sink.push(busy);
        }
        for (in_flight, case) in LARGE_IN_FLIGHT.into_iter().zip(&mut large_cases) {
            case.replays.push(replay(bench, &sink, &large, in_flight)?);
        }
        let case = &mut large_cases[0];
        let (rate, busy) = beside(&sink, || bench.loopback.raw(&sink, &large_body, "stream"))?;
        case.peers.push(rate);
        case.peer_sink.push(busy);
        waits.push(bench.loopback.raw(&sink, &large_body, "wait")?);
        python.push(bench.loopback.python(&sink)?);
    }
    let small_bytes = std::fs::metadata(&small_body)?.len();
    let large_bytes = std::fs::metadata(&large_body)?.len();
    println!(
        "\n{small_count} requests of {SMALL_SPANS} spans, {small_bytes} bytes; the sink has one thread; median of {} \
         rounds",
        bench.rounds
    );
    println!(
        "| in flight | otolith, requests/s | whole process | wrk -t1 | ratio (must 0.6, stretch 0.9) | \
         processor, us a request | sink busy, otolith; wrk |\n|---|---|---|---|---|---|---|"
    );
    for (in_flight, case) in SMALL_IN_FLIGHT.iter().zip(&small_cases) {
        let (peer, ratio) = match case.peer() {
            Some(peer) => (format!("{peer:.0}"), format!("{:.2}", case.rate() / peer)),
            None => ("not measured: no wrk here".to_owned(), "-".to_owned()),
        };
        println!(
            "| {in_flight} | {:.0} | {:.0} | {peer} | {ratio} | {:.1} | {:.2}; {:.2} |",
            case.rate(),
            small_count as f64 / case.of(|r| r.sample.wall_s),
            case.of(|r| r.sample.user_s + r.sample.system_s) * 1e6 / small_count as f64,
            case.of(|r| r.sink),
            median(case.peer_sink.clone()),
        );
    }
    let python = median(python);
    let best = small_cases.iter().map(Case::rate).fold(0.0, f64::max);
    println!(
        "\nPython OTLP exporter, 10 spans a request: {python:.0} requests/s, otolith {:.0} times as many (must 60)",
        best / python
    );
    let gb = |rate: f64| rate * large_bytes as f64 / 1e9;
    let raw = large_cases[0].peer().unwrap_or_default();
    println!(
        "\n{large_count} requests of {LARGE_SPANS} spans, {large_bytes} bytes; a plain socket on one connection: \
         {:.2} GB/s without waiting for answers (sink busy {:.2}), {:.2} GB/s with",
        gb(raw),
        median(large_cases[0].peer_sink.clone()),
        gb(median(waits))
    );
    println!(
        "| in flight | otolith, GB/s | whole process | ratio to the plain socket (must 0.7, stretch 0.9) | sink busy |\n\
         |---|---|---|---|---|"
    );
    for (in_flight, case) in LARGE_IN_FLIGHT.iter().zip(&large_cases) {
        println!(
            "| {in_flight} | {:.2} | {:.2} | {:.2} | {:.2} |",
            gb(case.rate()),
            gb(large_count as f64 / case.of(|r| r.sample.wall_s)),
            case.rate() / raw,
            case.of(|r| r.sink),
        );
    }
    Ok(())
}

fn replay(bench: &Bench, sink: &Sink, capture: &std::path::Path, in_flight: u32) -> Result<Replay> {
    let before = sink.busy_seconds()?;
    let in_flight = in_flight.to_string();
    let options = ["--speed", "max", "--in-flight", &in_flight];
    let (sample, outcome) = bench.replay(sink, capture, &options)?;
    let busy = sink.busy_seconds()? - before;
    Ok(Replay {
        sink: busy / outcome.duration_seconds,
        sample,
        outcome,
    })
}

/// What a peer gives, and the share of a processor that the sink took meanwhile.
fn beside<T>(sink: &Sink, send: impl FnOnce() -> Result<T>) -> Result<(T, f64)> {
    let (before, begin) = (sink.busy_seconds()?, std::time::Instant::now());
    let sent = send()?;
    let busy = sink.busy_seconds()? - before;
    Ok((sent, busy / begin.elapsed().as_secs_f64()))
}
