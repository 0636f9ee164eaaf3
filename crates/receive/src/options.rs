//! What a receiver is told: where to listen, what to keep, limits.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use otolith_capture::{Dialect, Encoding};

use crate::faults::Faults;
use crate::tls::TlsIdentity;
use crate::token::Token;

/// What a receiver is told. Made by [`ReceiveOptions::new`], then changed field by field.
#[derive(Clone, Debug)]
pub struct ReceiveOptions {
    /// Where to listen. Each address takes HTTP/1.1, HTTP/2 and gRPC; port 0 is a free one.
    ///
    /// Default: ports 4318 and 4317 of the IPv4 loopback interface.
    pub listen: Vec<SocketAddr>,
    /// What becomes of requests.
    pub keep: Keep,
    /// Bounds on what senders may do.
    pub limits: ReceiveLimits,
    /// Bounds on what a request may hold.
    pub decode: otolith_otlp::Limits,
    /// Encrypts all connections, with this certificate. Default: none is encrypted.
    pub tls: Option<TlsIdentity>,
    /// What senders must show. Default: nothing.
    pub token: Option<Token>,
    /// Faults to make on purpose. Default: none.
    pub faults: Option<Faults>,
    /// How long requests that have begun may take to be finished when the receiver is stopped.
    /// Default 3 s.
    pub grace: Duration,
}

impl ReceiveOptions {
    /// The defaults, with this for what becomes of requests.
    pub fn new(keep: Keep) -> Self {
        Self {
            listen: [4318, 4317]
                .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
                .to_vec(),
            keep,
            limits: ReceiveLimits::default(),
            decode: otolith_otlp::Limits::DEFAULT,
            tls: None,
            token: None,
            faults: None,
            grace: Duration::from_secs(3),
        }
    }
}

/// What becomes of requests.
#[derive(Clone, Debug)]
pub enum Keep {
    /// They are decoded and counted, and acknowledged.
    Discard,
    /// They are written, and acknowledged when they are as durable as told.
    Files(FileOptions),
}

/// How captures are written.
#[derive(Clone, Debug)]
pub struct FileOptions {
    /// The directory, made if missing. One receiver at a time writes into it.
    pub dir: PathBuf,
    /// How requests are written. Default: JSON lines.
    pub dialect: Dialect,
    /// Which requests share a file. Default: all, or those of a signal where the dialect does not
    /// name it.
    pub grouping: Grouping,
    /// Compression of whole files. Default: none.
    pub compression: Compression,
    /// When a file is finished that has this many bytes on disk; it may be longer by its last
    /// requests. Default 256 MiB; `None` is no limit.
    pub rotate_size: Option<u64>,
    /// How long after its first request a file is finished. Default: not by age.
    pub rotate_every: Option<Duration>,
    /// What an acknowledgement promises. Default: [`Durability::Always`].
    pub durability: Durability,
}

impl FileOptions {
    /// The defaults of a dialect, in this directory.
    pub fn new(dir: PathBuf, dialect: Dialect) -> Self {
        Self {
            dir,
            dialect,
            grouping: match names_signal(dialect) {
                true => Grouping::Together,
                false => Grouping::PerSignal,
            },
            compression: Compression::None,
            rotate_size: Some(256 << 20),
            rotate_every: None,
            durability: Durability::Always,
        }
    }
}

/// Whether a record says of which signal it is: protobuf does not.
pub(crate) fn names_signal(dialect: Dialect) -> bool {
    dialect.encoding() != Encoding::Protobuf
}

/// Which requests share a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// All of them.
    Together,
    /// Those of one signal.
    PerSignal,
}

/// Compression of whole files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// None.
    #[default]
    None,
    /// gzip.
    Gzip,
    /// zstd.
    Zstd,
}

/// What an acknowledgement promises.
///
/// Whatever it is, a request is acknowledged only when the operating system has all of it: what was
/// acknowledged survives the end of the process, `kill -9` too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The disk has it (`fdatasync`): it survives the end of the machine. Requests that come while
    /// the disk is busy share the next sync.
    Always,
    /// The disk has it at most this long after: that much may be lost when the machine ends.
    Every(Duration),
    /// The operating system decides when the disk gets it.
    Never,
}

/// Bounds on what senders may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiveLimits {
    /// Most connections at once. Further ones wait in the queue of the operating system.
    /// Default 256.
    pub connections: usize,
    /// Largest body, as sent and as decompressed, and largest record of a file; what is larger is
    /// answered with 413. Default 64 MiB, which the protocol recommends and readers of captures
    /// take.
    pub body_bytes: usize,
    /// Largest ratio of decompressed to compressed bytes, looked at once more than 1 MiB was
    /// decompressed. Default 200: real telemetry stays below 100.
    pub decompression_ratio: u64,
    /// Most bytes of requests in memory: those being read, decoded, and waiting for the disk. One
    /// request may be there besides, so that those that wait for each other's bytes come to an end,
    /// and each connection buffers up to 1 MiB. When they are reached nothing is read, and what waits
    /// longer than `patience` is answered with 429. Default 256 MiB.
    pub in_flight_bytes: usize,
    /// How long a request waits for memory. Default 1 s.
    pub patience: Duration,
    /// Largest head of a request. Default 16 KiB.
    pub header_bytes: usize,
    /// How long a request may take to arrive, from its head, or the beginning of a connection, to
    /// the end of its body. Default 30 s.
    pub request_time: Duration,
    /// How long a connection that has had a request may be without one. Default 5 min.
    pub idle_time: Duration,
}

impl Default for ReceiveLimits {
    fn default() -> Self {
        Self {
            connections: 256,
            body_bytes: 64 << 20,
            decompression_ratio: 200,
            in_flight_bytes: 256 << 20,
            patience: Duration::from_secs(1),
            header_bytes: 16 << 10,
            request_time: Duration::from_secs(30),
            idle_time: Duration::from_secs(300),
        }
    }
}
