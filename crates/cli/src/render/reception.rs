//! What was received.

use std::io::{self, Write};

use otolith_receive::{InjectedFaults, Outcome, WrittenFiles};

use super::facts::{balance, counted, detail, fact};
use super::numbers::{bytes, count, seconds};

/// Finished files that are named.
const NAMED: usize = 5;

/// Writes what was received, and what became of it.
pub fn write(outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
    let requests = outcome.requests;
    let parts = [
        (requests.accepted, "accepted"),
        (requests.partly_rejected, "partly rejected"),
        (requests.empty, "empty"),
        (requests.rejected, "rejected"),
        (requests.refused, "refused for a while"),
        (requests.injected, "refused on purpose"),
        (requests.broken_off, "broken off"),
    ];
    fact(
        out,
        "requests",
        balance(requests.received, "received", &parts),
    )?;
    let items = &outcome.items;
    let parts = [(items.accepted, "accepted"), (items.rejected, "rejected")];
    let total = items.accepted + items.rejected;
    fact(out, "items", balance(total, "received", &parts))?;
    for signal in items.signals.iter().filter(|signal| signal.requests > 0) {
        let requests = counted(signal.requests, "request");
        let text = format!(
            "{}: {} in {requests}",
            signal.signal,
            counted(signal.items, "item")
        );
        detail(out, text)?;
    }
    let (received, decompressed) = (outcome.bytes.received, outcome.bytes.decompressed);
    let text = format!(
        "{} received, {} decompressed",
        bytes(received),
        bytes(decompressed)
    );
    fact(out, "bytes", text)?;
    fact(out, "time", seconds(outcome.duration_seconds))?;
    if let Some(files) = &outcome.files {
        write_files(files, out)?;
    }
    for (code, refusal) in &outcome.refusals {
        let requests = counted(refusal.requests, "request");
        let status = refusal.http_status;
        let text = format!("{code} ({status}): {requests}, first: {}", refusal.message);
        fact(out, "not taken", text)?;
    }
    let connections = outcome.connections;
    let parts = [
        (connections.timed_out, "ended as nothing came"),
        (connections.tls_failed, "without TLS"),
    ];
    let ended: Vec<String> = parts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!(", {} {what}", count(*n)))
        .collect();
    let text = counted(connections.opened, "connection") + &ended.concat();
    fact(out, "served", text)?;
    write_injected(&outcome.injected, out)
}

fn write_files(files: &WrittenFiles, out: &mut impl Write) -> io::Result<()> {
    let text = format!(
        "{} in {}, {}",
        bytes(files.bytes),
        counted(files.finished, "file"),
        counted(files.syncs, "sync"),
    );
    fact(out, "written", text)?;
    for file in files.list.iter().rev().take(NAMED).rev() {
        let requests = counted(file.requests, "request");
        detail(
            out,
            format!("{}: {requests}, {}", file.path, bytes(file.bytes)),
        )?;
    }
    if files.recovered > 0 {
        let text = format!(
            "{} that an earlier run left open",
            counted(files.recovered, "file")
        );
        fact(out, "finished", text)?;
    }
    if let Some(failure) = &files.failure {
        let text = format!(
            "to write, {}, first: {failure}",
            counted(files.failures, "time")
        );
        fact(out, "failed", text)?;
    }
    Ok(())
}

fn write_injected(injected: &InjectedFaults, out: &mut impl Write) -> io::Result<()> {
    let parts = [
        (injected.delayed, "delayed"),
        (injected.too_many, "answered with 429"),
        (injected.unavailable, "answered with 503"),
        (injected.partial, "partly rejected"),
        (injected.dropped, "dropped"),
    ];
    let some: Vec<String> = parts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{} {what}", count(*n)))
        .collect();
    match some.is_empty() {
        true => Ok(()),
        false => fact(out, "on purpose", some.join(", ")),
    }
}
