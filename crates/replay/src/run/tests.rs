//! Runs against a scripted receiver on a clock that jumps: no network, no waiting.

use std::collections::VecDeque;
use std::io::Read as _;
use std::num::{NonZeroU16, NonZeroUsize};

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use otolith_capture::Signal;
use otolith_otlp::take_items;
use proptest::prelude::*;
use prost::Message as _;

use super::*;
use crate::clock::fake::{FAKE_START, FakeClock};
use crate::headers::Headers;
use crate::payload::Payload;
use crate::plan::PlanReport;
use crate::route::Compression;
use crate::timeline::{Request, TimelineBuilder};
use crate::transport::{Reply, SendError};
use crate::watch::{NoWatch, Snapshot};

mod changes;
mod ends;
mod pace;
mod parts;
mod resume;

type Answer = Result<Reply, SendError>;

/// Answers what the script says, then with success.
struct Script {
    answer_time: Duration,
    answers: Mutex<VecDeque<Answer>>,
    seen: Mutex<Vec<(Duration, Signal, Bytes)>>,
    clock: Arc<FakeClock>,
}

impl Transport for Arc<Script> {
    async fn send(&self, signal: Signal, body: Payload) -> Answer {
        let body = read(body);
        let now = self.clock.now();
        self.seen.lock().unwrap().push((now, signal, body));
        self.clock.advance(self.answer_time);
        let next = self.answers.lock().unwrap().pop_front();
        next.unwrap_or_else(|| status(200))
    }
}

/// No receiver here takes what is left in the spool.
fn read(body: Payload) -> Bytes {
    match body {
        Payload::Bytes(bytes) => bytes,
        Payload::Spooled(piece) => panic!("left in the spool: {piece:?}"),
    }
}

fn status(status: u16) -> Answer {
    reply(status, None, b"")
}

fn reply(status: u16, retry_after: Option<&str>, body: &'static [u8]) -> Answer {
    Ok(Reply {
        status,
        retry_after: retry_after.map(str::to_owned),
        body: Some(Bytes::from_static(body)),
        grpc: None,
    })
}

fn lost() -> Answer {
    Err(SendError::Lost("connection reset".to_owned()))
}

fn unconnected() -> Answer {
    Err(SendError::Connect("connection refused".to_owned()))
}

/// `ExportLogsServiceResponse` that rejects 2 records: "old".
const REJECTS_TWO: &[u8] = b"\x0a\x07\x08\x02\x12\x03old";

const T0: u64 = 1_700_000_000_000_000_000;
const ITEMS: u32 = 3;

/// A request of three records recorded some milliseconds after `T0`.
fn body(after_ms: u64) -> Vec<u8> {
    let record = LogRecord {
        time_unix_nano: T0 + after_ms * 1_000_000,
        severity_text: format!("n{after_ms}"),
        ..LogRecord::default()
    };
    let logs = ScopeLogs {
        log_records: vec![record; ITEMS as usize],
        ..ScopeLogs::default()
    };
    let logs = ResourceLogs {
        scope_logs: vec![logs],
        ..ResourceLogs::default()
    };
    let resource_logs = vec![logs];
    ExportLogsServiceRequest { resource_logs }.encode_to_vec()
}

fn plan_of(after_ms: &[u64], options: &ReplayOptions) -> Plan {
    planned(timeline_of(after_ms), options).unwrap()
}

fn timeline_of(after_ms: &[u64]) -> TimelineBuilder {
    let mut builder = TimelineBuilder::new(None).unwrap();
    for &ms in after_ms {
        let body = body(ms);
        let request = Request {
            signal: Signal::Logs,
            body: &body,
            items: ITEMS,
            time_unix_nano: Some(T0 + ms * 1_000_000),
        };
        builder.push(request, NonZeroU16::MIN).unwrap();
    }
    builder
}

fn planned(builder: TimelineBuilder, options: &ReplayOptions) -> Result<Plan, ReplayError> {
    let timeline = builder.finish(&AtomicBool::new(false)).unwrap();
    Plan::new(timeline, PlanReport::default(), options, &false.into())
}

fn options(pace: &str) -> ReplayOptions {
    ReplayOptions {
        pace: pace.parse().unwrap(),
        in_flight: NonZeroUsize::MIN,
        ..ReplayOptions::new("http://receiver".parse().unwrap())
    }
}

struct Ran {
    outcome: Outcome,
    seen: Vec<(Duration, Signal, Bytes)>,
    slept_until: Vec<Duration>,
}

fn replay(after_ms: &[u64], answers: Vec<Answer>, options: &ReplayOptions) -> Ran {
    let clock = Arc::new(FakeClock::default());
    // Where there is a pace, only the pacing thread moves the clock.
    let answer_time = match options.pace {
        Pace::Max => Duration::from_millis(5),
        Pace::Recorded(_) | Pace::Rate(..) => Duration::ZERO,
    };
    let script = Arc::new(Script {
        answer_time,
        answers: Mutex::new(answers.into()),
        seen: Mutex::default(),
        clock: Arc::clone(&clock),
    });
    let plan = plan_of(after_ms, options);
    let never = AtomicBool::new(false);
    let outcome = run_with(
        plan,
        options,
        &NoWatch,
        &never,
        Arc::clone(&clock),
        Arc::clone(&script),
    )
    .unwrap();
    assert!(outcome.balances());
    let seen = std::mem::take(&mut *script.seen.lock().unwrap());
    assert_eq!(outcome.attempts, seen.len() as u64);
    Ran {
        outcome,
        seen,
        slept_until: std::mem::take(&mut *clock.slept_until.lock().unwrap()),
    }
}

/// Sends two requests one after the other; the answers are those to the first one, until the
/// script is at its end.
fn two(answers: Vec<Answer>) -> Ran {
    replay(&[0, 1], answers, &options("max"))
}

/// How often the first of two requests is sent, and what becomes of both.
#[track_caller]
fn check(answers: Vec<Answer>, attempts: u64, accepted: u64, failed: u64) -> Outcome {
    let outcome = two(answers).outcome;
    let requests = outcome.requests;
    assert_eq!(
        (outcome.attempts - 1, requests.accepted, requests.failed),
        (attempts, accepted, failed)
    );
    assert_eq!(outcome.retries, attempts - 1);
    assert_eq!(outcome.ended, Ended::Complete);
    outcome
}

#[test]
fn success_is_any_2xx() {
    for code in [200, 202, 204] {
        let outcome = check(vec![status(code)], 1, 2, 0);
        assert!(outcome.is_clean());
        assert_eq!(outcome.items.accepted, 6);
        assert_eq!(outcome.http_status[&code], if code == 200 { 2 } else { 1 });
    }
}

#[test]
fn only_429_and_502_to_504_are_repeated() {
    for code in [429, 502, 503, 504] {
        check(vec![status(code)], 2, 2, 0);
        check(vec![status(code), status(code)], 3, 2, 0);
    }
    for code in [301, 400, 401, 403, 404, 408, 415, 500, 501, 505] {
        let outcome = check(vec![status(code)], 1, 1, 1);
        assert_eq!(outcome.errors[0].code, format!("http_{code}"));
        assert_eq!(
            (outcome.errors[0].requests, outcome.errors[0].items),
            (1, 3)
        );
        assert!(!outcome.is_clean());
    }
}

/// Between the first two attempts, in milliseconds.
fn gap_ms(answer: Answer) -> u128 {
    let seen = two(vec![answer]).seen;
    (seen[1].0 - seen[0].0).as_millis() - 5
}

#[test]
fn retry_after_is_honoured_with_429_and_503_only() {
    assert_eq!(gap_ms(reply(429, Some("7"), b"")), 7_000);
    assert_eq!(gap_ms(reply(503, Some("90"), b"")), 90_000);
    // The fake clock begins at 2027-01-15 08:00:00, and the answer takes 5 ms.
    let date = "Fri, 15 Jan 2027 08:00:10 GMT";
    assert_eq!(gap_ms(reply(503, Some(date), b"")), 9_995);
    for other in [reply(502, Some("90"), b""), reply(503, Some("soon"), b"")] {
        assert!((500..=1_500).contains(&gap_ms(other)));
    }
}

#[test]
fn attempts_and_time_are_bounded() {
    let outcome = check(vec![status(503); 10], 10, 1, 1);
    assert_eq!(outcome.errors[0].code, "http_503");
    let expected = "the receiver answered HTTP 503 (given up after 10 attempts)";
    assert_eq!(outcome.errors[0].message, expected);
    let outcome = check(vec![reply(503, Some("301"), b"")], 1, 1, 1);
    assert_eq!(outcome.http_status[&503], 1);
    let expected =
        "the receiver answered HTTP 503 (it asked to wait 301 s, longer than may be repeated)";
    assert_eq!(outcome.errors[0].message, expected);
}

#[test]
fn lost_connections_and_timeouts_are_ambiguous() {
    assert_eq!(check(vec![lost()], 2, 2, 0).ambiguous_retries, 1);
    let timeouts = vec![Err(SendError::Timeout); 2];
    assert_eq!(check(timeouts, 3, 2, 0).ambiguous_retries, 2);
    assert_eq!(check(vec![unconnected()], 2, 2, 0).ambiguous_retries, 0);
    assert_eq!(check(vec![status(503)], 2, 2, 0).ambiguous_retries, 0);
}

#[test]
fn a_receiver_that_never_answers_ends_the_run() {
    let outcome = two(vec![unconnected(); 20]).outcome;
    assert_eq!(outcome.ended, Ended::Unreachable);
    assert_eq!(outcome.attempts, 3);
    assert_eq!((outcome.requests.failed, outcome.requests.unsent), (1, 1));
    assert_eq!((outcome.items.failed, outcome.items.unsent), (3, 3));
    assert_eq!(outcome.errors[0].code, "connect_failed");
    assert_eq!(outcome.bytes.on_the_wire, 0, "nothing has gone out");
    assert_eq!(outcome.achieved_requests_per_second, None);
}

#[test]
fn what_is_no_receiver_is_not_asked_again_unless_there_was_one() {
    for error in [
        SendError::Tls("bad certificate".to_owned()),
        SendError::NotHttp("SSH".to_owned()),
    ] {
        let outcome = two(vec![Err(error.clone()); 20]).outcome;
        assert_eq!(outcome.ended, Ended::Unreachable);
        assert_eq!((outcome.attempts, outcome.requests.unsent), (1, 1));
        check(vec![status(503), Err(error)], 3, 2, 0);
    }
}

#[test]
fn a_receiver_that_has_answered_gets_all_attempts() {
    let mut answers = vec![status(503)];
    answers.resize(10, unconnected());
    check(answers, 10, 1, 1);
}

#[test]
fn partial_success_is_counted_and_never_repeated() {
    let outcome = two(vec![reply(200, None, REJECTS_TWO)]).outcome;
    assert_eq!(outcome.attempts, 2);
    let requests = outcome.requests;
    assert_eq!((requests.accepted, requests.partly_rejected), (1, 1));
    assert_eq!((outcome.items.accepted, outcome.items.rejected), (4, 2));
    assert_eq!(outcome.notes[0].code, "partial_success");
    assert!(
        outcome.notes[0].text.ends_with(": old"),
        "{:?}",
        outcome.notes
    );
    assert!(!outcome.is_clean());
}

#[test]
fn more_rejected_items_than_sent_count_as_all() {
    let outcome = two(vec![reply(200, None, b"\x0a\x02\x08\x09")]).outcome;
    assert_eq!((outcome.items.accepted, outcome.items.rejected), (3, 3));
    let codes: Vec<&str> = outcome.notes.iter().map(|note| note.code).collect();
    assert_eq!(codes, ["partial_success", "rejected_too_many"]);
}

#[test]
fn a_warning_and_an_unreadable_reply_are_noted() {
    let outcome = check(vec![reply(200, None, b"\x0a\x06\x12\x04slow")], 1, 2, 0);
    assert_eq!(
        (outcome.notes[0].code, &*outcome.notes[0].text),
        ("receiver_warning", "slow")
    );
    let outcome = check(vec![reply(200, None, b"<html>")], 1, 2, 0);
    assert_eq!(outcome.notes[0].code, "unreadable_reply");
    let cut = Ok(Reply {
        status: 200,
        retry_after: None,
        body: None,
        grpc: None,
    });
    assert_eq!(check(vec![cut], 1, 2, 0).notes[0].code, "unreadable_reply");
}

#[test]
fn messages_name_the_size_and_hide_secrets() {
    let mut options = options("max");
    let header = ("authorization".to_owned(), "Bearer s3cret".to_owned());
    options.headers = Headers::new([header]).unwrap();
    let said = reply(413, None, b"\x12\x14token s3cret is big");
    // As often as a request of three is divided.
    let outcome = replay(&[0, 1], vec![said; 5], &options).outcome;
    let len = take_items(Signal::Logs, &body(0), 0..1).unwrap().len();
    let expected =
        format!("the receiver refused a request of {len} bytes as too large: token *** is big");
    // The length in the script is one too long on purpose: then it is no status but text.
    assert!(!outcome.errors[0].message.contains("s3cret"));
    let said = reply(413, None, b"\x12\x13token s3cret is big");
    let outcome = replay(&[0, 1], vec![said; 5], &options).outcome;
    assert_eq!(outcome.errors[0].message, expected);
}

#[test]
fn bodies_are_sent_as_they_are_unless_told_otherwise() {
    let seen = two(vec![status(503)]).seen;
    let bodies: Vec<&[u8]> = seen.iter().map(|(_, _, body)| &**body).collect();
    assert_eq!(bodies, [body(0), body(0), body(1)]);

    let mut gzip = options("max");
    gzip.compression = Compression::Gzip;
    let ran = replay(&[0, 1], vec![], &gzip);
    let mut plain = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(&*ran.seen[1].2);
    decoder.read_to_end(&mut plain).unwrap();
    assert_eq!(plain, body(1));
    let sizes: usize = ran.seen.iter().map(|(_, _, body)| body.len()).sum();
    assert_eq!(ran.outcome.bytes.on_the_wire, sizes as u64);
    assert_eq!(ran.outcome.bytes.sent, ran.outcome.bytes.planned);
}

fn any_answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        3 => Just(status(200)),
        1 => Just(reply(200, None, REJECTS_TWO)),
        1 => Just(reply(429, Some("1"), b"")),
        1 => Just(status(503)),
        1 => Just(status(400)),
        1 => Just(status(413)),
        1 => Just(lost()),
        1 => Just(unconnected()),
        1 => Just(Err(SendError::Timeout)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn everything_is_accounted_for_whatever_the_receiver_does(
        answers in proptest::collection::vec(any_answer(), 0..40),
        requests in 0_u64..20,
        in_flight in 1_usize..6,
        max_attempts in 1_u32..4,
    ) {
        let mut options = options("max");
        options.in_flight = NonZeroUsize::new(in_flight).unwrap();
        options.retry.max_attempts = max_attempts;
        let after_ms: Vec<u64> = (0..requests).collect();
        let outcome = replay(&after_ms, answers, &options).outcome;
        // `replay` asserts the balance and that each attempt was seen.
        prop_assert_eq!(outcome.requests.planned, requests);
        prop_assert_eq!(outcome.items.planned, requests * u64::from(ITEMS));
        // A request of three items goes out in five parts at most, wholes included.
        prop_assert!(outcome.attempts <= 5 * requests * u64::from(max_attempts));
    }
}
