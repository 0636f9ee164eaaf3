//! What is different is found where it is.

use otolith_capture::Source;
use otolith_ingest::{CompareOptions, DifferenceKind, Ids, Side, Times, Watch, compare};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{BAD_RECORD, lines, logs, named};
use crate::{captures, compared};

fn body(text: &str) -> String {
    format!(r#""body":{{"stringValue":"{text}"}}"#)
}

#[test]
fn differences_are_listed_with_their_origins_and_counted_by_service() {
    let [a, b, c, d] = ["a", "b", "c", "d"].map(body);
    let sent = [
        named("sent-1", &[logs("s", 1, &[&a, &b]), logs("t", 2, &[&c])]),
        named("sent-2", &[logs("s", 3, &[&d])]),
    ];
    let arrived = [named(
        "arrived",
        &[
            logs("s", 3, &[&d]),
            logs("s", 1, &[&a]),
            logs("s", 3, &[&d]),
            logs("u", 1, &[&c]),
        ],
    )];
    let comparison = compared(
        &captures(&sent),
        &captures(&arrived),
        &CompareOptions::default(),
    );
    let listed: Vec<_> = comparison
        .differences
        .iter()
        .map(|d| {
            (
                d.kind,
                d.service.as_deref().unwrap(),
                d.file.as_str(),
                d.frame,
                d.item.unwrap(),
            )
        })
        .collect();
    use DifferenceKind::{Duplicated, Missing, Unexpected};
    assert_eq!(
        listed,
        [
            (Missing, "s", "sent-1", 1, 2),
            (Missing, "t", "sent-1", 2, 1),
            (Duplicated, "s", "arrived", 3, 1),
            (Unexpected, "u", "arrived", 4, 1),
        ]
    );
    let groups: Vec<_> = comparison
        .groups
        .iter()
        .map(|g| {
            (
                g.service.as_deref().unwrap(),
                [g.matched, g.missing, g.duplicated, g.unexpected],
            )
        })
        .collect();
    assert_eq!(
        groups,
        [
            ("s", [2, 1, 1, 0]),
            ("t", [0, 1, 0, 0]),
            ("u", [0, 0, 0, 1])
        ]
    );
    assert!(!comparison.is_clean());
}

#[test]
fn what_cannot_be_read_is_no_equality() {
    let side = captures(&[lines(&[
        logs("s", 1, &[&body("a"), BAD_RECORD]),
        "{\"x".to_owned(),
    ])]);
    let comparison = compared(&side, &side, &CompareOptions::default());
    assert_eq!((comparison.matched, comparison.missing), (1, 0));
    assert_eq!(
        (
            comparison.left.items_rejected,
            comparison.right.frames_rejected
        ),
        (1, 1)
    );
    assert!(!comparison.is_clean());
    let codes: Vec<&str> = comparison
        .left
        .rejects
        .iter()
        .map(|group| group.code)
        .collect();
    assert_eq!(codes, ["bad_value", "torn_record"]);
}

#[test]
fn fresh_ids_can_be_ignored() {
    let record = |digit: &str| {
        let id = digit.repeat(32);
        logs(
            "s",
            1,
            &[&format!(r#""traceId":"{id}","spanId":"{}""#, &id[..16])],
        )
    };
    let [left, right] = ["1", "2"].map(|digit| captures(&[lines(&[record(digit)])]));
    let check = |ids| {
        compared(
            &left,
            &right,
            &CompareOptions {
                ids,
                ..CompareOptions::default()
            },
        )
    };
    assert!(!check(Ids::Same).is_clean());
    assert!(check(Ids::Ignored).is_clean());
    // Whether there is one counts.
    let none = captures(&[lines(&[logs("s", 1, &[r#""severityNumber":0"#])])]);
    let options = CompareOptions {
        ids: Ids::Ignored,
        ..CompareOptions::default()
    };
    assert!(!compared(&left, &none, &options).is_clean());
}

#[test]
fn nothing_equals_nothing() {
    let comparison = compared(
        &Side::default(),
        &Side::default(),
        &CompareOptions::default(),
    );
    assert!(comparison.is_clean() && comparison.matched == 0);
}

#[test]
fn it_can_be_interrupted() {
    struct Stop;
    impl Watch for Stop {
        fn is_stopped(&self) -> bool {
            true
        }
    }
    let side = captures(&[lines(&[logs("s", 1, &[&body("a")])])]);
    let error = compare(&side, &side, &CompareOptions::default(), &Stop).unwrap_err();
    assert!(error.is_interrupted());
}

/// Lines of one record each: what it is and when.
fn side(records: &[(u8, u64)]) -> Side {
    let lines: Vec<String> = records
        .iter()
        .map(|(what, second)| logs("s", *second, &[&body(&what.to_string())]))
        .collect();
    captures(&[Source::from_bytes(
        "x.jsonl",
        (lines.join("\n") + "\n{\"resourceLogs\":[]}").into_bytes(),
    )])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn counts_are_those_of_multisets(
        left in vec((0..6_u8, 0..4_u64), 0..30),
        right in vec((0..6_u8, 0..4_u64), 0..30),
        buffer in 1..20_usize,
        limit in 0..8_usize,
    ) {
        let options = CompareOptions { buffer_bytes: buffer * 48, limit, ..CompareOptions::default() };
        let comparison = compared(&side(&left), &side(&right), &options);
        let count = |side: &[(u8, u64)], item| side.iter().filter(|i| **i == item).count() as u64;
        let mut all: Vec<(u8, u64)> = left.iter().chain(&right).copied().collect();
        all.sort_unstable();
        all.dedup();
        let (mut matched, mut missing, mut duplicated, mut unexpected) = (0, 0, 0, 0);
        for item in all {
            let (sent, arrived) = (count(&left, item), count(&right, item));
            matched += sent.min(arrived);
            missing += sent.saturating_sub(arrived);
            let more = arrived.saturating_sub(sent);
            if sent > 0 { duplicated += more } else { unexpected += more }
        }
        prop_assert_eq!(
            [comparison.matched, comparison.missing, comparison.duplicated, comparison.unexpected],
            [matched, missing, duplicated, unexpected]
        );
        for kind in DifferenceKind::ALL {
            let listed = comparison.differences.iter().filter(|d| d.kind == kind).count();
            prop_assert!(listed <= limit);
        }
    }

    /// Most items arrive, all at one distance: the distance is found, and who did not arrive.
    #[test]
    fn losses_of_shifted_replays_are_found(
        count in 12..40_u8,
        lost in vec(any::<prop::sample::Index>(), 0..4),
        offset in 0..100_000_u64,
    ) {
        let sent: Vec<(u8, u64)> = (0..count).map(|n| (n, u64::from(n) * 3 % 7)).collect();
        let mut arrived: Vec<(u8, u64)> = sent.iter().map(|(what, at)| (*what, at + offset)).collect();
        for index in &lost {
            let place = index.index(arrived.len());
            arrived.remove(place);
        }
        arrived.reverse();
        let options = CompareOptions { times: Times::Shifted, ..CompareOptions::default() };
        let comparison = compared(&side(&sent), &side(&arrived), &options);
        prop_assert_eq!(comparison.offset_nanos, Some(i128::from(offset) * 1_000_000_000));
        prop_assert_eq!(comparison.missing, lost.len() as u64);
        prop_assert_eq!((comparison.duplicated, comparison.unexpected), (0, 0));
    }
}
