//! What becomes of the outcome of a replay.

use std::path::PathBuf;

use clap::Args as Group;
use otolith_replay::Condition;

/// What becomes of the outcome of a replay.
#[derive(Clone, Debug, Group)]
pub struct ResultArgs {
    /// End with exit code 4 if this holds: METRIC OP VALUE such as `p99>250ms`; may be repeated
    ///
    /// Metrics: min, mean, p50, p75, p90, p95, p99, p99.9, max of the latency, or of another time with
    /// `service_time.`, `lateness.`, `limit_wait.` or `sender_delay.` before it, and duration (units us,
    /// ms, s, m, h); rate (`0.99` or `99%` of the intended one, `450/s`); errors, partly_rejected, retries, capped, counted in
    /// requests, accepted, rejected, failed, unsent, counted in items (plain, or a share: `0.1%`).
    /// OP: > >= < <= == !=. What the run did not measure counts as failed. docs/replay.md has all.
    #[arg(long, value_name = "EXPR", conflicts_with = "dry_run")]
    pub fail_if: Vec<Condition>,

    /// Write what was measured to a log of HDR histograms, of the whole run and over time
    ///
    /// The interval log of HdrHistogram (V2), read by HistogramLogProcessor and HistogramLogAnalyzer, in
    /// nanoseconds. Tags: latency, service_time, lateness, limit_wait and sender_delay by
    /// interval, run:latency and so on in all.
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub hdr: Option<PathBuf>,

    /// Write a page with charts of rate, latency, lateness and errors: one file that loads nothing
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub html: Option<PathBuf>,
}
