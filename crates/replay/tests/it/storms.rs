//! Receivers in trouble: whatever they do, every item is accounted for, what may be repeated is, and what
//! has been decided is not.

use std::collections::{HashMap, HashSet};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use otolith_capture::{Source, find_sources};
use otolith_replay::{
    Compression, Ended, HttpVersion, Outcome, Protocol, ReplayOptions, RetryPolicy, TlsFiles,
};

use crate::sink::{Answer, Fields, GRPC_OK, OK, Serving, Sink};
use crate::transports::tls;
use crate::{log_line, options, replay};

/// How requests may travel.
const WAYS: [(Protocol, HttpVersion); 4] = [
    (Protocol::HttpProtobuf, HttpVersion::Http1),
    (Protocol::HttpProtobuf, HttpVersion::Http2),
    (Protocol::HttpJson, HttpVersion::Http1),
    (Protocol::Grpc, HttpVersion::Http2),
];

fn source(count: u64) -> [Source; 1] {
    let lines: String = (0..count).map(|i| log_line(i, &format!("n{i}"))).collect();
    [Source::from_bytes("a", lines.into_bytes())]
}

/// Four in flight, with short waits.
fn with(url: &str, (protocol, http): (Protocol, HttpVersion)) -> ReplayOptions {
    ReplayOptions {
        protocol,
        http,
        in_flight: 4.try_into().unwrap(),
        retry: RetryPolicy {
            initial_backoff: Duration::from_millis(20),
            ..RetryPolicy::default()
        },
        ..options(url)
    }
}

fn ok(protocol: Protocol) -> Answer {
    match protocol {
        Protocol::Grpc => GRPC_OK,
        _ => OK,
    }
}

/// Items are in balance without any that were not sent, and so are requests.
#[track_caller]
fn check_balance(outcome: &Outcome) {
    let items = outcome.items;
    assert_eq!(items.unsent, 0, "{outcome:?}");
    assert_eq!(
        items.planned,
        items.accepted + items.rejected + items.failed
    );
    let requests = outcome.requests;
    assert_eq!(
        requests.planned,
        requests.accepted + requests.partly_rejected + requests.failed
    );
    assert_eq!(outcome.attempts, requests.planned + outcome.retries);
}

/// Trailers of a call that may be repeated after a millisecond.
fn exhausted_for_now() -> Fields {
    // `RetryInfo` in `Any` in `Status`.
    let duration = [0x10, 0xC0, 0x84, 0x3D];
    let info = [&[0x0A, 4][..], &duration].concat();
    let url = b"type.googleapis.com/google.rpc.RetryInfo";
    let any = [&[0x0A, url.len() as u8][..], url, &[0x12, 6], &info].concat();
    let status = [&[0x08, 8, 0x1A, any.len() as u8][..], &any].concat();
    let details = base64::engine::general_purpose::STANDARD_NO_PAD.encode(status);
    let details: &'static str = details.leak();
    vec![("grpc-status", "8"), ("grpc-status-details-bin", details)].leak()
}

#[test]
fn nothing_that_has_been_decided_is_repeated_in_any_weather() {
    let later: Fields = exhausted_for_now();
    for way in WAYS {
        let (protocol, _) = way;
        // Bodies that were taken or refused for good, and those that came again.
        let decided = Arc::new(Mutex::new(HashSet::<Bytes>::new()));
        let again = Arc::new(Mutex::new(Vec::<Bytes>::new()));
        let (seen, violations) = (Arc::clone(&decided), Arc::clone(&again));
        let weather = move |n: usize, request: &crate::sink::Received| {
            let mut seen = seen.lock().unwrap();
            if seen.contains(&request.body) {
                violations.lock().unwrap().push(request.body.clone());
            }
            // A sequence without pattern, the same each time.
            let mixed = (n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
            let answer = match (mixed % 8, protocol) {
                (0, Protocol::Grpc) => Answer::Grpc(b"", later),
                (1, Protocol::Grpc) => Answer::Grpc(b"", &[("grpc-status", "14")]),
                (2, Protocol::Grpc) => Answer::Grpc(b"", &[("grpc-status", "3")]),
                (3, Protocol::Grpc) => Answer::Grpc(b"", &[("grpc-status", "8")]),
                (4, Protocol::Grpc) => Answer::Http(503, &[], b""),
                (0, _) => Answer::Http(429, &[("retry-after", "0")], b""),
                (1, _) => Answer::Http(503, &[], b""),
                (2, _) => Answer::Http(400, &[], b"no"),
                (3, _) => Answer::Http(500, &[], b""),
                (4, _) => Answer::Reset,
                _ => ok(protocol),
            };
            if !matches!(mixed % 8, 0 | 1 | 4) {
                seen.insert(request.body.clone());
            }
            answer
        };
        let sink = Sink::by(weather, Serving::default());
        let outcome = replay(&source(80), &with(&sink.url(), way));
        check_balance(&outcome);
        assert_eq!(again.lock().unwrap().len(), 0, "{way:?} {outcome:?}");
        let taken = decided.lock().unwrap().len() as u64;
        assert_eq!(taken, 80, "{way:?} {outcome:?}");
        assert!(outcome.retries > 10, "{way:?} {outcome:?}");
        let failed: u64 = outcome.errors.iter().map(|error| error.requests).sum();
        assert_eq!(failed, outcome.requests.failed);
        let codes: Vec<&str> = outcome.errors.iter().map(|e| &*e.code).collect();
        let expected: &[&str] = match protocol {
            Protocol::Grpc => &["grpc_invalid_argument", "grpc_resource_exhausted"],
            _ => &["http_400", "http_500"],
        };
        assert_eq!(codes, expected, "{way:?}");
    }
}

#[test]
fn resets_are_repeated_where_the_protocol_says_so() {
    for way in WAYS {
        let (protocol, _) = way;
        let sink = Sink::new(move |n| match n % 4 {
            1 => Answer::Reset,
            _ => ok(protocol),
        });
        let outcome = replay(&source(40), &with(&sink.url(), way));
        check_balance(&outcome);
        if protocol == Protocol::Grpc {
            // A reset stream is an INTERNAL error, which is final.
            assert_eq!((outcome.retries, outcome.requests.failed), (0, 10));
            assert_eq!(outcome.errors[0].code, "grpc_internal");
            assert_eq!(outcome.http_status[&200], 30, "no status came with a reset");
        } else {
            assert!(outcome.is_clean(), "{way:?} {outcome:?}");
            assert!(outcome.ambiguous_retries >= 10, "{way:?} {outcome:?}");
        }
    }
}

#[test]
fn storms_of_429_are_weathered_with_and_without_retry_after() {
    const WITH: Answer = Answer::Http(429, &[("retry-after", "0")], b"");
    const WITHOUT: Answer = Answer::Http(429, &[], b"");
    for way in &WAYS[..3] {
        for has_header in [true, false] {
            let sink = Sink::new(move |n| match (n < 60, has_header) {
                (true, true) => WITH,
                (true, false) => WITHOUT,
                (false, _) => OK,
            });
            let mut options = with(&sink.url(), *way);
            options.in_flight = 20.try_into().unwrap();
            options.retry.initial_backoff = Duration::from_millis(2);
            let outcome = replay(&source(20), &options);
            check_balance(&outcome);
            assert!(outcome.is_clean(), "{way:?} {outcome:?}");
            assert_eq!((outcome.retries, outcome.ambiguous_retries), (60, 0));
            assert_eq!(outcome.http_status[&429], 60);
        }
    }
    // One that does not end.
    let sink = Sink::new(|_| WITHOUT);
    let mut options = with(&sink.url(), WAYS[0]);
    options.retry.max_attempts = 3;
    options.retry.initial_backoff = Duration::from_millis(1);
    let outcome = replay(&source(20), &options);
    check_balance(&outcome);
    assert_eq!((outcome.requests.failed, outcome.attempts), (20, 60));
    assert_eq!(outcome.ended, Ended::Complete);
}

#[test]
fn storms_of_grpc_are_weathered_only_where_it_says_when() {
    let later = exhausted_for_now();
    let sink = Sink::new(move |n| match n < 30 {
        true => Answer::Grpc(b"", later),
        false => GRPC_OK,
    });
    let mut options = with(&sink.url(), WAYS[3]);
    options.in_flight = 20.try_into().unwrap();
    let outcome = replay(&source(20), &options);
    check_balance(&outcome);
    assert!(outcome.is_clean(), "{outcome:?}");
    assert_eq!(outcome.grpc_status["RESOURCE_EXHAUSTED"], 30);
    let sink = Sink::new(|_| Answer::Grpc(b"", &[("grpc-status", "8")]));
    let outcome = replay(&source(20), &with(&sink.url(), WAYS[3]));
    check_balance(&outcome);
    assert_eq!((outcome.requests.failed, outcome.retries), (20, 0));
}

#[test]
fn answers_of_every_shape_are_read_as_grpc_says() {
    static LONG: [u8; (4 << 20) + 1] = [0; (4 << 20) + 1];
    let check = |answer: fn() -> Answer, code: &str, message: &str, retries: u64| {
        let sink = Sink::new(move |n| if n == 0 { answer() } else { GRPC_OK });
        let mut options = with(&sink.url(), WAYS[3]);
        options.timeout = Duration::from_millis(500);
        let outcome = replay(&source(1), &options);
        check_balance(&outcome);
        assert_eq!(outcome.retries, retries, "{outcome:?}");
        if retries > 0 {
            assert!(outcome.is_clean(), "{outcome:?}");
            return;
        }
        let error = &outcome.errors[0];
        assert_eq!((&*error.code, error.items), (code, 1));
        assert!(error.message.contains(message), "{error:?}");
    };
    // Nothing but headers.
    check(
        || {
            Answer::Http(
                200,
                &[("grpc-status", "7"), ("grpc-message", "no%20way")],
                b"",
            )
        },
        "grpc_permission_denied",
        "PERMISSION_DENIED: no way",
        0,
    );
    check(
        || Answer::Http(401, &[], b""),
        "grpc_unauthenticated",
        "HTTP 401",
        0,
    );
    check(
        || Answer::Http(404, &[], b""),
        "grpc_unimplemented",
        "HTTP 404",
        0,
    );
    check(
        || Answer::Http(200, &[], b""),
        "grpc_unknown",
        "no gRPC status",
        0,
    );
    check(
        || Answer::Grpc(b"", &[]),
        "grpc_unknown",
        "no gRPC status",
        0,
    );
    check(
        || Answer::Grpc(&LONG, &[("grpc-status", "0")]),
        "grpc_internal",
        "longer than 4 MiB",
        0,
    );
    check(|| Answer::Silence, "", "", 1);
    check(|| Answer::Http(502, &[], b""), "", "", 1);
    check(|| Answer::Grpc(b"", &[("grpc-status", "4")]), "", "", 1);
}

#[test]
fn partial_success_is_counted_in_every_protocol() {
    for way in WAYS {
        let sink = Sink::new(move |n| match (n % 2, way.0) {
            (0, Protocol::Grpc) => Answer::Grpc(b"\x0a\x02\x08\x01", &[("grpc-status", "0")]),
            (0, Protocol::HttpJson) => Answer::Http(
                200,
                &[("content-type", "application/json")],
                br#"{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"old"}}"#,
            ),
            (0, Protocol::HttpProtobuf) => Answer::Http(200, &[], b"\x0a\x02\x08\x01"),
            (_, protocol) => ok(protocol),
        });
        let outcome = replay(&source(10), &with(&sink.url(), way));
        check_balance(&outcome);
        assert_eq!((outcome.items.accepted, outcome.items.rejected), (5, 5));
        assert_eq!((outcome.requests.partly_rejected, outcome.retries), (5, 0));
    }
}

#[test]
fn a_receiver_that_is_restarted_in_mid_run_gets_everything() {
    for way in WAYS {
        let (protocol, _) = way;
        // Slow enough to be restarted in the middle.
        let late = move |_: usize| match protocol {
            Protocol::Grpc => Answer::Late(Duration::from_millis(3), &GRPC_OK),
            _ => Answer::Late(Duration::from_millis(3), &OK),
        };
        let first = Sink::new(late);
        let port = first.port();
        let options = with(&first.url(), way);
        let running = thread::spawn(move || replay(&source(120), &options));
        while first.received().len() < 30 {
            thread::sleep(Duration::from_millis(1));
        }
        let received = first.take();
        thread::sleep(Duration::from_millis(150));
        let serving = Serving { port, tls: None };
        let second = Sink::by(move |n, _| late(n), serving);
        let outcome = running.join().unwrap();
        check_balance(&outcome);
        assert!(outcome.is_clean(), "{way:?} {outcome:?}");
        assert!(outcome.retries > 0, "{way:?}");
        let mut times = HashMap::<Bytes, u64>::new();
        for request in received.iter().chain(&*second.received()) {
            *times.entry(request.body.clone()).or_default() += 1;
        }
        assert_eq!(times.len(), 120, "{way:?}");
        let twice: u64 = times.values().map(|times| times - 1).sum();
        assert!(twice <= outcome.ambiguous_retries, "{way:?} {outcome:?}");
    }
}

/// Reads a few bytes at a time, with a small window, then takes the request.
fn serve_slowly(mut stream: TcpStream, wait: Duration) -> std::io::Result<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read(&mut byte)? == 0 {
                return Ok(());
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let len = head.split("content-length: ").nth(1).unwrap();
        let mut left: usize = len.split_once("\r\n").unwrap().0.parse().unwrap();
        let mut piece = [0; 32 << 10];
        while left > 0 {
            let most = left.min(piece.len());
            let read = stream.read(&mut piece[..most])?;
            if read == 0 {
                return Ok(());
            }
            left -= read;
            thread::sleep(wait);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
    }
}

/// What becomes of two requests of 4 MiB, which a slow receiver takes, or not in time.
fn slow(wait: Duration, timeout: Duration) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            // A client that goes away is what is tried here.
            thread::spawn(move || drop(serve_slowly(stream, wait)));
        }
    });
    let text = "x".repeat(4 << 20);
    let lines: String = (0..2).map(|i| log_line(i, &text)).collect();
    let mut options = with(&format!("http://127.0.0.1:{port}"), WAYS[0]);
    options.timeout = timeout;
    options.retry.max_attempts = 2;
    replay(&[Source::from_bytes("a", lines.into_bytes())], &options)
}

#[test]
fn slow_readers_are_waited_for_as_long_as_the_timeout_says() {
    let outcome = slow(Duration::from_millis(1), Duration::from_secs(30));
    check_balance(&outcome);
    assert!(outcome.is_clean(), "{outcome:?}");
    assert!(outcome.latency.unwrap().p50_ms > 50.0, "{outcome:?}");
    let outcome = slow(Duration::from_millis(20), Duration::from_millis(300));
    check_balance(&outcome);
    assert_eq!((outcome.requests.failed, outcome.attempts), (2, 4));
    assert_eq!(
        (&*outcome.errors[0].code, outcome.ambiguous_retries),
        ("timeout", 2)
    );
}

#[test]
fn without_trust_nothing_goes_out() {
    for way in [WAYS[0], WAYS[1], WAYS[3]] {
        let (protocol, _) = way;
        let sink = Sink::by(move |_, _| ok(protocol), tls(false, &["h2", "http/1.1"]));
        // Not the authority of this server.
        let self_signed = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/self_signed.pem");
        let options = ReplayOptions {
            tls: TlsFiles {
                authorities: Some(self_signed.into()),
                ..TlsFiles::default()
            },
            ..with(&sink.url(), way)
        };
        let outcome = replay(&source(10), &options);
        assert_eq!(outcome.ended, Ended::Unreachable, "{way:?} {outcome:?}");
        assert_eq!((outcome.retries, outcome.bytes.on_the_wire), (0, 0));
        let items = outcome.items;
        assert_eq!(items.failed + items.unsent, 10);
        assert!(outcome.errors.iter().any(|e| e.code == "tls_failed"));
        assert_eq!(sink.received().len(), 0);
    }
}

#[test]
fn what_failed_is_saved_and_can_be_replayed_from_there_whatever_the_protocol() {
    for way in WAYS {
        let (protocol, _) = way;
        let dir = tempfile::tempdir().unwrap();
        let sink = Sink::new(move |n| match (n % 2, protocol) {
            (0, Protocol::Grpc) => Answer::Grpc(b"", &[("grpc-status", "3")]),
            (0, _) => Answer::Http(400, &[], b""),
            _ => ok(protocol),
        });
        let mut options = with(&sink.url(), way);
        options.compression = Compression::Gzip;
        options.failed = Some(dir.path().join("failed"));
        let outcome = replay(&source(10), &options);
        check_balance(&outcome);
        assert_eq!(outcome.items.failed, 5);
        let saved = find_sources(&[dir.path().to_owned()]).unwrap();
        let again = Sink::new(move |_| ok(protocol));
        let outcome = replay(&saved, &with(&again.url(), way));
        assert!(outcome.is_clean(), "{outcome:?}");
        assert_eq!(outcome.items.accepted, 5);
    }
}
