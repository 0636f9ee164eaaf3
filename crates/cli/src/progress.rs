//! Progress bars: the only place that draws them, on standard error and only on a terminal.

mod replay;

pub use replay::ReplayPanel;

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use otolith_capture::Source;

use crate::render::count;
use crate::stderr;

/// What may be said on standard error besides errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Whether `--quiet` was given: no progress, notes, warnings or summaries.
    pub quiet: bool,
}

impl Terminal {
    /// What `--quiet` leaves.
    pub const fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    /// A line for the user, unless quiet.
    pub fn say(self, line: impl std::fmt::Display) {
        if !self.quiet {
            stderr::print(line);
        }
    }
}

const BYTES: &str = "{elapsed:>4} {bar:30} {decimal_bytes} of {decimal_total_bytes}, \
                     {decimal_bytes_per_sec}, {eta} left  {wide_msg}";
const BYTES_WITHOUT_END: &str = "{elapsed:>4} {spinner} {decimal_bytes}, \
                                 {decimal_bytes_per_sec}  {wide_msg}";
const RECEIVED: &str = "{elapsed:>4} {spinner} {human_pos} requests, {per_sec}  {wide_msg}";

/// How often a bar is drawn anew at least, so that its clock runs on.
const TICK: Duration = Duration::from_millis(200);

/// A bar over the bytes of captures. Draws nothing unless standard error is a terminal.
pub struct ByteBar {
    bar: ProgressBar,
    stop: Arc<AtomicBool>,
}

impl ByteBar {
    /// A bar over all sources; without an end when the length of one is unknown.
    pub fn new(sources: &[Source], terminal: Terminal) -> Self {
        // The lengths of ten thousand files are asked for only where they are shown.
        let total: Option<u64> = match target(terminal).is_hidden() {
            true => None,
            false => sources.iter().map(Source::len_bytes).sum(),
        };
        let template = match total {
            Some(_) => BYTES,
            None => BYTES_WITHOUT_END,
        };
        Self {
            bar: bar(total, template, terminal),
            stop: Arc::default(),
        }
    }

    /// The same, ending the work in order when the flag is raised.
    pub fn stopped_by(self, stop: Arc<AtomicBool>) -> Self {
        Self { stop, ..self }
    }

    /// Takes the bar off the terminal.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl otolith_ingest::Watch for ByteBar {
    fn bytes_read(&self, total: u64) {
        self.bar.set_position(total);
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn rows_written(&self, total: u64) {
        self.bar.set_message(format!("{} rows", count(total)));
    }
}

/// A bar over the bytes of the files of a lake.
pub struct LakeBar(ProgressBar);

impl LakeBar {
    /// A bar whose end is told when the work begins.
    pub fn new(terminal: Terminal) -> Self {
        Self(bar(Some(0), BYTES, terminal))
    }

    /// Takes the bar off the terminal.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

impl otolith_lake::Watch for LakeBar {
    fn begun(&self, total_bytes: u64) {
        self.0.set_length(total_bytes);
    }

    fn bytes_read(&self, total: u64) {
        self.0.set_position(total);
    }
}

/// What was received so far.
pub struct CaptureBar(ProgressBar);

impl CaptureBar {
    /// A line without an end.
    pub fn new(terminal: Terminal) -> Self {
        Self(bar(None, RECEIVED, terminal))
    }

    /// Shows counts.
    pub fn show(&self, outcome: &otolith_receive::Outcome) {
        let requests = outcome.requests;
        let not_taken = requests.rejected + requests.refused + requests.injected;
        let mut text = format!(
            "{} items, {} connections",
            count(outcome.items.accepted),
            count(outcome.connections.open)
        );
        if not_taken > 0 {
            text += &format!(", {} requests not taken", count(not_taken));
        }
        self.0.set_position(requests.received);
        self.0.set_message(text);
    }

    /// Prints a line above.
    pub fn say(&self, terminal: Terminal, line: &str) {
        self.0.suspend(|| terminal.say(line));
    }

    /// Takes the line off the terminal.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

fn bar(total: Option<u64>, template: &str, terminal: Terminal) -> ProgressBar {
    let target = target(terminal);
    if target.is_hidden() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(total, target).with_style(style(template));
    bar.enable_steady_tick(TICK);
    bar
}

/// Standard error if it is a terminal and may be drawn on.
fn target(terminal: Terminal) -> ProgressDrawTarget {
    match terminal.quiet || !std::io::stderr().is_terminal() {
        true => ProgressDrawTarget::hidden(),
        false => ProgressDrawTarget::stderr(),
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).expect("the templates are constants");
    style.progress_chars("=> ")
}
