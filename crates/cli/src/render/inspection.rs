//! What is in captures.

use std::io::{self, Write};

use otolith_ingest::{Inspection, MetricInspection, TimeRange};
use otolith_report::time_text;

use super::account::{notes, reject_groups};
use super::facts::{balance, counted, fact};
use super::numbers::{bytes, count, seconds};
use super::table::{Grid, Look};

/// Writes the files, what they hold, and what is odd about them. Of metrics only those are listed
/// whose points cannot be added up; JSON has all.
pub fn write(inspection: &Inspection, look: Look, out: &mut impl Write) -> io::Result<()> {
    grid(files(inspection), look, out)?;
    grid(signals(inspection), look, out)?;
    grid(services(inspection), look, out)?;
    grid(scopes(inspection), look, out)?;
    grid(metrics(inspection), look, out)?;
    write_facts(inspection, out)
}

/// Writes a grid and a blank line, unless it has no rows.
fn grid(grid: Grid, look: Look, out: &mut impl Write) -> io::Result<()> {
    if grid.is_empty() {
        return Ok(());
    }
    grid.write(look, out)?;
    writeln!(out)
}

fn files(inspection: &Inspection) -> Grid {
    let mut grid = Grid::new(&["file", ">size", ">frames", ">rejects", "layout"]);
    for source in &inspection.sources {
        let rejects = source.rejects.iter().map(|group| group.count).sum();
        grid.row([
            source.file.clone(),
            bytes(source.bytes_read),
            count(source.frames_read),
            count(rejects),
            source.layout.clone(),
        ]);
    }
    grid
}

fn signals(inspection: &Inspection) -> Grid {
    let mut grid = Grid::new(&["signal", ">requests", ">items", ">payload"]);
    for signal in &inspection.signals {
        grid.row([
            signal.signal.to_owned(),
            count(signal.requests),
            count(signal.items),
            bytes(signal.payload_bytes),
        ]);
    }
    grid
}

fn services(inspection: &Inspection) -> Grid {
    let mut grid = Grid::new(&["service", "version", "agent", ">items"]);
    for service in &inspection.services {
        let name = service.service_name.as_deref().unwrap_or("-");
        grid.row([
            name.to_owned(),
            list(&service.service_versions),
            list(&service.agents),
            count(service.items),
        ]);
    }
    grid
}

fn scopes(inspection: &Inspection) -> Grid {
    let mut grid = Grid::new(&["scope", "version", ">items"]);
    for scope in &inspection.scopes {
        let text = |text: &str| if text.is_empty() { "-" } else { text }.to_owned();
        grid.row([
            text(&scope.scope_name),
            text(&scope.scope_version),
            count(scope.items),
        ]);
    }
    grid
}

fn metrics(inspection: &Inspection) -> Grid {
    let mut grid = Grid::new(&[
        "metric of unknown temporality",
        "type",
        ">points",
        ">delta",
        ">cumulative",
    ]);
    let unknown = |metric: &&MetricInspection| metric.unspecified_points > 0 && counts(metric);
    for metric in inspection.metrics.iter().filter(unknown) {
        grid.row([
            metric.metric_name.clone(),
            metric.metric_type.to_owned(),
            count(metric.unspecified_points),
            count(metric.delta_points),
            count(metric.cumulative_points),
        ]);
    }
    grid
}

/// Whether points of the metric count something, so that temporality matters.
fn counts(metric: &MetricInspection) -> bool {
    !matches!(metric.metric_type, "gauge" | "summary")
}

fn metric_text(metrics: &[MetricInspection]) -> String {
    let with = |points: fn(&MetricInspection) -> u64| {
        let metrics = metrics.iter().filter(|m| counts(m));
        metrics.filter(|m| points(m) > 0).count() as u64
    };
    let others = metrics.iter().filter(|m| !counts(m)).count() as u64;
    format!(
        "{}: {} delta, {} cumulative, {} unknown, {} without temporality (--json lists them)",
        counted(metrics.len() as u64, "metric"),
        count(with(|m| m.delta_points)),
        count(with(|m| m.cumulative_points)),
        count(with(|m| m.unspecified_points)),
        count(others)
    )
}

fn list(texts: &[String]) -> String {
    match texts {
        [] => "-".to_owned(),
        texts => texts.join(", "),
    }
}

fn write_facts(inspection: &Inspection, out: &mut impl Write) -> io::Result<()> {
    let frames = balance(
        inspection.frames_read,
        "read",
        &[
            (inspection.frames_read - inspection.frames_rejected, "good"),
            (inspection.frames_rejected, "rejected"),
        ],
    );
    fact(out, "frames", frames)?;
    if !inspection.metrics.is_empty() {
        fact(out, "metrics", metric_text(&inspection.metrics))?;
    }
    if let Some(range) = inspection.item_time {
        fact(out, "items", range_text(range))?;
    }
    if let Some(range) = inspection.arrival_time {
        fact(out, "received", range_text(range))?;
    }
    if let Some(length) = inspection.replay_seconds {
        fact(
            out,
            "replay",
            format!("{} at recorded speed", seconds(length)),
        )?;
    }
    for gap in &inspection.gaps {
        let from = time(gap.from_unix_nano);
        fact(
            out,
            "gap",
            format!("{} without a request from {from}", seconds(gap.seconds)),
        )?;
    }
    let disorder = inspection.disorder;
    if disorder.requests > 0 {
        let text = format!(
            "{} older than one before in the file, by {} at most",
            counted(disorder.requests, "request"),
            seconds(disorder.largest_step_seconds)
        );
        fact(out, "disorder", text)?;
    }
    if inspection.duplicate_requests > 0 {
        let repeated = counted(inspection.duplicate_requests, "request");
        fact(
            out,
            "repeated",
            format!("{repeated} with the bytes of an earlier one"),
        )?;
    }
    if inspection.is_cut {
        fact(
            out,
            "note",
            "there are more services, scopes or metrics than are listed",
        )?;
    }
    if inspection.items_rejected > 0 {
        let items = counted(inspection.items_rejected, "item");
        fact(
            out,
            "rejected",
            format!("{items} in frames that are good otherwise"),
        )?;
    }
    reject_groups(&inspection.rejects, out)?;
    notes(&inspection.notes, out)
}

fn range_text(range: TimeRange) -> String {
    format!(
        "{} to {}",
        time(range.first_unix_nano),
        time(range.last_unix_nano)
    )
}

fn time(unix_nano: u64) -> String {
    i64::try_from(unix_nano).map_or_else(|_| unix_nano.to_string(), time_text)
}
