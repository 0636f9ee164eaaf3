//! Every real capture, from every dialect into every dialect.

use std::fs;
use std::path::Path;

use otolith_capture::{Compression, Dialect, Source, find_sources};
use otolith_ingest::{CompareOptions, NoWatch, Side, SortBy, compare};
use otolith_tables::Table;

use crate::rows::{Rows, converted};
use crate::{captures, captures_dir, catted, compressed, items_of, options, threads};

fn sources(path: &Path) -> Vec<Source> {
    let mut sources = find_sources(&[path.to_owned()]).unwrap();
    sources.retain(|source| !source.name().ends_with("index.jsonl"));
    sources
}

#[test]
fn every_capture_goes_from_every_dialect_into_every_dialect() {
    let compressions = [None, Some(Compression::Gzip), Some(Compression::Zstd)];
    let mut turn = compressions.into_iter().cycle();
    let mut number = 0;
    for capture in captures() {
        let mut places: Vec<_> = fs::read_dir(&capture)
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        places.sort();
        assert!(places.len() >= 4);
        for place in places {
            let sources = sources(&place);
            number += 1;
            // All texts of one place; for the others, the identities of items are enough, and faster.
            let is_told =
                place.ends_with("agentic-ci.jsonl") || place.ends_with("file-exporter-proto");
            let sent = is_told.then(|| items_of(&sources, None));
            // Every other dialect, in turns: all of them for each way of writing, not for each capture.
            let chosen = (0..)
                .zip(Dialect::ALL)
                .filter(|(n, _)| (n + number) % 2 == 0);
            for (_, dialect) in chosen {
                let sort = match dialect {
                    Dialect::JsonLines | Dialect::Proto => SortBy::Time,
                    _ => SortBy::Input,
                };
                let mut options = threads(2, &options(dialect));
                options.sort = sort;
                let out = compressed(&sources, &options, turn.next().unwrap());
                let account = &out.account;
                let place = place.display();
                assert!(account.is_clean(), "{place} {dialect}: {account:#?}");
                assert_eq!(account.items_written, account.items_read);
                match &sent {
                    Some(sent) => {
                        assert_eq!(&items_of(&[out.source()], None), sent, "{place} {dialect}");
                    }
                    None => assert_same(&sources, &out.source(), &format!("{place} {dialect}")),
                }
            }
        }
    }
}

fn assert_same(left: &[Source], right: &Source, what: &str) {
    let side = |sources: &[Source]| Side {
        sources: sources.to_vec(),
        lakes: Vec::new(),
    };
    let right = side(std::slice::from_ref(right));
    let comparison = compare(&side(left), &right, &CompareOptions::default(), &NoWatch).unwrap();
    assert!(
        comparison.is_clean() && comparison.matched > 0,
        "{what}: {comparison:#?}"
    );
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

#[test]
fn the_output_gives_the_same_tables_as_the_input() {
    for capture in captures() {
        let path = find_sources(std::slice::from_ref(&capture)).unwrap()[0]
            .name()
            .to_string();
        let first = converted(&[path.clone().into()]);
        for dialect in [Dialect::AgenticCi, Dialect::ProtoZstd] {
            let out = catted(&sources(Path::new(&path)), &options(dialect));
            let again = converted(std::slice::from_ref(&out.path));
            for table in Table::ALL {
                let (first, again) = (sorted(&first, table), sorted(&again, table));
                assert_eq!(first, again, "{path} {dialect} {table}");
            }
            drop(out.dir);
        }
    }
}

/// Where nothing has to change, payloads pass byte for byte.
#[test]
fn requests_of_the_same_encoding_pass_unchanged() {
    let mut checked = 0;
    for capture in captures() {
        for (place, dialect) in [
            ("file-exporter", Dialect::JsonLines),
            ("file-exporter-proto", Dialect::Proto),
        ] {
            for source in sources(&capture.join(place)) {
                if source.name().ends_with("z") || source.name().ends_with("zst") {
                    continue;
                }
                let out = catted(std::slice::from_ref(&source), &options(dialect));
                assert_eq!(out.account.frames_unchanged, out.account.frames_read);
                assert!(
                    out.bytes() == fs::read(&**source.name()).unwrap(),
                    "{}",
                    source.name()
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 20);
}

#[test]
fn what_a_real_collector_wrote_is_written_alike() {
    let dir = captures_dir().join("../collector");
    let read = |name: &str| fs::read(dir.join(name)).unwrap();
    for (from, dialect, expected) in [
        ("collector.json-zstd", Dialect::JsonLines, "collector.jsonl"),
        ("collector.jsonl.zst", Dialect::JsonLines, "collector.jsonl"),
        ("collector.proto-zstd", Dialect::Proto, "collector.binpb"),
        ("collector.binpb.zst", Dialect::Proto, "collector.binpb"),
    ] {
        let out = catted(&sources(&dir.join(from)), &options(dialect));
        assert!(out.bytes() == read(expected), "{from}");
    }
    let lines = sources(&dir.join("collector.jsonl"));
    let zstd = catted(&lines, &options(Dialect::JsonZstd));
    let again = catted(&[zstd.source()], &options(Dialect::JsonLines));
    assert!(again.bytes() == read("collector.jsonl"));
}

/// Dumps of the JavaScript SDK are no OTLP: they become it.
#[test]
fn dumps_of_the_javascript_sdk_become_requests() {
    for name in ["sdk-1/lines.jsonl", "gemini-cli/seen.json"] {
        let dump = sources(&captures_dir().join("../javascript-sdk").join(name));
        for dialect in [Dialect::AgenticCi, Dialect::Varint] {
            let out = catted(&dump, &options(dialect));
            assert_eq!(out.account.frames_unchanged, 0);
            assert_eq!(
                items_of(&[out.source()], None),
                items_of(&dump, None),
                "{name}"
            );
        }
    }
}

#[test]
fn threads_change_no_byte() {
    let sources = sources(&captures_dir().join("codex-on"));
    for (dialect, sort) in [
        (Dialect::JsonLines, SortBy::Time),
        (Dialect::ProtoZstd, SortBy::Input),
    ] {
        let mut options = options(dialect);
        options.sort = sort;
        let one = catted(&sources, &options);
        let several = catted(&sources, &threads(3, &options));
        assert!(several.bytes() == one.bytes(), "{dialect}");
        assert_eq!(several.account.items_written, one.account.items_written);
    }
}
