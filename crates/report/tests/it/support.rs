//! Lakes of captures, and cells by name.

use otolith_capture::{Source, find_sources};
use otolith_ingest::{ConvertOptions, NoWatch, convert};
use otolith_lake::Lake;
use otolith_report::{Cell, CostQuery, Dimension, Report, Selection, Signal, TokensQuery};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A lake that is gone when dropped.
pub struct TestLake {
    pub lake: Lake,
    _dir: tempfile::TempDir,
}

impl std::ops::Deref for TestLake {
    type Target = Lake;

    fn deref(&self) -> &Lake {
        &self.lake
    }
}

fn lake_of_sources(sources: &[Source]) -> TestLake {
    let dir = tempfile::tempdir().unwrap();
    // A path as people have them: nothing in it may be taken for a partition or a pattern.
    let lake = Lake::create_or_open(&dir.path().join("env=prod [1] 100% #1")).unwrap();
    let account = convert(sources, &lake, &ConvertOptions::default(), &NoWatch).unwrap();
    assert!(account.is_clean(), "{account:?}");
    TestLake { lake, _dir: dir }
}

/// The lake of capture files.
pub fn lake_of_files(path: &Path) -> TestLake {
    lake_of_sources(&find_sources(&[path.to_owned()]).unwrap())
}

/// The lake of hand-written requests, one per line.
pub fn lake_of(requests: &[Value]) -> TestLake {
    let lines: Vec<String> = requests.iter().map(Value::to_string).collect();
    let bytes = lines.join("\n").into_bytes();
    lake_of_sources(&[Source::from_bytes("test.jsonl", bytes)])
}

/// The committed captures.
pub fn captures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/captures")
}

pub fn only(signal: Signal) -> Selection {
    Selection {
        signal: Some(signal),
        ..Selection::default()
    }
}

pub fn tokens(lake: &Lake, by: &[Dimension], selection: Selection) -> Report {
    let query = TokensQuery {
        by: by.to_vec(),
        tz: jiff::tz::TimeZone::UTC,
        selection,
    };
    otolith_report::tokens(lake, &query).unwrap()
}

pub fn cost(lake: &Lake, by: &[Dimension], selection: Selection) -> Report {
    let query = CostQuery {
        by: by.to_vec(),
        tz: jiff::tz::TimeZone::UTC,
        selection,
    };
    otolith_report::cost(lake, &query).unwrap()
}

/// One column as numbers by the texts of others; rows without a number are left out.
pub fn numbers(report: &Report, keys: &[&str], column: &str) -> BTreeMap<String, f64> {
    let mut found = BTreeMap::new();
    for row in 0..report.rows.len() {
        let text = |key: &&str| match report.cell(row, key).expect("the column exists") {
            Cell::Text(text) => text.clone(),
            other => other.to_json().to_string(),
        };
        let key: Vec<String> = keys.iter().map(text).collect();
        let cell = report.cell(row, column).expect("the column exists");
        if let Some(number) = cell.to_json().as_f64() {
            found.insert(key.join(" | "), number);
        }
    }
    found
}

/// Asserts that numbers are equal but for a relative 1e-9.
pub fn check(found: &BTreeMap<String, f64>, expected: &BTreeMap<String, f64>, what: &str) {
    let keys = |map: &BTreeMap<String, f64>| map.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(found), keys(expected), "{what}");
    for (key, expected) in expected {
        let found = found[key];
        let close = (found - expected).abs() <= 1e-9 * expected.abs();
        assert!(close, "{what}, {key}: {found} instead of {expected}");
    }
}

/// Count of the notes of a code.
pub fn noted(report: &Report, code: &str) -> u64 {
    let notes = report.notes.iter().filter(|n| n.code.as_str() == code);
    notes.map(|n| n.count).sum()
}

/// The first row as JSON.
pub fn first_row(report: &Report) -> Value {
    report.row_to_json(&report.rows[0])
}
