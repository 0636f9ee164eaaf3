//! The charts of the page.

use std::io::{self, Write};
use std::num::NonZeroUsize;

use otolith_replay::{Measure, Outcome, Part, Spread};

use super::super::chart::{Chart, Line, Scale, Zone, millis};
use super::super::numbers::{count, double, seconds};

/// Points of a line over time.
const MOST_PARTS: NonZeroUsize = NonZeroUsize::new(120).expect("it is above 0");

/// Writes all charts that have something to show.
pub fn write(outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
    let parts = outcome.measurements.parts(MOST_PARTS);
    writeln!(out, "<div class=\"charts\">")?;
    rate(&parts).write(out)?;
    let over_time = [
        (
            "Latency",
            (|part: &Part| part.latency) as fn(&Part) -> Option<Spread>,
        ),
        ("Lateness", |part| part.lateness),
    ];
    for (title, get) in over_time {
        if let Some(chart) = spread(title, &parts, get) {
            chart.write(out)?;
        }
    }
    if let Some(chart) = distribution(outcome) {
        chart.write(out)?;
    }
    in_flight(&parts).write(out)?;
    if parts.iter().any(|part| part.failed + part.retries > 0) {
        losses(&parts).write(out)?;
    }
    writeln!(out, "</div>")
}

fn length(parts: &[Part]) -> f64 {
    parts
        .last()
        .map_or(0.0, |last| last.start_seconds + last.seconds)
}

/// A line through the middles of the parts.
fn line<'a>(
    name: &'a str,
    class: &'static str,
    parts: &[Part],
    value: impl Fn(&Part) -> Option<f64>,
) -> Line<'a> {
    let points = parts.iter().map(|part| {
        let middle = part.start_seconds + part.seconds / 2.0;
        Some((middle, value(part)?))
    });
    Line {
        name,
        class,
        points: points.collect(),
    }
}

fn over_time<'a>(
    title: &'a str,
    parts: &[Part],
    y: Scale,
    lines: Vec<Line<'a>>,
    text: impl Fn(&Part) -> Vec<String>,
) -> Chart<'a> {
    let zones = parts.iter().map(|part| {
        let end = part.start_seconds + part.seconds;
        let when = format!("{} to {}", seconds(part.start_seconds), seconds(end));
        let mut lines = Vec::from([when]);
        lines.extend(text(part));
        Zone {
            from: part.start_seconds,
            to: end,
            lines,
        }
    });
    Chart {
        title,
        x: Scale::time(length(parts)),
        y,
        lines,
        zones: zones.collect(),
    }
}

/// Per second of a part; none of a part without length.
fn per_second(part: &Part, n: u64) -> Option<f64> {
    (part.seconds > 0.0).then(|| n as f64 / part.seconds)
}

fn rate(parts: &[Part]) -> Chart<'static> {
    let sent = |part: &Part| per_second(part, part.sent);
    let intended = |part: &Part| per_second(part, part.intended);
    let values = parts.iter().flat_map(|part| [sent(part), intended(part)]);
    let max = values.flatten().fold(0.0, f64::max);
    let mut lines = Vec::new();
    // Wider, and below the other.
    if parts.iter().any(|part| part.intended > 0) {
        lines.push(line("intended", "wide", parts, intended));
    }
    lines.push(line("achieved", "blue", parts, sent));
    over_time(
        "Rate, requests/s",
        parts,
        Scale::linear(max),
        lines,
        |part| {
            let text =
                |name: &str, rate: Option<f64>| format!("{name} {}/s", double(rate.unwrap_or(0.0)));
            vec![
                text("intended", intended(part)),
                text("achieved", sent(part)),
                format!("{} items", count(part.items)),
            ]
        },
    )
}

/// Percentiles of a time by part; nothing if none was measured.
fn spread(
    title: &'static str,
    parts: &[Part],
    get: fn(&Part) -> Option<Spread>,
) -> Option<Chart<'static>> {
    let all: Vec<Spread> = parts.iter().filter_map(get).collect();
    let max = all.iter().map(|spread| spread.max_ms).reduce(f64::max)?;
    let min = all.iter().map(|spread| spread.p50_ms).fold(max, f64::min);
    let at = |value: fn(&Spread) -> f64| move |part: &Part| get(part).as_ref().map(value);
    let lines = vec![
        line("max", "grey", parts, at(|spread| spread.max_ms)),
        line("p99", "orange", parts, at(|spread| spread.p99_ms)),
        line("p50", "blue", parts, at(|spread| spread.p50_ms)),
    ];
    let y = Scale::log_millis(min, max);
    Some(over_time(title, parts, y, lines, |part| match get(part) {
        None => vec!["nothing measured".to_owned()],
        Some(spread) => vec![
            format!("max {}", millis(spread.max_ms)),
            format!("p99 {}", millis(spread.p99_ms)),
            format!("p50 {}", millis(spread.p50_ms)),
            format!("of {}", count(spread.count)),
        ],
    }))
}

fn in_flight(parts: &[Part]) -> Chart<'static> {
    let most = parts.iter().map(|part| part.in_flight).max().unwrap_or(0);
    let lines = vec![line("most at once", "blue", parts, |part| {
        Some(part.in_flight as f64)
    })];
    let y = Scale::linear(most as f64);
    over_time("Requests in flight", parts, y, lines, |part| {
        vec![format!("{} in flight at most", count(part.in_flight))]
    })
}

fn losses(parts: &[Part]) -> Chart<'static> {
    let most = parts.iter().map(|part| part.failed.max(part.retries)).max();
    let lines = vec![
        line("repeated", "orange", parts, |part| {
            Some(part.retries as f64)
        }),
        line("not taken, in part or whole", "red", parts, |part| {
            Some(part.failed as f64)
        }),
    ];
    let y = Scale::linear(most.unwrap_or(0) as f64);
    over_time("Requests repeated and not taken", parts, y, lines, |part| {
        vec![
            format!("{} repeated", count(part.retries)),
            format!("{} not taken", count(part.failed)),
        ]
    })
}

/// How times are spread over the whole run.
fn distribution(outcome: &Outcome) -> Option<Chart<'static>> {
    let measures = [
        (Measure::Lateness, "lateness", "violet"),
        (Measure::ServiceTime, "service time", "green"),
        (Measure::Latency, "latency", "blue"),
    ];
    let mut lines = Vec::new();
    let (mut min, mut max, mut most) = (f64::INFINITY, 0.0_f64, 0);
    for (measure, name, class) in measures {
        let points = outcome.measurements.distribution(measure);
        let Some(spread) = outcome.spread(measure) else {
            continue;
        };
        most = most.max(spread.count);
        // The longest stands where all but one of so many are.
        let end = (spread.count as f64).log10();
        let points = points.iter().map(|point| {
            min = min.min(point.at_most_ms);
            max = max.max(point.at_most_ms);
            let left = 1.0 - point.quantile;
            let nines = if left > 0.0 { -left.log10() } else { end };
            Some((nines.min(end), point.at_most_ms))
        });
        lines.push(Line {
            name,
            class,
            points: points.collect(),
        });
    }
    (!lines.is_empty()).then(|| Chart {
        title: "Distribution by percentile",
        x: Scale::nines(most),
        y: Scale::log_millis(min, max),
        lines,
        zones: Vec::new(),
    })
}
