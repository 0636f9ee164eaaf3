//! Redaction: what was to be redacted is nowhere in the lake, all else is as it would be.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod account;
mod captures;
#[expect(dead_code, reason = "not all of it is used here")]
#[path = "../../../otlp/tests/it/generate.rs"]
mod generate;
#[path = "../../../otlp/tests/it/json_writer.rs"]
mod json_writer;
mod lake_content;
mod planted;
mod rejects;
#[expect(dead_code, reason = "not all of it is used here")]
#[path = "../it/support.rs"]
mod support;

use std::num::NonZeroUsize;
use std::sync::Arc;

use otolith_ingest::{ConvertOptions, Redaction, RedactionKey};

/// How values are redacted.
#[derive(Clone, Copy, Debug)]
enum Mode {
    Remove,
    Hash,
}

const MODES: [Mode; 2] = [Mode::Remove, Mode::Hash];
const KEY: &[u8] = b"a key for tests of 32 bytes, all";

/// Options that redact what the words name, separated by commas.
fn redacting(words: &str, mode: Mode, threads: usize) -> ConvertOptions {
    let key = match mode {
        Mode::Remove => None,
        Mode::Hash => RedactionKey::from_bytes(KEY),
    };
    let targets = words.split(',').map(|word| word.parse().unwrap());
    ConvertOptions {
        threads: NonZeroUsize::new(threads).unwrap(),
        redact: Some(Arc::new(Redaction::new(targets, key))),
        ..ConvertOptions::default()
    }
}
