//! What a replay would send.

use std::io::{self, Write};

use otolith_replay::{PlanReport, RatePart};
use otolith_report::time_text;
use serde::Serialize;

use super::facts::{counted, detail, fact};
use super::numbers::{bytes, count, double, seconds};
use super::outcome::write_reject;

/// A plan, and how much of it is sent when.
#[derive(Debug, Serialize)]
pub struct Told<'a> {
    pub plan: &'a PlanReport,
    /// Nothing where there is no pace to keep.
    pub rate: Vec<RatePart>,
}

/// Writes what would be sent, and at which rate.
pub fn write(told: &Told<'_>, out: &mut impl Write) -> io::Result<()> {
    let Told { plan, rate } = told;
    fact(
        out,
        "captures",
        amounts(plan.requests, plan.items, plan.bytes),
    )?;
    for signal in &plan.signals {
        let amounts = amounts(signal.requests, signal.items, signal.bytes);
        detail(out, format!("{}: {amounts}", signal.signal))?;
    }
    if let (Some(first), Some(last)) = (plan.first_time_unix_nano, plan.last_time_unix_nano) {
        let text = format!(
            "{} to {}, {}; longest gap {}",
            time(first),
            time(last),
            seconds(plan.recorded_seconds),
            seconds(plan.longest_gap_seconds)
        );
        fact(out, "recorded", text)?;
    }
    if plan.disordered_requests + plan.untimed_requests > 0 {
        let text = format!(
            "{} not in the order of their times, {} without a time",
            counted(plan.disordered_requests, "request"),
            count(plan.untimed_requests)
        );
        fact(out, "disorder", text)?;
    }
    if plan.cut_gaps > 0 {
        let text = format!(
            "{}, which leaves out {}",
            counted(plan.cut_gaps, "gap"),
            seconds(plan.left_out_seconds)
        );
        fact(out, "cut", text)?;
    }
    let sends = match plan.to_send() {
        Some(planned) => amounts(planned.requests, planned.items, planned.bytes),
        None => "as much as the run has time for".to_owned(),
    };
    fact(out, "would send", sends)?;
    if let (Some(_), Some(all)) = (plan.left, plan.planned) {
        let all = amounts(all.requests, all.items, all.bytes);
        detail(out, format!("left by an earlier run, of {all}"))?;
    }
    let takes = match (plan.seconds_to_send(), plan.planned) {
        (Some(expected), _) => seconds(expected),
        (None, Some(_)) => "as long as the receiver takes".to_owned(),
        (None, None) => "until its end, or until it is stopped".to_owned(),
    };
    fact(out, "takes", takes)?;
    for (index, part) in rate.iter().enumerate() {
        let name = if index == 0 { "rate" } else { "" };
        let text = format!(
            "from {}: {} requests/s, {} items/s, {}/s",
            seconds(part.start_seconds),
            double(part.requests as f64 / part.seconds),
            double(part.items as f64 / part.seconds),
            bytes((part.bytes as f64 / part.seconds) as u64)
        );
        fact(out, name, text)?;
    }
    for reject in &plan.rejects {
        write_reject(reject, out)?;
    }
    Ok(())
}

fn amounts(requests: u64, items: u64, len_bytes: u64) -> String {
    let (requests, items) = (counted(requests, "request"), counted(items, "item"));
    format!("{requests} with {items}, {}", bytes(len_bytes))
}

fn time(unix_nano: u64) -> String {
    i64::try_from(unix_nano).map_or_else(|_| unix_nano.to_string(), time_text)
}
