//! What became of every frame and item.

use std::fs;

use otolith_capture::{Source, find_sources};
use otolith_ingest::{ConvertError, ConvertOptions, Dedup, NoteCount};
use otolith_tables::ColumnType;

use crate::support::{BAD_RECORD, TestLake, attribute, lines, logs, named, options};

fn body(text: &str) -> String {
    format!(r#""body":{{"stringValue":"{text}"}}"#)
}

/// Two good frames, a frame with a bad item, a frame that is no request, a torn one.
fn mixed() -> Source {
    lines(&mixed_lines())
}

fn mixed_lines() -> Vec<String> {
    let torn = logs("a", 9, &[&body("torn")]);
    vec![
        logs("a", 1, &[&body("one"), &body("two")]),
        logs("B", 2, &[&body("three"), BAD_RECORD, &body("four")]),
        r#"{"unknown":1}"#.to_owned(),
        logs("a", 3, &[&body("five")]),
        torn[..torn.len() - 10].to_owned(),
    ]
}

#[test]
fn everything_is_accounted_for() {
    for threads in [1, 3] {
        let lake = TestLake::new();
        let account = lake.convert(&[mixed()], &options(threads)).unwrap();
        assert_eq!(account.frames_read, 5);
        assert_eq!((account.frames_converted, account.frames_rejected), (3, 2));
        assert_eq!((account.items_read, account.items_rejected), (6, 1));
        let tables: Vec<_> = account
            .tables
            .iter()
            .map(|table| (table.database.as_str(), table.table, table.rows))
            .collect();
        assert_eq!(tables, [("a", "logs", 3), ("b", "logs", 2)]);
        assert_eq!(account.rows_written, 5);
        assert_eq!(lake.row_count(), 5);
        assert_eq!(account.parts_written, 2);
        assert!(!account.is_clean());
        let source = &account.sources[0];
        assert_eq!(
            (source.file.as_str(), source.frames_read),
            ("test.jsonl", 5)
        );
        assert_eq!(source.layout, "JSON lines");
        assert_eq!(account.bytes_read, source.bytes_read);
    }
}

#[test]
fn rejects_are_kept_in_order_with_their_bytes() {
    let lake = TestLake::new();
    let account = lake.convert(&[mixed()], &options(1)).unwrap();
    let rejects = lake.rejects();
    let codes: Vec<_> = rejects
        .iter()
        .map(|reject| {
            (
                reject["frame"].as_u64().unwrap(),
                reject["code"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        codes,
        [(2, "bad_value"), (3, "not_otlp"), (5, "torn_record")]
    );
    let unknown = &rejects[1];
    assert_eq!(unknown["file"], "test.jsonl");
    // {"unknown":1}
    assert_eq!(unknown["bytes"], "eyJ1bmtub3duIjoxfQ==");
    assert_eq!(unknown["len_bytes"], 13);
    let first_lines = logs("a", 1, &[&body("one"), &body("two")]).len()
        + logs("B", 2, &[&body("three"), BAD_RECORD, &body("four")]).len()
        + 2;
    assert_eq!(unknown["offset"], first_lines);
    assert!(!unknown["message"].as_str().unwrap().is_empty());

    let groups: Vec<_> = account
        .rejects
        .iter()
        .map(|group| (group.code, group.count, group.examples[0].frame))
        .collect();
    assert_eq!(
        groups,
        [
            ("bad_value", 1, 2),
            ("not_otlp", 1, 3),
            ("torn_record", 1, 5)
        ]
    );
    let path = account.rejects_file.unwrap();
    assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 3);
}

/// Small files are decoded together; each keeps its own rejects, in its own order.
#[test]
fn rejects_of_many_small_files_are_kept_in_order() {
    let one = |file: u64| {
        let mut of_file = vec![logs("c", file, &[&body("differs from file to file")])];
        of_file.extend(mixed_lines());
        named(&format!("{file:03}.jsonl"), &of_file)
    };
    let sources: Vec<Source> = (0..300).map(one).collect();
    for threads in [1, 3] {
        let lake = TestLake::new();
        let account = lake.convert(&sources, &options(threads)).unwrap();
        assert!(account.balances());
        let rejects = lake.rejects();
        let places: Vec<_> = rejects
            .iter()
            .map(|reject| {
                let file = reject["file"].as_str().unwrap();
                (file.to_owned(), reject["frame"].as_u64().unwrap())
            })
            .collect();
        let frames = |file| [3, 4, 6].map(|frame| (format!("{file:03}.jsonl"), frame));
        let expected: Vec<_> = (0..300).flat_map(frames).collect();
        assert_eq!(places, expected, "{threads} threads");
    }
}

#[test]
fn a_clean_run_writes_no_rejects() {
    let lake = TestLake::new();
    let source = lines(&[logs("a", 1, &[&body("one")])]);
    let account = lake.convert(&[source], &options(2)).unwrap();
    assert!(account.is_clean());
    assert_eq!(account.rejects_file, None);
    assert!(!lake.lake.dir().join("_rejects").exists());
    assert!(!lake.lake.dir().join("_tmp").exists());
}

#[test]
fn a_strict_run_stops_at_the_first_reject_and_writes_nothing() {
    for threads in [1, 3] {
        let lake = TestLake::new();
        let strict = ConvertOptions {
            strict: true,
            ..options(threads)
        };
        let error = lake.convert(&[mixed()], &strict).unwrap_err();
        assert!(
            matches!(&error, ConvertError::Rejected { code, origin, .. }
                if code.0 == "bad_value" && origin.frame == 2 && origin.offset > 0),
            "{error:?}"
        );
        let text = error.to_string();
        assert!(
            text.starts_with("failed to take a frame: bad_value: "),
            "{text}"
        );
        assert!(text.contains("`test.jsonl`, frame 2, byte "), "{text}");
        assert!(lake.files().is_empty());
    }
}

#[test]
fn a_source_that_cannot_be_read_ends_the_run() {
    for threads in [1, 3] {
        let lake = TestLake::new();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gone.jsonl");
        fs::write(&path, "{}").unwrap();
        let mut sources = vec![lines(&[logs("a", 1, &[&body("one")])])];
        sources.extend(find_sources(std::slice::from_ref(&path)).unwrap());
        fs::remove_file(&path).unwrap();
        let error = lake.convert(&sources, &options(threads)).unwrap_err();
        assert!(matches!(error, ConvertError::Read(_)));
        assert!(error.to_string().contains("gone.jsonl"), "{error}");
        assert!(lake.files().is_empty());
    }
}

#[test]
fn repeated_requests_are_counted_and_left_out_on_demand() {
    let request = |second| logs("a", second, &[&body("same")]);
    let sources = [
        named("one.jsonl", &[request(1), request(2), request(1)]),
        named(
            "two.jsonl",
            &[
                request(2),
                "{\"bad\":1}".to_owned(),
                "{\"bad\":1}".to_owned(),
            ],
        ),
    ];
    let lake = TestLake::new();
    let account = lake.convert(&sources, &options(1)).unwrap();
    assert_eq!((account.duplicate_requests, account.frames_skipped), (3, 0));
    assert_eq!(account.rows_written, 4);
    for threads in [1, 2] {
        let lake = TestLake::new();
        let options = ConvertOptions {
            dedup: Dedup::Requests,
            ..options(threads)
        };
        let account = lake.convert(&sources, &options).unwrap();
        assert_eq!((account.duplicate_requests, account.frames_skipped), (3, 3));
        assert_eq!((account.frames_converted, account.frames_rejected), (2, 1));
        assert_eq!(lake.row_count(), 2);
        assert!(!account.is_clean());
    }
}

#[test]
fn columns_keep_their_types_from_run_to_run() {
    let lake = TestLake::new();
    let request = |second, value: &str| lines(&[logs("a", second, &[&attribute("my.key", value)])]);
    let ints = request(1, r#"{"intValue":"7"}"#);
    let texts = request(2, r#"{"stringValue":"x"}"#);
    lake.convert(&[ints], &options(1)).unwrap();
    lake.convert(&[texts], &options(1)).unwrap();
    let database = &lake.lake.databases().unwrap()[0];
    let table = &lake.lake.tables(database).unwrap()[0];
    let r#type = |name: &str| {
        table
            .fields
            .iter()
            .find(|f| f.name == name)
            .map(|f| f.r#type)
    };
    assert_eq!(r#type("my_key"), Some(ColumnType::Int64));
    assert_eq!(r#type("my_key__string"), Some(ColumnType::String));
    assert_eq!(table.parts.len(), 2);
}

#[test]
fn notes_are_counted() {
    let lake = TestLake::new();
    let twice = r#""attributes":[{"key":"k","value":{"intValue":"1"}},{"key":"k","value":{"intValue":"2"}}]"#;
    let account = lake
        .convert(&[lines(&[logs("a", 1, &[twice])])], &options(1))
        .unwrap();
    let expected = NoteCount {
        code: "duplicate_attribute_key",
        count: 1,
    };
    assert_eq!(account.notes, [expected]);
    assert!(account.is_clean());
}

#[test]
fn nothing_gives_nothing() {
    for threads in [1, 2] {
        let lake = TestLake::new();
        let sources = [Source::from_bytes("empty.jsonl", Vec::new())];
        let account = lake.convert(&sources, &options(threads)).unwrap();
        assert_eq!((account.frames_read, account.parts_written), (0, 0));
        assert!(account.is_clean());
        assert!(lake.convert(&[], &options(threads)).unwrap().is_clean());
    }
}

#[test]
fn rejected_frames_can_be_tried_again_with_other_options() {
    let deep = r#"{"arrayValue":{"values":[{"arrayValue":{"values":[{"intValue":"1"}]}}]}}"#;
    let frame =
        logs("a", 1, &[&body("one"), &body("two")]).replace(r#"{"stringValue":"1.2"}"#, deep);
    let mut shallow = options(1);
    shallow.decode.value_depth = 1;
    let lake = TestLake::new();
    let sources = [lines(&[frame, r#"{"unknown":1}"#.to_owned()])];
    let account = lake.convert(&sources, &shallow).unwrap();
    assert_eq!((account.frames_converted, account.frames_rejected), (0, 2));
    let rejects = find_sources(&[lake.lake.dir().join("_rejects")]).unwrap();
    let account = lake.convert(&rejects, &options(1)).unwrap();
    assert_eq!(account.sources[0].layout, "JSON lines (rejects)");
    assert_eq!((account.frames_converted, account.frames_rejected), (1, 1));
    assert_eq!(account.rejects[0].code, "not_otlp");
    assert_eq!(lake.row_count(), 2);
}
