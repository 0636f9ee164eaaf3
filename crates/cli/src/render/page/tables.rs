//! The tables of the page: every number of its charts, and what was sent where and how.

use std::io::{self, Write};
use std::num::NonZeroUsize;

use otolith_replay::{Outcome, Spread};
use otolith_report::time_text;

use super::super::facts::counted;
use super::super::html::escape;
use super::super::numbers::{bytes, count, double, seconds};

/// Rows of the table over time.
const MOST_ROWS: NonZeroUsize = NonZeroUsize::new(60).expect("it is above 0");

/// Writes all tables that have something to show.
pub fn write(outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<h2>Times, ms</h2>")?;
    write_spreads(outcome, out)?;
    writeln!(out, "<div class=\"side\">\n<div>\n<h2>Outcome</h2>")?;
    facts(out, &balances(outcome))?;
    writeln!(out, "</div>\n<div>\n<h2>Plan and settings</h2>")?;
    facts(out, &settings(outcome))?;
    writeln!(out, "</div>\n</div>")?;
    if !outcome.errors.is_empty() {
        writeln!(out, "<h2>Failed requests by reason</h2>")?;
        let rows = outcome.errors.iter().map(|error| {
            vec![
                error.code.clone(),
                count(error.requests),
                count(error.items),
                error.message.clone(),
            ]
        });
        let columns = [
            ("code", false),
            ("requests", true),
            ("items", true),
            ("first", false),
        ];
        table(out, &columns, rows)?;
    }
    if !outcome.plan.rejects.is_empty() {
        writeln!(out, "<h2>Not sent: rejected in captures</h2>")?;
        let rows = outcome.plan.rejects.iter().map(|reject| {
            let first = reject.examples.first();
            let first = first.map(|example| {
                format!(
                    "{}: frame {} at byte {}: {}",
                    example.file, example.frame, example.offset, example.message
                )
            });
            vec![
                reject.code.to_owned(),
                count(reject.frames),
                count(reject.items),
                first.unwrap_or_default(),
            ]
        });
        let columns = [
            ("code", false),
            ("frames", true),
            ("items", true),
            ("first", false),
        ];
        table(out, &columns, rows)?;
    }
    if !outcome.notes.is_empty() {
        writeln!(out, "<h2>Notes</h2>")?;
        let notes = outcome.notes.iter();
        let rows =
            notes.map(|note| vec![note.code.to_owned(), count(note.count), note.text.clone()]);
        table(
            out,
            &[("code", false), ("count", true), ("text", false)],
            rows,
        )?;
    }
    writeln!(out, "<details>\n<summary>The run in numbers</summary>")?;
    write_parts(outcome, out)?;
    writeln!(out, "</details>")
}

fn write_spreads(outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
    let spreads = [
        ("latency", outcome.latency),
        ("service time", outcome.service_time),
        ("lateness", outcome.lateness),
        ("waiting for requests in flight", outcome.limit_wait),
        ("delay of the sender", outcome.sender_delay),
    ];
    let rows = spreads.into_iter().filter_map(|(name, spread)| {
        let Spread {
            count: n,
            min_ms,
            mean_ms,
            p50_ms,
            p75_ms,
            p90_ms,
            p95_ms,
            p99_ms,
            p99_9_ms,
            max_ms,
        } = spread?;
        let times = [
            min_ms, mean_ms, p50_ms, p75_ms, p90_ms, p95_ms, p99_ms, p99_9_ms, max_ms,
        ];
        let mut row = vec![name.to_owned(), count(n)];
        row.extend(times.map(double));
        Some(row)
    });
    let columns = [
        "", "count", "min", "mean", "p50", "p75", "p90", "p95", "p99", "p99.9", "max",
    ];
    let columns = columns.map(|name| (name, !name.is_empty()));
    table(out, &columns, rows)
}

type Facts = Vec<(&'static str, String)>;

fn balances(outcome: &Outcome) -> Facts {
    let (requests, items) = (outcome.requests, outcome.items);
    let mut rows = vec![
        (
            "requests",
            format!(
                "{} planned = {} accepted + {} partly rejected + {} failed + {} unsent",
                count(requests.planned),
                count(requests.accepted),
                count(requests.partly_rejected),
                count(requests.failed),
                count(requests.unsent)
            ),
        ),
        (
            "items",
            format!(
                "{} planned = {} accepted + {} rejected + {} failed + {} unsent",
                count(items.planned),
                count(items.accepted),
                count(items.rejected),
                count(items.failed),
                count(items.unsent)
            ),
        ),
        (
            "bytes",
            format!(
                "{} sent, {} on the wire",
                bytes(outcome.bytes.sent),
                bytes(outcome.bytes.on_the_wire)
            ),
        ),
        ("attempts", count(outcome.attempts)),
        (
            "repetitions",
            format!(
                "{}, {} of them of what may have arrived before",
                count(outcome.retries),
                count(outcome.ambiguous_retries)
            ),
        ),
        ("sent in parts", count(outcome.divided_requests)),
        ("held back by the limit", count(outcome.capped_requests)),
    ];
    if let Some(earlier) = outcome.earlier {
        let text = format!(
            "{} accepted, {} partly rejected, {} failed, in {}",
            count(earlier.accepted_requests),
            count(earlier.partly_rejected_requests),
            count(earlier.failed_requests),
            counted(earlier.runs, "run")
        );
        rows.push(("requests of earlier runs", text));
    }
    if outcome.again_requests > 0 {
        let again = counted(outcome.again_requests, "request");
        rows.push((
            "left for the next run",
            format!("{again}: the same command sends them again"),
        ));
    }
    for (status, answers) in &outcome.http_status {
        rows.push(("answers", format!("{} with HTTP {status}", count(*answers))));
    }
    for (status, answers) in &outcome.grpc_status {
        rows.push(("answers", format!("{} with gRPC {status}", count(*answers))));
    }
    rows
}

fn settings(outcome: &Outcome) -> Facts {
    let plan = &outcome.plan;
    let mut rows = vec![
        ("receiver", outcome.to.clone()),
        (
            "protocol",
            format!("{}, compression {}", outcome.protocol, outcome.compression),
        ),
        ("pace", format!("{}, {} loop", outcome.pace, outcome.load)),
        ("most in flight", count(outcome.in_flight)),
        ("times inside", outcome.times.to_owned()),
        (
            "captures",
            format!(
                "{} requests, {} items, {}",
                count(plan.requests),
                count(plan.items),
                bytes(plan.bytes)
            ),
        ),
    ];
    for signal in &plan.signals {
        let text = format!(
            "{} requests, {} items, {}",
            count(signal.requests),
            count(signal.items),
            bytes(signal.bytes)
        );
        rows.push((signal.signal, text));
    }
    if let (Some(first), Some(last)) = (plan.first_time_unix_nano, plan.last_time_unix_nano) {
        let text = format!(
            "{} to {}, {}; longest gap {}",
            time(first),
            time(last),
            seconds(plan.recorded_seconds),
            seconds(plan.longest_gap_seconds)
        );
        rows.push(("recorded", text));
    }
    if let Some(expected) = plan.seconds_to_send() {
        rows.push(("expected time", seconds(expected)));
    }
    if let (Some(_), Some(expected)) = (plan.left, plan.expected_seconds) {
        rows.push(("of all runs", seconds(expected)));
    }
    rows
}

/// To milliseconds.
fn time(unix_nano: u64) -> String {
    i64::try_from(unix_nano / 1_000_000 * 1_000_000)
        .map_or_else(|_| unix_nano.to_string(), time_text)
}

fn write_parts(outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
    let columns = [
        "from, s",
        "seconds",
        "intended",
        "sent",
        "items",
        "answered",
        "not taken",
        "repeated",
        "in flight",
        "latency p50, ms",
        "p99",
        "max",
        "lateness p50, ms",
        "p99",
        "max",
    ];
    let columns = columns.map(|name| (name, true));
    let parts = outcome.measurements.parts(MOST_ROWS);
    let rows = parts.into_iter().map(|part| {
        let mut row = vec![double(part.start_seconds), double(part.seconds)];
        let counts = [
            part.intended,
            part.sent,
            part.items,
            part.finished,
            part.failed,
            part.retries,
            part.in_flight,
        ];
        row.extend(counts.map(count));
        for spread in [part.latency, part.lateness] {
            let times = spread.map(|spread| [spread.p50_ms, spread.p99_ms, spread.max_ms]);
            match times {
                Some(times) => row.extend(times.map(double)),
                None => row.extend(["-", "-", "-"].map(str::to_owned)),
            }
        }
        row
    });
    table(out, &columns, rows)
}

/// Writes named facts, each a row.
fn facts(out: &mut impl Write, rows: &[(&str, String)]) -> io::Result<()> {
    writeln!(out, "<div class=\"box\"><table class=\"facts\">")?;
    for (name, text) in rows {
        let (name, text) = (escape(name), escape(text));
        writeln!(out, "<tr><th scope=\"row\">{name}</th><td>{text}</td></tr>")?;
    }
    writeln!(out, "</table></div>")
}

/// Writes a table; of each column its name and whether it holds numbers.
fn table(
    out: &mut impl Write,
    columns: &[(&str, bool)],
    rows: impl Iterator<Item = Vec<String>>,
) -> io::Result<()> {
    let class = |is_number: bool| if is_number { " class=\"n\"" } else { "" };
    write!(out, "<div class=\"box scroll\"><table>\n<thead><tr>")?;
    for (name, is_number) in columns {
        let class = class(*is_number);
        write!(out, "<th{class} scope=\"col\">{}</th>", escape(name))?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    for row in rows {
        write!(out, "<tr>")?;
        for (text, (_, is_number)) in row.iter().zip(columns) {
            write!(out, "<td{}>{}</td>", class(*is_number), escape(text))?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody>\n</table></div>")
}
