//! Real captures: dialects, lakes and replays of one capture hold the same.

use std::num::NonZeroUsize;

use otolith_capture::{Dialect, Framer, Outgoing, Source};
use otolith_ingest::{CompareOptions, ConvertOptions, Side, Times};
use otolith_otlp::{Decoder, Limits, RequestEncoder, shift_times};

use crate::support::{TestLake, captured};
use crate::{captures, compared, each_frame};

const CAPTURES: [&str; 9] = [
    "claude-grpc",
    "claude-http",
    "claude-json",
    "codex-grpc",
    "codex-off",
    "codex-on",
    "mix-dev",
    "pysdk-grpc",
    "pysdk-http",
];

fn of(capture: &str, dialect: &str) -> Vec<Source> {
    let mut sources = captured(capture);
    sources.retain(|source| source.name().contains(&format!("{capture}/{dialect}")));
    assert!(!sources.is_empty());
    sources
}

#[test]
fn dialects_of_a_capture_hold_the_same_items() {
    for capture in CAPTURES {
        let left = captures(&of(capture, "agentic-ci"));
        for dialect in ["file-exporter/", "file-exporter-proto/"] {
            let options = CompareOptions {
                threads: NonZeroUsize::new(2).unwrap(),
                ..CompareOptions::default()
            };
            let comparison = compared(&left, &captures(&of(capture, dialect)), &options);
            assert!(
                comparison.is_clean() && comparison.matched > 50,
                "{capture}: {comparison:#?}"
            );
        }
    }
}

#[test]
fn a_lake_holds_the_items_of_its_captures() {
    for capture in ["claude-json", "mix-dev", "pysdk-http"] {
        let sources = of(capture, "agentic-ci");
        let lake = TestLake::new();
        lake.convert(&sources, &ConvertOptions::default()).unwrap();
        let lakes = Side {
            sources: Vec::new(),
            lakes: vec![lake.lake.clone()],
        };
        for (left, right) in [
            (&lakes, &captures(&sources)),
            (&captures(&sources), &lakes),
            (&lakes, &lakes),
        ] {
            let comparison = compared(left, right, &CompareOptions::default());
            assert!(
                comparison.is_clean() && comparison.matched > 50,
                "{capture}: {comparison:#?}"
            );
        }
        // Origins of rows are those of the frames that they came from.
        let comparison = compared(&lakes, &Side::default(), &CompareOptions::default());
        let first = &comparison.differences[0];
        assert_eq!(
            (first.file.as_str(), first.item),
            ("agentic-ci.jsonl", None)
        );
        assert!(first.frame > 0);
    }
}

/// The requests as a receiver would write them, each moved by what `offset` says of its number.
fn replayed(sources: &[Source], offset: impl Fn(i64) -> i64) -> Source {
    let mut decoder = Decoder::new(Limits::DEFAULT);
    let mut framer = Framer::new(Dialect::Proto).unwrap();
    let mut bytes = Vec::new();
    let mut number = 0;
    each_frame(sources, |frame| {
        let mut encoder = RequestEncoder::new();
        decoder.decode(frame, &mut encoder).unwrap();
        for (signal, mut payload) in encoder.take() {
            shift_times(signal, &mut payload, offset(number)).unwrap();
            number += 1;
            let request = Outgoing {
                payload: &payload,
                signal,
                arrival_unix_nano: None,
            };
            framer.push(request, &mut bytes).unwrap();
        }
    });
    Source::from_bytes("received.binpb", bytes)
}

#[test]
fn shifted_replays_hold_the_same_and_tell_by_how_much() {
    let hour = 3_600_000_000_000;
    for capture in CAPTURES {
        let sent = of(capture, "agentic-ci");
        let arrived = captures(&[replayed(&sent, |_| 25 * hour)]);
        let sent = captures(&sent);
        let check = |times| {
            compared(
                &sent,
                &arrived,
                &CompareOptions {
                    times,
                    ..CompareOptions::default()
                },
            )
        };
        let shifted = check(Times::Shifted);
        assert!(shifted.is_clean(), "{capture}: {shifted:#?}");
        assert_eq!(shifted.offset_nanos, Some(i128::from(25 * hour)));
        assert!(check(Times::Ignored).is_clean());
        let same = check(Times::Same);
        assert_eq!((same.matched, same.offset_nanos), (0, None), "{capture}");
        assert_eq!(same.missing, same.unexpected);
    }
}

#[test]
fn requests_moved_each_by_itself_hold_the_same_but_for_times() {
    let sent = of("mix-dev", "agentic-ci");
    let arrived = captures(&[replayed(&sent, |number| (number - 20) * 1_000_000_007)]);
    let sent = captures(&sent);
    let check = |times| {
        compared(
            &sent,
            &arrived,
            &CompareOptions {
                times,
                ..CompareOptions::default()
            },
        )
    };
    assert!(check(Times::Ignored).is_clean());
    assert!(!check(Times::Shifted).is_clean());
}

#[test]
fn neither_threads_nor_memory_change_the_answer() {
    let (left, right) = (
        captures(&captured("mix-dev")),
        captures(&captured("claude-http")),
    );
    let one = compared(&left, &right, &CompareOptions::default());
    assert!(one.missing > 1_000 && !one.differences.is_empty());
    for (threads, buffer_bytes) in [(1, 4_800), (3, 100_000), (2, 0)] {
        let options = CompareOptions {
            threads: NonZeroUsize::new(threads).unwrap(),
            buffer_bytes: buffer_bytes.max(480),
            ..CompareOptions::default()
        };
        assert_eq!(compared(&left, &right, &options), one);
    }
}
