//! Why captures were not made of captures.

use std::io;

use otolith_capture::{FrameError, WriteError};
use thiserror::Error;

use crate::error::ConvertError;
use crate::export::ExportError;

/// It ended early. Files are then not there, or as they were before.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CatError {
    /// A source could not be read, something was rejected and the options are strict, or the watch
    /// asked to stop.
    #[error(transparent)]
    Read(#[from] ConvertError),
    /// The lake could not be turned back into requests.
    #[error(transparent)]
    Lake(#[from] ExportError),
    /// The output could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The temporary file of requests that wait for their turn failed.
    #[error("failed to use the temporary file in which requests are put in order")]
    Spool(#[source] io::Error),
    /// Requests could not be compressed.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

impl CatError {
    /// Whether the watch asked to stop.
    pub fn is_interrupted(&self) -> bool {
        matches!(
            self,
            Self::Read(ConvertError::Interrupted) | Self::Lake(ExportError::Interrupted)
        )
    }
}
