//! Kept connections of HTTP/1.1, each of which carries one request at a time.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::{Request, Response, Uri};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use tower_service::Service as _;

use crate::payload::Payload;
use crate::pool::CallError;
use crate::stream::{Outgoing, SpoolStream};

/// Longer unused connections are closed: what lies between may have forgotten them.
const IDLE: Duration = Duration::from_secs(90);

/// Connections to one receiver.
///
/// The client of `hyper-util` does as much and more, and takes twice the processor time of the request
/// itself: it races each request for a free connection with making one, and asks who is meant.
#[derive(Debug)]
pub(crate) struct Connections {
    connector: HttpsConnector<HttpConnector>,
    /// Those that are free, used last at the end. Reused first: so that no more stay in use than must.
    idle: Mutex<VecDeque<Idle>>,
}

/// A connection that may carry a request.
#[derive(Debug)]
struct Link {
    sender: SendRequest<Full<Payload>>,
    outgoing: Outgoing,
}

#[derive(Debug)]
struct Idle {
    link: Link,
    since: Instant,
}

/// A connection that has carried a request, whose answer has begun.
#[derive(Debug)]
pub(crate) struct Used<'a> {
    connections: &'a Connections,
    link: Link,
}

impl Connections {
    /// Opens none yet.
    pub(crate) fn new(connector: HttpsConnector<HttpConnector>) -> Self {
        Self {
            connector,
            idle: Mutex::new(VecDeque::new()),
        }
    }

    /// Sends a request to the receiver of this address and waits for the head of the answer.
    ///
    /// The receiver may close a kept connection at any time. A request that had not begun to go out
    /// by then goes over another one.
    pub(crate) async fn call(
        &self,
        address: &Uri,
        head: Request<()>,
        body: Payload,
    ) -> Result<(Response<Incoming>, Used<'_>), CallError> {
        let spooled = match &body {
            Payload::Spooled(piece) => Some(piece.clone()),
            Payload::Bytes(_) => None,
        };
        let mut request = head.map(|()| Full::new(body));
        loop {
            let (mut link, is_new) = match self.kept().await {
                Some(link) => (link, false),
                None => (self.connect(address).await?, true),
            };
            link.outgoing.set(spooled.clone());
            let mut error = match link.sender.try_send_request(request).await {
                Ok(response) => {
                    let used = Used {
                        connections: self,
                        link,
                    };
                    return Ok((response, used));
                }
                Err(error) => error,
            };
            if let Some(error) = link.outgoing.take_error() {
                return Err(CallError::Spool(error));
            }
            request = match error.take_message() {
                Some(unsent) if !is_new => unsent,
                _ => return Err(CallError::Ended(error.into_error())),
            };
        }
    }

    /// A free connection that has not been closed.
    async fn kept(&self) -> Option<Link> {
        loop {
            let Idle { mut link, since } = self.idle().pop_back()?;
            if since.elapsed() > IDLE {
                // Those before have been free for longer.
                self.idle().retain(|idle| idle.since > since);
                continue;
            }
            // As soon as the end of the answer before is dealt with.
            if link.sender.ready().await.is_ok() {
                return Some(link);
            }
        }
    }

    async fn connect(&self, address: &Uri) -> Result<Link, CallError> {
        // The clone is ready: that of TCP always is.
        let stream = self.connector.clone().call(address.clone()).await;
        let stream = stream.map_err(CallError::Connect)?;
        let outgoing = Outgoing::default();
        let stream = SpoolStream::new(stream, outgoing.clone());
        // With vectored writes hyper does not copy bodies, nor what stands for them.
        let connection = Builder::new().writev(true).handshake(stream).await;
        let (mut sender, connection) = connection.map_err(CallError::Ended)?;
        let connection = tokio::spawn(connection);
        match sender.ready().await {
            Ok(()) => Ok(Link { sender, outgoing }),
            // The connection itself knows better why.
            Err(error) => Err(CallError::Ended(match connection.await {
                Ok(Err(why)) => why,
                Ok(Ok(())) | Err(_) => error,
            })),
        }
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Used<'_> {
    /// Keeps the connection for another request. For when the answer has been read to its end; a
    /// connection that is dropped instead is closed.
    pub(crate) fn keep(self) {
        if self.link.sender.is_closed() {
            return;
        }
        self.connections.idle().push_back(Idle {
            link: self.link,
            since: Instant::now(),
        });
    }
}
