//! Captures made by hand, lakes to put them into.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use otolith_capture::{Source, find_sources};
use otolith_ingest::{Account, ConvertError, ConvertOptions, NoWatch, convert};
use otolith_lake::Lake;
use tempfile::TempDir;

/// A lake that lives as long as the test.
pub struct TestLake {
    pub lake: Lake,
    _directory: TempDir,
}

impl TestLake {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self {
            lake: Lake::create_or_open(&directory.path().join("lake")).unwrap(),
            _directory: directory,
        }
    }

    /// Converts; whatever comes back balances and agrees with the files.
    pub fn convert(
        &self,
        sources: &[Source],
        options: &ConvertOptions,
    ) -> Result<Account, ConvertError> {
        let account = convert(sources, &self.lake, options, &NoWatch)?;
        assert!(account.balances(), "{account:#?}");
        Ok(account)
    }

    /// Rows of all files.
    pub fn row_count(&self) -> u64 {
        let mut rows = 0;
        for database in self.lake.databases().unwrap() {
            for table in self.lake.tables(&database).unwrap() {
                rows += table.parts.iter().map(|part| part.row_count).sum::<u64>();
            }
        }
        rows
    }

    /// The bytes of all parts and rejects of the lake by relative path. The marker, the ledger and
    /// the logs of tables name times and processes.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = self.all_files();
        files.retain(|name, _| {
            let is_log = name.parent().is_some_and(|log| log.ends_with("_delta_log"));
            !is_log && !name.starts_with("_runs") && !name.ends_with("_otolith.json")
        });
        files
    }

    /// The bytes of all files of the lake by relative path.
    pub fn all_files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut open = vec![self.lake.dir().to_owned()];
        while let Some(next) = open.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let name = path.strip_prefix(self.lake.dir()).unwrap().to_owned();
                    found.insert(name, fs::read(path).unwrap());
                }
            }
        }
        found
    }

    /// The lines of the only file of rejects.
    pub fn rejects(&self) -> Vec<serde_json::Value> {
        let files = self.files();
        let mut rejects = files
            .iter()
            .filter(|(path, _)| path.starts_with("_rejects"));
        let (_, bytes) = rejects.next().unwrap();
        assert!(rejects.next().is_none());
        String::from_utf8(bytes.clone())
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

pub fn options(threads: usize) -> ConvertOptions {
    ConvertOptions {
        threads: NonZeroUsize::new(threads).unwrap(),
        ..ConvertOptions::default()
    }
}

/// A capture of JSON lines.
pub fn lines(lines: &[String]) -> Source {
    named("test.jsonl", lines)
}

pub fn named(name: &str, lines: &[String]) -> Source {
    let mut bytes = Vec::new();
    for line in lines {
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
    }
    Source::from_bytes(name, bytes)
}

/// A request with log records of a service. `records` are the members of each record besides its
/// time, such as `"body":{"stringValue":"x"}`.
pub fn logs(service: &str, second: u64, records: &[&str]) -> String {
    let records: Vec<String> = records
        .iter()
        .map(|members| format!(r#"{{"timeUnixNano":"{}",{members}}}"#, nanos(second)))
        .collect();
    format!(
        r#"{{"resourceLogs":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{service}"}}}},{{"key":"service.version","value":{{"stringValue":"1.2"}}}}]}},"scopeLogs":[{{"scope":{{"name":"scope","version":"3"}},"logRecords":[{}]}}]}}]}}"#,
        records.join(",")
    )
}

/// Members of a log record with one attribute, as JSON of an `AnyValue`.
pub fn attribute(key: &str, value: &str) -> String {
    format!(r#""attributes":[{{"key":"{key}","value":{value}}}]"#)
}

/// A log record whose attribute has a value that is none.
pub const BAD_RECORD: &str = r#""attributes":[{"key":"k","value":{"doubleValue":{}}}]"#;

/// Nanoseconds since the Unix epoch of a second after 2026-11-20.
pub fn nanos(second: u64) -> u64 {
    (1_795_132_800 + second) * 1_000_000_000
}

/// Sources of a directory of `testdata/captures`.
pub fn captured(place: &str) -> Vec<Source> {
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/captures");
    find_sources(&[captures.join(place)]).unwrap()
}
