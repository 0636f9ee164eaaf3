//! Dumps of the JavaScript SDK go the way of every capture.

use std::fs;
use std::path::PathBuf;

use crate::sink::Sink;
use crate::support::{capture, lake_of, otolith, run};

/// 8 spans, 69 points, 16 records in 27 objects.
fn gemini() -> PathBuf {
    capture("../javascript-sdk/gemini-cli/seen.json")
}

const ITEMS: u64 = 8 + 69 + 16;

#[test]
fn inspect_names_layout_and_agent() {
    let done = run(otolith().arg("inspect").arg(gemini()));
    assert_eq!(done.code, 0, "{}", done.err);
    for text in [
        "JSON documents (JavaScript SDK)",
        "Gemini CLI",
        "27 read = 27 good",
    ] {
        assert!(done.out.contains(text), "{}", done.out);
    }
}

#[test]
fn a_lake_of_a_dump_gives_otlp() {
    let dir = lake_of(&[gemini()]);
    let file = dir.path().join("requests.jsonl");
    let done = run(otolith()
        .args(["cat", "--as", "jsonl", "--lake"])
        .arg(dir.path().join("lake"))
        .arg("-o")
        .arg(&file));
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(
        done.err.contains("8 spans, 69 data points, 16 log records"),
        "{}",
        done.err
    );
    let text = fs::read_to_string(file).unwrap();
    assert!(text.lines().all(|line| line.starts_with("{\"resource")));
}

#[test]
fn replay_sends_each_object_as_a_request() {
    let sink = Sink::start("200 OK");
    let done = run(otolith()
        .args(["replay", "--speed", "max", "--json", "--to", &sink.url])
        .arg(gemini()));
    assert_eq!(done.code, 0, "{}", done.err);
    let received = sink.take();
    let to = |path: &str| received.iter().filter(|one| one.path == path).count();
    assert_eq!(
        (to("/v1/traces"), to("/v1/metrics"), to("/v1/logs")),
        (8, 3, 16)
    );
}

#[test]
fn a_dump_is_read_on_as_it_grows() {
    let dir = tempfile::tempdir().unwrap();
    let whole = fs::read(gemini()).unwrap();
    let growing = dir.path().join("telemetry.log");
    let mut items = 0;
    // Cut inside of objects, as a reader finds a file that is being written.
    for part in [1, 2, 3, 4] {
        fs::write(&growing, &whole[..whole.len() * part / 4]).unwrap();
        let done = run(otolith()
            .args(["convert", "--torn-tail", "wait", "--json", "--lake"])
            .arg(dir.path().join("lake"))
            .arg(&growing));
        assert_eq!(done.code, 0, "{}", done.err);
        items += done.json()["items_read"].as_u64().unwrap();
    }
    assert_eq!(items, ITEMS);
}

#[test]
fn what_a_killed_writer_left_is_a_reject_and_the_rest_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let whole = fs::read(gemini()).unwrap();
    // A process was killed while it wrote; the next one appended.
    let torn = [&whole[..whole.len() / 2], &whole].concat();
    let file = dir.path().join("telemetry.log");
    fs::write(&file, torn).unwrap();
    let done = run(otolith()
        .args(["convert", "--json", "--lake"])
        .arg(dir.path().join("lake"))
        .arg(&file));
    assert_eq!(done.code, 3, "{}", done.err);
    let summary = done.json();
    assert_eq!(summary["rejects"].as_array().unwrap().len(), 1, "{summary}");
    assert_eq!(summary["rejects"][0]["code"], "torn_record", "{summary}");
    assert_eq!(summary["rejects"][0]["count"], 1, "{summary}");
    assert!(summary["items_read"].as_u64().unwrap() > ITEMS, "{summary}");
}
