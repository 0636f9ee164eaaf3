//! Why a receiver does not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::tls::TlsError;

/// Why a receiver does not start. What happens later is never an error: senders are told, and it is
/// in the outcome.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// There is nothing to listen on.
    #[error("no address to listen on")]
    NoAddress,
    /// An address cannot be listened on.
    #[error("failed to listen on `{address}`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// A limit is too small for another one.
    #[error(
        "the bound on memory, {in_flight_bytes} bytes, is too small for bodies of {body_bytes} bytes: expected at least {least_bytes}"
    )]
    Memory {
        /// The bound on bytes in memory.
        in_flight_bytes: usize,
        /// The largest body.
        body_bytes: usize,
        /// What would do.
        least_bytes: usize,
    },
    /// Requests of all signals cannot share a file in this dialect.
    #[error("length-prefixed protobuf does not name signals: each needs files of its own")]
    Together,
    /// The directory for captures cannot be used.
    #[error("failed to prepare the directory for captures: {}", path.display())]
    Directory {
        /// The directory, or what is in it.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// Another receiver writes there.
    #[error("another capture is running into {}", path.display())]
    Occupied {
        /// The directory.
        path: PathBuf,
    },
    /// The certificate or its key does not serve.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The machine did not give threads or timers.
    #[error("failed to start the receiving threads")]
    Threads(#[source] io::Error),
}
