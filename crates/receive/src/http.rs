//! OTLP over HTTP: what heads mean, and how answers look.

use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode, Version};
use otolith_capture::{Encoding, Signal};

use crate::body;
use crate::call::{self, Call, Framing};
use crate::check::Contents;
use crate::inflate::{ACCEPTED, Coding, shortened};
use crate::receiver::Shared;
use crate::refusal::{Refusal, RefusalKind};
use crate::reply::{self, Answer};
use crate::tally::Begun;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// Serves one request.
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
            return Ok(refused(&refusal, head, &mut body).await);
        }
    };
    match call::take(shared, begun, call, &mut body).await {
        Ok(contents) => Ok(taken(call, &contents)),
        Err(refusal) if refusal.kind == RefusalKind::InjectedCut => Err(refusal),
        Err(refusal) => Ok(refused(&refusal, head, &mut body).await),
    }
}

/// What a head says of its body.
fn call(shared: &Shared, head: &Parts) -> Result<Call, Refusal> {
    let path = head.uri.path();
    let signal = path.strip_prefix("/v1/").and_then(|name| {
        let mut signals = Signal::ALL.into_iter();
        signals.find(|signal| signal.as_str() == name)
    });
    let Some(signal) = signal else {
        let path = shortened(path.as_bytes());
        return Err(Refusal::new(
            RefusalKind::NotFound,
            format!("expected /v1/traces, /v1/metrics or /v1/logs, found `{path}`"),
        ));
    };
    if head.method != Method::POST {
        return Err(Refusal::new(
            RefusalKind::Method,
            format!(
                "expected POST, found {}",
                shortened(head.method.as_str().as_bytes())
            ),
        ));
    }
    shared.admit(head)?;
    let Some(encoding) = encoding(&head.headers) else {
        let found = head.headers.get(header::CONTENT_TYPE);
        let found = shortened(found.map_or(b"".as_slice(), HeaderValue::as_bytes));
        return Err(Refusal::new(
            RefusalKind::MediaType,
            format!("expected a content type of {PROTOBUF} or {JSON}, found `{found}`"),
        ));
    };
    let coding = match head.headers.get(header::CONTENT_ENCODING) {
        None => Coding::Identity,
        Some(name) => Coding::parse(name.as_bytes())?,
    };
    Ok(Call {
        signal,
        encoding,
        coding,
        framing: Framing::Bare,
    })
}

fn encoding(headers: &HeaderMap) -> Option<Encoding> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case(PROTOBUF) {
        Some(Encoding::Protobuf)
    } else if kind.eq_ignore_ascii_case(JSON) {
        Some(Encoding::Json)
    } else {
        None
    }
}

fn taken(call: Call, contents: &Contents) -> Response<Answer> {
    let message = contents.message.as_deref();
    let body = reply::response(call.encoding, call.signal, contents.rejected, message);
    answer(StatusCode::OK, call.encoding, body)
}

async fn refused(refusal: &Refusal, head: &Parts, body: &mut Incoming) -> Response<Answer> {
    // What nobody knows the type of is answered in the one that people can read.
    let encoding = encoding(&head.headers).unwrap_or(Encoding::Json);
    let names = refusal.kind.names();
    let text = reply::status(encoding, names.grpc, &refusal.message, refusal.retry_after);
    let status = StatusCode::from_u16(names.http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = answer(status, encoding, text);
    let headers = response.headers_mut();
    if let Some(wait) = refusal.retry_after {
        headers.insert(header::RETRY_AFTER, whole_seconds(wait).into());
    }
    match refusal.kind {
        RefusalKind::MediaType => {
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED));
        }
        RefusalKind::Method => {
            headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        RefusalKind::Unauthorised => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        _ => {}
    }
    // A sender of HTTP/2 hears of the answer while it sends.
    let must_drain = head.version < Version::HTTP_2 && refusal.kind != RefusalKind::TooSlow;
    if must_drain {
        body::drain(body).await;
    }
    response
}

/// `Retry-After` has whole seconds, and 0 would be no wait.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

fn answer(status: StatusCode, encoding: Encoding, body: Vec<u8>) -> Response<Answer> {
    let mut response = Response::new(Answer::of(body));
    *response.status_mut() = status;
    let kind = match encoding {
        Encoding::Protobuf => PROTOBUF,
        Encoding::Json | Encoding::JavaScriptSdk => JSON,
    };
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
