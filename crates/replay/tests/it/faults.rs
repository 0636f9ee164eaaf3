//! A receiver that does not take everything.

use std::net::TcpListener;
use std::time::Duration;

use otolith_capture::{Source, find_sources};
use otolith_replay::{Ended, Outcome, ReplayOptions};

use crate::sink::{Answer, OK, Sink};
use crate::{log_line, options, replay};

fn three() -> [Source; 1] {
    let lines: String = (0..3).map(|i| log_line(i, "x")).collect();
    [Source::from_bytes("a", lines.into_bytes())]
}

/// The second of three requests is answered so once, then with success. Gives the number of
/// requests that arrived.
fn once(answer: fn() -> Answer, change: impl FnOnce(&mut ReplayOptions)) -> (usize, Outcome) {
    let sink = Sink::new(move |n| if n == 1 { answer() } else { OK });
    let mut options = options(&sink.url());
    change(&mut options);
    let outcome = replay(&three(), &options);
    let arrived = sink.received().len();
    (arrived, outcome)
}

#[track_caller]
fn check(answer: fn() -> Answer, arrived: usize, accepted: u64, failed: u64) -> Outcome {
    let (found, outcome) = once(answer, |_| {});
    let requests = outcome.requests;
    let found = (found, requests.accepted, requests.failed);
    assert_eq!(found, (arrived, accepted, failed), "{outcome:?}");
    outcome
}

#[test]
fn what_may_be_repeated_is_repeated() {
    let wait = || Answer::Http(429, &[("retry-after", "0")], b"");
    assert_eq!(check(wait, 4, 3, 0).http_status[&429], 1);
    check(|| Answer::Http(503, &[], b""), 4, 3, 0);
    let outcome = check(|| Answer::Reset, 4, 3, 0);
    assert_eq!((outcome.retries, outcome.ambiguous_retries), (1, 1));
}

#[test]
fn what_may_not_be_repeated_fails_at_once() {
    let outcome = check(|| Answer::Http(400, &[], b"\x12\x03bad"), 3, 2, 1);
    assert_eq!(outcome.errors[0].code, "http_400");
    assert_eq!(
        outcome.errors[0].message,
        "the receiver answered HTTP 400: bad"
    );
    let outcome = check(|| Answer::Http(413, &[], b""), 3, 2, 1);
    assert!(outcome.errors[0].message.contains(" bytes as too large"));
    check(
        || Answer::Http(302, &[("location", "/elsewhere")], b""),
        3,
        2,
        1,
    );
}

#[test]
fn partial_success_is_counted() {
    let outcome = check(|| Answer::Http(200, &[], b"\x0a\x02\x08\x01"), 3, 2, 0);
    assert_eq!(outcome.requests.partly_rejected, 1);
    assert_eq!((outcome.items.accepted, outcome.items.rejected), (2, 1));
}

#[test]
fn a_reply_over_the_limit_is_not_read_and_not_repeated() {
    static LONG: [u8; (4 << 20) + 1] = [0; (4 << 20) + 1];
    let outcome = check(|| Answer::Http(200, &[], &LONG), 3, 3, 0);
    assert_eq!(outcome.notes[0].code, "unreadable_reply");
}

#[test]
fn silence_is_a_timeout() {
    let (arrived, outcome) = once(
        || Answer::Silence,
        |options| options.timeout = Duration::from_millis(200),
    );
    assert_eq!((arrived, outcome.requests.accepted), (4, 3));
    assert_eq!(outcome.ambiguous_retries, 1);
    assert!(outcome.latency.unwrap().max_ms >= 200.0);
}

#[test]
fn a_closed_port_ends_the_run() {
    // Bound and dropped: nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let outcome = replay(&three(), &options(&format!("http://{port}")));
    assert_eq!(outcome.ended, Ended::Unreachable);
    assert_eq!((outcome.requests.failed, outcome.requests.unsent), (1, 2));
    assert_eq!(outcome.errors[0].code, "connect_failed");
    assert!(
        outcome.errors[0].message.contains("refused"),
        "{:?}",
        outcome.errors
    );
}

#[test]
fn saved_failures_can_be_replayed() {
    let dir = tempfile::tempdir().unwrap();
    let refusing = Sink::new(|n| {
        if n == 0 {
            OK
        } else {
            Answer::Http(400, &[], b"")
        }
    });
    let mut first = options(&refusing.url());
    first.failed = Some(dir.path().join("failed"));
    assert_eq!(replay(&three(), &first).requests.failed, 2);
    let sink = Sink::accepting();
    let saved = find_sources(&[dir.path().to_owned()]).unwrap();
    assert!(replay(&saved, &options(&sink.url())).is_clean());
    let bodies = |sink: &Sink| {
        let received = sink.received();
        received.iter().map(|r| r.body.clone()).collect::<Vec<_>>()
    };
    assert_eq!(bodies(&sink), bodies(&refusing)[1..]);
}
