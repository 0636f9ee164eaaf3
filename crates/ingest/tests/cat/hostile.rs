//! Damaged and odd captures: everything is accounted for, nothing panics, and what was written is good.

use std::sync::atomic::{AtomicUsize, Ordering};

use otolith_capture::{CaptureFiles, Dialect, FileOptions, InputFormat, ReadOptions, Source};
use otolith_ingest::{
    CatError, CatOptions, ConvertError, InspectOptions, NoWatch, REQUEST_TOO_LARGE, SortBy,
    TraceSample, UNCLEAR_SIGNAL, Watch, cat, inspect,
};
use proptest::prelude::*;

use crate::support::{BAD_RECORD, lines, logs, nanos};
use crate::{catted, options, threads};

fn good() -> Vec<u8> {
    let metric = format!(
        r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"m","sum":{{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[{{"timeUnixNano":"{}","asInt":"4"}}]}}}}]}}]}}]}}"#,
        nanos(5)
    );
    let requests = [
        logs("a", 1, &[r#""body":{"stringValue":"x"}"#, BAD_RECORD]),
        metric,
        logs(
            "b",
            2,
            &[r#""severityNumber":9"#, r#""body":{"intValue":"3"}"#],
        ),
    ];
    requests.join("\n").into_bytes()
}

fn check(bytes: &[u8], slice: bool) -> Result<(), TestCaseError> {
    let sources = [Source::from_bytes("damaged", bytes.to_vec())];
    let inspection = inspect(&sources, &InspectOptions::default(), &NoWatch).unwrap();
    for dialect in [Dialect::JsonLines, Dialect::Proto, Dialect::AgenticCi] {
        let mut options = options(dialect);
        options.sort = SortBy::Time;
        if slice {
            options.slice.traces = TraceSample::of_share(0.5);
            options.slice.since = Some(1);
        }
        let out = catted(&sources, &options);
        let account = &out.account;
        prop_assert_eq!(account.frames_read, inspection.frames_read);
        let several = catted(&sources, &threads(3, &options));
        prop_assert!(out.bytes() == several.bytes());
        if !slice && dialect == Dialect::JsonLines {
            let items: u64 = inspection.signals.iter().map(|signal| signal.items).sum();
            prop_assert_eq!(account.items_written, items);
            prop_assert_eq!(account.items_rejected, inspection.items_rejected);
        }
        // Read again, good items are there again, and no frame is bad.
        let again = catted(&[out.source()], &options);
        prop_assert_eq!(again.account.items_written, account.items_written);
        prop_assert_eq!(again.account.frames_rejected, 0);
        prop_assert!(again.bytes() == out.bytes());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn accounts_of_damaged_captures_balance(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        is_binary in any::<bool>(),
        slice in any::<bool>(),
    ) {
        let mut bytes = good();
        if is_binary {
            bytes = catted(&[Source::from_bytes("good", bytes)], &options(Dialect::Proto)).bytes();
        }
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        check(&bytes, slice)?;
    }

    #[test]
    fn accounts_of_noise_balance(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check(&bytes, false)?;
    }
}

#[test]
fn bad_items_stay_in_bytes_that_pass_and_are_dropped_from_others() {
    let line = logs("a", 1, &[r#""body":{"stringValue":"x"}"#, BAD_RECORD]);
    let source = lines(std::slice::from_ref(&line));
    let out = catted(std::slice::from_ref(&source), &options(Dialect::JsonLines));
    assert_eq!(out.bytes(), format!("{line}\n").into_bytes());
    assert_eq!(
        (out.account.items_written, out.account.items_rejected),
        (1, 1)
    );
    assert!(!out.account.is_clean());
    let out = catted(&[source], &options(Dialect::Varint));
    assert_eq!(out.account.rejects[0].code, "bad_value");
    assert!(!String::from_utf8_lossy(&out.bytes()).contains('k'));
}

/// A request with a field that the protocol does not have.
fn with_unknown_field() -> Vec<u8> {
    let json = lines(&[logs("a", 1, &[r#""body":{"stringValue":"x"}"#])]);
    let bytes = catted(&[json], &options(Dialect::Grpc)).bytes();
    let mut payload = bytes[5..].to_vec();
    // Field 999 of the request, text.
    payload.extend_from_slice(&[0xBA, 0x3E, 3, b'o', b'd', b'd']);
    payload
}

#[test]
fn unknown_fields_stay_in_bytes_that_pass_and_are_lost_in_others() {
    let source = Source::from_bytes("odd.pb", with_unknown_field());
    let read = ReadOptions {
        input_format: Some(InputFormat::Protobuf),
        ..ReadOptions::default()
    };
    let options_of = |dialect| CatOptions {
        read: read.clone(),
        ..options(dialect)
    };
    let out = catted(std::slice::from_ref(&source), &options_of(Dialect::Grpc));
    assert_eq!(out.account.frames_unchanged, 1);
    assert_eq!(out.bytes()[5..], with_unknown_field());
    let out = catted(&[source], &options_of(Dialect::JsonLines));
    assert_eq!(
        (out.account.frames_unchanged, out.account.items_written),
        (0, 1)
    );
    assert!(!String::from_utf8(out.bytes()).unwrap().contains("odd"));

    let line = logs("a", 1, &[r#""body":{"stringValue":"x"},"odd":1"#]);
    let out = catted(
        &[lines(std::slice::from_ref(&line))],
        &options(Dialect::JsonLines),
    );
    assert_eq!(out.bytes(), format!("{line}\n").into_bytes());
}

#[test]
fn protobuf_requests_that_do_not_show_their_signal_are_rejected() {
    // A record of a body alone may be anything.
    let line = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityText":"x"}]}]}]}"#;
    let source = lines(&[line.to_owned()]);
    let out = catted(std::slice::from_ref(&source), &options(Dialect::Proto));
    assert_eq!(out.account.rejects[0].code, UNCLEAR_SIGNAL.0);
    assert_eq!(
        (out.account.items_rejected, out.account.frames_rejected),
        (1, 1)
    );
    assert!(out.bytes().is_empty());
    let out = catted(std::slice::from_ref(&source), &options(Dialect::AgenticCi));
    assert!(out.account.is_clean());
    let mut alone = options(Dialect::Proto);
    alone.slice.signal = Some(otolith_capture::Signal::Logs);
    let out = catted(&[source], &alone);
    assert!(out.account.is_clean() && out.account.items_written == 1);
    assert_ne!(REQUEST_TOO_LARGE, UNCLEAR_SIGNAL);
}

fn out_file(dir: &tempfile::TempDir) -> CaptureFiles {
    CaptureFiles::create(&dir.path().join("out"), FileOptions::default()).unwrap()
}

#[test]
fn strict_ends_at_the_first_reject_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let source = lines(&[logs("a", 1, &[BAD_RECORD])]);
    let options = CatOptions {
        strict: true,
        ..options(Dialect::JsonLines)
    };
    let error = cat(&[source], &options, out_file(&dir), &NoWatch).unwrap_err();
    assert!(
        matches!(error, CatError::Read(ConvertError::Rejected { .. })),
        "{error}"
    );
    assert_eq!(dir.path().read_dir().unwrap().count(), 0);
}

/// Stops when it has been asked so often.
struct Stop(AtomicUsize);

impl Watch for Stop {
    fn is_stopped(&self) -> bool {
        let left = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        left.is_err()
    }
}

#[test]
fn an_interrupted_one_leaves_nothing() {
    let lines = lines(&[1, 2, 3].map(|second| logs("a", second, &[r#""severityNumber":1"#])));
    let mut options = options(Dialect::JsonLines);
    options.sort = SortBy::Time;
    let mut whole = 0;
    // While it reads, and while it writes in order.
    for asked in 0..12 {
        let dir = tempfile::tempdir().unwrap();
        let stop = Stop(AtomicUsize::new(asked));
        match cat(
            std::slice::from_ref(&lines),
            &options,
            out_file(&dir),
            &stop,
        ) {
            Ok(_) => whole += 1,
            Err(error) => {
                assert!(error.is_interrupted(), "{error}");
                assert_eq!(dir.path().read_dir().unwrap().count(), 0);
                assert_eq!(whole, 0);
            }
        }
    }
    assert!(whole > 0);
}

#[test]
fn limits_of_reading_hold() {
    let mut options = options(Dialect::JsonLines);
    options.read = ReadOptions::default();
    options.read.limits.frame_bytes = 1_000;
    let long = logs(
        "a",
        1,
        &[&format!(
            r#""body":{{"stringValue":"{}"}}"#,
            "x".repeat(5_000)
        )],
    );
    let out = catted(
        &[lines(&[logs("a", 1, &[r#""severityNumber":1"#]), long])],
        &options,
    );
    assert_eq!(out.account.rejects[0].code, "frame_too_large");
    assert_eq!(out.account.items_written, 1);
}
