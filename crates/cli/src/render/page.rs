//! A page about a replay: one file that loads and runs nothing, whatever receivers and captures say.

mod charts;
mod tables;

use std::io::{self, Write};

use otolith_replay::{Ended, Outcome, Verdict};
use otolith_report::time_text;

use super::html::{escape, write_head};
use super::numbers::{count, double, seconds};

/// Light and dark, for the screen and for paper.
const STYLE: &str = include_str!("page/style.css");

/// Writes what became of a replay as one HTML page. Every text is escaped, and control characters
/// are made visible.
pub fn write(outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
    let to = escape(&outcome.to);
    write_head(out)?;
    writeln!(out, "<title>Replay to {to} - otolith</title>")?;
    writeln!(out, "<style>\n{STYLE}</style>\n</head>\n<body>")?;
    writeln!(out, "<h1>Replay to {to}</h1>")?;
    writeln!(out, "<p class=\"sub\">{}</p>", escape(&subtitle(outcome)))?;
    write_tiles(outcome, out)?;
    write_conditions(outcome, out)?;
    charts::write(outcome, out)?;
    tables::write(outcome, out)?;
    writeln!(
        out,
        "<footer>otolith {}. Latency counts from the intended time of sending; a request belongs to the \
         moment of its answer. Intervals are exact to 1 %, percentiles of the whole run to 0.1 %.</footer>",
        env!("CARGO_PKG_VERSION")
    )?;
    writeln!(out, "</body>\n</html>")
}

fn subtitle(outcome: &Outcome) -> String {
    let began = outcome.measurements.start_unix_nano();
    let began = i64::try_from(began / 1_000_000_000 * 1_000_000_000).map_or_else(
        |_| String::new(),
        |nanos| {
            format!(
                "{}, ",
                time_text(nanos).replace('T', " ").replace('Z', " UTC")
            )
        },
    );
    let ended = match outcome.ended {
        Ended::Complete => "",
        Ended::Interrupted => ", interrupted",
        Ended::Unreachable => ", given up: no connection to the receiver",
    };
    format!(
        "{began}{}{ended}. {} at {}, {}",
        seconds(outcome.duration_seconds),
        outcome.protocol,
        outcome.pace,
        match outcome.load {
            "closed" => "closed loop",
            _ => "open loop",
        }
    )
}

fn write_tiles(outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<div class=\"tiles\">")?;
    let requests = outcome.requests;
    tile(
        out,
        "requests accepted",
        &count(requests.accepted),
        &format!("of {} planned", count(requests.planned)),
        requests.accepted < requests.planned,
    )?;
    let errors = requests.failed;
    let sent = requests.planned - requests.unsent;
    let share = match sent {
        0 => "nothing was sent".to_owned(),
        sent => format!(
            "{} % of those sent",
            double(errors as f64 * 100.0 / sent as f64)
        ),
    };
    tile(out, "requests failed", &count(errors), &share, errors > 0)?;
    if let Some(achieved) = outcome.achieved_requests_per_second {
        let intended = match outcome.intended_requests_per_second {
            Some(intended) => format!("intended {}", double(intended)),
            None => "no rate was intended".to_owned(),
        };
        tile(out, "requests/s", &double(achieved), &intended, false)?;
    }
    if let Some(latency) = outcome.latency {
        let median = format!("p50 {} ms", double(latency.p50_ms));
        tile(
            out,
            "latency p99",
            &format!("{} ms", double(latency.p99_ms)),
            &median,
            false,
        )?;
        let tail = format!("p99.9 {} ms", double(latency.p99_9_ms));
        tile(
            out,
            "latency max",
            &format!("{} ms", double(latency.max_ms)),
            &tail,
            false,
        )?;
    }
    if let Some(lateness) = outcome.lateness {
        let max = format!("max {} ms", double(lateness.max_ms));
        tile(
            out,
            "lateness p99",
            &format!("{} ms", double(lateness.p99_ms)),
            &max,
            false,
        )?;
    }
    writeln!(out, "</div>")
}

fn tile(out: &mut impl Write, name: &str, value: &str, more: &str, is_bad: bool) -> io::Result<()> {
    let class = if is_bad { " class=\"bad\"" } else { "" };
    let (name, value, more) = (escape(name), escape(value), escape(more));
    writeln!(
        out,
        "<div class=\"tile\"><span>{name}</span><b{class}>{value}</b><small>{more}</small></div>"
    )
}

fn write_conditions(outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
    if outcome.conditions.is_empty() {
        return Ok(());
    }
    writeln!(out, "<ul class=\"box verdicts\">")?;
    for judged in &outcome.conditions {
        let (class, word) = match judged.verdict {
            Verdict::Passed => ("good", "\u{2713} passed"),
            Verdict::Failed => ("bad", "\u{2717} failed"),
            Verdict::NotMeasured => ("bad", "\u{2717} not judged"),
        };
        let text = match judged.measured {
            Some(value) => format!("measured {} {}", double(value), judged.unit),
            None => judged.reason.unwrap_or_default().to_owned(),
        };
        let (condition, text) = (escape(&judged.condition), escape(&text));
        writeln!(
            out,
            "<li><b class=\"{class}\">{word}</b> {condition} <span>{text}</span></li>"
        )?;
    }
    writeln!(out, "</ul>")
}

#[cfg(test)]
mod tests;
