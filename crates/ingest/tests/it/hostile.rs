//! Names that would rather be paths, keywords or each other: nothing leaves the lake, nothing is lost.

use std::collections::BTreeSet;
use std::fs;

use otolith_capture::{Chunk, Entry, ReadOptions, Source};
use otolith_ingest::{ConvertOptions, ExportFormat, ExportOptions, NoWatch, convert, export};
use otolith_lake::Lake;
use otolith_tables::{ColumnType, Field};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{TestLake, named, nanos, options};

const NAMES: &[&str] = &[
    "../../etc",
    "/etc/passwd",
    "..",
    ".",
    "",
    " ",
    "CON",
    "nul.txt",
    "a\u{0}b",
    "a\nb",
    "\u{1f980}",
    "date=",
    "date=2026-11-20",
    "_delta_log",
    "_runs",
    "_tmp",
    "_rejects",
    "_otolith.json",
    "_otolith",
    "otolith.time",
    "part-0.parquet",
    "\u{202e}txt.exe",
    "\u{627}\u{644}\u{639}",
    "a'; DROP TABLE logs; --",
    "a\"b",
    "`a`",
    "a\\b",
    "%2e%2e%2f",
    "Service",
    "service",
    "SERVICE",
    "se-rvice",
    "se_rvice",
    "time",
    "date",
    "source",
    "item",
    "body",
    "attributes",
    "attributes__string",
    "service_name",
    "service.name",
    "null",
    "select",
    "__HIVE_DEFAULT_PARTITION__",
];

fn request(service: &str, second: u64, attributes: &[(String, Value)]) -> String {
    let attributes: Vec<Value> = attributes
        .iter()
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect();
    json!({"resourceLogs": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]},
        "scopeLogs": [{"scope": {"name": "s"}, "logRecords": [
            {"timeUnixNano": nanos(second).to_string(), "attributes": attributes}
        ]}]
    }]})
    .to_string()
}

fn attribute(key: &str, value: Value) -> Vec<(String, Value)> {
    vec![(key.to_owned(), value)]
}

/// The records of captures as sorted texts: service, time, and attributes in any order.
fn records(sources: &[Source]) -> Vec<String> {
    let mut records = Vec::new();
    let mut chunk = Chunk::new();
    for source in sources {
        let mut reader = source.open(&ReadOptions::default()).unwrap();
        while reader.next_chunk(&mut chunk).unwrap() {
            for entry in chunk.entries() {
                let Entry::Frame(frame) = entry else {
                    panic!("{entry:?}");
                };
                records_of(&serde_json::from_slice(frame.bytes).unwrap(), &mut records);
            }
        }
    }
    records.sort();
    records
}

fn records_of(request: &Value, records: &mut Vec<String>) {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for resource in list(&request["resourceLogs"]) {
        for scope in list(&resource["scopeLogs"]) {
            for record in list(&scope["logRecords"]) {
                let attributes = list(&record["attributes"]);
                let attributes: BTreeSet<String> =
                    attributes.iter().map(Value::to_string).collect();
                let service = &resource["resource"]["attributes"];
                records.push(format!(
                    "{service} {} {attributes:?}",
                    record["timeUnixNano"]
                ));
            }
        }
    }
}

/// Converts each list in a run of its own, then expects everything back, a sound lake, and nothing
/// beside it.
fn check(runs: &[Vec<String>], options: &ConvertOptions) -> TestLake {
    let around = tempfile::tempdir().unwrap();
    let inner = Lake::create_or_open(&around.path().join("a/b/lake")).unwrap();
    let lake = TestLake::new();
    let mut sources = Vec::new();
    for (number, lines) in runs.iter().enumerate() {
        let source = || [named(&format!("run-{number}.jsonl"), lines)];
        let account = lake.convert(&source(), options).unwrap();
        assert_eq!(account.frames_rejected + account.items_rejected, 0);
        convert(&source(), &inner, options, &NoWatch).unwrap();
        sources.extend(source());
    }
    // What left the lake would lie in the directories above it.
    for (dir, only) in [("", "a"), ("a", "b"), ("a/b", "lake")] {
        let entries = fs::read_dir(around.path().join(dir)).unwrap();
        let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [only]);
    }
    for database in lake.lake.databases().unwrap() {
        let name = database.as_str();
        let is_ours = ["_runs", "_tmp", "_rejects", "_delta_log"].contains(&name);
        assert!((1..200).contains(&name.len()) && !is_ours, "{name}");
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(name.chars().all(is_plain), "{name}");
    }
    assert_eq!(lake.lake.verify().unwrap().findings, []);
    let expected = records(&sources);
    for _ in 0..2 {
        let mut bytes = Vec::new();
        let export_options = ExportOptions::new(ExportFormat::JsonLines);
        export(&lake.lake, &export_options, &mut bytes, &NoWatch).unwrap();
        assert_eq!(
            records(&[Source::from_bytes("exported.jsonl", bytes)]),
            expected
        );
        lake.lake.compact().unwrap();
        assert_eq!(lake.lake.verify().unwrap().findings, []);
    }
    lake
}

fn fields(lake: &TestLake) -> Vec<Field> {
    let databases = lake.lake.databases().unwrap();
    let tables = lake.lake.tables(&databases[0]).unwrap();
    tables[0].fields.clone()
}

#[test]
fn hostile_service_names_stay_in_the_lake() {
    let long = "long/".repeat(800);
    let names = NAMES.iter().copied().chain([long.as_str()]);
    let lines: Vec<String> = (0..)
        .zip(names)
        .map(|(second, name)| request(name, second, &attribute("k", json!({"intValue": "1"}))))
        .collect();
    let lake = check(std::slice::from_ref(&lines), &options(1));
    let again = TestLake::new();
    let sources = [named("x.jsonl", &lines)];
    let account = again.convert(&sources, &options(2)).unwrap();
    let mut notes = account.notes.iter();
    assert!(notes.any(|note| note.code == "service_name_collision"));
    assert!(lake.lake.databases().unwrap().len() > 10);
}

#[test]
fn hostile_attribute_names_are_columns_or_members_of_the_rest() {
    let long = "long.".repeat(820);
    let names: Vec<&str> = NAMES.iter().copied().chain([long.as_str()]).collect();
    let of_each: Vec<String> = (0..)
        .zip(&names)
        .map(|(second, name)| request("a", second, &attribute(name, json!({"stringValue": name}))))
        .collect();
    let all: Vec<(String, Value)> = names
        .iter()
        .map(|name| ((*name).to_owned(), json!({"intValue": "7"})))
        .collect();
    let runs = [of_each, vec![request("a", 99, &all)]];
    check(&runs, &options(1));
    let narrow = ConvertOptions {
        columns_per_table: 3,
        ..options(1)
    };
    check(&runs, &narrow);
}

#[test]
fn columns_never_change_their_type() {
    let values = [
        json!({"intValue": "1"}),
        json!({"stringValue": "1"}),
        json!({"boolValue": true}),
        json!({"doubleValue": 0.5}),
        json!({"arrayValue": {"values": [{"intValue": "1"}]}}),
    ];
    let lines: Vec<String> = (0..)
        .zip(&values)
        .map(|(second, value)| request("a", second, &attribute("my.key", value.clone())))
        .collect();
    // In one run, and each in one of its own, in both orders.
    let together = check(std::slice::from_ref(&lines), &options(1));
    let mut each: Vec<Vec<String>> = lines.iter().map(|line| vec![line.clone()]).collect();
    let apart = check(&each, &options(1));
    each.reverse();
    check(&each, &options(1));
    let type_of = |lake: &TestLake, name: &str| {
        let fields = fields(lake);
        let field = fields.iter().find(|field| field.name == name);
        field.map(|field| field.r#type)
    };
    for lake in [&together, &apart] {
        assert_eq!(type_of(lake, "my_key"), Some(ColumnType::Int64));
        assert_eq!(type_of(lake, "my_key__string"), Some(ColumnType::String));
        assert_eq!(type_of(lake, "my_key__boolean"), Some(ColumnType::Boolean));
    }
}

#[test]
fn thousands_of_keys_share_the_rest() {
    let lines: Vec<String> = (0..500_u64)
        .map(|frame| {
            let keys = (frame * 10)..(frame * 10 + 10);
            let attributes: Vec<(String, Value)> = keys
                .map(|key| (format!("key.{key}"), json!({"intValue": key.to_string()})))
                .collect();
            request("a", frame, &attributes)
        })
        .collect();
    let halves = [lines[..250].to_vec(), lines[250..].to_vec()];
    let lake = check(&halves, &options(2));
    let columns = fields(&lake).len();
    assert!((400..=700).contains(&columns), "{columns}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_names_come_back(
        services in prop::collection::vec(any::<String>(), 1..4),
        keys in prop::collection::vec("[a-cA-C._\\-/ ]{0,4}|\\PC{0,6}", 1..12),
    ) {
        let lines: Vec<String> = (0..)
            .zip(&keys)
            .map(|(second, key)| {
                let value = match second % 3 {
                    0 => json!({"intValue": "1"}),
                    1 => json!({"stringValue": "x"}),
                    _ => json!({"doubleValue": 1.5}),
                };
                let service = &services[keys.len() % services.len()];
                request(service, second, &attribute(key, value))
            })
            .collect();
        let (first, second) = lines.split_at(lines.len() / 2);
        check(&[first.to_vec(), second.to_vec()], &options(1));
    }
}
