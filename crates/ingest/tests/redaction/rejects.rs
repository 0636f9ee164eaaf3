//! Rejects of a conversion that redacts.

use otolith_capture::find_sources;
use otolith_ingest::ConvertOptions;

use crate::lake_content::Content;
use crate::support::{BAD_RECORD, TestLake, lines, logs, named};
use crate::{MODES, Mode, redacting};

/// A frame with a bad item, lines that are no JSON, a request that is none, a torn one.
fn damaged() -> Vec<String> {
    let bad_item = format!(r#"{BAD_RECORD},"severityText":"hush""#);
    let id = r#""traceId":"hush","body":{"stringValue":"hush"}"#;
    let kind = r#""severityNumber":"hush""#;
    let torn = logs("hush", 9, &[r#""body":{"stringValue":"hush"}"#]);
    vec![
        logs("a", 1, &[r#""body":{"stringValue":"x"}"#, &bad_item, id, kind]),
        "hush, this is no JSON".to_owned(),
        r#"{"hush":"hush"}"#.to_owned(),
        r#"{"resourceLogs":"hush"}"#.to_owned(),
        r#"{"resourceLogs":[hush]}"#.to_owned(),
        r#"{"__otel_otlp_stdout":"hush","payload":"hush"}"#.to_owned(),
        r#"{"__otel_otlp_stdout":"0.1","content-encoding":"hush","payload":"aHVzaA==","base64":true}"#.to_owned(),
        torn[..torn.len() - 10].to_owned(),
    ]
}

#[test]
fn neither_bytes_nor_quotes_of_rejects_are_kept() {
    for mode in MODES {
        let lake = TestLake::new();
        let account = lake
            .convert(&[lines(&damaged())], &redacting("prompts", mode, 1))
            .unwrap();
        assert!(
            account.frames_rejected >= 5 && account.items_rejected >= 2,
            "{account:#?}"
        );
        assert_eq!(Content::of(&lake).find("hush"), None);
        assert_eq!(Content::of(&lake).find("aHVzaA"), None);
        let told = serde_json::to_string(&account.rejects).unwrap();
        assert!(!told.contains("hush"), "{told}");
        for line in lake.rejects() {
            assert!(line["bytes"].is_null(), "{line}");
            assert_eq!(line["redacted"], true);
            assert!(line["len_bytes"].as_u64().unwrap() > 0, "{line}");
            assert!(!line["message"].as_str().unwrap().is_empty());
        }
    }
}

#[test]
fn the_error_of_a_strict_run_quotes_nothing() {
    for line in damaged() {
        let lake = TestLake::new();
        let options = ConvertOptions {
            strict: true,
            ..redacting("ids", Mode::Remove, 1)
        };
        let error = lake
            .convert(&[lines(&[line])], &options)
            .unwrap_err()
            .to_string();
        assert!(!error.contains("hush"), "{error}");
    }
}

#[test]
fn withheld_rejects_are_rejected_again_with_the_reason() {
    let lake = TestLake::new();
    lake.convert(&[lines(&damaged())], &redacting("ids", Mode::Remove, 1))
        .unwrap();
    let rejects = find_sources(&[lake.lake.dir().join("_rejects")]).unwrap();
    let again = TestLake::new();
    let account = again.convert(&rejects, &ConvertOptions::default()).unwrap();
    assert_eq!((account.frames_converted, account.rejects.len()), (0, 1));
    assert_eq!(account.rejects[0].code, "unrecoverable_body");
    let message = &account.rejects[0].examples[0].message;
    assert!(message.contains("left out by redaction"), "{message}");
}

#[test]
fn rejects_kept_earlier_are_redacted_when_they_are_tried_again() {
    let deep = r#"{"arrayValue":{"values":[{"arrayValue":{"values":[{"intValue":"1"}]}}]}}"#;
    let record = format!(
        r#""attributes":[{{"key":"prompt","value":{{"stringValue":"hush"}}}},{{"key":"d","value":{deep}}}]"#
    );
    let frame = logs("a", 1, &[&record]).replace(r#"{"stringValue":"1.2"}"#, deep);
    let mut shallow = ConvertOptions::default();
    shallow.decode.value_depth = 1;
    let (lake, again) = (TestLake::new(), TestLake::new());
    lake.convert(&[lines(&[frame])], &shallow).unwrap();
    let rejects = find_sources(&[lake.lake.dir().join("_rejects")]).unwrap();
    let account = again
        .convert(&rejects, &redacting("prompts", Mode::Remove, 1))
        .unwrap();
    assert_eq!(
        (account.frames_converted, account.redacted[0].values),
        (1, 1)
    );
    assert_eq!(Content::of(&again).find("hush"), None);
}

#[test]
fn names_of_files_lose_their_addresses() {
    let source = named("otel/ann@example.org/logs.jsonl", &damaged());
    let lake = TestLake::new();
    let account = lake
        .convert(&[source], &redacting("emails", Mode::Hash, 2))
        .unwrap();
    assert_eq!(Content::of(&lake).find("ann@example"), None);
    let file = &account.rejects[0].examples[0].file;
    assert!(
        file.starts_with("otel/redacted:") && file.ends_with("/logs.jsonl"),
        "{file}"
    );
}
