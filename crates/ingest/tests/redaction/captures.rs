//! Real captures.

use std::collections::BTreeSet;

use otolith_capture::{CaptureReader, Chunk, Entry, ReadOptions};
use serde_json::Value;

use crate::lake_content::Content;
use crate::support::{TestLake, captured, options};
use crate::{MODES, redacting};

const PLACES: [&str; 9] = [
    "claude-grpc",
    "claude-http",
    "claude-json",
    "codex-grpc",
    "codex-off",
    "codex-on",
    "mix-dev",
    "pysdk-grpc",
    "pysdk-http",
];

/// The keys of the classes that occur in the captures, named here once more.
const KEYS: [&str; 14] = [
    "prompt",
    "prompt_text",
    "user_prompt",
    "response",
    "tool_input",
    "tool_parameters",
    "full_command",
    "bash_argv0",
    "arguments",
    "output",
    "user.id",
    "user.email",
    "host.name",
    "host.id",
];
/// Values that are looked for have at least so many bytes: shorter ones are words of other values.
const SECRET_BYTES: usize = 8;

/// Texts of attributes that are to be redacted.
fn secrets(json: &Value, found: &mut BTreeSet<String>) {
    match json {
        Value::Array(items) => items.iter().for_each(|item| secrets(item, found)),
        Value::Object(members) => {
            if members
                .get("key")
                .and_then(Value::as_str)
                .is_some_and(|key| KEYS.contains(&key))
            {
                texts(&members["value"], found);
            }
            members.values().for_each(|value| secrets(value, found));
        }
        _ => {}
    }
}

fn texts(json: &Value, found: &mut BTreeSet<String>) {
    match json {
        // What emitters write in place of a prompt.
        Value::String(text) if text == "<REDACTED>" || text == "[REDACTED]" => {}
        Value::String(text) if text.len() >= SECRET_BYTES => {
            found.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|value| texts(value, found)),
        _ => {}
    }
}

/// Secrets of all JSON frames of a place.
fn secrets_of(place: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for source in captured(place) {
        let mut reader: CaptureReader = source.open(&ReadOptions::default()).unwrap();
        let mut chunk = Chunk::new();
        while reader.next_chunk(&mut chunk).unwrap() {
            for entry in chunk.entries() {
                if let Entry::Frame(frame) = entry
                    && let Ok(json) = serde_json::from_slice(frame.bytes)
                {
                    secrets(&json, &mut found);
                }
            }
        }
    }
    found
}

#[test]
fn no_value_of_the_classes_is_left() {
    let mut looked_for = 0;
    for place in PLACES {
        let secrets = secrets_of(place);
        looked_for += secrets.len();
        let sources = captured(place);
        let plain = TestLake::new();
        let unredacted = plain.convert(&sources, &options(2)).unwrap();
        let in_plain = Content::of(&plain);
        assert!(secrets.iter().all(|secret| in_plain.find(secret).is_some()));
        for mode in MODES {
            let lake = TestLake::new();
            let account = lake
                .convert(&sources, &redacting("prompts,emails,ids", mode, 2))
                .unwrap();
            assert_eq!(account.tables, unredacted.tables);
            let content = Content::of(&lake);
            for secret in &secrets {
                assert_eq!(content.find(secret), None, "{place}: {secret}");
            }
        }
    }
    assert!(looked_for > 40, "{looked_for}");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let mut sources = captured("claude-http");
    sources.extend(captured("codex-on"));
    sources.extend(captured("pysdk-grpc"));
    for mode in MODES {
        let converted = |threads| {
            let lake = TestLake::new();
            let options = redacting("prompts,emails,ids,model,no.such.key", mode, threads);
            let mut account = lake.convert(&sources, &options).unwrap();
            account.rejects_file = None;
            (lake.files(), account)
        };
        let (one, several) = (converted(1), converted(3));
        assert_eq!(one.1, several.1);
        assert!(one.0 == several.0);
        assert_eq!(one.1.redacted.len(), 5);
        assert!(one.1.redacted[2].values > 100, "{:?}", one.1.redacted);
    }
}
