//! What `cargo xtask bench replay` puts beside `otolith replay`, on 127.0.0.1 only.
//!
//! - `loopback sink [AFTER SECONDS]`: an OTLP/HTTP receiver of HTTP/1.1 on one thread that reads each
//!   request to its end and answers 200 with an empty `Export*Response`. Stands still once for SECONDS,
//!   AFTER seconds after its first request. Prints its port; ends with standard input.
//! - `loopback raw PORT FILE SECONDS wait|stream`: a sender that does nothing else: one thread writes
//!   the file as the body of a request again and again to one connection. `wait`: when the one before
//!   is answered. `stream`: at once, while a second thread reads the answers. Prints as JSON what was
//!   answered.

use std::convert::Infallible;
use std::error::Error;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["sink"] => sink(None)?,
        ["sink", after, seconds] => sink(Some(Freeze {
            after: Duration::from_secs_f64(after.parse()?),
            length: Duration::from_secs_f64(seconds.parse()?),
            first: OnceLock::new(),
            is_over: AtomicBool::new(false),
        }))?,
        ["raw", port, file, seconds, how @ ("wait" | "stream")] => {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port.parse()?))?;
            stream.set_nodelay(true)?;
            let sender = Raw {
                request: request(&fs::read(file)?),
                ends: Instant::now() + Duration::from_secs_f64(seconds.parse()?),
                stream,
            };
            let begin = Instant::now();
            let answered = match how {
                "wait" => sender.waiting()?,
                _ => sender.streaming()?,
            };
            let seconds = begin.elapsed().as_secs_f64();
            println!("{{\"requests\": {answered}, \"seconds\": {seconds}}}");
        }
        // As `cargo bench` calls it: there is nothing to measure here.
        ["--bench"] => {}
        _ => {
            return Err(
                "usage: loopback sink [AFTER SECONDS] | raw PORT FILE SECONDS wait|stream".into(),
            );
        }
    }
    Ok(())
}

/// A receiver stands still, once.
struct Freeze {
    /// So long after its first request.
    after: Duration,
    length: Duration,
    first: OnceLock<Instant>,
    is_over: AtomicBool,
}

impl Freeze {
    /// Holds the only thread there is, if it is time for it.
    fn meet(&self) {
        let is_due = self.first.get_or_init(Instant::now).elapsed() >= self.after;
        if is_due && !self.is_over.swap(true, Ordering::Relaxed) {
            thread::sleep(self.length);
        }
    }
}

fn sink(freeze: Option<Freeze>) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    println!("{}", listener.local_addr()?.port());
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(0);
    });
    let freeze = Arc::new(freeze);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let freeze = Arc::clone(&freeze);
            tokio::spawn(async move {
                let answer = service_fn(|request| {
                    if let Some(freeze) = &*freeze {
                        freeze.meet();
                    }
                    answer(request)
                });
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
                // A client that goes away is no error of the sink.
                let _ = connection.await;
            });
        }
    })
}

async fn answer(request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.frame().await {}
    let mut response = Response::new(Empty::new());
    let protobuf = HeaderValue::from_static("application/x-protobuf");
    response.headers_mut().insert(CONTENT_TYPE, protobuf);
    Ok(response)
}

fn request(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/x-protobuf\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

struct Raw {
    request: Vec<u8>,
    ends: Instant,
    stream: TcpStream,
}

impl Raw {
    fn waiting(mut self) -> io::Result<u64> {
        let mut answers = Answers::new(self.stream.try_clone()?);
        let mut answered = 0;
        while Instant::now() < self.ends {
            self.stream.write_all(&self.request)?;
            answers.next()?;
            answered += 1;
        }
        Ok(answered)
    }

    fn streaming(mut self) -> io::Result<u64> {
        let mut answers = Answers::new(self.stream.try_clone()?);
        thread::scope(|scope| {
            let reader = scope.spawn(|| -> io::Result<u64> {
                let mut answered = 0;
                // The connection is closed for writing at the end: all is answered, then it ends.
                while answers.next()? {
                    answered += 1;
                }
                Ok(answered)
            });
            while Instant::now() < self.ends {
                self.stream.write_all(&self.request)?;
            }
            self.stream.shutdown(std::net::Shutdown::Write)?;
            reader
                .join()
                .map_err(|_| io::Error::other("the reader panicked"))?
        })
    }
}

/// Answers without a body, one after another.
struct Answers {
    stream: TcpStream,
    bytes: Vec<u8>,
}

impl Answers {
    const END: &'static [u8] = b"\r\n\r\n";

    fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            bytes: Vec::new(),
        }
    }

    /// False where the connection has ended.
    fn next(&mut self) -> io::Result<bool> {
        loop {
            let found = self.bytes.windows(4).position(|four| four == Self::END);
            if let Some(end) = found {
                if !self.bytes.starts_with(b"HTTP/1.1 200 ") {
                    return Err(io::Error::other("not answered with 200"));
                }
                self.bytes.drain(..end + Self::END.len());
                return Ok(true);
            }
            let mut room = [0; 4096];
            let read = self.stream.read(&mut room)?;
            if read == 0 {
                return Ok(false);
            }
            self.bytes.extend_from_slice(&room[..read]);
        }
    }
}
