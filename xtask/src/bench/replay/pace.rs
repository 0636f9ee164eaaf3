//! How well a pace is kept. On a machine that does other things the lateness is of those, too.

use anyhow::{Context as _, Result};

use super::Bench;
use super::inputs::Inputs;

/// 2,000 requests a second for a minute.
pub fn minute(bench: &Bench, inputs: &Inputs) -> Result<()> {
    let seconds = if bench.is_quick { 6 } else { 60 };
    // An hour and more of recorded time: the rate decides.
    let capture = inputs.steady(20, 2_000 * seconds / 20)?;
    let target = "within 0.5 %; 99 % of requests less than 2 ms late";
    run(
        bench,
        &capture,
        &["--rate", "2000/s"],
        &format!("2,000 requests/s for {seconds} s ({target})"),
    )
}

/// A recorded hour, 20 requests a second, in six minutes.
pub fn hour(bench: &Bench, inputs: &Inputs) -> Result<()> {
    let seconds = if bench.is_quick { 60 } else { 3_600 };
    let capture = inputs.steady(20, seconds)?;
    let wanted = seconds as f64 / 10.0;
    run(
        bench,
        &capture,
        &["--speed", "10x"],
        &format!("{seconds} recorded seconds at 10x, {wanted} s within 0.5 %"),
    )
}

fn run(bench: &Bench, capture: &std::path::Path, pace: &[&str], what: &str) -> Result<()> {
    let sink = bench.loopback.sink()?;
    let (sample, outcome) = bench.replay(&sink, capture, pace)?;
    let achieved = outcome
        .achieved_requests_per_second
        .context("nothing was sent")?;
    let intended = outcome
        .intended_requests_per_second
        .context("there is a pace")?;
    let late = outcome.lateness.context("there is a pace")?;
    let latency = outcome.latency.context("all was answered")?;
    println!("\n{what}");
    println!(
        "| requests/s | off by | took, s | late, ms: half; 99 %; most | answered after, ms: half; 99 % | processor, s |\n\
         |---|---|---|---|---|---|"
    );
    println!(
        "| {achieved:.2} | {:.3} % | {:.3} | {:.3}; {:.3}; {:.3} | {:.3}; {:.3} | {:.2} |",
        (achieved / intended - 1.0) * 100.0,
        outcome.duration_seconds,
        late.p50_ms,
        late.p99_ms,
        late.max_ms,
        latency.p50_ms,
        latency.p99_ms,
        sample.user_s + sample.system_s
    );
    Ok(())
}
