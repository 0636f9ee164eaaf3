//! OTLP over gRPC: unary calls of `Export` over HTTP/2, framed by hand.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode, Version};
use otolith_capture::{Encoding, Signal};

use crate::body;
use crate::call::{self, Call, Framing};
use crate::check::Contents;
use crate::inflate::{Coding, shortened};
use crate::receiver::Shared;
use crate::refusal::{Refusal, RefusalKind};
use crate::reply::{self, Answer};
use crate::tally::Begun;

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/grpc");
const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const GRPC_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// Whether a head is one of gRPC.
pub(crate) fn is_grpc(head: &Parts) -> bool {
    let kind = head.headers.get(header::CONTENT_TYPE);
    let kind = kind.map_or(b"".as_slice(), HeaderValue::as_bytes);
    // Not `application/grpc-web`, which is another protocol.
    matches!(
        kind.strip_prefix(b"application/grpc"),
        Some([] | [b'+' | b';', ..])
    )
}

/// Serves one call.
pub(crate) async fn serve(
    shared: &Shared,
    begun: Begun,
    head: &Parts,
    mut body: Incoming,
) -> Result<Response<Answer>, Refusal> {
    let call = match call(shared, head) {
        Ok(call) => call,
        Err(refusal) => {
            begun.refused(&refusal);
            if head.version < Version::HTTP_2 {
                body::drain(&mut body).await;
            }
            return Ok(refused(&refusal));
        }
    };
    match call::take(shared, begun, call, &mut body).await {
        Ok(contents) => Ok(taken(call, &contents)),
        Err(refusal) if refusal.kind == RefusalKind::InjectedCut => Err(refusal),
        Err(refusal) => Ok(refused(&refusal)),
    }
}

fn call(shared: &Shared, head: &Parts) -> Result<Call, Refusal> {
    if head.version < Version::HTTP_2 {
        return Err(Refusal::new(
            RefusalKind::MediaType,
            "gRPC needs HTTP/2, found HTTP/1.1",
        ));
    }
    let path = head.uri.path();
    let signal = match path {
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => Signal::Traces,
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => Signal::Metrics,
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => Signal::Logs,
        other => {
            return Err(Refusal::new(
                RefusalKind::NotFound,
                format!(
                    "expected Export of the service of traces, metrics or logs, found `{}`",
                    shortened(other.as_bytes())
                ),
            ));
        }
    };
    if head.method != Method::POST {
        return Err(Refusal::new(RefusalKind::Method, "gRPC calls are POST"));
    }
    shared.admit(head)?;
    let kind = head.headers.get(header::CONTENT_TYPE);
    let kind = kind.map_or(b"".as_slice(), HeaderValue::as_bytes);
    if !matches!(kind, b"application/grpc" | b"application/grpc+proto") {
        return Err(Refusal::new(
            RefusalKind::MediaType,
            format!("expected messages in protobuf, found `{}`", shortened(kind)),
        ));
    }
    let coding = match head.headers.get(GRPC_ENCODING) {
        None => Coding::Identity,
        Some(name) => Coding::parse(name.as_bytes())?,
    };
    Ok(Call {
        signal,
        encoding: Encoding::Protobuf,
        coding,
        framing: Framing::Grpc,
    })
}

fn taken(call: Call, contents: &Contents) -> Response<Answer> {
    let message = contents.message.as_deref();
    let message = reply::response(call.encoding, call.signal, contents.rejected, message);
    let mut framed = vec![0];
    // An answer is a text of a few lines.
    let len = u32::try_from(message.len()).unwrap_or(u32::MAX);
    framed.extend_from_slice(&len.to_be_bytes());
    framed.extend_from_slice(&message);
    let mut trailers = HeaderMap::new();
    trailers.insert(GRPC_STATUS, HeaderValue::from_static("0"));
    let mut response = Response::new(Answer::of(framed).with_trailers(trailers));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, CONTENT_TYPE);
    response
}

/// An answer without a message: everything is in its head.
fn refused(refusal: &Refusal) -> Response<Answer> {
    let names = refusal.kind.names();
    let mut response = Response::new(Answer::default());
    *response.status_mut() = match refusal.kind {
        // Only over HTTP/1.1, where nobody reads the rest.
        RefusalKind::MediaType if refusal.message.contains("HTTP/1.1") => {
            StatusCode::UNSUPPORTED_MEDIA_TYPE
        }
        _ => StatusCode::OK,
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, CONTENT_TYPE);
    headers.insert(GRPC_STATUS, u64::from(names.grpc).into());
    let message = percent_encoded(&refusal.message);
    if let Ok(message) = HeaderValue::from_str(&message) {
        headers.insert(GRPC_MESSAGE, message);
    }
    if refusal.kind == RefusalKind::MediaType {
        let accepted = HeaderValue::from_static("identity,gzip,zstd");
        headers.insert(GRPC_ACCEPT_ENCODING, accepted);
    }
    if refusal.retry_after.is_some() {
        let status = reply::status(
            Encoding::Protobuf,
            names.grpc,
            &refusal.message,
            refusal.retry_after,
        );
        if let Ok(details) = HeaderValue::from_str(&STANDARD_NO_PAD.encode(status)) {
            headers.insert(GRPC_DETAILS, details);
        }
    }
    response
}

/// As `grpc-message` wants it: visible ASCII and blanks, the rest as `%XX`.
fn percent_encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'%' => out += "%25",
            b' '..=b'~' => out.push(char::from(byte)),
            byte => out += &format!("%{byte:02X}"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_percent_encoded() {
        assert_eq!(percent_encoded("50% \u{e4}\n"), "50%25 %C3%A4%0A");
    }

    #[test]
    fn grpc_is_told_by_its_type() {
        let check = |kind: &str, expected| {
            let request = hyper::Request::builder().header(header::CONTENT_TYPE, kind);
            let (head, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(is_grpc(&head), expected, "{kind}");
        };
        check("application/grpc", true);
        check("application/grpc+proto", true);
        check("application/grpc+json", true);
        check("application/grpc;x=1", true);
        check("application/grpc-web", false);
        check("application/json", false);
    }
}
