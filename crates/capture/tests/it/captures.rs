//! Real captures: every dialect of one holds the same number of requests.

use std::path::{Path, PathBuf};

use otolith_capture::{Chunk, Entry, ReadOptions, find_sources};

/// Frames by layout of what stands below a path, which must hold no rejects.
fn frames(path: &str) -> Vec<(String, usize)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
    let path: PathBuf = root.join(path);
    let mut found = Vec::new();
    for source in find_sources(&[path]).unwrap() {
        let mut reader = source.open(&ReadOptions::default()).unwrap();
        let mut chunk = Chunk::new();
        let mut count = 0;
        while reader.next_chunk(&mut chunk).unwrap() {
            for entry in chunk.entries() {
                match entry {
                    Entry::Frame(_) => count += 1,
                    Entry::Reject(reject) => panic!("{}: {}", reject.origin, reject.message),
                }
            }
        }
        found.push((reader.layout().to_string(), count));
    }
    found
}

fn check(path: &str, expected: &[(&str, usize)]) {
    let expected: Vec<(String, usize)> = expected
        .iter()
        .map(|(layout, count)| ((*layout).to_owned(), *count))
        .collect();
    assert_eq!(frames(path), expected, "{path}");
}

#[test]
fn dialects_of_a_capture_have_the_same_requests() {
    let capture = "captures/claude-http";
    check(
        &format!("{capture}/agentic-ci.jsonl"),
        &[("JSON lines (agentic-ci)", 34)],
    );
    // Logs, metrics, traces.
    check(
        &format!("{capture}/file-exporter"),
        &[("JSON lines", 13), ("JSON lines", 11), ("JSON lines", 10)],
    );
    let proto = "length-prefixed protobuf";
    check(
        &format!("{capture}/file-exporter-proto"),
        &[(proto, 13), (proto, 11), (proto, 10)],
    );
    check(
        "captures/codex-on/agentic-ci.jsonl.zst",
        &[("zstd > JSON lines (agentic-ci)", 23)],
    );
}

#[test]
fn raw_bodies_are_single_messages() {
    for (layout, count) in frames("captures/pysdk-http/raw")
        .into_iter()
        .filter(|(l, _)| !l.contains("JSON"))
    {
        assert!(layout.ends_with("one protobuf message"), "{layout}");
        assert_eq!(count, 1);
    }
}

#[test]
fn every_framing_of_the_collector_is_read() {
    check(
        "collector",
        &[
            ("length-prefixed protobuf", 17),
            ("zstd > length-prefixed protobuf", 17),
            ("length-prefixed zstd messages", 17),
            ("JSON lines", 17),
            ("zstd > JSON lines", 17),
            ("length-prefixed zstd messages", 17),
        ],
    );
}
