//! A receiver that keeps what it gets and answers as told.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// What a request is answered with.
pub enum Answer {
    /// Status, headers, body.
    Http(u16, &'static [(&'static str, &'static str)], &'static [u8]),
    /// The connection ends without an answer.
    Reset,
    /// Nothing, ever.
    Silence,
}

/// Success without more.
pub const OK: Answer = Answer::Http(200, &[], b"");

/// A request as it arrived.
pub struct Received {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub at: Instant,
}

/// A receiver on a port of its own. Ends when dropped.
pub struct Sink {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sink {
    /// Answers request number n, from 0, with `answer(n)`.
    pub fn new(answer: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&received);
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = serve(listener, shared, Arc::new(answer)) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address,
            received,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Takes everything.
    pub fn accepting() -> Self {
        Self::new(|_| OK)
    }

    /// `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What has arrived, in order.
    pub fn received(&self) -> MutexGuard<'_, Vec<Received>> {
        self.received.lock().unwrap()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "the sink failed");
        }
    }
}

async fn serve<F>(listener: TcpListener, received: Arc<Mutex<Vec<Received>>>, answer: Arc<F>)
where
    F: Fn(usize) -> Answer + Send + Sync + 'static,
{
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let received = Arc::clone(&received);
        let answer = Arc::clone(&answer);
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let received = Arc::clone(&received);
                let answer = Arc::clone(&answer);
                async move { take(request, &received, &*answer).await }
            });
            // A client that goes away is none of the sink's business.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn take(
    request: Request<Incoming>,
    received: &Mutex<Vec<Received>>,
    answer: &(impl Fn(usize) -> Answer + Sync),
) -> Result<Response<Full<Bytes>>, io::Error> {
    let at = Instant::now();
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let number = {
        let mut received = received.lock().unwrap();
        received.push(Received {
            path: head.uri.path().to_owned(),
            headers: head.headers,
            body,
            at,
        });
        received.len() - 1
    };
    match answer(number) {
        Answer::Http(status, headers, body) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(*name, *value);
            }
            let body = Full::new(Bytes::from_static(body));
            Ok(response.body(body).map_err(io::Error::other)?)
        }
        Answer::Reset => Err(io::Error::other("reset")),
        Answer::Silence => {
            let never: Infallible = std::future::pending().await;
            match never {}
        }
    }
}
