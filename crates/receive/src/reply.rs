//! Answers in protobuf and JSON: `Export*ServiceResponse` and `google.rpc.Status`.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::HeaderMap;
use otolith_capture::{Encoding, Signal};

/// The body of an answer: at most one piece, and trailers.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl Answer {
    pub(crate) fn of(data: impl Into<Bytes>) -> Self {
        let data = data.into();
        Self {
            data: (!data.is_empty()).then_some(data),
            trailers: None,
        }
    }

    pub(crate) fn with_trailers(self, trailers: HeaderMap) -> Self {
        Self {
            trailers: Some(trailers),
            ..self
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = match self.data.take() {
            Some(data) => Some(Frame::data(data)),
            None => self.trailers.take().map(Frame::trailers),
        };
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, Bytes::len) as u64)
    }
}

/// An `Export*ServiceResponse`: empty if everything was taken.
pub(crate) fn response(
    encoding: Encoding,
    signal: Signal,
    rejected: u64,
    message: Option<&str>,
) -> Vec<u8> {
    if rejected == 0 {
        return match encoding {
            Encoding::Protobuf => Vec::new(),
            Encoding::Json | Encoding::JavaScriptSdk => b"{}".to_vec(),
        };
    }
    let message = message.unwrap_or_default();
    match encoding {
        Encoding::Protobuf => {
            let mut partial = Vec::new();
            push_varint_field(&mut partial, 1, rejected);
            push_bytes_field(&mut partial, 2, message.as_bytes());
            let mut out = Vec::new();
            push_bytes_field(&mut out, 1, &partial);
            out
        }
        Encoding::Json | Encoding::JavaScriptSdk => {
            let name = match signal {
                Signal::Traces => "rejectedSpans",
                Signal::Metrics => "rejectedDataPoints",
                Signal::Logs => "rejectedLogRecords",
            };
            let message = json_text(message);
            format!(r#"{{"partialSuccess":{{"{name}":"{rejected}","errorMessage":{message}}}}}"#)
                .into_bytes()
        }
    }
}

/// A `google.rpc.Status`, with a `RetryInfo` if there is something to wait for.
pub(crate) fn status(
    encoding: Encoding,
    code: u8,
    message: &str,
    retry_after: Option<Duration>,
) -> Vec<u8> {
    const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";
    match encoding {
        Encoding::Protobuf => {
            let mut out = Vec::new();
            push_varint_field(&mut out, 1, code.into());
            push_bytes_field(&mut out, 2, message.as_bytes());
            if let Some(wait) = retry_after {
                let mut duration = Vec::new();
                push_varint_field(&mut duration, 1, wait.as_secs());
                if wait.subsec_nanos() > 0 {
                    push_varint_field(&mut duration, 2, wait.subsec_nanos().into());
                }
                let mut info = Vec::new();
                push_bytes_field(&mut info, 1, &duration);
                let mut any = Vec::new();
                push_bytes_field(&mut any, 1, RETRY_INFO.as_bytes());
                push_bytes_field(&mut any, 2, &info);
                push_bytes_field(&mut out, 3, &any);
            }
            out
        }
        Encoding::Json | Encoding::JavaScriptSdk => {
            let message = json_text(message);
            let details = match retry_after {
                None => String::new(),
                Some(wait) => format!(
                    r#","details":[{{"@type":"{RETRY_INFO}","retryDelay":"{}s"}}]"#,
                    wait.as_secs_f64()
                ),
            };
            format!(r#"{{"code":{code},"message":{message}{details}}}"#).into_bytes()
        }
    }
}

fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn push_varint_field(out: &mut Vec<u8>, number: u64, value: u64) {
    push_varint(out, number << 3);
    push_varint(out, value);
}

fn push_bytes_field(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    push_varint(out, number << 3 | 2);
    push_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn json_text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out += &format!("\\u{:04x}", u32::from(c)),
            c => out.push(c),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
    use prost::Message as _;

    use super::*;

    #[test]
    fn success_says_nothing() {
        assert_eq!(response(Encoding::Protobuf, Signal::Logs, 0, None), b"");
        assert_eq!(response(Encoding::Json, Signal::Logs, 0, None), b"{}");
    }

    #[test]
    fn partial_success_says_how_much_and_why() {
        let bytes = response(Encoding::Protobuf, Signal::Logs, 300, Some("bad \"id\""));
        let decoded = ExportLogsServiceResponse::decode(bytes.as_slice()).unwrap();
        let partial = decoded.partial_success.unwrap();
        assert_eq!(partial.rejected_log_records, 300);
        assert_eq!(partial.error_message, "bad \"id\"");
        let json = response(Encoding::Json, Signal::Metrics, 2, Some("a\n\"\u{1b}"));
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let partial = &json["partialSuccess"];
        assert_eq!(partial["rejectedDataPoints"], "2");
        assert_eq!(partial["errorMessage"], "a\n\"\u{1b}");
    }

    #[test]
    fn a_status_has_code_text_and_wait() {
        let wait = Some(Duration::from_millis(1_500));
        let bytes = status(Encoding::Protobuf, 8, "full", wait);
        // As protoc encodes it.
        let mut expected = b"\x08\x08\x12\x04full\x1a\x36\x0a\x28".to_vec();
        expected.extend(b"type.googleapis.com/google.rpc.RetryInfo");
        expected.extend(b"\x12\x0a\x0a\x08\x08\x01\x10\x80\xca\xb5\xee\x01");
        assert_eq!(bytes, expected);
        let json = status(Encoding::Json, 8, "full", wait);
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["code"], 8);
        assert_eq!(json["details"][0]["retryDelay"], "1.5s");
        assert_eq!(
            status(Encoding::Json, 3, "x", None),
            br#"{"code":3,"message":"x"}"#
        );
    }
}
