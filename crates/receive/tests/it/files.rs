//! What files are called, when they are finished, and what they are while they are written.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use hyper::Version;
use otolith_receive::{
    Compression, Dialect, Durability, FileOptions, Grouping, Keep, ReceiveError, ReceiveOptions,
    Receiver,
};

use crate::client::{Client, PROTOBUF};
use crate::reading::{bodies, read_dir};
use crate::{discarding, log, stop, with_files, writing};

/// Names of files, hidden ones left out, without their times.
fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .map(|name| {
            let (word, rest) = name.split_once('-').unwrap();
            format!("{word}{}", &rest[rest.find('.').unwrap() + 4..])
        })
        .collect();
    names.sort();
    names
}

#[test]
fn files_have_their_names_once_they_are_whole() {
    let dir = tempfile::tempdir().unwrap();
    for (dialect, grouping, compression, expected) in [
        (
            Dialect::JsonLines,
            Grouping::Together,
            Compression::None,
            "otlp.jsonl",
        ),
        (
            Dialect::AgenticCi,
            Grouping::Together,
            Compression::Zstd,
            "otlp.jsonl.zst",
        ),
        (
            Dialect::JsonLines,
            Grouping::PerSignal,
            Compression::Gzip,
            "logs.jsonl.gz",
        ),
        (
            Dialect::Proto,
            Grouping::PerSignal,
            Compression::None,
            "logs.binpb",
        ),
    ] {
        let path = dir.path().join(expected);
        let options = with_files(writing(&path, dialect), |files| {
            files.grouping = grouping;
            files.compression = compression;
        });
        let receiver = Receiver::start(&options).unwrap();
        assert_eq!(names(&path), Vec::<String>::new(), "no request, no file");
        let client = Client::new(receiver.addresses()[0], Version::HTTP_11);
        client.post_json("/v1/logs", log("a"));
        assert_eq!(names(&path), [format!("{expected}.open")]);
        // What is acknowledged can be read at once.
        assert_eq!(bodies(&read_dir(&path)), ["a"], "{expected}");
        let outcome = stop(receiver);
        assert_eq!(names(&path), [expected]);
        let held = read_dir(&path);
        assert_eq!(
            (bodies(&held), held.rejects.len()),
            (vec!["a".to_owned()], 0)
        );
        let files = outcome.files.unwrap();
        assert_eq!((files.finished, files.requests), (1, 1));
        let file = &files.list[0];
        assert_eq!(fs::metadata(&file.path).unwrap().len(), file.bytes);
        assert_eq!((files.bytes, file.items), (file.bytes, 1));
    }
}

#[test]
fn signals_have_files_of_their_own_where_told() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(&writing(dir.path(), Dialect::Proto)).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_11);
    client.post_json("/v1/logs", log("a"));
    let span = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"s","kind":1,"startTimeUnixNano":"1"}]}]}]}"#;
    client.post_json("/v1/traces", span);
    stop(receiver);
    assert_eq!(names(dir.path()), ["logs.binpb", "traces.binpb"]);
    assert_eq!(read_dir(dir.path()).requests.len(), 2);

    let together = with_files(writing(dir.path(), Dialect::Proto), |files| {
        files.grouping = Grouping::Together;
    });
    let error = Receiver::start(&together).unwrap_err();
    assert!(matches!(error, ReceiveError::Together), "{error}");
}

#[test]
fn files_are_finished_by_size() {
    let dir = tempfile::tempdir().unwrap();
    for compression in [Compression::None, Compression::Zstd, Compression::Gzip] {
        let path = dir.path().join(format!("{compression:?}"));
        let options = with_files(writing(&path, Dialect::JsonLines), |files| {
            files.rotate_size = Some(1_000);
            files.compression = compression;
        });
        let receiver = Receiver::start(&options).unwrap();
        let client = Client::new(receiver.addresses()[0], Version::HTTP_2);
        // Texts that cannot be compressed by much.
        let texts: Vec<String> = (0..40_u64)
            .map(|n| {
                let word = |k: u64| (n * 7 + k).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                (0..7).map(|k| format!("{:016x}", word(k))).collect()
            })
            .collect();
        for text in &texts {
            assert_eq!(client.post_json("/v1/logs", log(text)).status, 200);
        }
        let files = stop(receiver).files.unwrap();
        let all: Vec<u64> = files.list.iter().map(|file| file.bytes).collect();
        assert!(files.finished > 2, "{all:?}");
        let (_, full) = all.split_last().unwrap();
        assert!(
            full.iter().all(|bytes| (1_000..1_300).contains(bytes)),
            "{all:?}"
        );
        // Files are read in the order of writing.
        let held = read_dir(&path);
        assert_eq!(
            (bodies(&held), held.rejects.len()),
            (texts, 0),
            "{compression:?}"
        );
    }
}

#[test]
fn many_requests_at_once_fill_many_files() {
    let dir = tempfile::tempdir().unwrap();
    let options = with_files(writing(dir.path(), Dialect::JsonLines), |files| {
        files.rotate_size = Some(1);
    });
    let receiver = Receiver::start(&options).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_2);
    let bodies = (0..50).map(|n| log(&n.to_string()).into()).collect();
    let headers = [("content-type", crate::client::JSON)];
    let answers = client.post_all("/v1/logs", &headers, bodies);
    assert!(
        answers
            .iter()
            .all(|answer| answer.as_ref().unwrap().status == 200)
    );
    assert_eq!(stop(receiver).files.unwrap().finished, 50);
    assert_eq!(read_dir(dir.path()).requests.len(), 50);
}

#[test]
fn files_are_finished_by_age() {
    let dir = tempfile::tempdir().unwrap();
    let options = with_files(writing(dir.path(), Dialect::JsonLines), |files| {
        files.rotate_every = Some(Duration::from_millis(100));
    });
    let receiver = Receiver::start(&options).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_11);
    for number in 1..=2 {
        client.post_json("/v1/logs", log("a"));
        let begun = Instant::now();
        // Without a further request.
        while receiver.outcome().files.unwrap().finished < number {
            assert!(begun.elapsed() < Duration::from_secs(20));
            thread::sleep(Duration::from_millis(5));
        }
    }
    assert_eq!(names(dir.path()), ["otlp.jsonl", "otlp.jsonl"]);
    assert_eq!(stop(receiver).files.unwrap().finished, 2);
}

#[test]
fn durability_is_as_told() {
    let dir = tempfile::tempdir().unwrap();
    let syncs = |durability: Durability, wait: Duration| {
        let path = dir.path().join(format!("{durability:?}"));
        let options = with_files(writing(&path, Dialect::JsonLines), |files| {
            files.durability = durability;
        });
        let receiver = Receiver::start(&options).unwrap();
        let client = Client::new(receiver.addresses()[0], Version::HTTP_11);
        for _ in 0..10 {
            client.post_json("/v1/logs", log("a"));
        }
        thread::sleep(wait);
        let syncs = receiver.outcome().files.unwrap().syncs;
        stop(receiver);
        assert_eq!(read_dir(&path).requests.len(), 10);
        syncs
    };
    assert_eq!(syncs(Durability::Always, Duration::ZERO), 10);
    assert_eq!(syncs(Durability::Never, Duration::ZERO), 0);
    let every = Durability::Every(Duration::from_millis(200));
    let found = syncs(every, Duration::from_millis(700));
    assert!((1..10).contains(&found), "{found}");
}

#[test]
fn one_receiver_at_a_time_writes_into_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(&writing(dir.path(), Dialect::JsonLines)).unwrap();
    let error = Receiver::start(&writing(dir.path(), Dialect::JsonLines)).unwrap_err();
    assert!(matches!(error, ReceiveError::Occupied { .. }), "{error}");
    stop(receiver);
    stop(Receiver::start(&writing(dir.path(), Dialect::JsonLines)).unwrap());
}

#[test]
fn a_directory_that_is_none_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, "x").unwrap();
    let options = ReceiveOptions {
        keep: Keep::Files(FileOptions::new(path, Dialect::JsonLines)),
        ..discarding()
    };
    let error = Receiver::start(&options).unwrap_err();
    assert!(matches!(error, ReceiveError::Directory { .. }), "{error}");
}

#[test]
fn what_cannot_be_written_is_not_acknowledged_and_can_be_later() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("captures");
    let receiver = Receiver::start(&writing(&path, Dialect::JsonLines)).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_11);
    // Nothing can be made in a directory that is gone.
    fs::remove_dir_all(&path).unwrap();
    let answer = client.post_json("/v1/logs", log("lost"));
    assert_eq!((answer.status, answer.header("retry-after")), (503, "5"));
    assert_eq!(answer.json()["code"], 14);
    fs::create_dir(&path).unwrap();
    assert_eq!(client.post_json("/v1/logs", log("kept")).status, 200);
    let outcome = stop(receiver);
    let files = outcome.files.as_ref().unwrap();
    assert_eq!((files.failures, outcome.requests.refused), (1, 1));
    assert!(
        files.failure.as_ref().unwrap().contains("No such file"),
        "{files:?}"
    );
    assert!(!outcome.is_clean());
    assert_eq!(bodies(&read_dir(&path)), ["kept"]);
}

#[test]
fn arrival_times_are_kept_where_there_is_a_place() {
    let dir = tempfile::tempdir().unwrap();
    let before = std::time::SystemTime::now();
    let receiver = Receiver::start(&writing(dir.path(), Dialect::AgenticCi)).unwrap();
    let client = Client::new(receiver.addresses()[0], Version::HTTP_11);
    client.post_json("/v1/logs", log("a"));
    client.post(
        "/v1/logs",
        PROTOBUF,
        b"\x0a\x06\x12\x04\x12\x02\x10\x09".as_slice(),
    );
    stop(receiver);
    let held = read_dir(dir.path());
    assert_eq!(held.layouts, ["JSON lines (agentic-ci)"]);
    for request in held.requests {
        let nanos = request.arrival_unix_nano.unwrap();
        let arrival = std::time::UNIX_EPOCH + Duration::from_nanos(nanos);
        // Written to the microsecond.
        let since = arrival + Duration::from_micros(1) >= before;
        assert!(
            since && arrival <= std::time::SystemTime::now(),
            "{arrival:?}"
        );
    }
}
