//! `otolith capture`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as Group, ValueEnum};
use otolith_receive::{Durability, Faults};

use super::cat::RequestFormat;
use super::input::DecodeArgs;
use crate::values;

/// `otolith capture`.
#[derive(Debug, Group)]
#[command(after_help = "\
Each address takes OTLP over HTTP/1.1, HTTP/2 and gRPC, protobuf and JSON, as it is, in gzip or in zstd.
A request is acknowledged when it is as durable as --fsync says; whatever that is, what was acknowledged
survives the end of the process. Files are called traces-TIME.jsonl and so on, with .open behind it while
they are written; `otolith inspect DIR` reads those too. Ctrl-C and SIGTERM end in order, with code 0, or
3 if something was not taken. docs/receive.md has the rest.

Examples:
  otolith capture --out otel/
  otolith capture --out otel/ --as agentic-ci --compress zstd --rotate-every 1h
  otolith capture --out otel/ --listen 0.0.0.0:4318 --tls-cert cert.pem --tls-key key.pem --token-file token
  otolith capture --discard --faults 'delay=200ms@10%,429=1s@5%,503@1%,partial=3@2%,drop@1%'")]
pub struct CaptureArgs {
    /// Directory for captures; made if missing
    #[arg(
        long,
        value_name = "DIR",
        required_unless_present = "discard",
        conflicts_with = "discard"
    )]
    pub out: Option<PathBuf>,

    /// Write nothing: decode, count, acknowledge
    #[arg(long)]
    pub discard: bool,

    /// Address to listen on: `IP:PORT`, or a PORT of the loopback interface, 0 for a free one; may be
    /// repeated. Who can reach it can send: 0.0.0.0 is everybody
    #[arg(long, value_name = "ADDR", default_values = ["127.0.0.1:4318", "127.0.0.1:4317"],
          value_parser = values::listen)]
    pub listen: Vec<SocketAddr>,

    /// Print what was received as one JSON object, at the end
    #[arg(long)]
    pub json: bool,

    /// How captures are written.
    #[command(flatten)]
    pub files: CaptureFileArgs,

    /// Who may send, and how much.
    #[command(flatten)]
    pub limits: CaptureLimitArgs,

    /// Who may send.
    #[command(flatten)]
    pub access: CaptureAccessArgs,

    /// Faults made on purpose.
    #[command(flatten)]
    pub faults: CaptureFaultArgs,

    /// How requests are decoded.
    #[command(flatten)]
    pub decode: DecodeArgs,
}

/// How captures are written.
#[derive(Debug, Group)]
#[command(next_help_heading = "Files")]
pub struct CaptureFileArgs {
    /// How requests are written; only agentic-ci keeps times of arrival, which `replay` paces by
    #[arg(
        long = "as",
        value_name = "FORMAT",
        default_value = "jsonl",
        conflicts_with = "discard"
    )]
    pub format: RequestFormat,

    /// Which requests share a file [default: together; by-signal where requests are protobuf]
    #[arg(long, value_name = "HOW", conflicts_with = "discard")]
    pub files: Option<GroupingArg>,

    /// Compression of files
    #[arg(
        long,
        value_name = "KIND",
        default_value = "none",
        conflicts_with = "discard"
    )]
    pub compress: FileCompressionArg,

    /// Finish a file when it has so many bytes on disk, and begin another; 0 for no limit
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = values::size,
          conflicts_with = "discard")]
    pub rotate_size: u64,

    /// Finish a file so long after its first request, such as `10m` or `1h` [default: not by age]
    #[arg(long, value_name = "TIME", value_parser = values::positive_span, conflicts_with = "discard")]
    pub rotate_every: Option<Duration>,

    /// What an acknowledgement promises: `always`, `interval=TIME` or `never`
    ///
    /// always: the disk has the request; requests that come meanwhile share the next sync. Survives the
    /// loss of power. interval=1s: the system has the request, and the disk at most so much later.
    /// never: the system has it. All survive the end of the process, by `kill -9` too.
    #[arg(long, value_name = "WHEN", default_value = "always", value_parser = values::durability,
          conflicts_with = "discard")]
    pub fsync: Durability,
}

/// Which requests share a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GroupingArg {
    /// All signals
    Together,
    /// Those of one signal
    BySignal,
}

/// Compression of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FileCompressionArg {
    /// As they are
    None,
    /// gzip
    Gzip,
    /// zstd
    Zstd,
}

/// How much may be sent.
#[derive(Debug, Group)]
#[command(next_help_heading = "Limits")]
pub struct CaptureLimitArgs {
    /// Most connections at once; further ones wait
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub max_connections: u32,

    /// Largest body, as sent and decompressed; larger ones are answered with 413
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = values::memory)]
    pub max_body: usize,

    /// Largest ratio of decompressed to compressed bytes of a body, looked at beyond 1 MiB
    #[arg(
        long,
        hide_short_help = true,
        value_name = "RATIO",
        default_value_t = 200
    )]
    pub max_body_ratio: u64,

    /// Largest head of a request; larger ones are answered with 431
    #[arg(long, hide_short_help = true, value_name = "SIZE", default_value = "16KiB", value_parser = values::memory)]
    pub max_header: usize,

    /// Most bytes of requests in memory; beyond, nothing is read until the disk has some
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = values::memory)]
    pub max_in_flight: usize,

    /// How long a request waits for memory before it is answered with 429
    #[arg(long, hide_short_help = true, value_name = "TIME", default_value = "1s", value_parser = values::span)]
    pub max_wait: Duration,

    /// How long a request may take to arrive
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = values::positive_span)]
    pub request_timeout: Duration,
}

/// Who may send.
#[derive(Debug, Group)]
#[command(next_help_heading = "Access")]
pub struct CaptureAccessArgs {
    /// Certificate with its chain, in PEM form: all connections are encrypted
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// Private key of the certificate, in PEM form
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// File with the token that senders show as `Authorization: Bearer TOKEN`
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

/// Faults made on purpose.
#[derive(Debug, Group)]
#[command(next_help_heading = "Faults")]
pub struct CaptureFaultArgs {
    /// Make faults, to test senders: `delay=200ms@10%,429=1s@5%,503@1%,partial=3@2%,drop@1%`
    ///
    /// delay: wait before the answer. 429, 503: answer so, with Retry-After (RetryInfo over gRPC) if a
    /// time is given. partial: reject so many items of the request, the first ones. drop: cut the
    /// connection. Refused, rejected and dropped ones are not written. A request meets at most one of
    /// them besides a delay.
    #[arg(long, value_name = "SPEC")]
    pub faults: Option<Faults>,

    /// Which requests meet faults: one seed, one sequence
    #[arg(
        long,
        hide_short_help = true,
        value_name = "N",
        default_value_t = 0,
        requires = "faults"
    )]
    pub fault_seed: u64,
}
