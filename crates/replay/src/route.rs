//! How the requests of one signal are sent: receiver, protocol, compression, headers, trust.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use hyper::Uri;

use crate::headers::Headers;

/// Encoding of requests and what carries them, named as in the OpenTelemetry specification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// `http/protobuf`: HTTP with protobuf bodies.
    #[default]
    HttpProtobuf,
    /// `http/json`: HTTP with JSON bodies.
    HttpJson,
    /// `grpc`: gRPC, which is HTTP/2 with protobuf.
    Grpc,
}

impl Protocol {
    /// The name of the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HttpProtobuf => "http/protobuf",
            Self::HttpJson => "http/json",
            Self::Grpc => "grpc",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text names no protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `http/protobuf`, `http/json` or `grpc`")]
pub struct BadProtocol;

impl FromStr for Protocol {
    type Err = BadProtocol;

    fn from_str(text: &str) -> Result<Self, BadProtocol> {
        match text {
            "http/protobuf" => Ok(Self::HttpProtobuf),
            "http/json" => Ok(Self::HttpJson),
            "grpc" => Ok(Self::Grpc),
            _ => Err(BadProtocol),
        }
    }
}

/// Version of HTTP, for what is not gRPC, which is always HTTP/2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/1.1 without encryption; with it what the receiver chooses (ALPN), HTTP/2 first.
    #[default]
    Auto,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2: without encryption by prior knowledge (h2c).
    Http2,
}

/// How bodies are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip.
    Gzip,
    /// Zstandard, which the Collector takes and few others.
    Zstd,
}

impl Compression {
    /// The word for it, in options and headers: `none`, `gzip` or `zstd`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// A text names no compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `none`, `gzip` or `zstd`")]
pub struct BadCompression;

impl FromStr for Compression {
    type Err = BadCompression;

    fn from_str(text: &str) -> Result<Self, BadCompression> {
        match text {
            "none" => Ok(Self::None),
            "gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            _ => Err(BadCompression),
        }
    }
}

/// PEM files that say whom to trust and how to be known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificates of the authorities to trust, in place of those of the system.
    pub authorities: Option<PathBuf>,
    /// The client's own certificate, with what leads to its authority. Needs `client_key`.
    pub client_certificate: Option<PathBuf>,
    /// The key of the client's certificate. Needs `client_certificate`.
    pub client_key: Option<PathBuf>,
}

/// How the requests of one signal are sent. `Debug` shows no query of the address.
#[derive(Clone)]
pub struct Route {
    /// What requests are posted to.
    pub uri: Uri,
    /// Encoding and carrier.
    pub protocol: Protocol,
    /// How bodies are compressed.
    pub compression: Compression,
    /// Sent with each request. Values never appear in output, errors or `Debug`.
    pub headers: Headers,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// Whom to trust.
    pub tls: TlsFiles,
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("authority", &self.uri.authority())
            .field("path", &self.uri.path())
            .field("protocol", &self.protocol)
            .field("compression", &self.compression)
            .field("headers", &self.headers)
            .field("timeout", &self.timeout)
            .field("tls", &self.tls)
            .finish()
    }
}

impl Route {
    /// Whether connections are encrypted.
    pub(crate) fn is_https(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    /// What must not be quoted.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let mut secrets = self.headers.secrets();
        let query = self.uri.query().unwrap_or_default();
        secrets.extend((query.len() >= 4).then(|| query.to_owned()));
        let values = query.split('&').filter_map(|pair| pair.split_once('='));
        let values = values.filter(|(_, value)| value.len() >= 4);
        secrets.extend(values.map(|(_, value)| value.to_owned()));
        secrets
    }
}
