//! A file that several threads read at once.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use bytes::{Buf as _, Bytes, buf};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

/// What is read at once where the end of it is not known.
const BUFFER_BYTES: usize = 512;
/// Files up to this size are read as a whole: one call instead of some for each column.
const WHOLE_BYTES: u64 = 128 << 10;

/// A file that is read by position. Plain files have one place that reading moves, which clones of
/// the handle share.
#[derive(Clone, Debug)]
pub(crate) enum Positioned {
    /// All of a small file.
    Whole(Bytes),
    File {
        file: Arc<File>,
        len: u64,
    },
}

impl Positioned {
    pub fn new(file: File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        if len > WHOLE_BYTES {
            return Ok(Self::File {
                file: Arc::new(file),
                len,
            });
        }
        let mut bytes = vec![0; usize::try_from(len).unwrap_or_default()];
        file.read_exact_at(&mut bytes, 0)?;
        Ok(Self::Whole(bytes.into()))
    }
}

impl Length for Positioned {
    fn len(&self) -> u64 {
        match self {
            Self::Whole(bytes) => bytes.len() as u64,
            Self::File { len, .. } => *len,
        }
    }
}

impl ChunkReader for Positioned {
    type T = From;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(match self {
            Self::Whole(bytes) => From::Whole(slice(bytes, start, None)?.reader()),
            Self::File { file, .. } => {
                let rest = Rest {
                    file: Arc::clone(file),
                    at: start,
                };
                From::File(BufReader::with_capacity(BUFFER_BYTES, rest))
            }
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        match self {
            Self::Whole(bytes) => slice(bytes, start, Some(length)),
            Self::File { file, len } => {
                // Before anything is allocated: the length is what the file says.
                if start.saturating_add(length as u64) > *len {
                    return Err(beyond(start, length, *len));
                }
                let mut bytes = vec![0; length];
                file.read_exact_at(&mut bytes, start)?;
                Ok(bytes.into())
            }
        }
    }
}

/// Some bytes from some place on, or all.
fn slice(bytes: &Bytes, start: u64, length: Option<usize>) -> Result<Bytes, ParquetError> {
    let from = usize::try_from(start).ok();
    let from = from.filter(|from| *from <= bytes.len());
    let len = length.unwrap_or(from.map_or(0, |from| bytes.len() - from));
    let inside = from.filter(|from| len <= bytes.len() - from);
    let inside = inside.map(|from| bytes.slice(from..from + len));
    inside.ok_or_else(|| beyond(start, len, bytes.len() as u64))
}

fn beyond(start: u64, length: usize, end: u64) -> ParquetError {
    ParquetError::EOF(format!(
        "{length} bytes at {start} are beyond the end of the file at {end}"
    ))
}

/// A file from some place on.
pub(crate) enum From {
    Whole(buf::Reader<Bytes>),
    File(BufReader<Rest>),
}

impl Read for From {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Whole(rest) => rest.read(buffer),
            Self::File(rest) => rest.read(buffer),
        }
    }
}

/// The rest of a file that is not in memory.
pub(crate) struct Rest {
    file: Arc<File>,
    at: u64,
}

impl Read for Rest {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    /// A file with digits at the beginning, in memory or not.
    fn files() -> [Positioned; 2] {
        [10, WHOLE_BYTES + 1].map(|len| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(b"0123456789").unwrap();
            file.set_len(len).unwrap();
            let file = Positioned::new(file).unwrap();
            assert_eq!(file.len(), len);
            assert_eq!(matches!(file, Positioned::Whole(_)), len == 10);
            file
        })
    }

    #[test]
    fn readers_have_places_of_their_own() {
        for file in files() {
            let mut first = file.get_read(2).unwrap();
            assert_eq!(file.get_bytes(7, 3).unwrap(), "789");
            let mut three = [0; 3];
            file.get_read(5).unwrap().read_exact(&mut three).unwrap();
            assert_eq!(&three, b"567");
            first.read_exact(&mut three).unwrap();
            assert_eq!(&three, b"234");
        }
    }

    #[test]
    fn what_a_file_claims_is_not_allocated() {
        for file in files() {
            let error = file.get_bytes(1, usize::MAX).unwrap_err();
            assert!(error.to_string().contains("beyond the end"), "{error}");
            assert!(file.get_bytes(u64::MAX, 1).is_err());
            let end = file.len();
            assert_eq!(file.get_bytes(end, 0).unwrap(), "");
            assert!(file.get_bytes(end, 1).is_err());
        }
    }
}
