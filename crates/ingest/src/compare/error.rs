//! Why two sides were not compared.

use std::io;

use thiserror::Error;

use crate::error::ConvertError;
use crate::export::ExportError;

/// A comparison ended early.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompareError {
    /// A capture could not be read, or the watch asked to stop.
    #[error(transparent)]
    Read(#[from] ConvertError),
    /// A lake could not be read.
    #[error(transparent)]
    Lake(#[from] ExportError),
    /// The temporary file of items failed.
    #[error("failed to use the temporary file in which items are sorted")]
    Spool(#[source] io::Error),
}

impl CompareError {
    /// Whether the watch asked to stop.
    pub fn is_interrupted(&self) -> bool {
        matches!(
            self,
            Self::Read(ConvertError::Interrupted) | Self::Lake(ExportError::Interrupted)
        )
    }
}
