//! The dialects of one capture give equal tables.

use std::fs;
use std::path::PathBuf;

use otolith_tables::Table;

use crate::rows::{Row, Rows, converted};
use crate::{CAPTURES, agentic_ci, captures_dir};

/// The rows of a table as sorted text, without `source`.
fn sorted(rows: &Rows, table: Table, keep: impl Fn(&Row) -> bool) -> Vec<String> {
    let mut texts: Vec<String> = rows
        .tables
        .get(&table)
        .into_iter()
        .flatten()
        .filter(|row| keep(row))
        .map(|row| {
            let cells: Vec<String> = row
                .cells
                .iter()
                .filter(|(name, _)| *name != "source")
                .map(|(name, cell)| format!("{name}={cell:?}"))
                .collect();
            cells.join(" ")
        })
        .collect();
    texts.sort();
    texts
}

fn assert_equal_tables(left: &Rows, right: &Rows, what: &str) {
    for table in Table::ALL {
        let (left, right) = (
            sorted(left, table, |_| true),
            sorted(right, table, |_| true),
        );
        assert_eq!(left.len(), right.len(), "{what}: rows of {table}");
        for (left, right) in left.iter().zip(&right) {
            assert_eq!(left, right, "{what}: {table}");
        }
    }
}

#[test]
fn the_dialects_of_a_capture_give_equal_tables() {
    for capture in CAPTURES {
        let arrival = converted(&[agentic_ci(capture)]);
        for dialect in ["file-exporter", "file-exporter-proto"] {
            let rows = converted(&[captures_dir().join(capture).join(dialect)]);
            assert_equal_tables(&arrival, &rows, &format!("{capture}/{dialect}"));
        }
    }
}

/// `raw/` holds some bodies only; the number before each is the line in the agentic-ci file.
#[test]
fn raw_bodies_give_the_rows_of_their_lines() {
    for capture in CAPTURES {
        let arrival = converted(&[agentic_ci(capture)]);
        let mut bodies: Vec<PathBuf> = fs::read_dir(captures_dir().join(capture).join("raw"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| !path.ends_with("index.jsonl"))
            .collect();
        bodies.sort();
        let lines: Vec<u64> = bodies
            .iter()
            .map(|path| {
                path.file_name().unwrap().to_str().unwrap()[..5]
                    .parse()
                    .unwrap()
            })
            .collect();
        let raw = converted(&bodies);
        for table in Table::ALL {
            let expected = sorted(&arrival, table, |row| {
                let source = row.text("source");
                let frame = source.rsplit_once('#').unwrap().1;
                lines.contains(&frame.parse().unwrap())
            });
            assert_eq!(
                sorted(&raw, table, |_| true),
                expected,
                "{capture}/raw: {table}"
            );
        }
    }
}

/// Files of a real Collector, all signals in one file.
#[test]
fn every_framing_of_the_collector_gives_the_tables_of_what_it_was_sent() {
    let sent = converted(&[agentic_ci("pysdk-grpc")]);
    let dir = captures_dir().join("../collector");
    for file in [
        "collector.jsonl",
        "collector.binpb",
        "collector.json-zstd",
        "collector.proto-zstd",
        "collector.jsonl.zst",
        "collector.binpb.zst",
    ] {
        assert_equal_tables(&sent, &converted(&[dir.join(file)]), file);
    }
}
