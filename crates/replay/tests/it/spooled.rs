//! Long bodies, which without a pace are left in the spool for the kernel to send.

use std::num::NonZeroUsize;

use otolith_capture::Source;
use otolith_replay::{Outcome, Protocol, ReplayOptions};

use crate::sink::{Answer, OK, Serving, Sink};
use crate::{log_line, options, replay};

/// Around the length from which on bodies are left, and that which is sent at once.
const LENGTHS: [usize; 5] = [16, 16 << 10, 17 << 10, 200_000, 2_200_000];

/// A text of this length, of which no two pieces of some length are the same.
fn text(len: usize) -> String {
    let words = (0..len / 7 + 1).map(|word| format!("{word:06x} "));
    let mut text: String = words.collect();
    text.truncate(len);
    text
}

fn long() -> [Source; 1] {
    let lines = (0_u64..).zip(LENGTHS);
    let lines: String = lines.map(|(at, len)| log_line(at, &text(len))).collect();
    [Source::from_bytes("a", lines.into_bytes())]
}

/// What arrives, in order of length.
fn arrived(
    answer: impl Fn(usize) -> Answer + Send + Sync + 'static,
    change: impl FnOnce(&mut ReplayOptions),
) -> (Vec<Vec<u8>>, Outcome) {
    let sink = Sink::new(answer);
    let mut options = options(&sink.url());
    change(&mut options);
    let outcome = replay(&long(), &options);
    let mut bodies: Vec<Vec<u8>> = sink.received().iter().map(|r| r.body.to_vec()).collect();
    bodies.sort_by_key(Vec::len);
    (bodies, outcome)
}

/// With a pace all bodies are read.
fn read(options: &mut ReplayOptions) {
    options.pace = "1000000x".parse().unwrap();
}

#[test]
fn they_arrive_the_same_as_those_that_are_read() {
    for protocol in [Protocol::HttpProtobuf, Protocol::HttpJson] {
        let (expected, _) = arrived(
            |_| OK,
            |options| {
                read(options);
                options.protocol = protocol;
            },
        );
        assert!(
            expected
                .iter()
                .zip(LENGTHS)
                .all(|(body, len)| body.len() > len)
        );
        for in_flight in [1, 3] {
            let (found, outcome) = arrived(
                |_| OK,
                |options| {
                    options.protocol = protocol;
                    options.in_flight = NonZeroUsize::new(in_flight).unwrap();
                },
            );
            assert!(outcome.is_clean(), "{outcome:?}");
            assert!(found == expected, "{protocol}, {in_flight} in flight");
            let bytes: usize = expected.iter().map(Vec::len).sum();
            assert_eq!(outcome.bytes.sent, bytes as u64);
        }
    }
}

#[test]
fn they_are_sent_whole_again() {
    let (expected, _) = arrived(|_| OK, read);
    for failed in [|| Answer::Http(503, &[], b""), || Answer::Reset] {
        let answer = move |n: usize| if n.is_multiple_of(2) { failed() } else { OK };
        let (found, outcome) = arrived(answer, |_| {});
        assert_eq!(outcome.requests.accepted, LENGTHS.len() as u64);
        assert_eq!(outcome.retries, LENGTHS.len() as u64);
        let twice = expected.iter().flat_map(|body| [body, body]);
        assert!(twice.eq(&found));
    }
}

#[test]
fn they_are_divided_where_the_receiver_wants_it() {
    let records: Vec<String> = (0..4)
        .map(|_| format!(r#"{{"body":{{"stringValue":"{}"}}}}"#, text(20_000)))
        .collect();
    let line = format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{}]}}]}}]}}"#,
        records.join(",")
    );
    let sources = [Source::from_bytes("a", (line + "\n").into_bytes())];
    let is_short = |len: usize| len < 50_000;
    let sink = Sink::by(
        move |_, request| match is_short(request.body.len()) {
            true => OK,
            false => Answer::Http(413, &[], b""),
        },
        Serving::default(),
    );
    let mut options = options(&sink.url());
    let outcome = replay(&sources, &options);
    assert_eq!(
        (outcome.requests.accepted, outcome.divided_requests),
        (1, 1)
    );
    assert_eq!(outcome.items.accepted, 4);
    assert_eq!(sink.received().len(), 3);
    // Known before, it is not tried.
    options.max_request_bytes = NonZeroUsize::new(50_000);
    let outcome = replay(&sources, &options);
    assert_eq!(outcome.items.accepted, 4);
    assert_eq!(sink.received().len(), 5);
}
