//! Agents of several makers at work for days, with a ledger of what they spent.
//!
//! Names, types and temporality of everything that they send are those of the emitters. Members of
//! the fleet differ in what they export (events, metrics, spans, or several of them that tell the
//! same), in how (delta or cumulative, with or without the session), and in what goes wrong:
//! processes that restart, lose their counts, work side by side in one session or began long before
//! the capture; requests that come twice, in parts again, or a day late.

mod claude;
mod claude_spans;
mod codex;
mod conventions;
mod copilot;
mod counted;
mod delivery;
mod gemini;
mod genai;
mod item;
mod ledger;
mod meter;
mod models;
mod plan;
mod qwen;
mod record;
mod zone;

use std::io;

use otolith_capture::Encoding;

pub use ledger::{
    By, Ledger, ModelCall, Outcome, Planted, Spending, Spent, Text, Tokens, ToolCall, Who,
};
pub use models::price_file;
pub(crate) use zone::civil;
pub use zone::{BERLIN, NEW_YORK, UTC, Unit, Zone};

use crate::Request;
use crate::random::Random;
use delivery::{Delivery, HOUR};

/// A fleet and its days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FleetSpec {
    /// Decides all that happens.
    pub seed: u64,
    /// Midnight UTC of the first day, in nanoseconds since the Unix epoch.
    pub begin_unix_nano: u64,
    /// How many days.
    pub days: u64,
    /// How many users with an agent each; 22 have all there is.
    pub members: u64,
    /// Sessions of each member and day.
    pub sessions: u64,
}

/// 2026-10-24T00:00:00Z: in ten days from here summer time ends in Berlin and in New York.
pub const AUTUMN_2026: u64 = 1_792_800_000_000_000_000;

const HOSTS: [&str; 4] = ["mimas", "rhea", "dione", "titan"];

/// One of the ways in which a member works: a maker's agent, and what it exports.
type Way = fn(&mut Member<'_>);

const WAYS: [Way; 22] = [
    claude::events_and_metrics,
    codex::cli,
    gemini::all_signals,
    qwen::events_and_metrics,
    copilot::editor,
    genai::spans,
    claude::cumulative_metrics,
    claude::delta_metrics,
    codex::exec,
    gemini::metrics,
    qwen::bridge,
    copilot::command,
    genai::old_spans,
    claude::nameless_metrics,
    claude::metrics_without_session,
    claude_spans::spans,
    codex::metrics,
    gemini::events,
    qwen::metrics,
    qwen::metrics_without_session,
    copilot::editor_metrics,
    genai::counters,
];

/// A member on a day.
struct Member<'a> {
    number: u64,
    user: String,
    host: &'static str,
    /// When its sessions begin.
    begins: Vec<u64>,
    random: &'a mut Random,
    delivery: &'a mut Delivery,
    ledger: &'a mut Ledger,
}

/// Makes the requests of a fleet in order of their arrival, and hands out each.
///
/// # Errors
///
/// The first error of `take`; [`io::ErrorKind::Unsupported`] if the encoding is not one of requests.
pub fn generate_fleet(
    spec: FleetSpec,
    encoding: Encoding,
    take: &mut dyn FnMut(&Request) -> io::Result<()>,
) -> io::Result<Ledger> {
    if encoding == Encoding::JavaScriptSdk {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let mut random = Random::new(spec.seed);
    let mut delivery = Delivery::new(encoding, Random::new(random.next()));
    let mut ledger = Ledger::default();
    for day in 0..spec.days {
        let midnight = spec.begin_unix_nano + day * 24 * HOUR;
        for number in 0..spec.members {
            let begin = |_| {
                // Many work at the hours in which clocks change.
                let hours = if random.below(3) == 0 { 3 } else { 24 };
                midnight + random.below(hours * HOUR)
            };
            let begins = (0..spec.sessions).map(begin).collect();
            let way = WAYS[(number % WAYS.len() as u64) as usize];
            way(&mut Member {
                number,
                user: format!("user{number}@example.com"),
                host: HOSTS[(number % HOSTS.len() as u64) as usize],
                begins,
                random: &mut random,
                delivery: &mut delivery,
                ledger: &mut ledger,
            });
        }
        for request in delivery.until(midnight + 24 * HOUR) {
            take(&request)?;
        }
    }
    for request in delivery.until(u64::MAX) {
        take(&request)?;
    }
    ledger.settle();
    Ok(ledger)
}
