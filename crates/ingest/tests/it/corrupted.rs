//! Damaged captures: nothing is lost without being told, nothing panics.

use otolith_capture::Source;
use otolith_ingest::{InspectOptions, NoWatch, inspect};
use proptest::prelude::*;

use crate::support::{BAD_RECORD, TestLake, logs, nanos, options};

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

/// Converts whatever the bytes are, on one thread and on two, and inspects them.
fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    let sources = [Source::from_bytes("damaged.jsonl", bytes.to_vec())];
    let (one, two) = (TestLake::new(), TestLake::new());
    let account = one.convert(&sources, &options(1)).unwrap();
    prop_assert_eq!(one.row_count(), account.rows_written);
    let on_two_threads = two.convert(&sources, &options(2)).unwrap();
    prop_assert_eq!(account.frames_read, on_two_threads.frames_read);
    prop_assert_eq!(one.files(), two.files());

    let inspection = inspect(&sources, &InspectOptions::default(), &NoWatch).unwrap();
    prop_assert_eq!(inspection.frames_read, account.frames_read);
    prop_assert_eq!(inspection.frames_rejected, account.frames_rejected);
    prop_assert_eq!(inspection.items_rejected, account.items_rejected);
    prop_assert_eq!(&inspection.rejects, &account.rejects);
    let items: u64 = inspection.signals.iter().map(|signal| signal.items).sum();
    prop_assert_eq!(items + inspection.items_rejected, account.items_read);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn accounts_of_damaged_captures_balance(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        end in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let mut bytes = good();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if is_cut {
            bytes.truncate(end.index(bytes.len()));
        }
        check(&bytes)?;
    }

    #[test]
    fn accounts_of_noise_balance(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check(&bytes)?;
    }
}

#[test]
fn the_undamaged_capture_is_taken() {
    let lake = TestLake::new();
    let sources = [Source::from_bytes("good.jsonl", good())];
    let account = lake.convert(&sources, &options(1)).unwrap();
    assert_eq!((account.frames_converted, account.rows_written), (3, 4));
    check(&good()).unwrap();
}
