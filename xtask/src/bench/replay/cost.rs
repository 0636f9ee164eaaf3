//! What sending takes: processor time, memory.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::Bench;
use super::inputs::Inputs;
use crate::bench::measure::{measure, median};
use crate::corpus::{self, Dialect, MEDIUM, SMALL};
use crate::stages::Program;

/// The target of processor time.
const MOST: f64 = 2.5;

/// User time of JSON lines sent as protobuf, beside reading and decoding them.
pub fn processor(bench: &Bench) -> Result<()> {
    let size = if bench.is_quick { SMALL } else { MEDIUM };
    let corpus = corpus::write(&bench.dir, size, Dialect::JsonLines)?;
    let capture = corpus.files.first().context("JSON lines are a file")?;
    let program = Program::build()?;
    let line = program.command_line("visit", &corpus);
    let sink = bench.loopback.sink()?;
    let (mut sends, mut visits, mut inspects) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=bench.rounds {
        eprintln!("round {round} of {}", bench.rounds);
        let (sample, _) = bench.replay(&sink, capture, &["--speed", "max"])?;
        sends.push(sample.user_s);
        visits.push(measure(Command::new(&line[0]).args(&line[1..]))?.user_s);
        let mut inspect = Command::new(&bench.otolith);
        inspect.args(["inspect", "--json"]).arg(capture);
        inspects.push(measure(&mut inspect)?.user_s);
    }
    let (send, visit) = (median(sends), median(visits));
    println!(
        "\n{:.0} MB of JSON lines sent as protobuf, user time, median of {} whole processes: {send:.3} s; reading and \
         decoding alone (stage visit) {visit:.3} s, ratio {:.2} (at most {MOST}); otolith inspect {:.3} s",
        corpus.bytes as f64 / 1e6,
        bench.rounds,
        send / visit,
        median(inspects)
    );
    Ok(())
}

/// Peak memory for captures of several sizes, and of many requests.
pub fn memory(bench: &Bench, inputs: &Inputs) -> Result<()> {
    println!("\npeak memory, 16 requests in flight (at most 32 MiB and their bodies)");
    println!(
        "| capture | requests | peak, MiB | of it beyond bodies in flight |\n|---|---|---|---|"
    );
    let scale = if bench.is_quick { 20 } else { 1 };
    for (megabytes, spans) in [(100, 10), (1_000, 10), (5_000, 10), (1_000, 1_000)] {
        let body_bytes = fs::metadata(inputs.body(spans)?)?.len();
        let requests = megabytes * 1_000_000 / scale / body_bytes;
        let capture = inputs.equal(requests, spans)?;
        let name = format!("{} MB in requests of {body_bytes} bytes", megabytes / scale);
        row(bench, &name, &capture, body_bytes)?;
    }
    let requests = 5_000_000 / scale;
    let capture = inputs.tiny(requests)?;
    row(bench, "one log record a request", &capture, 0)
}

fn row(bench: &Bench, name: &str, capture: &Path, body_bytes: u64) -> Result<()> {
    let sink = bench.loopback.sink()?;
    let options = ["--speed", "max", "--in-flight", "16"];
    let (sample, outcome) = bench.replay(&sink, capture, &options)?;
    let bodies = (16 * body_bytes) as f64 / f64::from(1 << 20);
    println!(
        "| {name} | {} | {:.1} | {:.1} |",
        outcome.requests.planned,
        sample.peak_mib,
        sample.peak_mib - bodies
    );
    // They are large, and quickly made.
    let dir = capture.parent().context("a capture has a directory")?;
    fs::remove_dir_all(dir)?;
    Ok(())
}
