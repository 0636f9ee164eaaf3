//! Whether a receiver that stands still for a second can be seen in what is told of it.
//!
//! Of an open load at a fixed rate all requests that are due meanwhile are late, evenly from the whole
//! pause down to nothing: that gives the percentiles without a measurement. A sender that waits for
//! answers sends next to nothing meanwhile, and sees one slow request per connection (coordinated
//! omission). `oha --latency-correction` counts from when a request should have been sent, as wrk2 does.

use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::inputs::Inputs;
use super::loopback::Freeze;
use super::{Bench, Spread};
use crate::bench::measure::measure_output;
use crate::run;

const OHA: &str = "1.16.0";
const RATE: f64 = 1_000.0;
const SECONDS: f64 = 10.0;
const FREEZE: Freeze = Freeze {
    after_seconds: 3.0,
    seconds: 1.0,
};

/// What is told of a run, in milliseconds.
struct Told {
    sender: String,
    mean: f64,
    p50: f64,
    p90: f64,
    p99: f64,
    p99_9: f64,
    max: f64,
}

/// What `oha --output-format json` tells, in seconds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Oha {
    summary: Summary,
    latency_percentiles: Percentiles,
}

#[derive(Deserialize)]
struct Summary {
    average: f64,
    slowest: f64,
}

#[derive(Deserialize)]
struct Percentiles {
    p50: f64,
    p90: f64,
    p99: f64,
    #[serde(rename = "p99.9")]
    p99_9: f64,
}

/// Freezes the receiver once in each run, and prints what the senders tell.
pub fn run(bench: &Bench, inputs: &Inputs) -> Result<()> {
    let capture = inputs.steady(20, 50)?;
    let (rate, duration) = (format!("{RATE}/s"), format!("{SECONDS}s"));
    let common = ["--loop", "forever", "--duration", &duration];
    let open = [&["--rate", &rate][..], &common].concat();
    let closed = [&["--rate", &rate, "--closed-loop"][..], &common].concat();
    let mut rows = vec![expected()];
    rows.extend(oha(bench, inputs)?);
    for (sender, options) in [
        ("otolith replay --rate", open),
        ("otolith replay --rate --closed-loop", closed),
    ] {
        let sink = bench.loopback.freezing_sink(FREEZE)?;
        let (_, outcome) = bench.replay(&sink, &capture, &options)?;
        let latency = outcome.latency.context("all was answered")?;
        rows.push(told(sender, &latency));
    }
    println!(
        "\nA receiver that freezes for {} s; {RATE} requests/s for {SECONDS} s; latency in ms\n\
         | | mean | 50 % | 90 % | 99 % | 99.9 % | most |\n|---|---|---|---|---|---|---|",
        FREEZE.seconds
    );
    for row in rows {
        println!(
            "| {} | {:.1} | {:.2} | {:.2} | {:.0} | {:.0} | {:.0} |",
            row.sender, row.mean, row.p50, row.p90, row.p99, row.p99_9, row.max
        );
    }
    Ok(())
}

/// With answers that take no time.
fn expected() -> Told {
    let freeze = FREEZE.seconds * 1e3;
    let share = FREEZE.seconds / SECONDS;
    let at = |quantile: f64| freeze * (1.0 - (1.0 - quantile) / share).max(0.0);
    Told {
        sender: "by calculation, open load".to_owned(),
        mean: freeze / 2.0 * share,
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        p99_9: at(0.999),
        max: freeze,
    }
}

fn told(sender: &str, latency: &Spread) -> Told {
    Told {
        sender: sender.to_owned(),
        mean: latency.mean_ms,
        p50: latency.p50_ms,
        p90: latency.p90_ms,
        p99: latency.p99_ms,
        p99_9: latency.p99_9_ms,
        max: latency.max_ms,
    }
}

/// The same body at the same rate, with and without its correction; nothing where it cannot be had.
fn oha(bench: &Bench, inputs: &Inputs) -> Result<Vec<Told>> {
    let oha = match run::installed(&bench.dir, "oha", OHA) {
        Ok(oha) => oha,
        Err(error) => {
            eprintln!("oha cannot be had: {error:#}");
            return Ok(Vec::new());
        }
    };
    let body = inputs.body(10)?;
    let mut rows = Vec::new();
    for correction in [&["--latency-correction"][..], &[]] {
        let sink = bench.loopback.freezing_sink(FREEZE)?;
        let mut command = Command::new(&oha);
        command
            .args([
                "--no-tui",
                "--output-format",
                "json",
                "-m",
                "POST",
                "-c",
                "64",
            ])
            .args(["-H", "content-type: application/x-protobuf"])
            .args(["-q", &RATE.to_string(), "-z", &format!("{SECONDS}s")])
            .args(correction)
            .arg("-D")
            .arg(&body)
            .arg(format!("http://127.0.0.1:{}/v1/traces", sink.port));
        let (_, printed) = measure_output(&mut command)?;
        let oha: Oha = serde_json::from_str(&printed)
            .with_context(|| format!("{command:?} printed `{printed}`"))?;
        rows.push(Told {
            sender: ["oha", correction.first().unwrap_or(&"without correction")].join(" "),
            mean: oha.summary.average * 1e3,
            p50: oha.latency_percentiles.p50 * 1e3,
            p90: oha.latency_percentiles.p90 * 1e3,
            p99: oha.latency_percentiles.p99 * 1e3,
            p99_9: oha.latency_percentiles.p99_9 * 1e3,
            max: oha.summary.slowest * 1e3,
        });
    }
    Ok(rows)
}
