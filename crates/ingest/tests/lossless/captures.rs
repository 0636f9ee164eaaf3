//! Every real capture, in every dialect.

use std::fs;
use std::path::{Path, PathBuf};

use otolith_capture::{ReadOptions, Source, find_sources};
use otolith_ingest::{ConvertOptions, ExportFormat, ExportOptions, NoWatch, convert, export};
use otolith_lake::Lake;
use otolith_tables::Table;

use crate::rows::{Rows, converted};
use crate::{exported, items_of, items_of_lake};

fn captures_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/captures")
}

/// Each capture with its name.
fn captures() -> Vec<PathBuf> {
    let entries = fs::read_dir(captures_dir()).unwrap();
    let mut captures: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    captures.sort();
    assert!(captures.len() >= 9);
    captures
}

/// The dialects of a capture: files that hold the same, and bodies that hold a part of it.
fn dialects(capture: &Path) -> Vec<Vec<Source>> {
    let entries = fs::read_dir(capture).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let of_path = |path: PathBuf| {
        let mut sources = find_sources(&[path]).unwrap();
        sources.retain(|source| !source.name().ends_with("index.jsonl"));
        sources
    };
    paths.into_iter().map(of_path).collect()
}

fn lake_of(sources: &[Source], dir: &Path) -> Lake {
    let lake = Lake::create_or_open(dir).unwrap();
    let account = convert(sources, &lake, &ConvertOptions::default(), &NoWatch).unwrap();
    assert!(account.is_clean(), "{account:?}");
    lake
}

/// The items of the sources are those of the lake made of them.
fn check(sources: &[Source]) {
    let dir = tempfile::tempdir().unwrap();
    let lake = lake_of(sources, dir.path());
    let sent = items_of(sources, &ReadOptions::default());
    let found = items_of_lake(&lake);
    assert_eq!(found.len(), sent.len(), "{}", sources[0].name());
    for (found, sent) in found.iter().zip(&sent) {
        assert_eq!(found, sent, "{}", sources[0].name());
    }
}

#[test]
fn every_capture_comes_back_in_every_dialect() {
    for capture in captures() {
        let dialects = dialects(&capture);
        assert!(dialects.len() >= 4, "{}", capture.display());
        for sources in dialects {
            check(&sources);
        }
    }
}

#[test]
fn dumps_of_the_javascript_sdk_come_back() {
    for name in [
        "sdk-1/lines.jsonl",
        "sdk-2/ancestors.json",
        "gemini-cli/seen.json",
        "copilot-cli/telemetry.jsonl",
    ] {
        let file = captures_dir().join("../javascript-sdk").join(name);
        check(&find_sources(&[file]).unwrap());
    }
}

/// The rows of a table as sorted text, without the address of the item.
fn sorted(rows: &Rows, table: Table) -> Vec<String> {
    let rows = rows.tables.get(&table).into_iter().flatten();
    let mut texts: Vec<String> = rows
        .map(|row| {
            let cells = row.cells.iter();
            let cells = cells.filter(|(name, _)| !matches!(name.as_str(), "source" | "item"));
            let cells: Vec<String> = cells
                .map(|(name, cell)| format!("{name}={cell:?}"))
                .collect();
            cells.join(" ")
        })
        .collect();
    texts.sort();
    texts
}

/// The real requests show their signals, so that all may be in one file.
#[test]
fn what_was_exported_gives_the_same_tables_again() {
    for capture in captures() {
        let dir = tempfile::tempdir().unwrap();
        let sources = dialects(&capture).swap_remove(0);
        let lake = lake_of(&sources, &dir.path().join("lake"));
        let path = PathBuf::from(&**sources[0].name());
        let first = converted(&[path]);
        for format in [ExportFormat::JsonLines, ExportFormat::LengthPrefixed] {
            let file = dir.path().join("exported");
            let out = fs::File::create(&file).unwrap();
            export(&lake, &ExportOptions::new(format), out, &NoWatch).unwrap();
            let again = converted(std::slice::from_ref(&file));
            for table in Table::ALL {
                let (first, again) = (sorted(&first, table), sorted(&again, table));
                assert_eq!(first.len(), again.len(), "{}: {table}", capture.display());
                for (first, again) in first.iter().zip(&again) {
                    assert_eq!(first, again, "{}: {table}", capture.display());
                }
            }
        }
    }
}

#[test]
fn requests_are_of_bounded_size_and_their_number_changes_no_item() {
    let dir = tempfile::tempdir().unwrap();
    let sources = dialects(&captures_dir().join("claude-http")).swap_remove(0);
    let lake = lake_of(&sources, dir.path());
    let all = items_of(&sources, &ReadOptions::default());
    let check = |options: ExportOptions, expected_requests: u64| {
        let (source, exported) = exported(&lake, &options);
        assert_eq!(exported.requests, expected_requests);
        assert_eq!(items_of(&[source], &ReadOptions::default()), all);
    };
    let options = ExportOptions::new(ExportFormat::JsonLines);
    check(options.clone(), 3);
    check(
        ExportOptions {
            request_items: 10,
            ..options.clone()
        },
        6 + 7 + 8,
    );
    check(
        ExportOptions {
            request_bytes: 1,
            ..options
        },
        all.len() as u64,
    );
}
