//! A temporary file of which pieces are read, mostly one after another.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::{Mutex, PoisonError};

/// What is read at once.
const BLOCK_BYTES: usize = 64 << 10;

/// Longer pieces are read alone: of them a block would hold too few to make up for copying them.
pub(crate) const SHORT_BYTES: usize = BLOCK_BYTES / 4;

/// A file of which pieces are read, mostly one after another, by any number of threads.
///
/// Short ones come out of a block that was read before: a call of the kernel for each body of 7 KB, and
/// one for its entry in the index, take a tenth of the time of sending it (`cargo xtask bench replay
/// throughput`).
#[derive(Debug)]
pub(crate) struct SpoolFile {
    file: File,
    block: Mutex<Block>,
}

#[derive(Debug, Default)]
struct Block {
    start: u64,
    bytes: Vec<u8>,
    /// Where the last piece ended that was asked for.
    next: u64,
}

impl SpoolFile {
    pub(crate) fn new(file: File) -> Self {
        Self {
            file,
            block: Mutex::default(),
        }
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Fills `piece` with what stands at `offset`.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or the file ends before.
    pub(crate) fn read_exact_at(&self, piece: &mut [u8], offset: u64) -> io::Result<()> {
        if piece.len() > SHORT_BYTES {
            return self.file.read_exact_at(piece, offset);
        }
        let mut block = self.block.lock().unwrap_or_else(PoisonError::into_inner);
        let gap = offset.checked_sub(block.next);
        block.next = offset + piece.len() as u64;
        if block.copy(piece, offset) {
            return Ok(());
        }
        // Threads that take turns ask for neighbours in nearly the same order.
        if gap.is_some_and(|gap| gap < BLOCK_BYTES as u64) {
            block.fill(&self.file, offset);
            if block.copy(piece, offset) {
                return Ok(());
            }
        }
        drop(block);
        self.file.read_exact_at(piece, offset)
    }
}

impl Block {
    /// Whether all of the piece is here.
    fn copy(&self, piece: &mut [u8], offset: u64) -> bool {
        let from = offset.checked_sub(self.start);
        let from = from.and_then(|from| usize::try_from(from).ok());
        let here = from.and_then(|from| self.bytes.get(from..)?.get(..piece.len()));
        here.inspect(|here| piece.copy_from_slice(here)).is_some()
    }

    /// Reads as much as there is from here on. What is missing, for the end of the file or an error, is
    /// read alone, which tells why.
    fn fill(&mut self, file: &File, start: u64) {
        self.bytes.resize(BLOCK_BYTES, 0);
        let read = file.read_at(&mut self.bytes, start).unwrap_or(0);
        self.bytes.truncate(read);
        self.start = start;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn spool(len: usize) -> (Vec<u8>, SpoolFile) {
        let bytes: Vec<u8> = (0..len).map(|at| (at * 7 / 3) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        (bytes, SpoolFile::new(file))
    }

    #[test]
    fn pieces_in_order_come_out_of_a_block() {
        let (bytes, spool) = spool(200_000);
        for offset in (0..199_000).step_by(500) {
            let mut piece = [0; 500];
            spool.read_exact_at(&mut piece, offset as u64).unwrap();
            assert_eq!(piece, bytes[offset..offset + 500]);
            let block = spool.block.lock().unwrap();
            assert!((block.start as usize..=offset).contains(&offset));
            assert!(block.start as usize + block.bytes.len() >= offset + 500);
        }
    }

    #[test]
    fn the_end_of_the_file_is_an_error() {
        let (_, spool) = spool(1_000);
        let mut piece = [0; 100];
        spool.read_exact_at(&mut piece, 900).unwrap();
        assert!(spool.read_exact_at(&mut piece, 901).is_err());
        assert!(spool.read_exact_at(&mut piece, 5_000).is_err());
    }

    proptest! {
        #[test]
        fn pieces_are_the_same_in_any_order(
            pieces in proptest::collection::vec((0..150_000_usize, 0..20_000_usize), 1..40),
        ) {
            let (bytes, spool) = spool(170_000);
            for (offset, len) in pieces {
                let mut piece = vec![0; len];
                spool.read_exact_at(&mut piece, offset as u64).unwrap();
                prop_assert!(piece == bytes[offset..offset + len]);
            }
        }
    }
}
