//! Clients: hyper's own, over HTTP/1.1 and HTTP/2, and bare sockets.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::header::HeaderMap;
use hyper::{Request, Version};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::runtime::Runtime;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub trailers: HeaderMap,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).or(self.trailers.get(name));
        value.map_or("", |value| value.to_str().unwrap())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A client that keeps its connections.
pub struct Client {
    runtime: Runtime,
    client: HyperClient<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
}

impl Client {
    pub fn new(address: SocketAddr, version: Version) -> Self {
        let runtime = Runtime::new().unwrap();
        let client = HyperClient::builder(TokioExecutor::new())
            .http2_only(version == Version::HTTP_2)
            .build_http();
        Self {
            runtime,
            client,
            address,
        }
    }

    /// Sends one request; an error if there is no answer.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Answer, String> {
        self.runtime
            .block_on(self.exchange(method, path, headers, body.into()))
    }

    /// Posts many requests at once.
    pub fn post_all(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        bodies: Vec<Bytes>,
    ) -> Vec<Result<Answer, String>> {
        self.runtime.block_on(async {
            let tasks: Vec<_> = bodies
                .into_iter()
                .map(|body| self.exchange("POST", path, headers, body))
                .collect();
            let mut answers = Vec::new();
            let mut running = tokio::task::JoinSet::new();
            // The futures borrow nothing but what was cloned.
            for task in tasks {
                running.spawn(task);
            }
            while let Some(answer) = running.join_next().await {
                answers.push(answer.unwrap());
            }
            answers
        })
    }

    fn exchange(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> impl Future<Output = Result<Answer, String>> + Send + use<> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body)).unwrap();
        let client = self.client.clone();
        async move {
            let response = client.request(request).await.map_err(|e| e.to_string())?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.map_err(|e| e.to_string())?;
            let trailers = body.trailers().cloned().unwrap_or_default();
            Ok(Answer {
                status: head.status.as_u16(),
                headers: head.headers,
                body: body.to_bytes(),
                trailers,
            })
        }
    }

    #[track_caller]
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        self.try_send(method, path, headers, body).unwrap()
    }

    #[track_caller]
    pub fn post(&self, path: &str, kind: &str, body: impl Into<Bytes>) -> Answer {
        self.send("POST", path, &[("content-type", kind)], body)
    }

    #[track_caller]
    pub fn post_json(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.post(path, JSON, body)
    }
}

pub const JSON: &str = "application/json";
pub const PROTOBUF: &str = "application/x-protobuf";

/// A connection on which bytes are written as they are.
pub fn socket(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
}

/// Writes bytes and reads what comes until the connection ends.
pub fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = socket(address);
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    // A reset is an end as well.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}
