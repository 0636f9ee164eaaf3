//! What `otolith replay` makes of its outcome: conditions, files.

use crate::sink::Sink;
use crate::support::{Done, claude, otolith, run};

fn replay(sink: &Sink, options: &[&str]) -> Done {
    run(otolith()
        .args(["replay", "--speed", "max", "--to", &sink.url])
        .args(options)
        .arg(claude()))
}

#[test]
fn conditions_that_are_passed_change_nothing() {
    let sink = Sink::start("200 OK");
    let done = replay(
        &sink,
        &["--fail-if", "p99>1h", "--fail-if", "errors>0.1%", "--json"],
    );
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let conditions = done.json()["conditions"].clone();
    assert_eq!(conditions[0]["condition"], "p99>1h");
    assert_eq!(conditions[0]["verdict"], "passed");
    assert_eq!(conditions[0]["unit"], "ms");
    assert!(conditions[0]["measured"].as_f64() > Some(0.0));
    assert_eq!(conditions[1]["measured"], 0.0);
    let refusing = Sink::start("400 Bad Request");
    let done = replay(&refusing, &["--fail-if", "errors<1"]);
    assert_eq!(done.code, 3, "{}", done.err);
    assert!(
        done.out.contains("fail if     errors<1: passed, 34\n"),
        "{}",
        done.out
    );
}

#[test]
fn a_condition_that_holds_ends_with_4_before_3() {
    let sink = Sink::start("400 Bad Request");
    let done = replay(
        &sink,
        &["--fail-if", "errors > 0.1%", "--fail-if", "unsent>0"],
    );
    assert_eq!(done.code, 4, "{}", done.err);
    assert!(
        done.out
            .contains("fail if     errors > 0.1%: failed, 100 %\n"),
        "{}",
        done.out
    );
    assert!(
        done.err
            .contains("error: 1 of 2 conditions not passed: errors > 0.1%: failed, 100 %"),
        "{}",
        done.err
    );
}

#[test]
fn a_condition_that_cannot_be_judged_ends_with_4() {
    let sink = Sink::start("200 OK");
    let done = replay(&sink, &["--fail-if", "lateness.p99>1h", "-q"]);
    assert_eq!(done.code, 4, "{}", done.err);
    assert_eq!(done.out, "");
    assert!(
        done.err
            .contains("lateness.p99>1h: not measured, which counts as failed"),
        "{}",
        done.err
    );
}

#[test]
fn an_unreachable_receiver_comes_before_conditions() {
    let done = run(otolith()
        .args(["replay", "--speed", "max", "--retries", "0"])
        .args(["--to", "http://127.0.0.1:1", "--fail-if", "errors>0"])
        .arg(claude()));
    assert_eq!(done.code, 1, "{}", done.err);
    assert!(
        done.out.contains("fail if     errors>0: failed"),
        "{}",
        done.out
    );
}

#[test]
fn what_is_no_condition_is_refused_before_anything_is_sent() {
    let sink = Sink::start("200 OK");
    for (condition, expected) in [
        ("p98>1ms", "p99.9, max"),
        ("p99>5", "`250ms`"),
        ("p99", "OP"),
    ] {
        let done = replay(&sink, &["--fail-if", condition]);
        assert_eq!(done.code, 2, "{}", done.err);
        assert!(done.err.contains(expected), "{}", done.err);
    }
    let done = replay(&sink, &["--fail-if", "p99>1s", "--dry-run"]);
    assert_eq!(done.code, 2, "{}", done.err);
    assert!(sink.take().is_empty());
}

#[test]
fn files_are_written_and_tried_before_anything_is_sent() {
    let sink = Sink::start("200 OK");
    let dir = tempfile::tempdir().unwrap();
    let (file, html) = (dir.path().join("run.hlog"), dir.path().join("run.html"));
    let done = replay(
        &sink,
        &[
            "--hdr",
            file.to_str().unwrap(),
            "--html",
            html.to_str().unwrap(),
            "-q",
        ],
    );
    assert_eq!((done.code, done.out.as_str()), (0, ""), "{}", done.err);
    let log = std::fs::read_to_string(&file).unwrap();
    assert!(
        log.contains("#[Histogram log format version 1.3]\n"),
        "{log}"
    );
    assert!(log.contains("\nTag=run:latency,0.000,"), "{log}");
    assert!(log.contains("\nTag=latency,0.000,"), "{log}");
    assert!(!log.contains("lateness"), "there is none at max: {log}");
    let page = std::fs::read_to_string(&html).unwrap();
    assert!(page.contains(&format!("<h1>Replay to {}</h1>", sink.url)));
    assert!(page.ends_with("</html>\n") && page.contains("<figcaption>Latency</figcaption>"));
    sink.take();
    let nowhere = dir.path().join("missing/run");
    for option in ["--hdr", "--html"] {
        let done = replay(&sink, &[option, nowhere.to_str().unwrap()]);
        assert_eq!(done.code, 1);
        assert!(done.err.contains("failed to create `"), "{}", done.err);
        let done = replay(&sink, &[option, "-"]);
        assert_eq!(done.code, 2);
        assert!(done.err.contains("name a file"), "{}", done.err);
        assert!(sink.take().is_empty());
    }
}
