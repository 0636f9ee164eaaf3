//! Why a conversion or inspection ended early.

use otolith_capture::{Origin, ReadError, Reject, RejectCode};
use otolith_lake::LakeError;
use thiserror::Error;

/// A conversion or inspection ended early. Nothing of it is in the lake.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// A source could not be opened or read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The lake could not be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// Something was rejected, and the options ask to stop then.
    #[error("failed to take a frame: {code}: {message}: `{}`, frame {}, byte {}",
        origin.file, origin.frame, origin.offset)]
    Rejected {
        /// Why, as a stable word.
        code: RejectCode,
        /// Why, for people.
        message: String,
        /// Where it was cut.
        origin: Origin,
    },
    /// The watch asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// The rejects could not be written.
    #[error("failed to write the rejects")]
    Rejects {
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A source shall be converted anew and can be read only once.
    #[error("failed to convert anew: `{file}` can be read only once; name a file")]
    ReadOnce {
        /// The source as named.
        file: String,
    },
    /// Sources shall be converted anew whose rows cannot be replaced alone.
    #[error(
        "failed to convert anew: run {run} read `{file}` as well, whose rows would be lost; name \
         it too, or convert into a new lake"
    )]
    Shared {
        /// Number of the run.
        run: u64,
        /// The other file, as it was named then.
        file: String,
    },
    /// The threads could not be started.
    #[error("failed to start {threads} threads")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// The cause.
        #[source]
        source: rayon::ThreadPoolBuildError,
    },
}

impl ConvertError {
    pub(crate) fn rejected(reject: &Reject) -> Self {
        Self::Rejected {
            code: reject.code,
            message: reject.message.clone(),
            origin: reject.origin.clone(),
        }
    }
}
