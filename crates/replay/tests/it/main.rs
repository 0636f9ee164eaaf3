//! Replays captures into a real HTTP server on the loopback interface.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

mod captures;
mod connections;
mod faults;
mod freeze;
mod requests;
mod sink;
mod spooled;
mod storms;
mod tls;
mod transports;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use otolith_capture::{Source, find_sources};
use otolith_replay::{NoWatch, Outcome, Pace, ReplayOptions, RetryPolicy, plan, run};

/// One request after the other, as fast as they are answered, with waits of milliseconds.
fn options(url: &str) -> ReplayOptions {
    ReplayOptions {
        pace: Pace::Max,
        in_flight: NonZeroUsize::MIN,
        retry: RetryPolicy {
            initial_backoff: Duration::from_millis(1),
            ..RetryPolicy::default()
        },
        ..ReplayOptions::new(url.parse().unwrap())
    }
}

/// Plans and runs; the outcome must balance.
#[track_caller]
fn replay(sources: &[Source], options: &ReplayOptions) -> Outcome {
    let never = AtomicBool::new(false);
    let plan = plan(sources, options, &NoWatch, &never).unwrap();
    let planned = plan.report().clone();
    let outcome = run(plan, options, &NoWatch, &never).unwrap();
    assert!(outcome.balances(), "{outcome:?}");
    assert_eq!(outcome.plan, planned);
    assert_eq!(outcome.requests.planned, planned.requests);
    assert_eq!(outcome.items.planned, planned.items);
    outcome
}

/// Sources of a path below `testdata`.
#[track_caller]
fn testdata(path: &str) -> Vec<Source> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata"));
    find_sources(&[root.join(path)]).unwrap()
}

/// An agentic-ci line with a log record, received some milliseconds after a fixed time.
fn log_line(after_ms: u64, text: &str) -> String {
    let (seconds, ms) = (after_ms / 1_000, after_ms % 1_000);
    format!(
        r#"{{"ts":"2026-01-02T03:04:{seconds:02}.{ms:03}Z","path":"/v1/logs","payload":{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"timeUnixNano":"1700000000000000000","body":{{"stringValue":"{text}"}}}}]}}]}}]}}}}"#
    ) + "\n"
}
