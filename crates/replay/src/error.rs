//! Why a replay ends without an outcome.

use std::io;
use std::path::PathBuf;

use otolith_capture::ReadError;

/// Why a replay ends without an outcome. What the receiver answers is never an error: it is in
/// the outcome.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A capture could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The temporary file with the request bodies failed.
    #[error("failed to use the temporary file for request bodies")]
    Spool(#[source] io::Error),
    /// More requests than the index can number.
    #[error("expected at most {max} requests, found more")]
    TooManyRequests {
        /// The most that there can be.
        max: u64,
    },
    /// Stopped before everything was read; nothing was sent.
    #[error("interrupted while reading the captures")]
    Interrupted,
    /// The file that tells where an interrupted run ended does not serve.
    #[error("failed to go on with the run of: {}", path.display())]
    Resume {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The certificates of the system, or the TLS library, do not serve.
    #[error("failed to prepare TLS")]
    Tls(#[source] io::Error),
    /// A file with certificates or a key does not serve.
    #[error("failed to use the {what}: {}", path.display())]
    TlsFile {
        /// What the file is for.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// Settings that do not go together.
    #[error("{0}")]
    Settings(&'static str),
    /// The machine did not give threads or timers.
    #[error("failed to start the sending threads")]
    Threads(#[source] io::Error),
    /// Failed requests cannot be saved.
    #[error("failed to save failed requests: {}", path.display())]
    Save {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
}
