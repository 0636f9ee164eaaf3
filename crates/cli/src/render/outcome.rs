//! What became of a replay.

use std::io::{self, Write};

use otolith_replay::{Ended, ErrorCount, Judgement, Outcome, RejectCount, Spread, Verdict};

use super::facts::{Place, balance, counted, detail, fact};
use super::numbers::{bytes, count, double};

/// Writes what was sent, what became of it, and how fast.
pub fn write(outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
    if let Some(earlier) = outcome.earlier {
        let text = format!(
            "{} with {} accepted, {} partly rejected, {} failed; the rest is of this run",
            counted(earlier.accepted_requests, "request"),
            counted(earlier.accepted_items, "item"),
            count(earlier.partly_rejected_requests),
            count(earlier.failed_requests)
        );
        fact(out, "earlier", text)?;
    }
    let sent = outcome.requests;
    let requests = balance(
        sent.planned,
        "planned",
        &[
            (sent.accepted, "accepted"),
            (sent.partly_rejected, "partly rejected"),
            (sent.failed, "failed"),
            (sent.unsent, "unsent"),
        ],
    );
    fact(out, "requests", requests)?;
    let items = outcome.items;
    let items = balance(
        items.planned,
        "planned",
        &[
            (items.accepted, "accepted"),
            (items.rejected, "rejected"),
            (items.failed, "failed"),
            (items.unsent, "unsent"),
        ],
    );
    fact(out, "items", items)?;
    let wire = outcome.bytes.on_the_wire;
    fact(
        out,
        "bytes",
        format!(
            "{} sent, {} on the wire",
            bytes(outcome.bytes.sent),
            bytes(wire)
        ),
    )?;
    write_times(outcome, out)?;
    for (status, answers) in &outcome.http_status {
        fact(
            out,
            "answers",
            format!("{} with status {status}", count(*answers)),
        )?;
    }
    for (status, answers) in &outcome.grpc_status {
        fact(
            out,
            "answers",
            format!("{} with gRPC status {status}", count(*answers)),
        )?;
    }
    if outcome.divided_requests > 0 {
        let text = format!("{} in parts", counted(outcome.divided_requests, "request"));
        fact(out, "too long", text)?;
    }
    if outcome.retries > 0 {
        let again = outcome.ambiguous_retries;
        let text = match again {
            0 => count(outcome.retries),
            _ => format!(
                "{}, {} of them may have arrived before",
                count(outcome.retries),
                count(again)
            ),
        };
        fact(out, "repeated", text)?;
    }
    write_losses(outcome, out)
}

/// From this lateness on it is told where it comes from.
const LATE_MS: f64 = 10.0;

fn write_times(outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
    let mut rate = format!("{:.2} s", outcome.duration_seconds);
    match (
        outcome.achieved_requests_per_second,
        outcome.intended_requests_per_second,
    ) {
        (Some(achieved), Some(intended)) => {
            rate += &format!(
                ", {} requests/s (intended {})",
                double(achieved),
                double(intended)
            );
        }
        (Some(achieved), None) => rate += &format!(", {} requests/s", double(achieved)),
        _ => {}
    }
    fact(out, "time", rate)?;
    let spreads = [("latency", outcome.latency), ("lateness", outcome.lateness)];
    for (name, spread) in spreads {
        if let Some(spread) = spread {
            fact(out, name, spread_text(&spread))?;
        }
    }
    // Whose lateness it is, where there was any worth the question.
    let parts = [
        ("waiting for requests in flight", outcome.limit_wait),
        ("of this machine", outcome.sender_delay),
    ];
    if outcome
        .lateness
        .is_some_and(|spread| spread.max_ms >= LATE_MS)
    {
        for (name, spread) in parts {
            if let Some(spread) = spread {
                detail(out, format!("{name}: {}", spread_text(&spread)))?;
            }
        }
    }
    if outcome.capped_requests > 0 {
        let text = format!(
            "{}, as {} were in flight (--in-flight)",
            counted(outcome.capped_requests, "request"),
            outcome.in_flight
        );
        fact(out, "held back", text)?;
    }
    Ok(())
}

fn spread_text(spread: &Spread) -> String {
    format!(
        "p50 {} ms, p90 {} ms, p99 {} ms, p99.9 {} ms, max {} ms",
        double(spread.p50_ms),
        double(spread.p90_ms),
        double(spread.p99_ms),
        double(spread.p99_9_ms),
        double(spread.max_ms)
    )
}

fn write_losses(outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
    for error in &outcome.errors {
        fact(out, "failed", error_text(error))?;
    }
    for reject in &outcome.plan.rejects {
        write_reject(reject, out)?;
    }
    for note in &outcome.notes {
        fact(
            out,
            "note",
            format!("{} ({})", note.text, count(note.count)),
        )?;
    }
    if outcome.again_requests > 0 {
        let again = counted(outcome.again_requests, "request");
        let text =
            format!("{again} on their way or without a connection: the same command sends them");
        fact(out, "again", text)?;
    }
    for judged in &outcome.conditions {
        fact(out, "fail if", judgement(judged))?;
    }
    match outcome.ended {
        Ended::Complete => Ok(()),
        Ended::Interrupted => fact(out, "ended", "interrupted"),
        Ended::Unreachable => fact(out, "ended", "no connection to the receiver"),
    }
}

/// A condition and what became of it: `p99>250ms: failed, 312 ms`.
pub fn judgement(judged: &Judgement) -> String {
    let verdict = match judged.verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::NotMeasured => "not measured",
    };
    let condition = &judged.condition;
    match (judged.measured, judged.reason) {
        (Some(value), _) => {
            let text = format!("{condition}: {verdict}, {} {}", double(value), judged.unit);
            text.trim_end().to_owned()
        }
        (None, reason) => format!(
            "{condition}: {verdict}, which counts as failed: {}",
            reason.unwrap_or_default()
        ),
    }
}

fn error_text(error: &ErrorCount) -> String {
    let ErrorCount {
        code,
        requests,
        items,
        message,
    } = error;
    let requests = counted(*requests, "request");
    let items = counted(*items, "item");
    format!("{code}: {requests} with {items}, first: {message}")
}

pub(super) fn write_reject(reject: &RejectCount, out: &mut impl Write) -> io::Result<()> {
    let parts = [(reject.frames, "frame"), (reject.items, "item")];
    let some = parts.iter().filter(|(n, _)| *n > 0);
    let text: Vec<String> = some.map(|(n, noun)| counted(*n, noun)).collect();
    fact(
        out,
        "rejected",
        format!("{}: {}", reject.code, text.join(", ")),
    )?;
    for example in &reject.examples {
        let place = Place {
            file: &example.file,
            frame: example.frame,
            offset: example.offset,
            message: &example.message,
        };
        detail(out, place)?;
    }
    Ok(())
}
