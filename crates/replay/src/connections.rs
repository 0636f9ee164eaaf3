//! Kept connections of HTTP/1.1, each of which carries one request at a time.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Response, Uri};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use tower_service::Service as _;

use crate::pool::CallError;

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

#[derive(Debug)]
struct Idle {
    sender: SendRequest<Full<Bytes>>,
    since: Instant,
}

/// A connection that has carried a request, whose answer has begun.
#[derive(Debug)]
pub(crate) struct Used<'a> {
    connections: &'a Connections,
    sender: SendRequest<Full<Bytes>>,
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
        mut request: Request<Full<Bytes>>,
    ) -> Result<(Response<Incoming>, Used<'_>), CallError> {
        loop {
            let (mut sender, is_new) = match self.kept().await {
                Some(sender) => (sender, false),
                None => (self.connect(address).await?, true),
            };
            let mut error = match sender.try_send_request(request).await {
                Ok(response) => {
                    let used = Used {
                        connections: self,
                        sender,
                    };
                    return Ok((response, used));
                }
                Err(error) => error,
            };
            request = match error.take_message() {
                Some(unsent) if !is_new => unsent,
                _ => return Err(CallError::Ended(error.into_error())),
            };
        }
    }

    /// A free connection that has not been closed.
    async fn kept(&self) -> Option<SendRequest<Full<Bytes>>> {
        loop {
            let Idle { mut sender, since } = self.idle().pop_back()?;
            if since.elapsed() > IDLE {
                // Those before have been free for longer.
                self.idle().retain(|idle| idle.since > since);
                continue;
            }
            // As soon as the end of the answer before is dealt with.
            if sender.ready().await.is_ok() {
                return Some(sender);
            }
        }
    }

    async fn connect(&self, address: &Uri) -> Result<SendRequest<Full<Bytes>>, CallError> {
        // The clone is ready: that of TCP always is.
        let stream = self.connector.clone().call(address.clone()).await;
        let stream = stream.map_err(CallError::Connect)?;
        let (mut sender, connection) = handshake(stream).await.map_err(CallError::Ended)?;
        let connection = tokio::spawn(connection);
        match sender.ready().await {
            Ok(()) => Ok(sender),
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
        if self.sender.is_closed() {
            return;
        }
        self.connections.idle().push_back(Idle {
            sender: self.sender,
            since: Instant::now(),
        });
    }
}
