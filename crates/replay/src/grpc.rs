//! gRPC around an OTLP message: the frame, the status, and what status details say.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::HeaderMap;

use crate::percent::percent_decoded;
use crate::reply::{Field, Fields};

/// What a call came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GrpcStatus {
    /// 0 is success; see [`name`].
    pub(crate) code: u16,
    /// What the receiver says.
    pub(crate) message: String,
    /// `RetryInfo.retry_delay` of the status details.
    pub(crate) retry_delay: Option<Duration>,
}

pub(crate) const CANCELLED: u16 = 1;
pub(crate) const UNKNOWN: u16 = 2;
pub(crate) const DEADLINE_EXCEEDED: u16 = 4;
pub(crate) const PERMISSION_DENIED: u16 = 7;
pub(crate) const RESOURCE_EXHAUSTED: u16 = 8;
pub(crate) const ABORTED: u16 = 10;
pub(crate) const OUT_OF_RANGE: u16 = 11;
pub(crate) const UNIMPLEMENTED: u16 = 12;
pub(crate) const INTERNAL: u16 = 13;
pub(crate) const UNAVAILABLE: u16 = 14;
pub(crate) const DATA_LOSS: u16 = 15;
pub(crate) const UNAUTHENTICATED: u16 = 16;

const NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// The name of a status code; codes that the protocol does not know count as `UNKNOWN`.
pub(crate) fn name(code: u16) -> &'static str {
    NAMES.get(usize::from(code)).copied().unwrap_or("UNKNOWN")
}

/// Puts a message into its frame: whether it is compressed, its length, its bytes.
pub(crate) fn frame(message: &[u8], is_compressed: bool) -> Vec<u8> {
    let mut framed = Vec::with_capacity(message.len() + PREFIX_BYTES);
    framed.push(u8::from(is_compressed));
    // Requests are at most 64 MiB.
    framed.extend((message.len() as u32).to_be_bytes());
    framed.extend(message);
    framed
}

const PREFIX_BYTES: usize = 5;

/// The message of an answer; `None` if there is not exactly one, or it is compressed, which was not
/// asked for.
pub(crate) fn unframe(mut framed: Bytes) -> Option<Bytes> {
    let prefix = framed.first_chunk::<PREFIX_BYTES>()?;
    let [0, length @ ..] = prefix else {
        return None;
    };
    let len = u32::from_be_bytes(*length) as usize;
    let message = framed.split_off(PREFIX_BYTES);
    (message.len() == len).then_some(message)
}

/// The status in trailers, or in the headers of an answer that has nothing but these. `None` if
/// there is none.
pub(crate) fn status(headers: &HeaderMap) -> Option<GrpcStatus> {
    let code = headers.get("grpc-status")?.to_str().ok()?.trim();
    let details = headers.get("grpc-status-details-bin");
    Some(GrpcStatus {
        code: code.parse().unwrap_or(UNKNOWN),
        message: headers
            .get("grpc-message")
            .map(|text| String::from_utf8_lossy(&percent_decoded(text.as_bytes())).into_owned())
            .unwrap_or_default(),
        retry_delay: details.and_then(|details| retry_delay(details.as_bytes())),
    })
}

/// The status that stands for an HTTP status, where there is none of gRPC, as gRPC says.
pub(crate) fn of_http(status: u16) -> GrpcStatus {
    let code = match status {
        400 => INTERNAL,
        401 => UNAUTHENTICATED,
        403 => PERMISSION_DENIED,
        404 => UNIMPLEMENTED,
        429 | 502 | 503 | 504 => UNAVAILABLE,
        _ => UNKNOWN,
    };
    let message = match status {
        200 => "the answer has no gRPC status".to_owned(),
        _ => format!("HTTP {status}, with no gRPC status"),
    };
    GrpcStatus {
        code,
        message,
        retry_delay: None,
    }
}

/// The status that stands for the reason of a reset stream, as gRPC says.
pub(crate) fn of_reset(reason: h2::Reason) -> GrpcStatus {
    let code = match reason {
        h2::Reason::REFUSED_STREAM => UNAVAILABLE,
        h2::Reason::CANCEL => CANCELLED,
        h2::Reason::ENHANCE_YOUR_CALM => RESOURCE_EXHAUSTED,
        h2::Reason::INADEQUATE_SECURITY => PERMISSION_DENIED,
        _ => INTERNAL,
    };
    GrpcStatus {
        code,
        message: format!("the receiver reset the stream: {reason}"),
        retry_delay: None,
    }
}

/// Whether a call may be repeated. `RESOURCE_EXHAUSTED` only where the receiver says when.
pub(crate) fn is_retryable(status: &GrpcStatus) -> bool {
    match status.code {
        CANCELLED | DEADLINE_EXCEEDED | ABORTED | OUT_OF_RANGE | UNAVAILABLE | DATA_LOSS => true,
        RESOURCE_EXHAUSTED => status.retry_delay.is_some(),
        _ => false,
    }
}

/// Whether what was refused may have been taken all the same.
pub(crate) fn is_ambiguous(code: u16) -> bool {
    matches!(code, CANCELLED | DEADLINE_EXCEEDED | DATA_LOSS)
}

/// Whether a message was refused for its length. There is no code for it: the implementations of
/// gRPC for Go, C++, Java, .NET and Rust say so in words, the last of them as `OUT_OF_RANGE`.
pub(crate) fn is_too_large(status: &GrpcStatus) -> bool {
    const WORDS: [&str; 5] = [
        "larger than max",
        "larger than the max",
        "exceeds maximum size",
        "exceeds the maximum",
        "length too large",
    ];
    let text = status.message.to_ascii_lowercase();
    matches!(status.code, RESOURCE_EXHAUSTED | OUT_OF_RANGE)
        && text.contains("message")
        && WORDS.iter().any(|words| text.contains(words))
}

/// The delay in a base64 `google.rpc.Status`, padded or not. `None` if there is none.
fn retry_delay(base64: &[u8]) -> Option<Duration> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    let end = base64.iter().rposition(|byte| *byte != b'=')?;
    let status = STANDARD_NO_PAD.decode(&base64[..=end]).ok()?;
    let mut fields = Fields(&status);
    while let Some(field) = fields.next()? {
        if let (3, Field::Bytes(any)) = field
            && let Some(delay) = delay_of(any)
        {
            return Some(delay);
        }
    }
    None
}

/// The delay in a `google.protobuf.Any`, if that is a `google.rpc.RetryInfo`.
fn delay_of(any: &[u8]) -> Option<Duration> {
    let (mut is_retry_info, mut value) = (false, &[][..]);
    let mut fields = Fields(any);
    while let Some(field) = fields.next()? {
        match field {
            (1, Field::Bytes(url)) => is_retry_info = url.ends_with(b"/google.rpc.RetryInfo"),
            (2, Field::Bytes(bytes)) => value = bytes,
            _ => {}
        }
    }
    if !is_retry_info {
        return None;
    }
    let mut fields = Fields(value);
    while let Some(field) = fields.next()? {
        if let (1, Field::Bytes(duration)) = field {
            return duration_of(duration);
        }
    }
    // A delay of nothing may be left out.
    Some(Duration::ZERO)
}

/// A `google.protobuf.Duration`; a negative one is none.
fn duration_of(bytes: &[u8]) -> Option<Duration> {
    let (mut seconds, mut nanos) = (0_i64, 0_i64);
    let mut fields = Fields(bytes);
    while let Some(field) = fields.next()? {
        match field {
            (1, Field::Varint(value)) => seconds = value as i64,
            (2, Field::Varint(value)) => nanos = value as i64,
            _ => {}
        }
    }
    if seconds < 0 || nanos < 0 {
        return Some(Duration::ZERO);
    }
    let nanos = u32::try_from(nanos).ok().filter(|n| *n < 1_000_000_000)?;
    Some(Duration::new(seconds as u64, nanos))
}

#[cfg(test)]
mod tests;
