//! Connections: which ones there are, who shares them, and why they do not come about.

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{io, iter};

use http_body_util::Full;
use hyper::body::Incoming;
use hyper::http::uri::Authority;
use hyper::{Request, Response, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{self as client, Client};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use tower_service::Service as _;

use crate::connections::{Connections, Used};
use crate::error::ReplayError;
use crate::options::ReplayOptions;
use crate::payload::Payload;
use crate::route::{HttpVersion, Protocol, Route, TlsFiles};
use crate::stream::kernel::SENDS_FILES;
use crate::tls::{client_config, is_refusal, tls_error, tls_text};
use crate::transport::SendError;

/// Connections without traffic are probed after this time, so that a machine that is gone is told.
const PROBE_AFTER: Duration = Duration::from_secs(15);

type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Payload>>;

/// Connections to one receiver, which signals with equal needs share.
pub(crate) struct Pool {
    needs: Needs,
    carrier: Carrier,
    connector: HttpsConnector<HttpConnector>,
}

/// What holds the connections.
enum Carrier {
    /// Of HTTP/1.1.
    Kept {
        connections: Connections,
        /// As many as may be open, if they are fewer than requests in flight.
        slots: Option<Semaphore>,
    },
    /// Of HTTP/2, or of the version that the receiver chooses: each client has one, which requests
    /// share.
    Shared {
        clients: Vec<HttpClient>,
        next: AtomicUsize,
    },
}

/// The right to send a request.
pub(crate) struct Turn<'a> {
    carrier: &'a Carrier,
    _slot: Option<SemaphorePermit<'a>>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum CallError {
    /// No connection came about.
    Connect(Box<dyn Error + Send + Sync>),
    /// The connection ended before the answer.
    Ended(hyper::Error),
    /// Either.
    Shared(client::Error),
    /// The spool could not be read, which ended the connection.
    Spool(io::Error),
}

/// What a pool is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Nothing for another receiver may go over its connections.
    receiver: Option<Authority>,
    version: HttpVersion,
    is_https: bool,
    tls: TlsFiles,
    connect_timeout: Duration,
}

impl Needs {
    /// # Errors
    ///
    /// When a connection per request is wanted of what keeps connections.
    pub(crate) fn new(options: &ReplayOptions, route: &Route) -> Result<Self, ReplayError> {
        let version = match route.protocol {
            Protocol::Grpc => HttpVersion::Http2,
            Protocol::HttpProtobuf | Protocol::HttpJson => options.http,
        };
        let version = match (options.keep_alive, version) {
            (false, HttpVersion::Http2) => {
                return Err(ReplayError::Settings(
                    "a connection per request (--no-keep-alive) is of HTTP/1.1: HTTP/2 and gRPC keep theirs",
                ));
            }
            (false, _) => HttpVersion::Http1,
            (true, HttpVersion::Auto) if !route.is_https() => HttpVersion::Http1,
            (true, version) => version,
        };
        Ok(Self {
            receiver: route.uri.authority().cloned(),
            version,
            is_https: route.is_https(),
            tls: route.tls.clone(),
            connect_timeout: route.timeout / 2,
        })
    }
}

impl Pool {
    /// Opens no connection yet.
    pub(crate) fn new(needs: Needs, options: &ReplayOptions) -> Result<Self, ReplayError> {
        let in_flight = options.in_flight.get();
        let connections = options.connections.map(|connections| connections.get());
        let connector = connector(&needs)?;
        let carrier = match needs.version {
            HttpVersion::Http1 => {
                let slots = connections.filter(|connections| *connections < in_flight);
                Carrier::Kept {
                    connections: Connections::new(connector.clone()),
                    slots: slots.map(Semaphore::new),
                }
            }
            HttpVersion::Http2 | HttpVersion::Auto => {
                let clients = connections.unwrap_or(1).min(in_flight);
                let clients = (0..clients).map(|_| client(connector.clone(), &needs, in_flight));
                Carrier::Shared {
                    clients: clients.collect(),
                    next: AtomicUsize::new(0),
                }
            }
        };
        Ok(Self {
            carrier,
            connector,
            needs,
        })
    }

    /// Whether it is made for these needs.
    pub(crate) fn serves(&self, needs: &Needs) -> bool {
        self.needs == *needs
    }

    /// Whether requests name the receiver in a header and the path alone, by HTTP/1.1, rather than all
    /// of its address.
    pub(crate) fn wants_host(&self) -> bool {
        matches!(self.carrier, Carrier::Kept { .. })
    }

    /// Whether bodies may be left in the spool, for the kernel to send.
    pub(crate) fn sends_files(&self) -> bool {
        SENDS_FILES && self.wants_host() && !self.needs.is_https
    }

    /// Waits for a connection that may be used, or opened.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        let slot = match &self.carrier {
            Carrier::Kept {
                slots: Some(slots), ..
            } => {
                // Never closed.
                slots.acquire().await.ok()
            }
            Carrier::Kept { slots: None, .. } | Carrier::Shared { .. } => None,
        };
        Turn {
            carrier: &self.carrier,
            _slot: slot,
        }
    }
}

impl Turn<'_> {
    /// Sends a request, and waits for the head of the answer. What it came over can be kept when the
    /// answer has been read to its end.
    pub(crate) async fn call(
        &self,
        address: &Uri,
        head: Request<()>,
        body: Payload,
    ) -> Result<(Response<Incoming>, Option<Used<'_>>), CallError> {
        match self.carrier {
            Carrier::Kept { connections, .. } => {
                let (response, used) = connections.call(address, head, body).await?;
                Ok((response, Some(used)))
            }
            Carrier::Shared { clients, next } => {
                let turn = match clients.len() {
                    1 => 0,
                    clients => next.fetch_add(1, Ordering::Relaxed) % clients,
                };
                let request = head.map(|()| Full::new(body));
                let response = clients[turn].request(request).await;
                Ok((response.map_err(CallError::Shared)?, None))
            }
        }
    }
}

impl CallError {
    /// Whether no connection came about: the request did not go out.
    pub(crate) fn is_connect(&self) -> bool {
        match self {
            Self::Connect(_) => true,
            Self::Ended(_) | Self::Spool(_) => false,
            Self::Shared(error) => error.is_connect(),
        }
    }

    /// What went wrong, and why, down to the last cause.
    pub(crate) fn causes(&self) -> Vec<&(dyn Error + 'static)> {
        let first: Option<&(dyn Error + 'static)> = match self {
            Self::Connect(error) => Some(&**error),
            Self::Ended(error) => Some(error),
            Self::Spool(error) => Some(error),
            // The outermost one says nothing where there is a cause.
            Self::Shared(error) => error.source().or(Some(error)),
        };
        iter::successors(first, |&error| error.source()).collect()
    }
}

/// How long a receiver may take to say why it takes no connection.
const REFUSAL_WITHIN: Duration = Duration::from_secs(1);

/// How a client of HTTP/2 begins: the preface, and settings without any.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

impl Pool {
    /// Why a receiver that has never answered ends connections, if it says so on one without a
    /// request: the client keeps to itself what its connections end with. By TLS 1.3 a receiver
    /// that wants another certificate says so when the connection seems to stand.
    pub(crate) async fn diagnosis(&self, uri: &Uri) -> Option<SendError> {
        let is_http2 = self.needs.version == HttpVersion::Http2;
        let looking = async {
            let mut connector = self.connector.clone();
            let mut stream = TokioIo::new(connector.call(uri.clone()).await.ok()?);
            if is_http2 {
                stream.write_all(PREFACE).await.ok()?;
                stream.flush().await.ok()?;
            }
            let mut frame = [0_u8; 9];
            match stream.read_exact(&mut frame).await {
                // The fourth byte is the kind of the frame: a receiver begins with settings, too.
                Ok(_) if is_http2 && frame[3] != 4 => {
                    let text = String::from_utf8_lossy(&frame).into_owned();
                    Some(SendError::NotHttp(format!(
                        "what answers is no HTTP/2: it begins with `{text}`"
                    )))
                }
                Ok(_) => None,
                Err(error) => {
                    let tls = tls_error(&error)?;
                    is_refusal(tls).then(|| SendError::Tls(tls_text(tls)))
                }
            }
        };
        timeout(REFUSAL_WITHIN, looking).await.ok().flatten()
    }
}

fn connector(needs: &Needs) -> Result<HttpsConnector<HttpConnector>, ReplayError> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(PROBE_AFTER));
    tcp.set_connect_timeout(Some(needs.connect_timeout));
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(client_config(needs.is_https, &needs.tls)?)
        .https_or_http();
    Ok(match needs.version {
        HttpVersion::Http1 => connector.enable_http1().wrap_connector(tcp),
        HttpVersion::Http2 => connector.enable_http2().wrap_connector(tcp),
        HttpVersion::Auto => connector.enable_all_versions().wrap_connector(tcp),
    })
}

fn client(connector: HttpsConnector<HttpConnector>, needs: &Needs, in_flight: usize) -> HttpClient {
    Client::builder(TokioExecutor::new())
        // Where the receiver chooses HTTP/1.1.
        .pool_max_idle_per_host(in_flight)
        .pool_timer(TokioTimer::new())
        .http2_only(needs.version == HttpVersion::Http2)
        .build(connector)
}
