//! The same input gives the same lake, byte for byte.

use std::collections::BTreeMap;
use std::path::PathBuf;

use otolith_capture::Source;
use otolith_ingest::{ConvertOptions, ExportFormat, ExportOptions, NoWatch, export};

use crate::support::{TestLake, captured, logs, named, options};

/// Some real captures of three emitters and three dialects, damaged ones between them.
fn sources() -> Vec<Source> {
    let mut sources = captured("claude-http");
    sources.push(Source::from_bytes(
        "noise",
        b"no capture at all\n{\"x\":1}\n".to_vec(),
    ));
    sources.extend(captured("mix-dev/agentic-ci.jsonl"));
    sources.extend(captured("pysdk-grpc"));
    sources
}

fn converted(sources: &[Source], options: &ConvertOptions) -> BTreeMap<PathBuf, Vec<u8>> {
    let lake = TestLake::new();
    lake.convert(sources, options).unwrap();
    lake.files()
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let sources = sources();
    // Small enough for several parts per table and date, which are merged at the end.
    let of = |threads| ConvertOptions {
        buffer_bytes: 256 << 10,
        ..options(threads)
    };
    let one = converted(&sources, &of(1));
    assert!(one.len() > 10, "{:?}", one.keys());
    for threads in [2, 4] {
        let several = converted(&sources, &of(threads));
        assert!(one.keys().eq(several.keys()));
        for (path, bytes) in &one {
            assert!(several[path] == *bytes, "{} differs", path.display());
        }
    }
}

/// Everything of a lake as requests.
fn exported(lake: &TestLake) -> Vec<u8> {
    let mut out = Vec::new();
    let options = ExportOptions::new(ExportFormat::JsonLines);
    export(&lake.lake, &options, &mut out, &NoWatch).unwrap();
    out
}

#[test]
fn what_memory_does_not_hold_at_once_is_the_same() {
    let sources = sources();
    let lakes = [64 << 10, 1 << 30].map(|buffer_bytes| {
        let lake = TestLake::new();
        let options = ConvertOptions {
            buffer_bytes,
            ..options(2)
        };
        lake.convert(&sources, &options).unwrap();
        lake
    });
    let [small, large] = &lakes;
    assert_eq!(small.files().len(), large.files().len());
    assert!(exported(small) == exported(large));
}

#[test]
fn the_same_again_doubles_nothing() {
    let sources = sources();
    let lake = TestLake::new();
    lake.convert(&sources, &options(2)).unwrap();
    let (files, rows) = (lake.files(), lake.row_count());
    lake.convert(&sources, &options(1)).unwrap();
    assert_eq!(lake.row_count(), rows);
    let again = lake.files();
    assert!(files.keys().eq(again.keys()));
    for (path, bytes) in &files {
        assert!(again[path] == *bytes, "{} differs", path.display());
    }
}

#[test]
fn part_names_depend_on_content_and_options_alone() {
    let requests = |second| [logs("a", second, &[r#""body":{"stringValue":"x"}"#])];
    let names = |sources: &[Source], options: &ConvertOptions| {
        let files = converted(sources, options);
        files.into_keys().collect::<Vec<PathBuf>>()
    };
    let one = names(&[named("one.jsonl", &requests(1))], &options(1));
    assert_eq!(
        one,
        names(&[named("renamed.jsonl", &requests(1))], &options(1))
    );
    assert_ne!(one, names(&[named("one.jsonl", &requests(2))], &options(1)));
    let other = ConvertOptions {
        columns_per_table: 100,
        ..options(1)
    };
    assert_ne!(one, names(&[named("one.jsonl", &requests(1))], &other));
}
