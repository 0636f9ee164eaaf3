//! One file of a capture while it is written.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Instant;

use super::directory::Directory;
use super::encoder::Encoder;
use super::names::OPEN;
use crate::options::Compression;
use crate::outcome::WrittenFile;

/// A file under the name that it has while it is written.
pub(crate) struct OpenFile {
    file: File,
    open: PathBuf,
    /// Where it goes when it is finished.
    path: PathBuf,
    encoder: Encoder,
    /// When it was made.
    pub(crate) since: Instant,
    /// Bytes that the operating system has.
    len_bytes: u64,
    /// Of these, what holds records that are told to be kept.
    kept_bytes: u64,
    requests: u64,
    items: u64,
    /// Whether something was written after the last sync.
    pub(crate) is_dirty: bool,
}

impl OpenFile {
    /// Makes the file. Its name is durable after the next sync of the directory.
    pub(crate) fn create(
        directory: &Directory,
        name: &str,
        compression: Compression,
    ) -> io::Result<Self> {
        let open = directory.path(&format!("{name}{OPEN}"));
        Ok(Self {
            file: File::create_new(&open)?,
            open,
            path: directory.path(name),
            encoder: Encoder::new(compression),
            since: Instant::now(),
            len_bytes: 0,
            kept_bytes: 0,
            requests: 0,
            items: 0,
            is_dirty: false,
        })
    }

    /// Adds a record to what will be written.
    pub(crate) fn push(&mut self, record: &[u8]) -> io::Result<()> {
        self.encoder.push(record)
    }

    /// Bytes of the file once everything is written, more or less.
    pub(crate) fn len_bytes(&self) -> u64 {
        self.len_bytes + self.encoder.ready_bytes() as u64
    }

    /// Gives the operating system everything, so that it survives the end of the process. Gives how
    /// many bytes it was.
    pub(crate) fn write(&mut self) -> io::Result<u64> {
        let bytes = self.encoder.flush()?;
        self.append(&bytes)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<u64> {
        if !bytes.is_empty() {
            self.is_dirty = true;
            self.file.write_all(bytes)?;
            self.len_bytes += bytes.len() as u64;
        }
        Ok(bytes.len() as u64)
    }

    /// Waits until the disk has everything that was written.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        self.is_dirty = false;
        Ok(())
    }

    /// What was written is to stay: so many requests and items more.
    pub(crate) fn keep(&mut self, requests: u64, items: u64) {
        self.requests += requests;
        self.items += items;
        self.kept_bytes = self.len_bytes;
    }

    /// Ends the file: what compression holds back is written. Call [`Self::rename`] next.
    pub(crate) fn end(&mut self) -> io::Result<u64> {
        let bytes = self.encoder.finish()?;
        let len = self.append(&bytes)?;
        self.kept_bytes = self.len_bytes;
        Ok(len)
    }

    /// Takes back what was written and is not to stay. What is left can be read.
    pub(crate) fn take_back(&mut self) -> io::Result<()> {
        self.file.set_len(self.kept_bytes)
    }

    /// Gives the file its name; removes it if nothing is in it.
    pub(crate) fn rename(self) -> io::Result<Option<WrittenFile>> {
        if self.requests == 0 {
            fs::remove_file(&self.open)?;
            return Ok(None);
        }
        fs::rename(&self.open, &self.path)?;
        Ok(Some(WrittenFile {
            path: self.path.display().to_string(),
            requests: self.requests,
            items: self.items,
            bytes: self.kept_bytes,
        }))
    }
}
