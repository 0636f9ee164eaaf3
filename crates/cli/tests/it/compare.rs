//! `otolith compare`.

use std::fs;
use std::path::Path;

use crate::sink::Sink;
use crate::support::{Done, claude, lake_of, otolith, run};

fn compare(left: &Path, right: &Path, rest: &[&str]) -> Done {
    let mut command = otolith();
    command.arg("compare").arg(left).args(rest);
    run(command.arg("--with").arg(right))
}

#[test]
fn a_capture_equals_its_lake_and_its_other_dialects() {
    let dir = lake_of(&[claude()]);
    let lake = dir.path().join("lake");
    let done = compare(&claude(), &lake, &[]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    assert_eq!(
        done.out,
        "left        1 file, 34 frames, 193 items\n\
         right       1 lake, 193 items\n\
         matched     193: both sides hold the same items\n"
    );
    let file = dir.path().join("x.binpb.zst");
    run(otolith()
        .args(["cat", "-q", "--as", "proto", "-o"])
        .arg(&file)
        .arg(claude()));
    let done = compare(&lake, &file, &["--json", "--times", "shifted"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(
        (&done.json()["matched"], &done.json()["offset_nanos"]),
        (&193.into(), &0.into())
    );
}

#[test]
fn losses_and_duplicates_are_told_with_their_places() {
    let dir = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(claude()).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[33] = lines[0];
    let path = dir.path().join("arrived.jsonl");
    fs::write(&path, lines.join("\n")).unwrap();
    let done = compare(&claude(), &path, &["--limit", "1"]);
    assert_eq!(done.code, 3, "{}", done.err);
    // File, frame and item of the first difference of a kind.
    let first = |kind: &str| {
        let line = done.out.lines().find(|line| line.starts_with(kind));
        let words: Vec<&str> = line.unwrap().split_whitespace().collect();
        let [.., file, frame, item] = words[..] else {
            panic!("{words:?}");
        };
        let file = file.rsplit('/').next().unwrap();
        format!("{file} {frame} {item}")
    };
    assert_eq!(first("missing"), "agentic-ci.jsonl 34 1");
    assert_eq!(first("duplicated"), "arrived.jsonl 34 1");
    assert!(
        done.out.contains(" more; --limit N lists N of each kind\n"),
        "{}",
        done.out
    );
    let quiet = compare(&claude(), &path, &["-q"]);
    assert_eq!((quiet.code, quiet.out.as_str()), (3, ""));
    let json = compare(
        &claude(),
        &path,
        &["--json", "--threads", "1", "--buffer-size", "1KiB"],
    )
    .json();
    assert_eq!(json["differences_left_off"], 0);
    assert_eq!(json["unexpected"], 0);
    assert_eq!(json["differences"][0]["kind"], "missing");
}

#[test]
fn sides_must_be_there() {
    let done = run(otolith().args(["compare", "x"]));
    assert_eq!(done.code, 2);
    assert!(done.err.contains("--with <RIGHT>..."), "{}", done.err);
    let done = run(otolith().args(["compare", "-", "--with", "-"]));
    assert_eq!(done.code, 2);
    assert!(done.err.contains("one side only"), "{}", done.err);
    let done = compare(&claude(), Path::new("nowhere"), &[]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains("hint: "), "{}", done.err);
}

/// What a receiver got, as files of bodies.
fn kept(sink: &Sink, dir: &Path) {
    for (number, request) in (1..).zip(sink.take()) {
        let signal = request.path.rsplit('/').next().unwrap();
        fs::write(dir.join(format!("{number:05}-{signal}.pb")), request.body).unwrap();
    }
}

/// Replays in every way, each with the meaning of times and ids that it leaves equal.
#[test]
fn what_was_replayed_arrived() {
    for (sent, meaning) in [
        (&["--times", "keep"][..], &[][..]),
        (&["--times", "shift"], &["--times", "shifted"]),
        (&["--times", "live"], &["--times", "ignore"]),
        (&["--fresh-ids"], &["--ids", "ignore"]),
    ] {
        let sink = Sink::start("200 OK");
        let done = run(otolith()
            .args(["replay", "-q", "--speed", "max", "--to", &sink.url])
            .args(sent)
            .arg(claude()));
        assert_eq!(done.code, 0, "{sent:?}: {}", done.err);
        let dir = tempfile::tempdir().unwrap();
        kept(&sink, dir.path());
        let done = compare(&claude(), dir.path(), meaning);
        assert_eq!(done.code, 0, "{sent:?}: {}", done.out);
        assert!(
            done.out
                .contains("matched     193: both sides hold the same"),
            "{}",
            done.out
        );
        // One request is lost.
        let files = fs::read_dir(dir.path()).unwrap();
        let lost = files.map(|file| file.unwrap().path()).min().unwrap();
        fs::remove_file(lost).unwrap();
        let done = compare(&claude(), dir.path(), meaning);
        assert_eq!(done.code, 3, "{sent:?}: {}", done.out);
        assert!(done.out.contains(" missing\n"), "{}", done.out);
    }
}
