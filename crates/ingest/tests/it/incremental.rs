//! The same captures again, in whatever form: every item is in the lake exactly once.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use otolith_capture::{Source, TornTail, find_sources};
use otolith_ingest::{Account, ConvertError, ConvertOptions, Dedup, Known, NoWatch, convert};
use otolith_lake::LakeError;
use otolith_tables::{Part, Strings, Values};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::support::{BAD_RECORD, TestLake, attribute, logs, options};

/// Captures in a directory.
struct Captures(TempDir);

impl Captures {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    fn sources(&self, names: &[&str]) -> Vec<Source> {
        let paths: Vec<PathBuf> = names.iter().map(|name| self.path(name)).collect();
        find_sources(&paths).unwrap()
    }

    fn convert(&self, lake: &TestLake, names: &[&str]) -> Account {
        lake.convert(&self.sources(names), &waiting(1)).unwrap()
    }
}

/// As the command converts: torn tails wait for their end.
fn waiting(threads: usize) -> ConvertOptions {
    let mut options = options(threads);
    options.read.torn_tail = TornTail::Wait;
    options
}

/// Requests as lines, of which no two are alike.
fn requests(numbers: std::ops::Range<u64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in numbers {
        let key = format!("key{}", number % 5);
        let record = attribute(&key, &format!(r#"{{"intValue":"{number}"}}"#));
        let service = ["a", "b"][usize::try_from(number % 2).unwrap()];
        bytes.extend_from_slice(logs(service, number * 10_000, &[&record]).as_bytes());
        bytes.push(b'\n');
    }
    bytes
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// Every file of a lake, ledger, logs and all.
fn everything(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false => drop(found.insert(path.clone(), fs::read(path).unwrap())),
            }
        }
    }
    found
}

/// The rows of a lake as sorted texts; with `source` as files are named now, or without.
fn rows(lake: &TestLake, with_source: bool) -> Vec<String> {
    let mut rows = Vec::new();
    for database in lake.lake.databases().unwrap() {
        for table in lake.lake.tables(&database).unwrap() {
            for file in &table.parts {
                let part = lake.lake.read(file).unwrap();
                for row in 0..part.row_count {
                    let cells = cells(&part, row, with_source);
                    rows.push(format!(
                        "{database}.{:?} {} {cells:?}",
                        table.table, part.date
                    ));
                }
            }
        }
    }
    rows.sort();
    rows
}

fn cells(part: &Part, row: usize, with_source: bool) -> BTreeMap<&str, String> {
    let is_valid = |validity: &Option<Vec<bool>>| validity.as_ref().is_none_or(|valid| valid[row]);
    let columns = part.columns.iter().filter(|column| {
        is_valid(&column.validity) && (with_source || column.field.name != "source")
    });
    columns
        .map(|column| (column.field.name.as_str(), cell(&column.values, row)))
        .collect()
}

fn cell(values: &Values, row: usize) -> String {
    match values {
        Values::Int64(values) => values[row].to_string(),
        Values::Double(values) => values[row].to_string(),
        Values::Boolean(values) => values[row].to_string(),
        Values::String(strings) => text(strings, row),
        Values::Dictionary {
            indices,
            dictionary,
        } => text(dictionary, usize::try_from(indices[row]).unwrap()),
        Values::Int64List { .. } | Values::DoubleList { .. } => panic!("logs have no lists"),
    }
}

fn text(strings: &Strings, row: usize) -> String {
    let at = |index: usize| usize::try_from(strings.offsets[index]).unwrap();
    String::from_utf8(strings.bytes[at(row)..at(row + 1)].to_vec()).unwrap()
}

/// Fails unless the lake holds what one conversion of a file gives, and is sound.
fn assert_like_one(lake: &TestLake, name: &str, bytes: &[u8], with_source: bool) {
    let captures = Captures::new();
    captures.write(name, bytes);
    let one = TestLake::new();
    captures.convert(&one, &[name]);
    assert_eq!(rows(lake, with_source), rows(&one, with_source));
    assert_eq!(
        lake.lake.verify(&otolith_lake::NoWatch).unwrap().findings,
        []
    );
    assert!(!lake.lake.dir().join("_tmp").exists());
}

/// Fails if converting changes a byte of the lake.
fn assert_nothing_new(lake: &TestLake, sources: &[Source], options: &ConvertOptions) {
    let before = everything(lake.lake.dir());
    let account = lake.convert(sources, options).unwrap();
    assert_eq!((account.frames_read, account.rows_written), (0, 0));
    assert_eq!(everything(lake.lake.dir()), before);
}

#[test]
fn the_same_command_again_changes_nothing_and_new_files_are_added() {
    let (captures, lake) = (Captures::new(), TestLake::new());
    captures.write("a.jsonl", &requests(0..6));
    captures.convert(&lake, &["a.jsonl"]);
    assert_nothing_new(&lake, &captures.sources(&["a.jsonl"]), &waiting(1));
    assert_nothing_new(&lake, &captures.sources(&["."]), &waiting(2));
    captures.write("b.jsonl", &requests(6..9));
    let account = captures.convert(&lake, &["."]);
    assert_eq!(account.rows_written, 3);
    assert_nothing_new(
        &lake,
        &captures.sources(&["b.jsonl", "a.jsonl"]),
        &waiting(1),
    );
    assert_like_one(&lake, "all.jsonl", &requests(0..9), false);
}

#[test]
fn a_growing_file_in_steps_is_the_whole_file_once() {
    let whole = requests(0..12);
    let (captures, lake) = (Captures::new(), TestLake::new());
    // Among the lengths are some that cut a line, right before and after its end too.
    let mut rows = 0;
    for step in 1..=40 {
        captures.write("a.jsonl", &whole[..whole.len() * step / 40]);
        rows += captures.convert(&lake, &["a.jsonl"]).rows_written;
    }
    assert_eq!(rows, 12);
    assert_like_one(&lake, "a.jsonl", &whole, true);
}

#[test]
fn a_torn_tail_waits_and_is_taken_once_it_is_whole() {
    let whole = requests(0..2);
    let (captures, lake) = (Captures::new(), TestLake::new());
    captures.write("a.jsonl", &whole[..whole.len() - 9]);
    let account = captures.convert(&lake, &["a.jsonl"]);
    assert_eq!((account.rows_written, account.frames_rejected), (1, 0));
    assert_nothing_new(&lake, &captures.sources(&["a.jsonl"]), &waiting(1));
    captures.write("a.jsonl", &whole);
    assert_eq!(captures.convert(&lake, &["a.jsonl"]).rows_written, 1);
    assert_like_one(&lake, "a.jsonl", &whole, true);
}

#[test]
fn rotated_and_packed_files_are_known() {
    let (captures, lake) = (Captures::new(), TestLake::new());
    captures.write("a.jsonl", &requests(0..4));
    captures.convert(&lake, &["a.jsonl"]);
    // Rotated: the old one under another name and grown before that, a new one under the old name.
    captures.write("a-1.jsonl", &requests(0..6));
    captures.write("a.jsonl", &requests(6..8));
    assert_eq!(captures.convert(&lake, &["."]).rows_written, 4);
    fs::remove_file(captures.path("a-1.jsonl")).unwrap();
    captures.write("a-1.jsonl.zst", &zstd(&requests(0..6)));
    captures.write("a-2.jsonl.gz", &gzip(&requests(6..8)));
    assert_nothing_new(&lake, &captures.sources(&["."]), &waiting(1));
    // Packed, and something is behind what was known.
    captures.write("a-2.jsonl.gz", &gzip(&requests(6..10)));
    captures.write("a-1.jsonl.zst", &zstd(&requests(0..6)));
    assert_eq!(captures.convert(&lake, &["."]).rows_written, 2);
    assert_like_one(&lake, "all.jsonl", &requests(0..10), false);
}

#[test]
fn two_copies_in_one_run_are_one() {
    for order in [["a.jsonl", "b.jsonl.zst"], ["b.jsonl.zst", "a.jsonl"]] {
        let (captures, lake) = (Captures::new(), TestLake::new());
        captures.write("a.jsonl", &requests(0..3));
        captures.write("b.jsonl.zst", &zstd(&requests(0..5)));
        captures.convert(&lake, &order);
        // Of the longer one after the shorter, the rest; of the shorter after the longer, what is
        // known ends where no run ended, which is why docs/lake.md names it.
        let expected = match order[0] {
            "a.jsonl" => 5,
            _ => 5 + 3,
        };
        assert_eq!(lake.row_count(), expected);
        assert_nothing_new(&lake, &captures.sources(&order), &waiting(1));
    }
    let (captures, lake) = (Captures::new(), TestLake::new());
    captures.write("a.jsonl", &requests(0..3));
    captures.write("b.jsonl.gz", &gzip(&requests(0..3)));
    assert_eq!(captures.convert(&lake, &["."]).rows_written, 3);
    assert_like_one(&lake, "a.jsonl", &requests(0..3), true);
}

#[test]
fn converting_anew_replaces_whole_runs_only() {
    let (captures, lake) = (Captures::new(), TestLake::new());
    captures.write("a.jsonl", &requests(0..3));
    captures.write("b.jsonl", &requests(3..5));
    captures.convert(&lake, &["a.jsonl", "b.jsonl"]);
    captures.write("c.jsonl", &requests(5..6));
    captures.convert(&lake, &["c.jsonl"]);
    let anew = ConvertOptions {
        known: Known::Replace,
        ..waiting(1)
    };
    let before = everything(lake.lake.dir());
    let error = lake
        .convert(&captures.sources(&["a.jsonl"]), &anew)
        .unwrap_err();
    assert!(
        matches!(&error, ConvertError::Shared { run: 1, file } if file.ends_with("b.jsonl")),
        "{error}"
    );
    assert_eq!(everything(lake.lake.dir()), before);
    // A file that has grown since is read from its beginning, and its rows are there once.
    captures.write("b.jsonl", &requests(3..5));
    captures.write("a.jsonl", &requests(10..14));
    captures.write("d.jsonl", &requests(0..3));
    let account = lake
        .convert(&captures.sources(&["d.jsonl", "b.jsonl"]), &anew)
        .unwrap();
    assert_eq!(account.rows_written, 5);
    assert_like_one(&lake, "all.jsonl", &requests(0..6), false);
    // What was compacted shares parts.
    lake.lake.compact(&otolith_lake::NoWatch).unwrap();
    let error = lake
        .convert(&captures.sources(&["c.jsonl"]), &anew)
        .unwrap_err();
    let ConvertError::Lake(LakeError::SharedParts { files, .. }) = &error else {
        panic!("{error:?}");
    };
    assert!(
        files.contains("d.jsonl") && files.contains("b.jsonl"),
        "{files}"
    );
    let all = captures.sources(&["b.jsonl", "c.jsonl", "d.jsonl"]);
    assert_eq!(lake.convert(&all, &anew).unwrap().rows_written, 6);
    assert_like_one(&lake, "all.jsonl", &requests(0..6), false);
}

#[test]
fn other_options_do_not_convert_twice() {
    let (captures, lake) = (Captures::new(), TestLake::new());
    let bytes = [requests(0..4), requests(0..4)].concat();
    captures.write("a.jsonl", &bytes);
    let dedup = ConvertOptions {
        dedup: Dedup::Requests,
        ..waiting(1)
    };
    let account = lake
        .convert(&captures.sources(&["a.jsonl"]), &dedup)
        .unwrap();
    assert_eq!((account.rows_written, account.frames_skipped), (4, 4));
    let narrow = ConvertOptions {
        columns_per_table: 1,
        ..waiting(1)
    };
    for other in [dedup, narrow, waiting(3)] {
        assert_nothing_new(&lake, &captures.sources(&["a.jsonl"]), &other);
    }
}

#[test]
fn rejects_are_tried_again_once() {
    let (captures, lake) = (Captures::new(), TestLake::new());
    let mut bytes = requests(0..2);
    let bad = logs("a", 9, &[BAD_RECORD, r#""body":{"stringValue":"x"}"#]);
    bytes.extend_from_slice(bad.as_bytes());
    bytes.extend_from_slice(b"\n{\"not\":\"otlp\"}\n");
    captures.write("a.jsonl", &bytes);
    let account = captures.convert(&lake, &["a.jsonl"]);
    assert_eq!((account.frames_rejected, account.items_rejected), (1, 1));
    assert_nothing_new(&lake, &captures.sources(&["a.jsonl"]), &waiting(1));
    let rejects = || find_sources(&[lake.lake.dir().join("_rejects")]).unwrap();
    let rows_before = lake.row_count();
    let again = lake.convert(&rejects(), &waiting(1)).unwrap();
    assert_eq!(again.frames_rejected, 2);
    assert_nothing_new(&lake, &rejects(), &waiting(1));
    assert_eq!(
        rejects().len(),
        1,
        "what is rejected again stays where it is"
    );
    assert_eq!(lake.row_count(), rows_before);
    assert_eq!(
        lake.lake.verify(&otolith_lake::NoWatch).unwrap().findings,
        []
    );
}

#[test]
fn conversions_at_once_take_each_capture_once() {
    for round in 0..4 {
        let (captures, lake) = (Captures::new(), TestLake::new());
        captures.write("a.jsonl", &requests(0..40));
        captures.write("b.jsonl", &requests(40..60));
        captures.write("c.jsonl", &requests(60..80));
        let lists = [["a.jsonl", "b.jsonl"], ["c.jsonl", "b.jsonl"]];
        let meet = std::sync::Barrier::new(2);
        std::thread::scope(|scope| {
            for names in lists {
                let (captures, lake, meet) = (&captures, &lake.lake, &meet);
                scope.spawn(move || {
                    meet.wait();
                    let sources = captures.sources(&names);
                    match convert(&sources, lake, &waiting(1 + round % 2), &NoWatch) {
                        Ok(_) => {}
                        Err(ConvertError::Lake(LakeError::ConvertedMeanwhile { file })) => {
                            assert!(file.ends_with("b.jsonl"), "{file}");
                            convert(&sources, lake, &waiting(1), &NoWatch).unwrap();
                        }
                        Err(ConvertError::Lake(LakeError::Overtaken { .. })) => {
                            convert(&sources, lake, &waiting(1), &NoWatch).unwrap();
                        }
                        Err(other) => panic!("{other:?}"),
                    }
                });
            }
        });
        assert_like_one(&lake, "all.jsonl", &requests(0..80), false);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn steps_names_and_packing_do_not_matter(
        requests_total in 1..14_u64,
        steps in prop::collection::vec((any::<prop::sample::Index>(), 0..3_u8, 0..3_u8), 1..8),
    ) {
        let whole = requests(0..requests_total);
        let mut cuts: Vec<(usize, u8, u8)> = steps
            .iter()
            .map(|(cut, name, packing)| (cut.index(whole.len() + 1), *name, *packing))
            .collect();
        cuts.sort_unstable();
        cuts.push((whole.len(), 0, 0));
        let lake = TestLake::new();
        for (end, name, packing) in cuts {
            let captures = Captures::new();
            let bytes = &whole[..end];
            let (name, bytes) = match packing {
                0 => (format!("{name}.jsonl"), bytes.to_vec()),
                1 => (format!("{name}.jsonl.zst"), zstd(bytes)),
                _ => (format!("{name}.jsonl.gz"), gzip(bytes)),
            };
            captures.write(&name, &bytes);
            captures.convert(&lake, &[&name]);
        }
        assert_like_one(&lake, "0.jsonl", &whole, false);
    }
}
