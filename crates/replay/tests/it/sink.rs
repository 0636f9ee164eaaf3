//! A receiver that keeps what it gets and answers as told.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

/// Headers or trailers.
pub type Fields = &'static [(&'static str, &'static str)];

/// What a request is answered with.
pub enum Answer {
    /// Status, headers, body.
    Http(u16, Fields, &'static [u8]),
    /// HTTP 200 with a message in a frame of gRPC, and trailers.
    Grpc(&'static [u8], Fields),
    /// The connection, of HTTP/2 the stream, ends without an answer.
    Reset,
    /// Nothing, ever.
    Silence,
    /// Another answer, after this time.
    Late(Duration, &'static Answer),
}

/// Success without more.
pub const OK: Answer = Answer::Http(200, &[], b"");
/// Success without more, over gRPC.
pub const GRPC_OK: Answer = Answer::Grpc(b"", &[("grpc-status", "0")]);

/// A request as it arrived.
pub struct Received {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub at: Instant,
    pub version: Version,
    /// Where it came from: one port for each connection.
    pub from: SocketAddr,
}

/// A receiver on a port of its own. Ends when dropped.
pub struct Sink {
    address: SocketAddr,
    is_https: bool,
    received: Arc<Mutex<Vec<Received>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// How a sink serves.
#[derive(Clone, Default)]
pub struct Serving {
    /// Encrypted with this.
    pub tls: Option<Arc<ServerConfig>>,
    /// On this port; any if 0.
    pub port: u16,
}

impl Sink {
    /// Answers request number n, from 0, with `answer(n)`.
    pub fn new(answer: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        Self::by(move |n, _| answer(n), Serving::default())
    }

    /// Answers request number n, from 0, with `answer(n, request)`.
    pub fn by(
        answer: impl Fn(usize, &Received) -> Answer + Send + Sync + 'static,
        serving: Serving,
    ) -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        let listener = std::net::TcpListener::bind(("127.0.0.1", serving.port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&received);
        let is_https = serving.tls.is_some();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = serve(listener, serving.tls, shared, Arc::new(answer)) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address,
            is_https,
            received,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Takes everything.
    pub fn accepting() -> Self {
        Self::new(|_| OK)
    }

    /// Takes everything over gRPC.
    pub fn grpc() -> Self {
        Self::new(|_| GRPC_OK)
    }

    /// `http://127.0.0.1:<port>`, or `https://`.
    pub fn url(&self) -> String {
        let scheme = if self.is_https { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Ends it, in the middle of whatever it does. What has arrived, in order.
    pub fn take(self) -> Vec<Received> {
        let received = Arc::clone(&self.received);
        drop(self);
        std::mem::take(&mut *received.lock().unwrap())
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

async fn serve<F>(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    received: Arc<Mutex<Vec<Received>>>,
    answer: Arc<F>,
) where
    F: Fn(usize, &Received) -> Answer + Send + Sync + 'static,
{
    loop {
        let (stream, from) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let received = Arc::clone(&received);
        let answer = Arc::clone(&answer);
        let tls = tls.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let received = Arc::clone(&received);
                let answer = Arc::clone(&answer);
                async move { take(request, from, &received, &*answer).await }
            });
            let server = auto::Builder::new(TokioExecutor::new());
            // A client that goes away is none of the sink's business.
            match tls {
                None => drop(server.serve_connection(TokioIo::new(stream), service).await),
                Some(tls) => {
                    let stream = TlsAcceptor::from(tls).accept(stream).await;
                    if let Ok(stream) = stream {
                        let stream: tokio_rustls::server::TlsStream<TcpStream> = stream;
                        drop(server.serve_connection(TokioIo::new(stream), service).await);
                    }
                }
            }
        });
    }
}

async fn take(
    request: Request<Incoming>,
    from: SocketAddr,
    received: &Mutex<Vec<Received>>,
    answer: &(impl Fn(usize, &Received) -> Answer + Sync),
) -> Result<Response<BoxBody<Bytes, Infallible>>, io::Error> {
    let at = Instant::now();
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let answer = {
        let mut received = received.lock().unwrap();
        let request = Received {
            path: head.uri.path().to_owned(),
            headers: head.headers,
            body,
            at,
            version: head.version,
            from,
        };
        let answer = answer(received.len(), &request);
        received.push(request);
        answer
    };
    let answer = match answer {
        Answer::Late(wait, then) => {
            tokio::time::sleep(wait).await;
            then
        }
        ref now => now,
    };
    match *answer {
        Answer::Http(status, headers, body) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(*name, *value);
            }
            let body = Full::new(Bytes::from_static(body)).boxed();
            Ok(response.body(body).map_err(io::Error::other)?)
        }
        Answer::Grpc(message, trailers) => {
            let mut framed = vec![0];
            framed.extend((message.len() as u32).to_be_bytes());
            framed.extend(message);
            let trailers: HeaderMap = trailers
                .iter()
                .map(|(name, value)| {
                    let name = HeaderName::from_static(name);
                    (name, HeaderValue::from_static(value))
                })
                .collect();
            let body = Full::new(Bytes::from(framed)).with_trailers(async { Some(Ok(trailers)) });
            let response = Response::builder().header("content-type", "application/grpc");
            Ok(response.body(body.boxed()).map_err(io::Error::other)?)
        }
        Answer::Reset => Err(io::Error::other("reset")),
        Answer::Silence | Answer::Late(..) => {
            let never: Infallible = std::future::pending().await;
            match never {}
        }
    }
}
