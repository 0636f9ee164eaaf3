//! Carries requests to the receiver: HTTP/1.1 and HTTP/2 with kept connections, and gRPC on top.

use std::error::Error;
use std::future::Future;
use std::iter;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::uri::Scheme;
use hyper::{Method, Request, Uri};
use otolith_capture::Signal;
use tokio::time::{Instant, timeout_at};

use crate::error::ReplayError;
use crate::grpc::{self, GrpcStatus};
use crate::options::ReplayOptions;
use crate::payload::Payload;
use crate::pool::{CallError, Needs, Pool};
use crate::route::{Compression, Protocol, Route};
use crate::tls::{is_refusal, tls_error, tls_text};

/// Carries one request at a time per call; calls may overlap.
pub(crate) trait Transport: Send + Sync + 'static {
    /// Whether bodies of a signal may be left in the spool.
    fn sends_files(&self, _: Signal) -> bool {
        false
    }

    /// One attempt.
    fn send(
        &self,
        signal: Signal,
        body: Payload,
    ) -> impl Future<Output = Result<Reply, SendError>> + Send;
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The HTTP status; 0 where a stream of gRPC was reset before one came.
    pub(crate) status: u16,
    /// `Retry-After` as sent.
    pub(crate) retry_after: Option<String>,
    /// The body, over gRPC the message in it; `None` if it was over 4 MiB, or did not come to its
    /// end.
    pub(crate) body: Option<Bytes>,
    /// What the call came to, over gRPC.
    pub(crate) grpc: Option<GrpcStatus>,
}

/// No answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SendError {
    /// No connection came about: the request did not go out.
    Connect(String),
    /// No encrypted connection came about: the request did not go out.
    Tls(String),
    /// What answered does not speak the version of HTTP.
    NotHttp(String),
    /// The connection ended before the answer: the request may have arrived.
    Lost(String),
    /// No answer in time: the request may have arrived.
    Timeout,
    /// The spool could not be read.
    Spool(String),
}

/// What protocol 1.11.0 tells clients to accept.
const MAX_REPLY_BYTES: usize = 4 << 20;

/// HTTP/1.1 or HTTP/2, plain or in TLS, for each signal as its route says.
pub(crate) struct HttpTransport {
    /// By `Signal as usize`.
    lanes: [Lane; 3],
    pools: Vec<Pool>,
    /// Whether a receiver has ever answered.
    is_answered: AtomicBool,
}

/// How requests of a signal go.
struct Lane {
    pool: usize,
    /// The receiver, whole.
    address: Uri,
    /// What the request names of it.
    target: Uri,
    headers: HeaderMap,
    timeout: Duration,
    is_grpc: bool,
}

impl HttpTransport {
    /// Opens no connection yet.
    pub(crate) fn new(options: &ReplayOptions) -> Result<Self, ReplayError> {
        let mut pools: Vec<Pool> = Vec::new();
        let mut lane = |signal| -> Result<Lane, ReplayError> {
            let route = options.route(signal);
            let needs = Needs::new(options, &route)?;
            let pool = match pools.iter().position(|pool| pool.serves(&needs)) {
                Some(pool) => pool,
                None => {
                    pools.push(Pool::new(needs, options)?);
                    pools.len() - 1
                }
            };
            let mut headers = headers(options, &route);
            let target = match pools[pool].wants_host() {
                true => {
                    headers.entry(header::HOST).or_insert(host(&route.uri));
                    path(&route.uri)
                }
                false => route.uri.clone(),
            };
            Ok(Lane {
                pool,
                headers,
                target,
                timeout: route.timeout,
                is_grpc: route.protocol == Protocol::Grpc,
                address: route.uri,
            })
        };
        let [traces, metrics, logs] = Signal::ALL;
        let lanes = [lane(traces)?, lane(metrics)?, lane(logs)?];
        Ok(Self {
            lanes,
            pools,
            is_answered: AtomicBool::new(false),
        })
    }
}

fn headers(options: &ReplayOptions, route: &Route) -> HeaderMap {
    const AGENT: &str = concat!("otolith/", env!("CARGO_PKG_VERSION"));
    let mut headers = route.headers.map().clone();
    headers
        .entry(header::USER_AGENT)
        .or_insert(HeaderValue::from_static(AGENT));
    let (content_type, encoding) = match route.protocol {
        Protocol::HttpProtobuf => ("application/x-protobuf", header::CONTENT_ENCODING),
        Protocol::HttpJson => ("application/json", header::CONTENT_ENCODING),
        Protocol::Grpc => ("application/grpc", HeaderName::from_static("grpc-encoding")),
    };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if route.compression != Compression::None {
        let name = route.compression.as_str();
        headers.insert(encoding, HeaderValue::from_static(name));
    }
    if route.protocol == Protocol::Grpc {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        headers.insert(
            HeaderName::from_static("grpc-timeout"),
            grpc_timeout(route.timeout),
        );
    }
    if !options.keep_alive {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    headers
}

/// The header that names the receiver: its port only if that is not the usual one.
fn host(address: &Uri) -> HeaderValue {
    let host = address.host().unwrap_or_default();
    let usual = match address.scheme() == Some(&Scheme::HTTPS) {
        true => 443,
        false => 80,
    };
    let text = match address.port_u16() {
        Some(port) if port != usual => format!("{host}:{port}"),
        Some(_) | None => host.to_owned(),
    };
    HeaderValue::try_from(text).expect("hosts of addresses can be sent")
}

/// An address without the receiver.
fn path(address: &Uri) -> Uri {
    match address.path_and_query() {
        Some(path) => Uri::from(path.clone()),
        None => Uri::from_static("/"),
    }
}

/// At most eight digits, in the finest unit that has room.
fn grpc_timeout(timeout: Duration) -> HeaderValue {
    const MOST: u128 = 99_999_999;
    let (value, unit) = match timeout.as_micros() {
        micros @ ..=MOST => (micros, 'u'),
        _ => match timeout.as_millis() {
            millis @ ..=MOST => (millis, 'm'),
            _ => (u128::from(timeout.as_secs()).min(MOST), 'S'),
        },
    };
    HeaderValue::from_str(&format!("{value}{unit}")).expect("digits and a letter can be sent")
}

impl Transport for HttpTransport {
    fn sends_files(&self, signal: Signal) -> bool {
        self.pools[self.lanes[signal as usize].pool].sends_files()
    }

    async fn send(&self, signal: Signal, body: Payload) -> Result<Reply, SendError> {
        assert!(
            matches!(body, Payload::Bytes(_)) || self.sends_files(signal),
            "bodies are read for connections that cannot"
        );
        let lane = &self.lanes[signal as usize];
        let turn = self.pools[lane.pool].turn().await;
        let deadline = Instant::now() + lane.timeout;
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = lane.target.clone();
        *request.headers_mut() = lane.headers.clone();
        let call = turn.call(&lane.address, request, body);
        let (response, used) = match timeout_at(deadline, call).await {
            Err(_) => return Err(SendError::Timeout),
            Ok(Err(error)) => {
                let result = failure(&error, lane.is_grpc);
                if matches!(result, Err(SendError::Lost(_)))
                    && !self.is_answered.load(Ordering::Relaxed)
                    && let Some(error) = self.pools[lane.pool].diagnosis(&lane.address).await
                {
                    return Err(error);
                }
                return result;
            }
            Ok(Ok(answer)) => answer,
        };
        self.is_answered.store(true, Ordering::Relaxed);
        let (head, body) = response.into_parts();
        let status = head.status.as_u16();
        let body = timeout_at(deadline, Limited::new(body, MAX_REPLY_BYTES).collect()).await;
        if let (Some(used), Ok(Ok(_))) = (used, &body) {
            used.keep();
        }
        if lane.is_grpc {
            // Without trailers nothing is decided.
            let Ok(body) = body else {
                return Err(SendError::Timeout);
            };
            return grpc_reply(status, &head.headers, body);
        }
        // The status has decided: whatever becomes of the body, nothing is sent again for it.
        let retry_after = head.headers.get(header::RETRY_AFTER);
        Ok(Reply {
            status,
            retry_after: retry_after.and_then(|value| Some(value.to_str().ok()?.to_owned())),
            body: body.ok().and_then(Result::ok).map(|body| body.to_bytes()),
            grpc: None,
        })
    }
}

type Collected<B> = Result<http_body_util::Collected<B>, Box<dyn Error + Send + Sync>>;

fn grpc_reply(
    status: u16,
    headers: &HeaderMap,
    body: Collected<Bytes>,
) -> Result<Reply, SendError> {
    let answered = |grpc, body| Reply {
        status,
        retry_after: None,
        body,
        grpc: Some(grpc),
    };
    if let Some(found) = grpc::status(headers) {
        return Ok(answered(found, None));
    }
    match body {
        Ok(body) => {
            let trailers = body.trailers().and_then(grpc::status);
            let found = trailers.unwrap_or_else(|| grpc::of_http(status));
            let message = grpc::unframe(body.to_bytes());
            Ok(answered(found, message))
        }
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            // As clients of gRPC do with what is too long.
            let found = GrpcStatus {
                code: grpc::INTERNAL,
                message: "the answer is longer than 4 MiB".to_owned(),
                retry_delay: None,
            };
            Ok(answered(found, None))
        }
        Err(error) => match reset(iter::successors(
            Some(&*error as &(dyn Error + 'static)),
            |&e| e.source(),
        )) {
            Some(reason) => Ok(answered(grpc::of_reset(reason), None)),
            None => Err(SendError::Lost(error.to_string())),
        },
    }
}

/// Why the receiver reset the stream, if it did.
fn reset<'a>(causes: impl Iterator<Item = &'a (dyn Error + 'static)>) -> Option<h2::Reason> {
    let mut errors = causes.filter_map(|cause| cause.downcast_ref::<h2::Error>());
    let error = errors.find(|error| error.is_reset() && error.is_remote())?;
    error.reason()
}

/// What became of a request without an answer. Over gRPC a reset stream is one.
fn failure(error: &CallError, is_grpc: bool) -> Result<Reply, SendError> {
    if let CallError::Spool(error) = error {
        return Err(SendError::Spool(error.to_string()));
    }
    let causes = error.causes();
    let tls = causes.iter().find_map(|cause| tls_error(*cause));
    if let Some(tls) = tls.filter(|tls| error.is_connect() || is_refusal(tls)) {
        return Err(SendError::Tls(tls_text(tls)));
    }
    if let Some(reason) = reset(causes.iter().copied()).filter(|_| is_grpc) {
        return Ok(Reply {
            status: 0,
            retry_after: None,
            body: None,
            grpc: Some(grpc::of_reset(reason)),
        });
    }
    let texts: Vec<String> = causes.iter().map(ToString::to_string).collect();
    let text = texts.join(": ");
    let mut http = causes
        .iter()
        .filter_map(|e| e.downcast_ref::<hyper::Error>());
    let mut http2 = causes.iter().filter_map(|e| e.downcast_ref::<h2::Error>());
    Err(if error.is_connect() {
        SendError::Connect(text)
    } else if http.any(|error| error.is_parse() || error.to_string() == SPOKE_FIRST) {
        SendError::NotHttp(format!("what answers is no HTTP/1.1: {text}"))
    } else if http2.any(is_foreign) {
        SendError::NotHttp(format!("what answers is no HTTP/2: {text}"))
    } else {
        SendError::Lost(text)
    })
}

/// Whether what came cannot be read as HTTP/2.
fn is_foreign(error: &h2::Error) -> bool {
    error.is_library()
        && matches!(
            error.reason(),
            Some(h2::Reason::FRAME_SIZE_ERROR | h2::Reason::PROTOCOL_ERROR)
        )
}

/// What hyper says, with no other way to tell it, when words come before the request has gone out.
/// So do servers of gRPC and SSH, and none of HTTP/1.1.
const SPOKE_FIRST: &str = "received unexpected message from connection";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receivers_are_named_with_ports_that_are_not_the_usual_ones() {
        let check = |address, expected: &str| {
            let address = Uri::from_static(address);
            assert_eq!(host(&address), expected);
            assert_eq!(path(&address), "/v1/logs");
        };
        check("http://a.example:4318/v1/logs", "a.example:4318");
        check("http://a.example:80/v1/logs", "a.example");
        check("http://a.example:443/v1/logs", "a.example:443");
        check("https://a.example:443/v1/logs", "a.example");
        check("https://[::1]/v1/logs", "[::1]");
    }

    #[test]
    fn timeouts_have_at_most_eight_digits() {
        let check = |timeout, expected: &str| assert_eq!(grpc_timeout(timeout), expected);
        check(Duration::from_millis(500), "500000u");
        check(Duration::from_secs(10), "10000000u");
        check(Duration::from_secs(100), "100000m");
        check(Duration::from_secs(200_000), "200000S");
        check(Duration::MAX, "99999999S");
    }
}
