//! Bodies as they go out: in memory, or left in the spool for the kernel to send.

use std::fs::File;
use std::io;
use std::sync::Arc;

use bytes::{Buf, Bytes};

use crate::spool::SpoolFile;

/// What stands for bytes that are never in memory. A page of it would only exist if it were read.
static STAND_IN: [u8; 1 << 20] = [0; 1 << 20];

/// The body of a request as it goes out.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    /// In memory.
    Bytes(Bytes),
    /// In the spool, as it goes out. Only for connections that know of it: to others it is zeros.
    Spooled(Piece),
}

/// A piece of the spool.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    spool: Arc<SpoolFile>,
    offset: u64,
    len: usize,
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl Buf for Payload {
    fn remaining(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Spooled(piece) => piece.len,
        }
    }

    fn chunk(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Spooled(piece) => piece.stand_in(),
        }
    }

    fn advance(&mut self, count: usize) {
        match self {
            Self::Bytes(bytes) => bytes.advance(count),
            Self::Spooled(piece) => piece.advance(count),
        }
    }
}

impl Piece {
    pub(crate) fn new(spool: Arc<SpoolFile>, offset: u64, len: usize) -> Self {
        Self { spool, offset, len }
    }

    pub(crate) fn file(&self) -> &File {
        self.spool.file()
    }

    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Goes on behind the first `count` bytes.
    pub(crate) fn advance(&mut self, count: usize) {
        assert!(count <= self.len, "no more is sent than there is");
        self.offset += count as u64;
        self.len -= count;
    }

    /// What a connection is given in place of the next bytes.
    pub(crate) fn stand_in(&self) -> &'static [u8] {
        &STAND_IN[..self.len.min(STAND_IN.len())]
    }

    /// Whether these bytes stand for those of a piece.
    pub(crate) fn is_stand_in(bytes: &[u8]) -> bool {
        !bytes.is_empty() && STAND_IN.as_ptr_range().contains(&bytes.as_ptr())
    }

    /// Puts the first of its bytes, at most `most`, into `room`, in place of what is there.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    pub(crate) fn read(&self, room: &mut Vec<u8>, most: usize) -> io::Result<()> {
        room.resize(self.len.min(most), 0);
        self.spool.read_exact_at(room, self.offset)
    }
}
