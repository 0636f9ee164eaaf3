//! The account of a conversion.

use std::io::{self, Write};

use otolith_ingest::{Account, NoteCount, Redacted, RedactedCount, RedactedKind, RejectGroup};

use super::facts::{Place, balance, counted, detail, fact};
use super::numbers::{bytes, count};
use super::table::{Grid, Look};

/// Writes what was read, what became of it, and the rows by table.
pub fn write(account: &Account, look: Look, out: &mut impl Write) -> io::Result<()> {
    let read = format!(
        "{}, {}",
        counted(account.sources.len() as u64, "file"),
        bytes(account.bytes_read)
    );
    fact(out, "read", read)?;
    known(account, out)?;
    let frames = balance(
        account.frames_read,
        "read",
        &[
            (account.frames_converted, "converted"),
            (account.frames_rejected, "rejected"),
            (account.frames_skipped, "skipped"),
        ],
    );
    fact(out, "frames", frames)?;
    let items = balance(
        account.items_read,
        "read",
        &[
            (account.items_read - account.items_rejected, "converted"),
            (account.items_rejected, "rejected"),
        ],
    );
    fact(out, "items", items)?;
    if account.duplicate_requests > account.frames_skipped {
        let repeated = counted(account.duplicate_requests, "request");
        let text = format!("{repeated}, converted all the same (--dedup requests drops them)");
        fact(out, "repeated", text)?;
    }
    let written = format!(
        "{} in {}, {}",
        counted(account.rows_written, "row"),
        counted(account.parts_written, "part"),
        bytes(account.bytes_written)
    );
    fact(out, "written", written)?;
    rejects(account, out)?;
    waiting(account, out)?;
    redacted(&account.redacted, out)?;
    notes(&account.notes, out)?;
    if account.tables.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let mut grid = Grid::new(&["database", "table", ">rows"]);
    for table in &account.tables {
        grid.row([
            table.database.clone(),
            table.table.to_owned(),
            count(table.rows),
        ]);
    }
    grid.write(look, out)
}

/// Writes what was rejected, with the first examples, and where the rest is.
pub fn rejects(account: &Account, out: &mut impl Write) -> io::Result<()> {
    reject_groups(&account.rejects, out)?;
    match &account.rejects_file {
        Some(path) => detail(out, format!("kept in {path}")),
        None => Ok(()),
    }
}

/// Writes what the lake had already.
fn known(account: &Account, out: &mut impl Write) -> io::Result<()> {
    let all = account
        .sources
        .iter()
        .filter(|source| source.known_bytes > 0);
    let (grown, whole): (Vec<_>, Vec<_>) = all.partition(|source| source.frames_read > 0);
    if !whole.is_empty() {
        let files = counted(whole.len() as u64, "file");
        let text = format!("{files} without anything new (--force converts anew)");
        fact(out, "known", text)?;
    }
    for source in grown {
        let frames = counted(source.known_frames, "frame");
        fact(out, "known", format!("{}: the first {frames}", source.file))?;
    }
    Ok(())
}

/// Writes which files end in the middle of a record.
fn waiting(account: &Account, out: &mut impl Write) -> io::Result<()> {
    for source in &account.sources {
        if let Some(tail) = &source.waiting {
            let size = bytes(tail.len_bytes);
            let text = format!(
                "{}: {size} at byte {} wait for their end (--torn-tail reject gives them up)",
                source.file, tail.offset
            );
            fact(out, "waiting", text)?;
        }
    }
    Ok(())
}

/// Writes how many values were redacted, and which keys fitted none.
pub fn redacted(redacted: &[RedactedCount], out: &mut impl Write) -> io::Result<()> {
    let Some(how) = redacted_how(redacted) else {
        return Ok(());
    };
    let values: Vec<_> = redacted
        .iter()
        .map(|entry| format!("{}: {}", entry.what, count(entry.values)))
        .collect();
    fact(out, "redacted", format!("{} ({how})", values.join(", ")))?;
    unmatched_keys(redacted).try_for_each(|note| fact(out, "note", note))
}

fn redacted_how(redacted: &[RedactedCount]) -> Option<&'static str> {
    redacted.first().map(|first| match first.how {
        Redacted::Removed => "removed",
        Redacted::Hashed => "hashed",
    })
}

/// What to say of keys to redact that fitted no attribute: they may be mistyped.
pub fn unmatched_keys(redacted: &[RedactedCount]) -> impl Iterator<Item = String> {
    let unmatched = redacted
        .iter()
        .filter(|entry| entry.kind == RedactedKind::Key && entry.values == 0);
    unmatched.map(|entry| format!("--redact `{}` fitted no attribute", entry.what))
}

/// Writes rejects by code, with the first examples.
pub fn reject_groups(groups: &[RejectGroup], out: &mut impl Write) -> io::Result<()> {
    for group in groups {
        fact(
            out,
            "rejected",
            format!("{}: {}", group.code, count(group.count)),
        )?;
        for example in &group.examples {
            let place = Place {
                file: &example.file,
                frame: example.frame,
                offset: example.offset,
                message: &example.message,
            };
            detail(out, place)?;
        }
    }
    Ok(())
}

/// Writes what was tolerated.
pub fn notes(notes: &[NoteCount], out: &mut impl Write) -> io::Result<()> {
    for note in notes {
        fact(out, "note", format!("{}: {}", note.code, count(note.count)))?;
    }
    Ok(())
}
