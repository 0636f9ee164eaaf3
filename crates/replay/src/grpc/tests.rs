use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hyper::header::{HeaderName, HeaderValue};
use proptest::prelude::*;
use prost::Message as _;

use super::*;

#[derive(Clone, PartialEq, prost::Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Span {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Span>,
}

fn details(name: &str, delay: Option<(i64, i32)>) -> Vec<u8> {
    let info = RetryInfo {
        retry_delay: delay.map(|(seconds, nanos)| Span { seconds, nanos }),
    };
    let other = Any {
        type_url: "type.googleapis.com/google.rpc.DebugInfo".to_owned(),
        value: b"\x0a\x01x".to_vec(),
    };
    let info = Any {
        type_url: format!("type.googleapis.com/google.rpc.{name}"),
        value: info.encode_to_vec(),
    };
    RpcStatus {
        code: 8,
        message: "wait".to_owned(),
        details: vec![other, info],
    }
    .encode_to_vec()
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| {
        let value = HeaderValue::from_str(value).unwrap();
        (HeaderName::from_static(name), value)
    });
    pairs.collect()
}

#[test]
fn the_status_stands_in_headers_or_trailers() {
    let found = status(&headers(&[
        ("grpc-status", "8"),
        ("grpc-message", "too%20much: 100% %c3%a4%"),
    ]));
    let expected = GrpcStatus {
        code: RESOURCE_EXHAUSTED,
        message: "too much: 100% \u{e4}%".to_owned(),
        retry_delay: None,
    };
    assert_eq!(found, Some(expected));
    assert_eq!(status(&headers(&[("grpc-message", "x")])), None);
    let odd = status(&headers(&[("grpc-status", "x")])).unwrap();
    assert_eq!((odd.code, name(odd.code)), (UNKNOWN, "UNKNOWN"));
}

#[test]
fn retry_info_is_found_in_the_details() {
    let check = |bytes: &[u8], expected: Option<Duration>| {
        for text in [STANDARD.encode(bytes), STANDARD_NO_PAD.encode(bytes)] {
            let headers = headers(&[("grpc-status", "8"), ("grpc-status-details-bin", &text)]);
            assert_eq!(status(&headers).unwrap().retry_delay, expected);
        }
    };
    let delay = Some(Duration::from_millis(2_500));
    check(&details("RetryInfo", Some((2, 500_000_000))), delay);
    check(&details("RetryInfo", Some((-2, 0))), Some(Duration::ZERO));
    check(&details("RetryInfo", None), Some(Duration::ZERO));
    check(&details("QuotaFailure", Some((2, 0))), None);
    check(b"\x08\x08", None);
    check(b"\x1a\xff", None);
}

#[test]
fn what_may_be_repeated_is_what_the_specification_says() {
    let with = |code, retry_delay| GrpcStatus {
        code,
        message: String::new(),
        retry_delay,
    };
    let retryable: Vec<&str> = (0..=17)
        .filter(|code| is_retryable(&with(*code, None)))
        .map(name)
        .collect();
    assert_eq!(
        retryable,
        [
            "CANCELLED",
            "DEADLINE_EXCEEDED",
            "ABORTED",
            "OUT_OF_RANGE",
            "UNAVAILABLE",
            "DATA_LOSS"
        ]
    );
    let delay = Some(Duration::ZERO);
    assert!(is_retryable(&with(RESOURCE_EXHAUSTED, delay)));
    assert!(!is_retryable(&with(INTERNAL, delay)));
}

#[test]
fn messages_over_the_limit_are_known_by_their_words() {
    let is_too_large = |code, message: &str| {
        let message = message.to_owned();
        is_too_large(&GrpcStatus {
            code,
            message,
            retry_delay: None,
        })
    };
    for (code, message) in [
        (8, "grpc: received message larger than max (5 vs. 4)"),
        (
            8,
            "grpc: received message after decompression larger than max 4",
        ),
        (8, "gRPC message exceeds maximum size 4194304: 5000000"),
        (
            8,
            "Received message exceeds the maximum configured message size.",
        ),
        (
            11,
            "Error, decoded message length too large: found 5 bytes, the limit is: 4 bytes",
        ),
    ] {
        assert!(is_too_large(code, message), "{message}");
    }
    assert!(!is_too_large(8, "too many requests"));
    assert!(!is_too_large(3, "message larger than max"));
}

#[test]
fn messages_come_back_out_of_their_frames() {
    let framed = frame(b"abc", false);
    assert_eq!(framed, b"\0\0\0\0\x03abc");
    assert_eq!(unframe(framed.into()), Some(Bytes::from_static(b"abc")));
    assert_eq!(unframe(frame(b"abc", true).into()), None);
    assert_eq!(unframe(Bytes::from_static(b"\0\0\0\0\x04abc")), None);
    assert_eq!(unframe(Bytes::from_static(b"\0\0\0")), None);
}

proptest! {
    #[test]
    fn any_details_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = retry_delay(STANDARD.encode(&bytes).as_bytes());
        let _ = unframe(bytes.into());
    }
}
