use std::collections::BTreeMap;

use otolith_replay::{
    ByteCount, Earlier, ErrorCount, ItemBalance, Judgement, Measurements, Note, PlanReport,
    RejectCount, RejectExample, RequestBalance, SignalPlan, Spread,
};

use super::*;

fn spread() -> Spread {
    Spread {
        count: 40,
        min_ms: 0.5,
        mean_ms: 3.0,
        p50_ms: 2.0,
        p75_ms: 3.0,
        p90_ms: 4.0,
        p95_ms: 5.0,
        p99_ms: 6.0,
        p99_9_ms: 1_234.5,
        max_ms: 2_000.0,
    }
}

/// A run in which everything happened; texts from outside are this one.
fn outcome(text: &str) -> Outcome {
    Outcome {
        ended: Ended::Interrupted,
        to: text.to_owned(),
        protocol: "http/protobuf",
        pace: "10x".to_owned(),
        load: "open",
        times: "keep",
        shift_nanos: None,
        compression: "none",
        plan: PlanReport {
            requests: 40,
            items: 400,
            bytes: 4_000,
            signals: vec![SignalPlan {
                signal: "logs",
                requests: 40,
                items: 400,
                bytes: 4_000,
            }],
            first_time_unix_nano: Some(1_795_132_800_000_000_000),
            last_time_unix_nano: Some(1_795_132_900_000_000_000),
            rejects: vec![RejectCount {
                code: "bad_frame",
                frames: 1,
                items: 0,
                examples: vec![RejectExample {
                    file: text.to_owned(),
                    frame: 3,
                    offset: 77,
                    message: text.to_owned(),
                }],
            }],
            ..PlanReport::default()
        },
        requests: RequestBalance {
            planned: 40,
            accepted: 38,
            partly_rejected: 0,
            failed: 1,
            unsent: 1,
        },
        items: ItemBalance {
            planned: 400,
            accepted: 380,
            rejected: 0,
            failed: 10,
            unsent: 10,
        },
        bytes: ByteCount::default(),
        earlier: Some(Earlier {
            runs: 1,
            accepted_requests: 5,
            ..Earlier::default()
        }),
        again_requests: 7,
        attempts: 41,
        retries: 2,
        ambiguous_retries: 1,
        duration_seconds: 4.0,
        intended_requests_per_second: Some(10.0),
        achieved_requests_per_second: Some(9.5),
        lateness: Some(spread()),
        limit_wait: Some(spread()),
        sender_delay: Some(spread()),
        latency: Some(spread()),
        service_time: Some(spread()),
        divided_requests: 0,
        capped_requests: 3,
        in_flight: 64,
        http_status: BTreeMap::from([(200, 38), (503, 2)]),
        grpc_status: BTreeMap::from([("OK", 1)]),
        errors: vec![ErrorCount {
            code: text.to_owned(),
            requests: 1,
            items: 10,
            message: text.to_owned(),
        }],
        notes: vec![Note {
            code: "receiver_warning",
            text: text.to_owned(),
            count: 2,
        }],
        conditions: vec![Judgement {
            condition: text.to_owned(),
            verdict: Verdict::NotMeasured,
            measured: None,
            unit: "ms",
            reason: Some("nothing was answered"),
        }],
        measurements: Measurements::default(),
    }
}

fn written(outcome: &Outcome) -> String {
    let mut out = Vec::new();
    write(outcome, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_page_holds_the_numbers_the_plan_and_the_notes() {
    let page = written(&outcome("words"));
    for expected in [
        "<h1>Replay to words</h1>",
        "interrupted",
        "<b class=\"bad\">38</b><small>of 40 planned</small>",
        "\u{2717} not judged</b> words <span>nothing was answered</span>",
        "40 planned = 38 accepted + 0 partly rejected + 1 failed + 1 unsent",
        "<td class=\"n\">1,234.5</td>",
        "2 with HTTP 503",
        "1 with gRPC OK",
        "<td>5 accepted, 0 partly rejected, 0 failed, in 1 run</td>",
        "<td>7 requests: the same command sends them again</td>",
        "2026-11-20T00:00:00Z to 2026-11-20T00:01:40Z",
        "words: frame 3 at byte 77: words",
        "<td>receiver_warning</td><td class=\"n\">2</td><td>words</td>",
    ] {
        assert!(page.contains(expected), "{expected}\n{page}");
    }
}

#[test]
fn nothing_that_receivers_or_captures_say_is_markup() {
    const HOSTILE: &str =
        "</td></title></style><script>alert('&\"')</script><img src=//x>\u{1b}\u{202e}";
    let page = written(&outcome(HOSTILE));
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("alert('"));
    assert!(!page.contains(['\u{1b}', '\u{202e}']));
    assert_eq!(page.matches("</style>").count(), 1);
    // Tags are the ones of the page itself.
    assert_eq!(
        page.matches('<').count(),
        written(&outcome("words")).matches('<').count()
    );
}

#[test]
fn nothing_is_loaded_or_run() {
    let page = written(&outcome("words"));
    assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'\""));
    for word in [
        "http://", "https://", "url(", "@import", "src=", "href=", "onload",
    ] {
        assert!(!page.contains(word), "{word}");
    }
}
