//! A file that several threads read at once.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

/// What is read where a page begins: as a rule its header and little more.
const HEADER_BYTES: usize = 512;

/// A file that is read by position. Plain files have one place that reading moves, which clones of
/// the handle share.
#[derive(Clone, Debug)]
pub(crate) struct Positioned {
    file: Arc<File>,
    len: u64,
}

impl Positioned {
    pub fn new(file: File) -> io::Result<Self> {
        Ok(Self {
            len: file.metadata()?.len(),
            file: Arc::new(file),
        })
    }
}

impl Length for Positioned {
    fn len(&self) -> u64 {
        self.len
    }
}

impl ChunkReader for Positioned {
    type T = BufReader<From>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let from = From {
            file: Arc::clone(&self.file),
            at: start,
        };
        Ok(BufReader::with_capacity(HEADER_BYTES, from))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        // Before anything is allocated: the length is what the file says.
        if start.saturating_add(length as u64) > self.len {
            return Err(ParquetError::EOF(format!(
                "{length} bytes at {start} are beyond the end of the file at {}",
                self.len
            )));
        }
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, start)?;
        Ok(bytes.into())
    }
}

/// A file from some place on.
#[derive(Debug)]
pub(crate) struct From {
    file: Arc<File>,
    at: u64,
}

impl Read for From {
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

    fn file() -> Positioned {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        Positioned::new(file).unwrap()
    }

    #[test]
    fn readers_have_places_of_their_own() {
        let file = file();
        let mut first = file.get_read(2).unwrap();
        assert_eq!(file.get_bytes(7, 3).unwrap(), "789");
        let mut text = String::new();
        file.get_read(5).unwrap().read_to_string(&mut text).unwrap();
        first.read_to_string(&mut text).unwrap();
        assert_eq!(text, "5678923456789");
    }

    #[test]
    fn what_a_file_claims_is_not_allocated() {
        let error = file().get_bytes(1, usize::MAX).unwrap_err();
        assert!(error.to_string().contains("beyond the end"), "{error}");
        assert!(file().get_bytes(u64::MAX, 1).is_err());
    }
}
