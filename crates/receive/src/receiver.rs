//! The receiver as a whole: its threads, what they share, its end.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use hyper::header::HeaderMap;
use hyper::http::request::Parts;
use otolith_capture::Dialect;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, watch};
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use crate::budget::Budget;
use crate::call::{Framing, GRPC_HEAD};
use crate::error::ReceiveError;
use crate::faults::Faults;
use crate::listener;
use crate::options::{Keep, ReceiveLimits, ReceiveOptions};
use crate::outcome::Outcome;
use crate::record::Recorder;
use crate::refusal::{Refusal, RefusalKind};
use crate::tally::Tally;
use crate::token::Token;
use crate::writer::{Entry, Writer};

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) limits: ReceiveLimits,
    pub(crate) budget: Arc<Budget>,
    pub(crate) places: Arc<Semaphore>,
    pub(crate) faults: Option<Faults>,
    pub(crate) dialect: Option<Dialect>,
    pub(crate) recorder: Recorder,
    pub(crate) tally: Arc<Tally>,
    /// To the writer, if there is one.
    pub(crate) entries: Option<mpsc::Sender<Entry>>,
    pub(crate) grace: Duration,
    token: Option<Token>,
    stop: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    pub(crate) fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// The largest body.
    pub(crate) fn limit(&self, framing: Framing) -> usize {
        match framing {
            Framing::Bare => self.limits.body_bytes,
            Framing::Grpc => self.limits.body_bytes.saturating_add(GRPC_HEAD),
        }
    }

    /// Whether a head may be looked at: within its bounds, and with the token.
    pub(crate) fn admit(&self, head: &Parts) -> Result<(), Refusal> {
        let fields = head.headers.iter();
        let fields: usize = fields
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        let path = head
            .uri
            .path_and_query()
            .map_or(0, |path| path.as_str().len());
        if fields + path > self.limits.header_bytes {
            return Err(Refusal::new(
                RefusalKind::LongHead,
                format!(
                    "expected a head of at most {} bytes",
                    self.limits.header_bytes
                ),
            ));
        }
        self.authorise(&head.headers)
    }

    fn authorise(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        match &self.token {
            Some(token) if !token.is_shown(headers) => Err(Refusal::new(
                RefusalKind::Unauthorised,
                "expected `Authorization: Bearer` with the token of this receiver",
            )),
            _ => Ok(()),
        }
    }
}

/// A receiver that is running, on threads of its own. Dropped without [`Receiver::stop`], it ends at
/// once: requests under way are not answered, and files are finished in the background.
pub struct Receiver {
    shared: Arc<Shared>,
    writer: Option<Writer>,
    /// None once stopped.
    runtime: Option<Runtime>,
    addresses: Vec<SocketAddr>,
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut receiver = f.debug_struct("Receiver");
        receiver
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

/// How often the end of requests is looked for while stopping.
const LOOK: Duration = Duration::from_millis(5);

impl Receiver {
    /// Prepares the directory, listens, and serves from now on.
    ///
    /// Files that an earlier run left open are finished first: they are renamed as they are.
    ///
    /// # Errors
    ///
    /// If an address cannot be listened on, or the directory not be written into, or another receiver
    /// writes into it.
    pub fn start(options: &ReceiveOptions) -> Result<Self, ReceiveError> {
        let writer = match &options.keep {
            Keep::Discard => None,
            Keep::Files(files) => Some(Writer::start(files)?),
        };
        Self::start_with(options, writer)
    }

    pub(crate) fn start_with(
        options: &ReceiveOptions,
        writer: Option<Writer>,
    ) -> Result<Self, ReceiveError> {
        let limits = options.limits.clone();
        // A body and what is made of it.
        let least_bytes = limits.body_bytes.saturating_mul(2);
        if limits.in_flight_bytes < least_bytes {
            return Err(ReceiveError::Memory {
                in_flight_bytes: limits.in_flight_bytes,
                body_bytes: limits.body_bytes,
                least_bytes,
            });
        }
        if options.listen.is_empty() {
            return Err(ReceiveError::NoAddress);
        }
        let runtime = Builder::new_multi_thread()
            .enable_all()
            .thread_name("otolith-receive")
            .build()
            .map_err(ReceiveError::Threads)?;
        let dialect = match &options.keep {
            Keep::Discard => None,
            Keep::Files(files) => Some(files.dialect),
        };
        let shared = Arc::new(Shared {
            budget: Arc::new(Budget::new(limits.in_flight_bytes, limits.patience)),
            places: Arc::new(Semaphore::new(
                limits.connections.min(Semaphore::MAX_PERMITS),
            )),
            limits,
            faults: options.faults.clone(),
            dialect,
            recorder: Recorder::new(options.decode, dialect),
            tally: Arc::new(Tally::new(writer.as_ref().map(Writer::files))),
            entries: writer.as_ref().map(Writer::entries),
            grace: options.grace,
            token: options.token.clone(),
            stop: watch::Sender::new(false),
        });
        let tls = options
            .tls
            .as_ref()
            .map(|tls| TlsAcceptor::from(tls.config()));
        let mut addresses = Vec::new();
        let mut listeners = Vec::new();
        {
            let _entered = runtime.enter();
            for &address in &options.listen {
                let failed = |source| ReceiveError::Listen { address, source };
                let listener = listener::listen(address).map_err(failed)?;
                addresses.push(listener.local_addr().map_err(failed)?);
                listeners.push(listener);
            }
        }
        shared.tally.change(|counts| {
            counts.listen = addresses.iter().map(SocketAddr::to_string).collect();
        });
        for listener in listeners {
            runtime.spawn(listener::accept(Arc::clone(&shared), listener, tls.clone()));
        }
        Ok(Self {
            shared,
            writer,
            runtime: Some(runtime),
            addresses,
        })
    }

    /// The addresses that are listened on, in the order of the options, with their real ports.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What was received until now.
    pub fn outcome(&self) -> Outcome {
        self.shared.tally.outcome()
    }

    /// Ends in order: no connection is accepted any more, requests that have begun are finished within
    /// the grace of the options, later ones answered with 503, files are finished.
    pub fn stop(mut self) -> Outcome {
        self.shared.stop.send_replace(true);
        if let Some(runtime) = self.runtime.take() {
            runtime.block_on(async {
                let end = tokio::time::Instant::now() + self.shared.grace;
                while self.is_serving() && tokio::time::Instant::now() < end {
                    sleep(LOOK).await;
                }
            });
            // What is still under way is dropped, and counts as broken off.
            runtime.shutdown_timeout(Duration::from_secs(1));
        }
        let tally = Arc::clone(&self.shared.tally);
        if let Some(writer) = self.writer.take() {
            // The writer ends when nobody can give it anything.
            drop(self);
            writer.finish();
        }
        tally.outcome()
    }

    fn is_serving(&self) -> bool {
        let outcome = self.shared.tally.outcome();
        outcome.requests.under_way() > 0 || outcome.connections.open > 0
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests;
