//! Several files on one clock, and what frames carry from outside.

use otolith_capture::{Dialect, Signal, SignalHint, Source};
use otolith_ingest::{Dedup, SortBy};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{lines, logs, named, nanos};
use crate::{catted, each_frame, options, threads};

const BODY: [&str; 1] = [r#""body":{"stringValue":"x"}"#];

/// An envelope that arrived at a second.
fn envelope(second: u64, inner: u64) -> String {
    format!(
        r#"{{"ts": "{}", "path": "/v1/logs", "payload": {}}}"#,
        jiff_text(second),
        logs("s", inner, &BODY)
    )
}

/// A second after 2026-11-20, of the same hour.
fn jiff_text(second: u64) -> String {
    format!(
        "2026-11-20T00:{:02}:{:02}.500000+00:00",
        second / 60,
        second % 60
    )
}

#[test]
fn signal_and_arrival_stay_where_the_dialect_holds_them() {
    let source = lines(&[envelope(7, 3), envelope(9, 2)]);
    let out = catted(std::slice::from_ref(&source), &options(Dialect::AgenticCi));
    assert_eq!(out.account.arrivals_lost, 0);
    let mut found = Vec::new();
    each_frame(&[out.source()], None, |frame| {
        assert_eq!(frame.signal, SignalHint::Declared(Signal::Logs));
        found.push(frame.arrival_unix_nano.unwrap());
    });
    assert_eq!(found, [nanos(7) + 500_000_000, nanos(9) + 500_000_000]);
    let text = String::from_utf8(out.bytes()).unwrap();
    assert_eq!(text, format!("{}\n{}\n", envelope(7, 3), envelope(9, 2)));
    let lost = catted(&[source], &options(Dialect::JsonLines));
    assert_eq!(lost.account.arrivals_lost, 2);
}

#[test]
fn arrival_comes_before_the_times_inside() {
    let sources = [
        named("a", &[envelope(30, 1), envelope(20, 50)]),
        named(
            "b",
            &[
                logs("s", 25, &BODY),
                "{\"resourceLogs\":[]}".to_owned(),
                logs("s", 31, &BODY),
            ],
        ),
    ];
    let mut sorted = options(Dialect::JsonLines);
    sorted.sort = SortBy::Time;
    let out = catted(&sources, &sorted);
    let expected = [
        logs("s", 50, &BODY),
        logs("s", 25, &BODY),
        logs("s", 1, &BODY),
        logs("s", 31, &BODY),
    ];
    assert_eq!(
        String::from_utf8(out.bytes()).unwrap(),
        expected.map(|line| line + "\n").concat()
    );
    assert_eq!(out.account.disordered_requests, Some(1));
    assert_eq!(
        (out.account.frames_empty, out.account.frames_written),
        (1, 4)
    );
    let plain = catted(&sources, &options(Dialect::JsonLines));
    assert_eq!(plain.account.disordered_requests, None);
    assert!(plain.bytes().starts_with(logs("s", 1, &BODY).as_bytes()));
}

/// Overlapping files: what is in both is there once, if that is asked for.
#[test]
fn overlapping_files_can_be_taken_once() {
    let line = |second| logs("s", second, &BODY);
    let sources = [
        named("a", &[line(1), line(2), line(3)]),
        named("b", &[line(2), line(3), line(4)]),
    ];
    let mut once = threads(2, &options(Dialect::JsonLines));
    once.sort = SortBy::Time;
    once.dedup = Dedup::Requests;
    let out = catted(&sources, &once);
    let expected: String = (1..5).map(|second| line(second) + "\n").collect();
    assert_eq!(String::from_utf8(out.bytes()).unwrap(), expected);
    assert_eq!(out.account.frames_skipped, 2);
    assert!(!out.account.is_clean());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn disordered_files_come_out_in_order_and_whole(
        files in vec(vec(0..40_u64, 0..12), 1..5),
        number in 1..4_usize,
    ) {
        let sources: Vec<Source> = files
            .iter()
            .map(|seconds| lines(&seconds.iter().map(|s| logs("s", *s, &BODY)).collect::<Vec<_>>()))
            .collect();
        let mut sorted = threads(number, &options(Dialect::JsonLines));
        sorted.sort = SortBy::Time;
        let out = catted(&sources, &sorted);
        let mut expected: Vec<u64> = files.concat();
        expected.sort_unstable();
        let expected: String = expected.iter().map(|s| logs("s", *s, &BODY) + "\n").collect();
        prop_assert_eq!(String::from_utf8(out.bytes()).unwrap(), expected);
    }
}
