//! What became of an export.

use std::time::Duration;

use otolith_ingest::Exported;

use super::facts::counted;
use super::rate;

/// What was written, and how fast; then what could not be.
pub fn summary(exported: &Exported, elapsed: Duration) -> String {
    let Exported {
        requests,
        bytes_written,
        spans,
        data_points,
        log_records,
        orphan_rows,
    } = *exported;
    let items = [
        (spans, "span"),
        (data_points, "data point"),
        (log_records, "log record"),
    ];
    let some = items.iter().filter(|(count, _)| *count > 0);
    let items: Vec<String> = some.map(|(count, noun)| counted(*count, noun)).collect();
    let items = match items.is_empty() {
        true => "no items".to_owned(),
        false => items.join(", "),
    };
    let mut text = format!(
        "{} with {items}: {}",
        counted(requests, "request"),
        rate(bytes_written, elapsed)
    );
    if orphan_rows > 0 {
        text += &format!(
            "\nwarning: {} of events, links or exemplars belong to no item of the lake",
            counted(orphan_rows, "row")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(exported: Exported, expected: &str) {
        let text = summary(&exported, Duration::from_secs(2));
        assert_eq!(text, expected);
    }

    #[test]
    fn the_summary_names_what_there_is() {
        check(
            Exported::default(),
            "0 requests with no items: 0 B in 2.00 s, 0 B/s",
        );
        check(
            Exported {
                requests: 2,
                bytes_written: 4_000_000,
                spans: 1,
                log_records: 1_200,
                orphan_rows: 1,
                ..Exported::default()
            },
            "2 requests with 1 span, 1,200 log records: 4.00 MB in 2.00 s, 2.00 MB/s\n\
             warning: 1 row of events, links or exemplars belong to no item of the lake",
        );
    }
}
