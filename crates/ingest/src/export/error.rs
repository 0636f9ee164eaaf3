//! Why an export ended early.

use std::io;
use std::path::PathBuf;

use otolith_capture::Signal;
use otolith_lake::LakeError;
use otolith_tables::RestoreError;
use thiserror::Error;

/// An export ended early. What was written so far are whole requests, but for a failed write.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The lake could not be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A file of the lake does not hold what its table should.
    #[error("failed to export a part: `{}`", path.display())]
    Part {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: RestoreError,
    },
    /// The events, links and exemplars of a date do not hold what their tables should.
    #[error("failed to export the {signal} of `{database}`: day {date} since 1970-01-01")]
    Children {
        /// The database.
        database: String,
        /// Days since 1970-01-01.
        date: i32,
        /// The signal of the items they belong to.
        signal: Signal,
        /// The cause.
        #[source]
        source: RestoreError,
    },
    /// A protobuf request among those of other signals does not show which signal it is of.
    #[error(
        "failed to export a request with {signal} of `{database}`: no item of it shows the signal, and \
         length-prefixed protobuf does not name it"
    )]
    UnclearSignal {
        /// The database.
        database: String,
        /// The signal.
        signal: Signal,
    },
    /// A request is larger than its length prefix can tell.
    #[error("failed to export a request of {len_bytes} bytes: a length prefix has 4 bytes")]
    RequestTooLarge {
        /// Its size.
        len_bytes: usize,
    },
    /// The output could not be written.
    #[error("failed to write a request")]
    Write(#[source] io::Error),
    /// The watch asked to stop.
    #[error("interrupted")]
    Interrupted,
}
