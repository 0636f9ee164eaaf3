//! Lakes that hold something else than we would write.

use otolith_ingest::{ExportError, ExportFormat, ExportOptions, NoWatch, Watch, export};
use otolith_lake::{Commit, Lake};
use otolith_tables::{
    ColumnOrigin, ColumnType, DatabaseName, Field, Layout, Part, PartColumn, Strings, Table, Values,
};

fn strings(texts: &[&str]) -> Values {
    let mut strings = Strings {
        offsets: vec![0],
        bytes: Vec::new(),
    };
    for text in texts {
        strings.bytes.extend_from_slice(text.as_bytes());
        strings.offsets.push(strings.bytes.len() as i32);
    }
    Values::String(strings)
}

fn column(name: &str, r#type: ColumnType, values: Values) -> PartColumn {
    PartColumn {
        field: Field {
            name: name.to_owned(),
            r#type,
            origin: ColumnOrigin::Base,
            layout: Layout::Repeating,
        },
        values,
        validity: None,
    }
}

fn address() -> Vec<PartColumn> {
    vec![
        column("source", ColumnType::String, strings(&["f#1"])),
        column("item", ColumnType::Int64, Values::Int64(vec![0])),
    ]
}

/// A lake with a row of these columns, in a table.
fn lake(table: Table, columns: Vec<PartColumn>) -> (tempfile::TempDir, Lake) {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::create_or_open(dir.path()).unwrap();
    let run = lake.begin().unwrap();
    let part = Part {
        database: DatabaseName::from_service("s"),
        table,
        date: 0,
        row_count: 1,
        columns,
    };
    run.write(0, part).unwrap();
    run.commit(Commit::default(), &|_| None).unwrap();
    (dir, lake)
}

fn check(table: Table, more: Vec<PartColumn>, expected: &str) {
    let columns = address().into_iter().chain(more).collect();
    let (_dir, lake) = lake(table, columns);
    let options = ExportOptions::new(ExportFormat::JsonLines);
    let error = export(&lake, &options, std::io::sink(), &NoWatch).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains(expected), "{cause}");
}

fn text(name: &str, value: &str) -> Vec<PartColumn> {
    vec![column(name, ColumnType::String, strings(&[value]))]
}

fn int(name: &str, value: i64) -> Vec<PartColumn> {
    vec![column(name, ColumnType::Int64, Values::Int64(vec![value]))]
}

#[test]
fn values_that_mean_nothing_are_errors() {
    let logs = |more, expected| check(Table::Logs, more, expected);
    logs(
        text("attributes", "{"),
        "row 0 of `logs`: column `attributes`: it is not JSON",
    );
    logs(text("attributes", "[]"), "expected a JSON object");
    let deep = "[".repeat(100_000);
    logs(
        text("attributes", &format!("{{\"a\":{deep}")),
        "nested too deeply",
    );
    logs(
        text("attributes", r#"{"otolith.x":"1"}"#),
        "names no column",
    );
    logs(
        text("attributes", r#"{"otolith.time_unix_nano":"x"}"#),
        "column `time_unix_nano`: expected an unsigned number",
    );
    logs(
        text("attributes", r#"{"a":9223372036854775808}"#),
        "beyond 64 bits",
    );
    logs(text("attributes", r#"{"a":{"bytesValue":"?"}}"#), "base64");
    logs(text("scope_attributes", "x"), "column `scope_attributes`");
    logs(text("sent_as", "{\"item\":1}"), "column `sent_as`");
    logs(
        text("resource_entity_refs", "{}"),
        "column `resource_entity_refs`",
    );
    logs(
        text("trace_id", "0g"),
        "column `trace_id`: expected an id in hex digits",
    );
    logs(
        text("time_unix_nano", "0"),
        "expected type Int64 of column `time_unix_nano`",
    );
    logs(int("time_unix_nano", -1), "beyond the range of its field");
    logs(int("flags", 1 << 32), "column `flags`");
    let mut body = text("body", "{\"intValue\":true}");
    body.extend(text("body_kind", "int"));
    logs(body, "column `body`: expected an OTLP JSON `AnyValue`");
    check(
        Table::Traces,
        text("span_kind", "WEIRD"),
        "column `span_kind`",
    );
    check(
        Table::Metrics,
        text("metric_type", "summary"),
        "column `metric_type`",
    );
    check(
        Table::Metrics,
        Vec::new(),
        "column `metric_type`: expected a type of metrics",
    );
    check(
        Table::SpanEvents,
        text("span_id", "x"),
        "row 0 of `span_events`: column `span_id`",
    );
}

#[test]
fn lakes_of_older_writers_lack_the_address_of_items() {
    let (_dir, lake) = lake(Table::Logs, text("body", "x"));
    let options = ExportOptions::new(ExportFormat::JsonLines);
    let error = export(&lake, &options, std::io::sink(), &NoWatch).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(
        cause,
        "failed to restore `logs`: expected a column `source`, found none"
    );
}

#[test]
fn parts_of_items_that_are_gone_are_counted() {
    let (_dir, lake) = lake(Table::SpanLinks, address());
    let options = ExportOptions::new(ExportFormat::JsonLines);
    let exported = export(&lake, &options, std::io::sink(), &NoWatch).unwrap();
    assert_eq!((exported.requests, exported.orphan_rows), (0, 1));
}

/// A log record without any field looks like a span without any.
#[test]
fn a_protobuf_request_must_show_its_signal_or_be_of_the_only_one() {
    let (_dir, lake) = lake(Table::Logs, address());
    let mut options = ExportOptions::new(ExportFormat::LengthPrefixed);
    let error = export(&lake, &options, std::io::sink(), &NoWatch).unwrap_err();
    assert!(
        matches!(error, ExportError::UnclearSignal { .. }),
        "{error}"
    );
    options.signal = Some(otolith_capture::Signal::Logs);
    let exported = export(&lake, &options, std::io::sink(), &NoWatch).unwrap();
    assert_eq!(exported.log_records, 1);
}

#[test]
fn the_watch_can_stop_an_export() {
    struct Stopped;
    impl Watch for Stopped {
        fn is_stopped(&self) -> bool {
            true
        }
    }
    let (_dir, lake) = lake(Table::Logs, address());
    let options = ExportOptions::new(ExportFormat::JsonLines);
    let error = export(&lake, &options, std::io::sink(), &Stopped).unwrap_err();
    assert!(matches!(error, ExportError::Interrupted));
}
