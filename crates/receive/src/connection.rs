//! Serves one connection: HTTP/1.1 or HTTP/2, whichever its sender speaks.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::receiver::Shared;
use crate::refusal::RefusalKind;
use crate::reply::Answer;
use crate::{grpc, http};

/// What one stream, and all of a connection, may send ahead of being read. Bounds what a connection
/// takes besides the shared memory.
const STREAM_WINDOW: u32 = 512 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;

/// Streams at once on one connection.
const MAX_STREAMS: u32 = 256;

/// What a connection of HTTP/1.1 buffers.
const READ_BUFFER: usize = 64 << 10;

/// How long a connection that was told to end may take for it.
const PARTING: Duration = Duration::from_secs(5);

/// Serves a connection until its sender ends it, it has nothing to say for too long, or the receiver is
/// stopped.
pub(crate) async fn serve<S>(shared: Arc<Shared>, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Arc::new(Activity::new());
    let service = service_fn({
        let (shared, activity) = (Arc::clone(&shared), Arc::clone(&activity));
        move |request| answer(Arc::clone(&shared), Arc::clone(&activity), request)
    });
    let builder = builder(&shared);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut stopping = shared.stopping();
    let mut end = None;
    loop {
        let (deadline, is_busy) = activity.deadline(&shared);
        let deadline = end.unwrap_or(deadline);
        tokio::select! {
            biased;
            () = activity.cut.notified() => return,
            // How a connection ends is its sender's business: what counts is counted by request.
            _ = connection.as_mut() => return,
            _ = stopping.wait_for(|stops| *stops), if end.is_none() => {
                connection.as_mut().graceful_shutdown();
                // Requests may still be answered: the receiver itself ends what takes too long.
                end = Some(Instant::now() + shared.grace + PARTING);
            }
            // Another time counts from now on.
            () = activity.known.notified() => {}
            () = sleep_until(deadline) => {
                if end.is_some() {
                    return;
                }
                if is_busy || activity.deadline(&shared).0 > Instant::now() {
                    continue;
                }
                shared.tally.change(|counts| counts.connections.timed_out += 1);
                if !activity.has_served() {
                    return;
                }
                connection.as_mut().graceful_shutdown();
                end = Some(Instant::now() + PARTING);
            }
        }
    }
}

fn builder(shared: &Shared) -> Builder<TokioExecutor> {
    let limits = &shared.limits;
    let header_bytes = limits.header_bytes;
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        // hyper has no smaller buffer than this.
        .max_buf_size(READ_BUFFER.max(header_bytes))
        .max_headers(100);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(header_bytes).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(MAX_STREAMS);
    builder
}

/// What a connection is doing.
struct Activity {
    state: Mutex<State>,
    /// Cuts the connection.
    cut: Notify,
    /// Tells that the first request was served.
    known: Notify,
}

struct State {
    running: usize,
    has_served: bool,
    /// When the last request ended, or the connection began.
    since: Instant,
}

impl Activity {
    fn new() -> Self {
        let state = State {
            running: 0,
            has_served: false,
            since: Instant::now(),
        };
        Self {
            state: Mutex::new(state),
            cut: Notify::new(),
            known: Notify::new(),
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn has_served(&self) -> bool {
        self.change(|state| state.has_served)
    }

    /// When to look again, and whether requests are being served.
    fn deadline(&self, shared: &Shared) -> (Instant, bool) {
        self.change(|state| {
            let time = match state.has_served {
                true => shared.limits.idle_time,
                false => shared.limits.request_time,
            };
            match state.running {
                0 => (state.since + time, false),
                _ => (Instant::now() + time, true),
            }
        })
    }

    fn begin(self: &Arc<Self>) -> Running {
        self.change(|state| state.running += 1);
        Running(Arc::clone(self))
    }
}

/// A request that is being served.
struct Running(Arc<Activity>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.change(|state| {
            state.running -= 1;
            state.since = Instant::now();
        });
    }
}

async fn answer(
    shared: Arc<Shared>,
    activity: Arc<Activity>,
    request: Request<Incoming>,
) -> Result<Response<Answer>, Infallible> {
    let running = activity.begin();
    let begun = shared.tally.begin();
    let (head, body) = request.into_parts();
    let result = if grpc::is_grpc(&head) {
        grpc::serve(&shared, begun, &head, body).await
    } else {
        http::serve(&shared, begun, &head, body).await
    };
    match result {
        Ok(response) => {
            // Who has not shown the token stays a stranger.
            let is_known = response.status() != RefusalKind::Unauthorised.names().http;
            let was_known = activity.change(|state| {
                let was_known = state.has_served;
                state.has_served |= is_known;
                was_known
            });
            drop(running);
            if is_known && !was_known {
                activity.known.notify_one();
            }
            Ok(response)
        }
        Err(_) => {
            activity.cut.notify_one();
            std::future::pending().await
        }
    }
}
