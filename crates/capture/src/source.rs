//! The source: one capture file that can be opened.

use std::fs::{File, Metadata};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::checkpoint::Checkpoint;
use crate::options::ReadOptions;
use crate::reader::CaptureReader;
use crate::resume::{self, Again, Opened};

/// One capture file, standard input, or bytes in memory. Cheap to clone; opening does not change
/// it, except that standard input can be read only once.
#[derive(Clone, Debug)]
pub struct Source {
    name: Arc<str>,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    File(PathBuf),
    StandardInput,
    Bytes(Arc<[u8]>),
}

/// A source could not be opened or read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file could not be opened.
    #[error("failed to open `{file}`")]
    Open {
        /// The file as named.
        file: Arc<str>,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// Reading failed in the middle.
    #[error("failed to read after {read_bytes} bytes of `{file}`")]
    Read {
        /// The file as named.
        file: Arc<str>,
        /// Bytes of the file as stored that were read before.
        read_bytes: u64,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// What was read of a stream that cannot be read twice could not be set aside.
    #[error("failed to set aside what was read of `{file}` in `{}`", directory.display())]
    SetAside {
        /// The file as named.
        file: Arc<str>,
        /// The directory.
        directory: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

impl Source {
    /// Makes a source of bytes in memory, for tests and embedding.
    pub fn from_bytes(name: &str, bytes: Vec<u8>) -> Self {
        Self {
            name: Arc::from(name),
            place: Place::Bytes(Arc::from(bytes)),
        }
    }

    pub(crate) fn from_path(path: PathBuf) -> Self {
        Self {
            name: Arc::from(path.to_string_lossy()),
            place: Place::File(path),
        }
    }

    pub(crate) fn standard_input() -> Self {
        Self {
            name: Arc::from("-"),
            place: Place::StandardInput,
        }
    }

    /// The file as the user named it; `-` is standard input.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Size of the file as stored, if it is known before reading. Asks the file system each time:
    /// for many files that takes a while.
    pub fn len_bytes(&self) -> Option<u64> {
        match &self.place {
            Place::File(path) => {
                let data = path.metadata().ok().filter(Metadata::is_file);
                data.map(|data| data.len())
            }
            Place::StandardInput => None,
            Place::Bytes(bytes) => Some(bytes.len() as u64),
        }
    }

    /// Whether the source can be read only once, such as standard input or a named pipe.
    pub fn is_read_once(&self) -> bool {
        match &self.place {
            Place::StandardInput => true,
            Place::File(path) => !path.is_file() && path.exists(),
            Place::Bytes(_) => false,
        }
    }

    /// Opens the source and recognises its layout from its first bytes.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened, or not be read at its beginning.
    pub fn open(&self, options: &ReadOptions) -> Result<CaptureReader, ReadError> {
        CaptureReader::new(&self.name, self.bytes()?, options)
    }

    /// Opens the source behind what is known of it, if anything is.
    ///
    /// `known` is called once with the first decoded bytes, at most [`Head::MAX_BYTES`](crate::Head::MAX_BYTES), and gives
    /// the checkpoints with such a [`Head`](crate::Head), in any order. The longest one whose hash is that of
    /// the source's first bytes is resumed: bytes up to there are decoded and hashed, within the
    /// limits of decompression, and passed over. A checkpoint of a file that is one message, or
    /// that was not recognised, is that of the whole file and no beginning of a longer one. With
    /// [`ReadOptions::input_format`], checkpoints of other formats are none.
    ///
    /// What cannot be opened twice, such as standard input, is set aside while it is compared, in
    /// an unnamed file in the directory `spool`, if there are checkpoints to compare with.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened, not be read, or not be set aside.
    pub fn open_after(
        &self,
        options: &ReadOptions,
        known: &dyn Fn(&[u8]) -> Vec<Checkpoint>,
        spool: &Path,
    ) -> Result<Opened, ReadError> {
        let reopen = || self.bytes();
        let again = || match self.is_read_once() {
            true => Again::SetAside(spool),
            false => Again::Reopen(&reopen),
        };
        resume::open_after(&self.name, self.bytes()?, &again, options, known)
    }

    fn bytes(&self) -> Result<Box<dyn Read + Send>, ReadError> {
        Ok(match &self.place {
            Place::File(path) => Box::new(File::open(path).map_err(|source| ReadError::Open {
                file: Arc::clone(&self.name),
                source,
            })?),
            Place::StandardInput => Box::new(io::stdin()),
            Place::Bytes(bytes) => Box::new(Cursor::new(Arc::clone(bytes))),
        })
    }
}
