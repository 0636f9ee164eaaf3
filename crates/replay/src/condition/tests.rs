use std::collections::BTreeMap;

use super::*;
use crate::outcome::{ByteCount, Ended, ItemBalance, RequestBalance};
use crate::plan::PlanReport;

fn spread(factor: f64) -> Spread {
    Spread {
        count: 1_000,
        min_ms: factor,
        mean_ms: 3.0 * factor,
        p50_ms: 2.0 * factor,
        p75_ms: 3.0 * factor,
        p90_ms: 4.0 * factor,
        p95_ms: 5.0 * factor,
        p99_ms: 6.0 * factor,
        p99_9_ms: 7.0 * factor,
        max_ms: 8.0 * factor,
    }
}

/// 1000 requests of 10 items to 1 s of pace; 1 failed, 2 were rejected in part, 50 items in all.
fn outcome() -> Outcome {
    Outcome {
        ended: Ended::Complete,
        to: "http://receiver".to_owned(),
        protocol: "http/protobuf",
        pace: "1x".to_owned(),
        load: "open",
        times: "keep",
        shift_nanos: None,
        compression: "none",
        earlier: None,
        again_requests: 0,
        plan: PlanReport::default(),
        requests: RequestBalance {
            planned: 1_000,
            accepted: 997,
            partly_rejected: 2,
            failed: 1,
            unsent: 0,
        },
        items: ItemBalance {
            planned: 10_000,
            accepted: 9_975,
            rejected: 15,
            failed: 10,
            unsent: 0,
        },
        bytes: ByteCount::default(),
        attempts: 1_003,
        retries: 3,
        ambiguous_retries: 0,
        duration_seconds: 1.25,
        intended_requests_per_second: Some(1_000.0),
        achieved_requests_per_second: Some(980.0),
        lateness: Some(spread(0.1)),
        limit_wait: Some(spread(0.07)),
        sender_delay: Some(spread(0.03)),
        latency: Some(spread(1.0)),
        service_time: Some(spread(0.5)),
        divided_requests: 0,
        capped_requests: 4,
        in_flight: 64,
        http_status: BTreeMap::from([(200, 1_000)]),
        grpc_status: BTreeMap::new(),
        errors: Vec::new(),
        notes: Vec::new(),
        conditions: Vec::new(),
        measurements: crate::Measurements::default(),
    }
}

#[track_caller]
fn judged(text: &str, outcome: &Outcome) -> Judgement {
    let condition: Condition = text.parse().unwrap();
    assert_eq!(condition.to_string(), text.trim());
    condition.judge(outcome)
}

#[track_caller]
fn check(text: &str, measured: f64, unit: &str, verdict: Verdict) {
    let judgement = judged(text, &outcome());
    let value = judgement.measured.unwrap();
    assert!((value - measured).abs() < 1e-9, "{text}: {value}");
    assert_eq!(
        (judgement.unit, judgement.verdict),
        (unit, verdict),
        "{text}"
    );
    assert_eq!(judgement.reason, None);
}

#[test]
fn times_are_compared_in_their_units() {
    use Verdict::{Failed, Passed};
    check("p99>250ms", 6.0, "ms", Passed);
    check("p99>5.9ms", 6.0, "ms", Failed);
    check("p99 >= 6000us", 6.0, "ms", Failed);
    check(" max < 0.009s ", 8.0, "ms", Failed);
    check("p99.9>7ms", 7.0, "ms", Passed);
    check("latency.mean>1m", 3.0, "ms", Passed);
    check("service_time.p50<=1ms", 1.0, "ms", Failed);
    check("lateness.p90>0.3ms", 0.4, "ms", Failed);
    check("duration>1h", 1.25, "s", Passed);
    check("duration>1.2s", 1.25, "s", Failed);
}

#[test]
fn every_point_of_every_spread_is_its_own() {
    let outcome = outcome();
    for (prefix, factor) in [
        ("", 1.0),
        ("latency.", 1.0),
        ("service_time.", 0.5),
        ("lateness.", 0.1),
        ("limit_wait.", 0.07),
        ("sender_delay.", 0.03),
    ] {
        let expected = [1.0, 3.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        for ((point, _), value) in POINTS.iter().zip(expected) {
            let judgement = judged(&format!("{prefix}{point}>1h"), &outcome);
            assert_eq!(judgement.measured, Some(value * factor), "{prefix}{point}");
        }
    }
}

#[test]
fn counts_are_plain_or_shares() {
    use Verdict::{Failed, Passed};
    check("errors>0", 1.0, "", Failed);
    check("errors>0.1%", 0.1, "%", Passed);
    check("errors>=0.1%", 0.1, "%", Failed);
    check("partly_rejected==2", 2.0, "", Failed);
    check("retries!=3", 3.0, "", Passed);
    check("capped>1%", 0.4, "%", Passed);
    check("rejected>0", 15.0, "", Failed);
    check("failed>10", 10.0, "", Passed);
    check("accepted<100%", 99.75, "%", Failed);
    check("unsent>0", 0.0, "", Passed);
}

#[test]
fn rates_are_absolute_or_shares_of_the_intended_one() {
    use Verdict::{Failed, Passed};
    check("rate<0.99", 0.98, "", Failed);
    check("rate<97.5%", 98.0, "%", Passed);
    check("rate<980/s", 980.0, "requests/s", Passed);
}

#[track_caller]
fn check_unmeasured(text: &str, outcome: &Outcome, reason: &str) {
    let judgement = judged(text, outcome);
    assert_eq!(judgement.verdict, Verdict::NotMeasured, "{text}");
    assert_eq!(judgement.measured, None);
    let given = judgement.reason.unwrap();
    assert!(given.contains(reason), "{text}: {given}");
}

#[test]
fn what_was_not_measured_does_not_pass() {
    let mut at_max = outcome();
    at_max.lateness = None;
    at_max.limit_wait = None;
    at_max.sender_delay = None;
    at_max.intended_requests_per_second = None;
    check_unmeasured("lateness.p99>1h", &at_max, "pace");
    check_unmeasured("limit_wait.max>1h", &at_max, "pace");
    check_unmeasured("sender_delay.max>1h", &at_max, "pace");
    check_unmeasured("rate<1%", &at_max, "pace");
    check_unmeasured("rate<0.1", &at_max, "pace");
    assert_eq!(judged("rate<1/s", &at_max).verdict, Verdict::Passed);

    let mut silent = outcome();
    silent.http_status.clear();
    silent.service_time = None;
    silent.achieved_requests_per_second = None;
    check_unmeasured("p99>1h", &silent, "answered");
    check_unmeasured("service_time.max>1h", &silent, "answered");
    check_unmeasured("rate<1/s", &silent, "two requests");

    let mut unsent = outcome();
    unsent.requests = RequestBalance {
        planned: 5,
        unsent: 5,
        ..RequestBalance::default()
    };
    unsent.items = ItemBalance {
        planned: 9,
        unsent: 9,
        ..ItemBalance::default()
    };
    for text in [
        "errors>0",
        "errors>50%",
        "retries>0",
        "failed>0",
        "rejected>0",
    ] {
        check_unmeasured(text, &unsent, "nothing was sent");
    }
    assert_eq!(judged("unsent>0", &unsent).verdict, Verdict::Failed);
    assert_eq!(judged("accepted<100%", &unsent).verdict, Verdict::Failed);
    unsent.requests = RequestBalance::default();
    unsent.items = ItemBalance::default();
    check_unmeasured("accepted<100%", &unsent, "nothing to send");
}

#[track_caller]
fn check_bad(text: &str, expected: &str) {
    let message = text.parse::<Condition>().unwrap_err().to_string();
    assert!(message.contains(expected), "{text}: {message}");
}

#[test]
fn what_is_no_condition_is_refused_with_what_there_is() {
    for text in ["", "p99", "250ms", ">250ms", "p99=250ms", "p99!250ms"] {
        check_bad(text, "METRIC OP VALUE");
    }
    for text in [
        "p98>1ms",
        "latency>1ms",
        "late.p99>1ms",
        "lateness.p9>1ms",
        "P99>1ms",
    ] {
        check_bad(text, "p99.9, max");
        check_bad(text, "`lateness.`");
        check_bad(text, "errors, partly_rejected");
    }
    for text in [
        "p99>250",
        "p99>ms",
        "p99>-1ms",
        "p99>1e3ms",
        "p99>infms",
        "p99>5%",
        "duration>5",
    ] {
        check_bad(text, "`250ms`");
    }
    for text in [
        "errors>1ms",
        "errors>x",
        "errors>",
        "errors>>1",
        "errors>1..2",
    ] {
        check_bad(text, "`0.1%`");
    }
    check_bad("rate<1ms", "`450/s`");
    let digits = "9".repeat(400);
    check_bad(&format!("errors>{digits}"), "a number such as");
}
