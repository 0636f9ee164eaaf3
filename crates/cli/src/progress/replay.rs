//! The panel of `otolith replay`: a bar over what is read, then over what is sent, and below it how
//! the run goes.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use otolith_capture::Source;
use otolith_replay::{PlanReport, Snapshot, Watch};

use super::{BYTES, BYTES_WITHOUT_END, TICK, Terminal, style, target};
use crate::render::{count, double, millis, one_line};

const REQUESTS: &str = "{elapsed:>4} {bar:30} {human_pos} of {human_len} requests, {eta} left";
const REQUESTS_WITHOUT_END: &str = "{elapsed:>4} {spinner} {human_pos} requests";
/// The message is cut where the terminal ends.
const LINE: &str = "{prefix:9} {wide_msg}";

/// Below the bar.
const LINES: usize = 5;

/// What is shown of a replay on a terminal.
pub struct ReplayPanel {
    panel: MultiProgress,
    bar: ProgressBar,
    /// Made when sending begins.
    lines: OnceLock<[ProgressBar; LINES]>,
    /// Most requests in flight, as allowed.
    in_flight: NonZeroUsize,
    /// Raised by Ctrl-C, which moves the cursor: from then on what is drawn stays as it is.
    stop: Arc<AtomicBool>,
}

impl ReplayPanel {
    /// A bar over the bytes of all sources, to begin with.
    pub fn new(
        sources: &[Source],
        in_flight: NonZeroUsize,
        stop: Arc<AtomicBool>,
        terminal: Terminal,
    ) -> Self {
        let total: Option<u64> = sources.iter().map(Source::len_bytes).sum();
        let template = match total {
            Some(_) => BYTES,
            None => BYTES_WITHOUT_END,
        };
        let panel = MultiProgress::with_draw_target(target(terminal));
        let bar = match total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::no_length(),
        };
        let bar = panel.add(bar.with_style(style(template)));
        if !panel.is_hidden() {
            bar.enable_steady_tick(TICK);
        }
        Self {
            panel,
            bar,
            lines: OnceLock::new(),
            in_flight,
            stop,
        }
    }

    /// Takes the panel off the terminal; after Ctrl-C it stays there, above the outcome, unless nothing was
    /// sent.
    pub fn clear(&self) {
        self.bar.disable_steady_tick();
        // Before the lines are there, the bar is drawn on, below what Ctrl-C has printed.
        if !self.is_stopped() || self.lines.get().is_none() {
            // Nobody reads an error about a terminal that is gone.
            let _ = self.panel.clear();
        }
        self.panel.set_draw_target(ProgressDrawTarget::hidden());
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Watch for ReplayPanel {
    fn bytes_read(&self, total: u64) {
        self.bar.set_position(total);
    }

    fn planned(&self, report: &PlanReport) {
        // From now on it is drawn when the watch is told, and at no other moment.
        self.bar.disable_steady_tick();
        self.bar.reset();
        match report.to_send() {
            Some(planned) => {
                self.bar.set_style(style(REQUESTS));
                self.bar.set_length(planned.requests);
            }
            None => {
                self.bar.set_style(style(REQUESTS_WITHOUT_END));
                self.bar.unset_length();
            }
        }
    }

    fn running(&self, snapshot: &Snapshot) {
        if self.is_stopped() {
            return;
        }
        let lines = self.lines.get_or_init(|| {
            let style = ProgressStyle::with_template(LINE).expect("the template is a constant");
            std::array::from_fn(|_| {
                let line = ProgressBar::no_length().with_style(style.clone());
                self.panel.add(line)
            })
        });
        self.bar.set_position(snapshot.sent);
        self.bar.tick();
        for (line, (name, text)) in lines.iter().zip(texts(snapshot, self.in_flight.get())) {
            line.set_prefix(name);
            line.set_message(one_line(&text));
        }
    }
}

/// What each line says: its name and its text.
fn texts(snapshot: &Snapshot, most_in_flight: usize) -> [(&'static str, String); LINES] {
    let rate = |rate: Option<f64>| rate.map_or_else(|| "-".to_owned(), whole);
    let sent = rate(snapshot.sent_per_second);
    let achieved = match snapshot.lateness {
        Some(_) => format!(
            "{sent} requests/s of {} intended, last {:.0} s",
            rate(snapshot.intended_per_second),
            snapshot.recent_seconds
        ),
        None => format!("{sent} requests/s, last {:.0} s", snapshot.recent_seconds),
    };
    let lateness = match snapshot.lateness {
        Some(late) => millis(late.as_secs_f64() * 1e3),
        None => "none: there is no pace to keep".to_owned(),
    };
    let latency = match snapshot.latency {
        Some(spread) => format!(
            "p50 {}, p99 {}, max {}",
            millis(spread.p50_ms),
            millis(spread.p99_ms),
            millis(spread.max_ms)
        ),
        None => "no answer in the last seconds".to_owned(),
    };
    let in_flight = format!("{} of {most_in_flight}", count(snapshot.in_flight));
    let mut failed = count(snapshot.failed);
    if !snapshot.errors.is_empty() {
        let errors = snapshot.errors.iter();
        let errors: Vec<String> = errors
            .map(|(code, n)| format!("{code} {}", count(*n)))
            .collect();
        failed += &format!(": {}", errors.join(", "));
    }
    if snapshot.retries > 0 {
        failed += &format!("; {} repeated", count(snapshot.retries));
    }
    [
        ("rate", achieved),
        ("lateness", lateness),
        ("latency", latency),
        ("in flight", in_flight),
        ("failed", failed),
    ]
}

/// A rate that does not dance: without a fraction from 100 on.
fn whole(rate: f64) -> String {
    match rate >= 100.0 {
        true => count(rate.round() as u64),
        false => double((rate * 10.0).round() / 10.0),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn check(snapshot: &Snapshot, expected: &[&str; LINES]) {
        let texts = texts(snapshot, 64);
        let texts: Vec<&str> = texts.iter().map(|(_, text)| &**text).collect();
        assert_eq!(texts, expected);
    }

    #[test]
    fn lines_tell_how_a_run_goes() {
        let mut snapshot = Snapshot {
            sent: 4_000,
            failed: 14,
            in_flight: 12,
            retries: 1_250,
            lateness: Some(Duration::from_millis(1_234)),
            recent_seconds: 3.04,
            intended_per_second: Some(1_999.7),
            sent_per_second: Some(99.96),
            errors: vec![("http_503".to_owned(), 12), ("timeout".to_owned(), 2)],
            ..Snapshot::default()
        };
        check(
            &snapshot,
            &[
                "100 requests/s of 2,000 intended, last 3 s",
                "1.23 s",
                "no answer in the last seconds",
                "12 of 64",
                "14: http_503 12, timeout 2; 1,250 repeated",
            ],
        );
        snapshot.lateness = None;
        snapshot.sent_per_second = None;
        snapshot.errors.clear();
        snapshot.retries = 0;
        snapshot.failed = 0;
        check(
            &snapshot,
            &[
                "- requests/s, last 3 s",
                "none: there is no pace to keep",
                "no answer in the last seconds",
                "12 of 64",
                "0",
            ],
        );
    }
}
