//! Where and how requests are sent.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as Group, ValueEnum};
use otolith_replay::{Compression, Protocol};

use crate::values;

/// The receiver, and how requests travel. Options win over `OTEL_EXPORTER_OTLP_*`.
#[derive(Clone, Debug, Group)]
#[command(next_help_heading = "Receiver")]
pub struct ExporterArgs {
    /// Base address of the receiver; v1/traces, v1/metrics and v1/logs, over gRPC the service, are appended
    ///
    /// May be left out where OTEL_EXPORTER_OTLP_ENDPOINT, or one of ..._TRACES_ENDPOINT,
    /// ..._METRICS_ENDPOINT and ..._LOGS_ENDPOINT, names a receiver. The address of a signal is used
    /// exactly as given; signals without any go to localhost, port 4318 or over gRPC 4317.
    #[arg(long, value_name = "URL")]
    pub to: Option<String>,

    /// Encoding and carrier: http/protobuf (default), http/json or grpc [env: OTEL_EXPORTER_OTLP_PROTOCOL]
    #[arg(long, value_name = "PROTOCOL")]
    pub protocol: Option<Protocol>,

    /// Header to send with every request, as `Name: value`; may be repeated. Values are never shown
    ///
    /// Takes the place of a header of the same name in OTEL_EXPORTER_OTLP_HEADERS (pairs as
    /// `name=value`, joined by commas, values percent-encoded).
    #[arg(short = 'H', long, value_name = "HEADER")]
    pub header: Vec<String>,

    /// Compression of request bodies: none (default), gzip or zstd [env: OTEL_EXPORTER_OTLP_COMPRESSION]
    #[arg(long, value_name = "KIND")]
    pub compression: Option<Compression>,

    /// Level of compression, 0 to 9 of gzip, 1 to 22 of zstd; 1, the fastest, unless given
    #[arg(long, hide_short_help = true, value_name = "LEVEL")]
    pub compression_level: Option<u32>,

    /// How long one attempt may take, such as `500ms`; 10s unless given [env: OTEL_EXPORTER_OTLP_TIMEOUT, in ms]
    #[arg(long, value_name = "TIME", value_parser = values::span)]
    pub timeout: Option<Duration>,

    /// PEM file with the authorities to trust instead of the system's [env: OTEL_EXPORTER_OTLP_CERTIFICATE]
    #[arg(long, value_name = "FILE")]
    pub cacert: Option<PathBuf>,

    /// PEM file with the client's certificate [env: OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE]
    #[arg(long, value_name = "FILE")]
    pub client_cert: Option<PathBuf>,

    /// PEM file with the client's private key [env: OTEL_EXPORTER_OTLP_CLIENT_KEY]
    #[arg(long, value_name = "FILE")]
    pub client_key: Option<PathBuf>,

    /// Over gRPC: no TLS where the address has no scheme [env: OTEL_EXPORTER_OTLP_INSECURE]
    ///
    /// As the OpenTelemetry specification has it: http:// in the address is without TLS, https:// is
    /// with it, whatever is said here; certificates are always checked.
    #[arg(long)]
    pub insecure: bool,

    /// Version of HTTP, for what is not gRPC
    #[arg(long, value_name = "VERSION", default_value = "auto")]
    pub http: HttpArg,

    /// Connections: HTTP/2 and gRPC use 1 unless given, HTTP/1.1 as many as requests in flight
    #[arg(long, value_name = "N")]
    pub connections: Option<NonZeroUsize>,

    /// A new connection for each request; HTTP/1.1 only
    #[arg(long)]
    pub no_keep_alive: bool,
}

/// Version of HTTP.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum HttpArg {
    /// HTTP/1.1; with TLS what the receiver chooses, HTTP/2 first
    Auto,
    /// HTTP/1.1
    #[value(name = "1.1")]
    Http1,
    /// HTTP/2; without TLS by prior knowledge
    #[value(name = "2")]
    Http2,
}
