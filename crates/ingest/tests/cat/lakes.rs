//! A lake into a capture, with what can be done to captures.

use otolith_capture::{CaptureFiles, Dialect, FileOptions, Source};
use otolith_ingest::{
    CatOptions, ConvertOptions, NoWatch, ServiceFilter, Slice, SortBy, TraceSample, cat_lake,
};

use crate::support::{TestLake, captured};
use crate::{Catted, catted, items_of, options};

fn catted_lake(lake: &TestLake, options: &CatOptions) -> Catted {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    let out = CaptureFiles::create(&path, FileOptions::default()).unwrap();
    let account = cat_lake(&lake.lake, options, out, &NoWatch).unwrap();
    assert!(account.balances(), "{account:#?}");
    assert!(account.is_clean());
    Catted { dir, path, account }
}

fn lake(sources: &[Source]) -> TestLake {
    let lake = TestLake::new();
    lake.convert(sources, &ConvertOptions::default()).unwrap();
    lake
}

#[test]
fn a_lake_becomes_a_capture_in_every_dialect() {
    let sources = captured("mix-dev/agentic-ci.jsonl");
    let lake = lake(&sources);
    let expected = items_of(&sources, None);
    for dialect in Dialect::ALL {
        for sort in [SortBy::Input, SortBy::Time] {
            let options = CatOptions {
                sort,
                ..options(dialect)
            };
            let out = catted_lake(&lake, &options);
            assert_eq!(items_of(&[out.source()], None), expected, "{dialect}");
            assert_eq!(out.account.frames_unchanged, out.account.requests);
            drop(out.dir);
        }
    }
}

/// The slice of a lake is that of the captures it was made of.
#[test]
fn a_lake_is_sliced_as_captures_are() {
    let sources = captured("mix-dev/agentic-ci.jsonl");
    let lake = lake(&sources);
    // The capture is of 2026-11-20.
    let day = 20_777_i64 * 86_400_000_000_000;
    let slices = [
        Slice {
            service: Some(ServiceFilter::new(|name| name.starts_with("claude"))),
            ..Slice::default()
        },
        Slice {
            since: Some(day),
            until: Some(day + 86_400_000_000_000),
            traces: TraceSample::of_share(0.3),
            ..Slice::default()
        },
        Slice {
            until: Some(day),
            ..Slice::default()
        },
    ];
    for slice in slices {
        let options = CatOptions {
            slice,
            ..options(Dialect::JsonLines)
        };
        let expected = catted(&sources, &options);
        let found = catted_lake(&lake, &options);
        assert_eq!(found.account.items_written, expected.account.items_written);
        assert_eq!(items_of_file(&found), items_of_file(&expected));
    }
}

fn items_of_file(out: &Catted) -> Vec<String> {
    match out.bytes().is_empty() {
        true => Vec::new(),
        false => items_of(&[out.source()], None),
    }
}
