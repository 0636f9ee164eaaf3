//! What became of captures that were written as another one.

use std::fmt::Write as _;
use std::time::Duration;

use otolith_ingest::CatAccount;

use super::account::{notes, redacted, reject_groups};
use super::facts::counted;
use super::rate;

/// What was written, and how fast; then what was not, and why.
pub fn summary(account: &CatAccount, elapsed: Duration) -> String {
    let items = [
        (account.spans, "span"),
        (account.data_points, "data point"),
        (account.log_records, "log record"),
    ];
    let mut text = format!(
        "{} with {}",
        counted(account.requests, "request"),
        listed(&items).unwrap_or_else(|| "no items".to_owned())
    );
    if account.files.len() > 1 {
        let _ = write!(text, " in {}", counted(account.files.len() as u64, "file"));
    }
    let _ = write!(text, ": {}", rate(account.bytes_written, elapsed));
    if account.items_left_out > 0 {
        let _ = write!(
            text,
            "\nnot selected: {}",
            counted(account.items_left_out, "item")
        );
    }
    let frames = [
        (account.frames_empty, "frame without items"),
        (account.frames_skipped, "repeated frame"),
    ];
    for (count, what) in frames.into_iter().filter(|(count, _)| *count > 0) {
        let plural = what.replacen("frame", "frames", 1);
        let what = if count == 1 { what } else { &plural };
        let _ = write!(text, "\nleft out: {} {what}", super::numbers::count(count));
    }
    if account.arrivals_lost > 0 {
        let _ = write!(
            text,
            "\nnote: {} of arrival not kept; --as agentic-ci has a place for them",
            counted(account.arrivals_lost, "time")
        );
    }
    if account.orphan_rows > 0 {
        let _ = write!(
            text,
            "\nwarning: {} of events, links or exemplars belong to no item of the lake",
            counted(account.orphan_rows, "row")
        );
    }
    let mut more = Vec::new();
    // Writing to memory does not fail.
    let _ = reject_groups(&account.rejects, &mut more);
    let _ = redacted(&account.redacted, &mut more);
    let _ = notes(&account.notes, &mut more);
    if !more.is_empty() {
        let _ = write!(text, "\n{}", String::from_utf8_lossy(&more).trim_end());
    }
    text
}

/// What there is of some things.
fn listed(things: &[(u64, &str)]) -> Option<String> {
    let some = things.iter().filter(|(count, _)| *count > 0);
    let some: Vec<String> = some.map(|(count, noun)| counted(*count, noun)).collect();
    (!some.is_empty()).then(|| some.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(account: CatAccount, expected: &str) {
        let text = summary(&account, Duration::from_secs(2));
        assert_eq!(text, expected);
    }

    #[test]
    fn the_summary_names_what_there_is() {
        check(
            CatAccount::default(),
            "0 requests with no items: 0 B in 2.00 s, 0 B/s",
        );
        check(
            CatAccount {
                requests: 2,
                bytes_written: 4_000_000,
                spans: 1,
                log_records: 1_200,
                items_left_out: 7,
                frames_empty: 2,
                frames_skipped: 1,
                arrivals_lost: 1,
                orphan_rows: 1,
                files: vec!["a".to_owned(), "b".to_owned()],
                ..CatAccount::default()
            },
            "2 requests with 1 span, 1,200 log records in 2 files: 4.00 MB in 2.00 s, 2.00 MB/s\n\
             not selected: 7 items\n\
             left out: 2 frames without items\n\
             left out: 1 repeated frame\n\
             note: 1 time of arrival not kept; --as agentic-ci has a place for them\n\
             warning: 1 row of events, links or exemplars belong to no item of the lake",
        );
    }
}
