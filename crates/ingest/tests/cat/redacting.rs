//! Redaction on the way: nothing of it is in the output, and a lake of the output is the lake that
//! redacts by itself.

use std::sync::Arc;

use otolith_capture::{Dialect, Source};
use otolith_ingest::{
    CatOptions, ConvertOptions, ExportFormat, ExportOptions, NoWatch, Redaction, RedactionKey,
    export,
};

use crate::support::{BAD_RECORD, TestLake, captured, logs};
use crate::{catted, items_of, options, threads};

const WORDS: [&str; 4] = ["prompts", "emails", "ids", "cwd"];

fn redaction(key: &[u8]) -> Arc<Redaction> {
    let targets = WORDS.map(|word| word.parse().unwrap());
    Arc::new(Redaction::new(targets, RedactionKey::from_bytes(key)))
}

const KEY: &[u8] = b"a key for tests of 32 bytes, all";

#[test]
fn a_lake_of_the_output_is_the_lake_that_redacts_itself() {
    for capture in [
        "claude-json/agentic-ci.jsonl",
        "codex-on/file-exporter-proto",
        "mix-dev/agentic-ci.jsonl",
    ] {
        for key in [KEY, b""] {
            let sources = captured(capture);
            let redact = Some(redaction(key));
            let lake = TestLake::new();
            let direct = ConvertOptions {
                redact: redact.clone(),
                ..ConvertOptions::default()
            };
            let account = lake.convert(&sources, &direct).unwrap();
            let mut options = threads(2, &options(Dialect::JsonLines));
            options.redact = redact;
            let out = catted(&sources, &options);
            assert_eq!(out.account.redacted, account.redacted, "{capture}");
            assert_eq!(out.account.frames_unchanged, 0);
            let again = TestLake::new();
            again
                .convert(&[out.source()], &ConvertOptions::default())
                .unwrap();
            assert_eq!(items(&again), items(&lake), "{capture}");
        }
    }
}

/// All items of a lake, as texts.
fn items(lake: &TestLake) -> Vec<String> {
    let mut lines = Vec::new();
    let options = ExportOptions::new(ExportFormat::JsonLines);
    export(&lake.lake, &options, &mut lines, &NoWatch).unwrap();
    let items = items_of(&[Source::from_bytes("lake", lines)], None);
    assert!(items.len() > 100);
    items
}

#[test]
fn what_is_redacted_is_nowhere_in_the_output() {
    let secret = r#""body":{"stringValue":"mail ann@example.org"},"attributes":[{"key":"prompt","value":{"stringValue":"hush"}},{"key":"user.id","value":{"stringValue":"u-123456"}}]"#;
    let bad = BAD_RECORD.replace("\"k\"", "\"ann@example.org hush\"");
    let text = [
        logs("s", 1, &[secret, &bad]),
        "{\"hush\": ann@example.org".to_owned(),
    ]
    .join("\n");
    let source = Source::from_bytes("ann@example.org.jsonl", text.into_bytes());
    for dialect in [
        Dialect::JsonLines,
        Dialect::AgenticCi,
        Dialect::Proto,
        Dialect::Grpc,
    ] {
        for key in [KEY, b""] {
            let options = CatOptions {
                redact: Some(redaction(key)),
                ..options(dialect)
            };
            let out = catted(std::slice::from_ref(&source), &options);
            let written = String::from_utf8_lossy(&out.bytes()).into_owned();
            // What is told of rejects is part of the output; files are named as they were given.
            let told = format!("{:?}", out.account.rejects);
            for secret in ["hush", "ann@", "123456"] {
                assert!(!written.contains(secret), "{dialect}: {written}");
                assert!(!told.contains(secret), "{told}");
            }
            assert!(written.contains("mail "));
            assert_eq!(
                (out.account.items_written, out.account.items_rejected),
                (1, 1)
            );
            assert_eq!(out.account.frames_rejected, 1);
        }
    }
}

/// The whole of a request is judged by what was sent, also by a name that is redacted.
#[test]
fn services_are_chosen_by_their_names_as_sent() {
    let source = crate::support::lines(&[logs("ann@example.org", 1, &[r#""severityNumber":1"#])]);
    let mut options = options(Dialect::JsonLines);
    options.redact = Some(redaction(b""));
    options.slice.service = Some(otolith_ingest::ServiceFilter::new(|name| {
        name == "ann@example.org"
    }));
    let out = catted(&[source], &options);
    assert_eq!(out.account.items_written, 1);
    assert!(!String::from_utf8(out.bytes()).unwrap().contains("ann"));
}
