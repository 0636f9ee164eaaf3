//! Requests that are too long, and what calls of gRPC come to.

use super::*;
use crate::grpc::{self, GrpcStatus};
use crate::route::Protocol;

/// How many records each body holds that was sent.
fn records(ran: &Ran) -> Vec<usize> {
    let bodies = ran.seen.iter().map(|(_, _, body)| {
        let request = ExportLogsServiceRequest::decode(&**body).unwrap();
        let groups = request.resource_logs.iter();
        let scopes = groups.flat_map(|group| &group.scope_logs);
        scopes.map(|scope| scope.log_records.len()).sum()
    });
    bodies.collect()
}

fn call(code: u16, message: &str, retry_delay: Option<Duration>) -> Answer {
    Ok(Reply {
        status: 200,
        retry_after: None,
        body: Some(Bytes::new()),
        grpc: Some(GrpcStatus {
            code,
            message: message.to_owned(),
            retry_delay,
        }),
    })
}

fn too_long() -> Answer {
    call(
        grpc::RESOURCE_EXHAUSTED,
        "grpc: received message larger than max (9 vs. 8)",
        None,
    )
}

#[test]
fn what_is_refused_for_its_length_is_divided_until_it_is_taken() {
    for refusal in [status(413), too_long()] {
        let ran = two(vec![refusal.clone(), status(200), refusal, status(503)]);
        assert_eq!(records(&ran), [3, 1, 2, 1, 1, 1, 3]);
        let outcome = &ran.outcome;
        assert_eq!((outcome.requests.accepted, outcome.items.accepted), (2, 6));
        assert_eq!((outcome.divided_requests, outcome.retries), (1, 1));
        assert!(outcome.is_clean());
    }
}

#[test]
fn parts_are_accounted_for_one_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options("max");
    options.failed = Some(dir.path().join("failed"));
    // Of three records the first is taken, the second refused, the third rejected.
    let answers = vec![
        status(413),
        status(200),
        status(413),
        status(400),
        reply(200, None, b"\x0a\x02\x08\x01"),
    ];
    let ran = replay(&[0, 1], answers, &options);
    assert_eq!(records(&ran), [3, 1, 2, 1, 1, 3]);
    let outcome = &ran.outcome;
    let requests = outcome.requests;
    assert_eq!(
        (requests.accepted, requests.partly_rejected, requests.failed),
        (1, 1, 0)
    );
    let items = outcome.items;
    assert_eq!((items.accepted, items.rejected, items.failed), (4, 1, 1));
    assert_eq!(
        (&*outcome.errors[0].code, outcome.errors[0].items),
        ("http_400", 1)
    );
    let saved = std::fs::read(dir.path().join("failed.logs.binpb")).unwrap();
    let (_, saved) = saved.split_first_chunk::<4>().unwrap();
    let saved = ExportLogsServiceRequest::decode(saved).unwrap();
    assert_eq!(saved.resource_logs[0].scope_logs[0].log_records.len(), 1);
}

#[test]
fn an_item_that_is_too_long_alone_fails_with_its_reason() {
    // Only the second half of the first request is taken.
    let ran = two(vec![status(413), status(413), status(200)]);
    assert_eq!(records(&ran), [3, 1, 2, 3]);
    let items = ran.outcome.items;
    assert_eq!((items.accepted, items.failed), (5, 1));
    let error = &ran.outcome.errors[0];
    assert_eq!((&*error.code, error.items), ("http_413", 1));
    assert!(error.message.contains("as too large"), "{error:?}");
    let all = two(vec![status(413); 8]);
    assert_eq!(records(&all), [3, 1, 2, 1, 1, 3, 1, 2, 1, 1]);
    let requests = all.outcome.requests;
    assert_eq!((requests.accepted, requests.failed), (0, 1));
    assert_eq!(requests.partly_rejected, 1);
}

#[test]
fn a_limit_that_is_known_is_kept_to() {
    let mut options = options("max");
    let one = body(0).len() / 3 + 10;
    options.max_request_bytes = NonZeroUsize::new(one);
    let ran = replay(&[0], vec![], &options);
    assert_eq!(records(&ran), [1, 1, 1]);
    assert!(ran.outcome.is_clean());
    assert_eq!(ran.outcome.divided_requests, 1);
    options.max_request_bytes = NonZeroUsize::new(10);
    let ran = replay(&[0], vec![], &options);
    assert_eq!(records(&ran), [0; 0]);
    let error = &ran.outcome.errors[0];
    assert_eq!((&*error.code, error.items), ("too_large", 3));
    assert!(error.message.contains("limit of 10"), "{error:?}");
    assert_eq!(ran.outcome.requests.failed, 1);
}

#[test]
fn over_grpc_the_limit_is_that_of_most_receivers() {
    let request = |records: usize| {
        let record = LogRecord {
            severity_text: "x".repeat(1 << 20),
            ..LogRecord::default()
        };
        let logs = ScopeLogs {
            log_records: vec![record; records],
            ..ScopeLogs::default()
        };
        let logs = ResourceLogs {
            scope_logs: vec![logs],
            ..ResourceLogs::default()
        };
        ExportLogsServiceRequest {
            resource_logs: vec![logs],
        }
        .encode_to_vec()
    };
    let sent = |protocol| {
        let mut builder = TimelineBuilder::new(None).unwrap();
        let body = request(6);
        let request = Request {
            signal: Signal::Logs,
            body: &body,
            items: 6,
            time_unix_nano: Some(T0),
        };
        builder.push(request, NonZeroU16::MIN).unwrap();
        let options = ReplayOptions {
            protocol,
            ..options("max")
        };
        let plan = planned(builder, &options).unwrap();
        let entry = plan.timeline.index.get(0).unwrap();
        let composer = Composer::new(Arc::new(plan.timeline), &options, 0, 0).unwrap();
        let moment = crate::compose::Moment {
            pass: 0,
            sent_unix_nano: 0,
        };
        let parts = composer.compose(&entry, moment).unwrap();
        let items = parts.iter().map(|part| (part.items.start, part.items.end));
        items.collect::<Vec<_>>()
    };
    assert_eq!(sent(Protocol::Grpc), [(0, 3), (3, 6)]);
    assert_eq!(sent(Protocol::HttpProtobuf), [(0, 6)]);
    assert_eq!(sent(Protocol::HttpJson), [(0, 6)]);
}

#[test]
fn calls_are_repeated_as_their_status_says() {
    for code in [1, 4, 10, 11, 14, 15] {
        let outcome = check(vec![call(code, "later", None)], 2, 2, 0);
        assert_eq!(outcome.grpc_status[grpc::name(code)], 1);
        let is_ambiguous = [1, 4, 15].contains(&code);
        assert_eq!(outcome.ambiguous_retries, u64::from(is_ambiguous));
    }
    for code in [2, 3, 5, 6, 7, 8, 9, 12, 13, 16, 99] {
        let outcome = check(vec![call(code, "never", None)], 1, 1, 1);
        let error = &outcome.errors[0];
        let expected = format!("grpc_{}", grpc::name(code).to_ascii_lowercase());
        assert_eq!(error.code, expected);
        let expected = format!("the receiver answered gRPC {}: never", grpc::name(code));
        assert_eq!(error.message, expected);
    }
}

#[test]
fn retry_info_says_when() {
    let delay = Duration::from_secs(7);
    let ran = two(vec![call(grpc::RESOURCE_EXHAUSTED, "", Some(delay))]);
    assert_eq!(ran.outcome.retries, 1);
    // The first answer takes 5 ms.
    assert_eq!(ran.seen[1].0, delay + Duration::from_millis(5));
    let ran = two(vec![call(grpc::UNAVAILABLE, "", Some(delay))]);
    assert_eq!(ran.seen[1].0, delay + Duration::from_millis(5));
    let long = Some(Duration::from_secs(301));
    check(vec![call(grpc::UNAVAILABLE, "", long)], 1, 1, 1);
}
