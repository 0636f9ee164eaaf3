//! What a question wants, in memory; the account of everything.

use std::sync::Arc;

use otolith_capture::Source;
use otolith_ingest::{Account, Collected, ConvertError, ConvertOptions, Dedup, NoWatch, collect};
use otolith_tables::{AttributePlace, Part, Table, Wanted, WantedItems};

use crate::support::{BAD_RECORD, TestLake, attribute, lines, logs, named, options};

/// Log records named `wanted`, with attribute `k`.
fn wanted() -> Arc<Wanted> {
    Arc::new(Wanted {
        items: vec![WantedItems {
            table: Table::Logs,
            names: Some(vec!["wanted".to_owned()]),
            keys: Vec::new(),
        }],
        keys: [(AttributePlace::Item, ["k".to_owned()].into())].into(),
    })
}

fn record(event: &str, key: &str) -> String {
    let attribute = attribute(key, r#"{"stringValue":"v"}"#);
    format!(r#""eventName":"{event}",{attribute}"#)
}

fn mixed() -> Source {
    let torn = logs("a", 9, &[&record("wanted", "k")]);
    lines(&[
        logs("a", 1, &[&record("wanted", "k"), &record("else", "k")]),
        logs("A", 2, &[&record("else", "x"), BAD_RECORD]),
        r#"{"unknown":1}"#.to_owned(),
        logs("b", 3, &[&record("wanted", "x")]),
        logs("b", 3, &[&record("wanted", "x")]),
        // A time that cannot be.
        logs("c", 3, &[&record("else", "x")]).replace("17951328", "00000000"),
        torn[..torn.len() - 10].to_owned(),
    ])
}

fn as_converted(sources: &[Source], options: &ConvertOptions) -> Account {
    let account = TestLake::new().convert(sources, options).unwrap();
    Account {
        parts_written: 0,
        bytes_written: 0,
        rejects_file: None,
        ..account
    }
}

fn columns(part: &Part) -> Vec<&str> {
    let columns = part.columns.iter();
    let columns = columns.filter(|c| c.field.origin != otolith_tables::ColumnOrigin::Base);
    columns.map(|c| c.field.name.as_str()).collect()
}

#[test]
fn what_nobody_wants_is_in_the_account_and_nowhere_else() {
    for threads in [1, 3] {
        let options = options(threads);
        let collected = collect(&[mixed()], &wanted(), &options, &NoWatch).unwrap();
        let Collected { extract, account } = collected;
        assert!(account.balances());
        assert!(!account.is_clean());
        assert_eq!(account, as_converted(&[mixed()], &options));
        let parts: Vec<_> = extract
            .parts
            .iter()
            .map(|part| (part.database.as_str(), part.row_count, columns(part)))
            .collect();
        assert_eq!(parts, [("a", 1, vec!["k"]), ("b", 2, vec![])]);
        let second = |n: i64| (1_795_132_800 + n) * 1_000_000;
        let times: Vec<_> = extract
            .times
            .iter()
            .map(|((database, table), times)| (database.as_str(), *table, *times))
            .collect();
        assert_eq!(
            times,
            [
                ("a", Table::Logs, (second(1), second(2))),
                ("b", Table::Logs, (second(3), second(3))),
            ]
        );
    }
}

#[test]
fn repeated_requests_and_sources_are_told_as_in_a_conversion() {
    let again = named("again.jsonl", &[logs("a", 1, &[&record("wanted", "k")])]);
    let copy = named("copy.jsonl", &[logs("a", 1, &[&record("wanted", "k")])]);
    let sources = [mixed(), again, copy];
    for dedup in [Dedup::None, Dedup::Requests] {
        let options = ConvertOptions {
            dedup,
            ..options(2)
        };
        let collected = collect(&sources, &wanted(), &options, &NoWatch).unwrap();
        assert_eq!(collected.account, as_converted(&sources, &options));
        let rows: usize = collected.extract.parts.iter().map(|p| p.row_count).sum();
        let expected = match dedup {
            Dedup::None => 4,
            Dedup::Requests => 3,
        };
        assert_eq!(rows, expected);
    }
}

#[test]
fn a_strict_collection_ends_with_the_first_reject() {
    let options = ConvertOptions {
        strict: true,
        ..options(1)
    };
    let ended = collect(&[mixed()], &wanted(), &options, &NoWatch);
    assert!(matches!(ended, Err(ConvertError::Rejected { .. })));
}
