//! Captures into captures: the same in meaning, the selected part, in the order of time.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod captures;
#[expect(dead_code, reason = "shared with tests that use all of it")]
#[path = "../../../otlp/tests/it/generate.rs"]
mod generate;
mod hostile;
#[path = "../../../tables/src/properties/items.rs"]
mod items;
mod lakes;
mod merging;
mod redacting;
#[expect(dead_code, reason = "shared with tests that use all of it")]
#[path = "../truth/rows.rs"]
mod rows;
mod selecting;
#[expect(dead_code, reason = "not all of it is used here")]
#[path = "../it/support.rs"]
mod support;

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use otolith_capture::{
    CaptureFiles, Chunk, Compression, Dialect, Entry, FileOptions, Frame, ReadOptions, Signal,
    Source,
};
use otolith_ingest::{CatAccount, CatOptions, NoWatch, cat};
use otolith_otlp::{Decoder, Limits};

use items::Items;

/// A file that was written, and the account of it.
struct Catted {
    dir: tempfile::TempDir,
    path: PathBuf,
    account: CatAccount,
}

impl Catted {
    fn bytes(&self) -> Vec<u8> {
        fs::read(&self.path).unwrap()
    }

    /// The file as a source whose name tells nothing.
    fn source(&self) -> Source {
        Source::from_bytes("out", self.bytes())
    }
}

fn options(dialect: Dialect) -> CatOptions {
    CatOptions::new(dialect)
}

fn threads(number: usize, options: &CatOptions) -> CatOptions {
    CatOptions {
        threads: NonZeroUsize::new(number).unwrap(),
        ..options.clone()
    }
}

fn catted(sources: &[Source], options: &CatOptions) -> Catted {
    compressed(sources, options, None)
}

fn compressed(
    sources: &[Source],
    options: &CatOptions,
    compression: Option<Compression>,
) -> Catted {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    let files = FileOptions {
        compression,
        split_bytes: None,
    };
    let out = CaptureFiles::create(&path, files).unwrap();
    let account = cat(sources, options, out, &NoWatch).unwrap();
    assert!(account.balances(), "{account:#?}");
    Catted { dir, path, account }
}

/// Visits all good frames.
fn each_frame(sources: &[Source], signal: Option<Signal>, mut visit: impl FnMut(&Frame<'_>)) {
    let read = ReadOptions {
        signal,
        ..ReadOptions::default()
    };
    let mut chunk = Chunk::new();
    for source in sources {
        let mut reader = source.open(&read).unwrap();
        while reader.next_chunk(&mut chunk).unwrap() {
            for entry in chunk.entries() {
                match entry {
                    Entry::Frame(frame) => visit(&frame),
                    Entry::Reject(reject) => panic!("{reject:?}"),
                }
            }
        }
    }
}

/// The items of captures, each a text, sorted. Everything in them is good.
fn items_of(sources: &[Source], signal: Option<Signal>) -> Vec<String> {
    let mut decoder = Decoder::new(Limits::DEFAULT);
    let mut items = Items::default();
    each_frame(sources, signal, |frame| {
        let decoded = decoder.decode(frame, &mut items).unwrap();
        assert_eq!(decoded.rejected_items, 0);
    });
    items.sorted()
}

fn captures_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/captures")
}

/// The directories of captures, by name.
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
