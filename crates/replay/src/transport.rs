//! Carries requests to the receiver: HTTP/1.1 with kept connections.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use std::{io, iter};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{self as client, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use otolith_capture::Signal;
use rustls::{CertificateError, ClientConfig, OtherError, RootCertStore};
use tokio::time::{Instant, timeout_at};

use crate::endpoint::Endpoint;
use crate::error::ReplayError;
use crate::options::{Compression, ReplayOptions};

/// Carries one request at a time per call; calls may overlap.
pub(crate) trait Transport: Send + Sync + 'static {
    /// One attempt.
    fn send(
        &self,
        signal: Signal,
        body: Bytes,
    ) -> impl Future<Output = Result<Reply, SendError>> + Send;
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// `Retry-After` as sent.
    pub(crate) retry_after: Option<String>,
    /// The body; `None` if it was over 4 MiB, or did not come to its end.
    pub(crate) body: Option<Bytes>,
}

/// No answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SendError {
    /// No connection came about: the request did not go out.
    Connect(String),
    /// No encrypted connection came about: the request did not go out.
    Tls(String),
    /// What answered does not speak HTTP/1.1.
    NotHttp(String),
    /// The connection ended before the answer: the request may have arrived.
    Lost(String),
    /// No answer in time: the request may have arrived.
    Timeout,
}

/// What protocol 1.11.0 tells clients to accept.
const MAX_REPLY_BYTES: usize = 4 << 20;

/// HTTP/1.1, plain or in TLS.
pub(crate) struct HttpTransport {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    endpoint: Endpoint,
    headers: HeaderMap,
    timeout: Duration,
}

impl HttpTransport {
    /// Opens no connection yet.
    pub(crate) fn new(options: &ReplayOptions) -> Result<Self, ReplayError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(options.timeout / 2));
        let tls = tls_config(options.to.is_https()).map_err(ReplayError::Tls)?;
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(options.in_flight.get())
            .pool_timer(TokioTimer::new())
            .build(connector);
        Ok(Self {
            client,
            endpoint: options.to.clone(),
            headers: headers(options),
            timeout: options.timeout,
        })
    }
}

fn headers(options: &ReplayOptions) -> HeaderMap {
    const AGENT: &str = concat!("otolith/", env!("CARGO_PKG_VERSION"));
    let mut headers = options.headers.map().clone();
    headers
        .entry(header::USER_AGENT)
        .or_insert(HeaderValue::from_static(AGENT));
    let protobuf = HeaderValue::from_static("application/x-protobuf");
    headers.insert(header::CONTENT_TYPE, protobuf);
    if options.compression == Compression::Gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers
}

/// Trusts what the system trusts. The provider is named, so that it does not matter which others
/// are linked, and none has to be installed for the process.
fn tls_config(is_https: bool) -> io::Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    let builder = if is_https {
        builder.with_native_roots()?
    } else {
        // Reading the system's certificates takes time, and may fail where nobody needs them.
        builder.with_root_certificates(RootCertStore::empty())
    };
    Ok(builder.with_no_client_auth())
}

impl Transport for HttpTransport {
    async fn send(&self, signal: Signal, body: Bytes) -> Result<Reply, SendError> {
        let deadline = Instant::now() + self.timeout;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.endpoint.uri(signal).clone();
        *request.headers_mut() = self.headers.clone();
        let response = match timeout_at(deadline, self.client.request(request)).await {
            Err(_) => return Err(SendError::Timeout),
            Ok(Err(error)) => return Err(failure(&error)),
            Ok(Ok(response)) => response,
        };
        let (head, body) = response.into_parts();
        // The status has decided: whatever becomes of the body, nothing is sent again for it.
        let body = timeout_at(deadline, Limited::new(body, MAX_REPLY_BYTES).collect()).await;
        let retry_after = head.headers.get(header::RETRY_AFTER);
        Ok(Reply {
            status: head.status.as_u16(),
            retry_after: retry_after.and_then(|value| Some(value.to_str().ok()?.to_owned())),
            body: body.ok().and_then(Result::ok).map(|body| body.to_bytes()),
        })
    }
}

/// What became of a request without an answer.
fn failure(error: &client::Error) -> SendError {
    let causes: Vec<&(dyn Error + 'static)> =
        iter::successors(error.source(), |&e| e.source()).collect();
    if let Some(tls) = causes.iter().find_map(|cause| tls_error(*cause)) {
        return SendError::Tls(tls_text(tls));
    }
    // The outermost error says nothing where there is a cause.
    let texts: Vec<String> = causes.iter().map(ToString::to_string).collect();
    let text = match texts.is_empty() {
        true => error.to_string(),
        false => texts.join(": "),
    };
    let mut http = causes
        .iter()
        .filter_map(|e| e.downcast_ref::<hyper::Error>());
    if error.is_connect() {
        SendError::Connect(text)
    } else if http.any(|error| error.is_parse() || error.to_string() == SPOKE_FIRST) {
        SendError::NotHttp(format!("what answers is no HTTP/1.1: {text}"))
    } else {
        SendError::Lost(text)
    }
}

/// What hyper says, with no other way to tell it, when words come before the request has gone out.
/// So do servers of gRPC and SSH, and none of HTTP/1.1.
const SPOKE_FIRST: &str = "received unexpected message from connection";

/// The error of the TLS library, in as many wraps of input and output as there are: those do not
/// name it as their cause.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    match error.downcast_ref() {
        Some(found) => Some(found),
        None => tls_error(error.downcast_ref::<io::Error>()?.get_ref()?),
    }
}

fn tls_text(error: &rustls::Error) -> String {
    const REFUSED: &str = "the certificate of the receiver is refused";
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            format!("{REFUSED}: no trusted authority has signed it")
        }
        // No variant of its own; the text is that of the library beneath.
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(other)))
            if other.to_string() == "CaUsedAsEndEntity" =>
        {
            format!("{REFUSED}: it is self-signed, or that of an authority")
        }
        rustls::Error::InvalidCertificate(other) => format!("{REFUSED}: {other}"),
        rustls::Error::InvalidMessage(_) => {
            format!("what answers does not speak TLS: {error}")
        }
        other => other.to_string(),
    }
}
