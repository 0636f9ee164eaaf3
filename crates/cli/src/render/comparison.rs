//! Two sides compared, for people.

use std::io::{self, Write};

use jiff::Timestamp;
use otolith_ingest::{Comparison, Difference, SideSummary};

use super::account::reject_groups;
use super::facts::{counted, fact};
use super::numbers::count;
use super::table::{Grid, Look};

/// Writes what was compared, what of it differs by signal and service, and the first differences.
pub fn write(comparison: &Comparison, look: Look, out: &mut impl Write) -> io::Result<()> {
    side("left", &comparison.left, out)?;
    side("right", &comparison.right, out)?;
    if let Some(offset) = comparison.offset_nanos {
        fact(out, "times", shift(offset))?;
    }
    let differences = [
        (comparison.missing, "missing"),
        (comparison.duplicated, "duplicated"),
        (comparison.unexpected, "unexpected"),
    ];
    let some = differences.iter().filter(|(count, _)| *count > 0);
    let some: Vec<String> = some
        .map(|(n, what)| format!("{} {what}", count(*n)))
        .collect();
    let what = match some.is_empty() {
        true => "both sides hold the same items".to_owned(),
        false => some.join(", "),
    };
    fact(
        out,
        "matched",
        format!("{}: {what}", count(comparison.matched)),
    )?;
    if some.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let mut grid = Grid::new(&[
        "signal",
        "service",
        ">matched",
        ">missing",
        ">duplicated",
        ">unexpected",
    ]);
    for group in &comparison.groups {
        grid.row([
            group.signal.to_owned(),
            service(group.service.as_deref()),
            count(group.matched),
            count(group.missing),
            count(group.duplicated),
            count(group.unexpected),
        ]);
    }
    grid.write(look, out)?;
    if comparison.differences.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let mut grid = Grid::new(&[
        "difference",
        "signal",
        "service",
        "time",
        "file",
        ">frame",
        ">item",
    ]);
    for difference in &comparison.differences {
        grid.row([
            difference.kind.as_str().to_owned(),
            difference.signal.to_owned(),
            service(difference.service.as_deref()),
            time(difference),
            difference.file.clone(),
            count(difference.frame),
            difference
                .item
                .map(|item| count(item.into()))
                .unwrap_or_default(),
        ]);
    }
    grid.write(look, out)?;
    if comparison.differences_left_off > 0 {
        let more = count(comparison.differences_left_off);
        writeln!(out, "{more} more; --limit N lists N of each kind")?;
    }
    Ok(())
}

fn side(name: &str, side: &SideSummary, out: &mut impl Write) -> io::Result<()> {
    let mut parts = Vec::new();
    for (number, noun) in [(side.files, "file"), (side.lakes, "lake")] {
        if number > 0 {
            parts.push(counted(number, noun));
        }
    }
    if side.files > 0 {
        parts.push(counted(side.frames, "frame"));
    }
    parts.push(counted(side.items, "item"));
    fact(out, name, parts.join(", "))?;
    reject_groups(&side.rejects, out)?;
    if side.orphan_rows > 0 {
        let rows = counted(side.orphan_rows, "row");
        fact(
            out,
            "orphans",
            format!("{rows} of events, links or exemplars belong to no item"),
        )?;
    }
    Ok(())
}

fn service(name: Option<&str>) -> String {
    match name {
        None => "(others)".to_owned(),
        Some("") => "(none)".to_owned(),
        Some(name) => name.to_owned(),
    }
}

fn time(difference: &Difference) -> String {
    let time = difference.time_unix_nano;
    let time = time.and_then(|nanos| Timestamp::from_nanosecond(nanos.into()).ok());
    time.map(|time| time.to_string()).unwrap_or_default()
}

fn shift(offset_nanos: i128) -> String {
    let (whole, rest) = (
        offset_nanos.unsigned_abs() / 1_000_000_000,
        offset_nanos.unsigned_abs() % 1_000_000_000,
    );
    let direction = if offset_nanos < 0 { "earlier" } else { "later" };
    format!("on the right {whole}.{rest:09} s {direction}")
}

#[cfg(test)]
mod tests {
    use super::shift;

    #[test]
    fn shifts_are_exact() {
        assert_eq!(shift(90_000_000_001), "on the right 90.000000001 s later");
        assert_eq!(shift(-500_000_000), "on the right 0.500000000 s earlier");
    }
}
