//! The requests of a replay in the order of sending: in memory where they are few, else in a file.

mod collected;

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use otolith_capture::Signal;

pub(crate) use self::collected::Collected;
use crate::spool::SpoolFile;

/// A request as the index knows it. There may be four thousand million of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// When it was recorded.
    pub(crate) time_unix_nano: u64,
    /// Where its body begins in the spool. Grows in the order of reading.
    pub(crate) offset: u64,
    /// Length of its body.
    pub(crate) len_bytes: u32,
    /// Spans, log records or data points in it.
    pub(crate) items: u32,
    /// As which of the services and hosts it is sent, from 0.
    pub(crate) copy: u16,
    pub(crate) signal: Signal,
}

const ENTRY_BYTES: usize = 32;
const _: () = assert!(
    size_of::<Entry>() <= ENTRY_BYTES,
    "README.md states the size"
);

/// Entries that are read at once where they are read one after another: 64 KiB.
const BLOCK: usize = 1 << 11;

impl Entry {
    /// By time; in the order of reading where times are equal. The offset grows in the order of
    /// reading, and an empty body lies before the one that begins at the same place.
    fn key(&self) -> (u64, u64, u32, u16) {
        (self.time_unix_nano, self.offset, self.len_bytes, self.copy)
    }

    fn to_bytes(self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        bytes[..8].copy_from_slice(&self.time_unix_nano.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.offset.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.len_bytes.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.items.to_le_bytes());
        bytes[24..26].copy_from_slice(&self.copy.to_le_bytes());
        bytes[26] = self.signal as u8;
        bytes
    }

    fn from_bytes(bytes: &[u8; ENTRY_BYTES]) -> io::Result<Self> {
        let long = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        let short = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        let signal = Signal::ALL.get(usize::from(bytes[26]));
        Ok(Self {
            time_unix_nano: long(0),
            offset: long(8),
            len_bytes: short(16),
            items: short(20),
            copy: u16::from_le_bytes([bytes[24], bytes[25]]),
            signal: *signal.ok_or_else(|| io::Error::other("the index was overwritten"))?,
        })
    }
}

/// All requests in the order of sending.
#[derive(Debug)]
pub(crate) enum Index {
    Memory(Vec<Entry>),
    File { file: SpoolFile, len: u64 },
}

impl Index {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Memory(entries) => entries.len() as u64,
            Self::File { len, .. } => *len,
        }
    }

    /// A request by its number. Safe to call from many threads.
    pub(crate) fn get(&self, request: u32) -> io::Result<Entry> {
        match self {
            Self::Memory(entries) => Ok(entries[request as usize]),
            Self::File { file, .. } => {
                let mut bytes = [0; ENTRY_BYTES];
                file.read_exact_at(&mut bytes, u64::from(request) * ENTRY_BYTES as u64)?;
                Entry::from_bytes(&bytes)
            }
        }
    }

    /// All of them, one after another; ends with the first error.
    pub(crate) fn entries(&self) -> Entries<'_> {
        match self {
            Self::Memory(entries) => Entries::Memory(entries.iter()),
            Self::File { file, len } => Entries::File(Cursor::new(file.file(), 0..*len, BLOCK)),
        }
    }
}

/// Entries one after another.
pub(crate) enum Entries<'a> {
    Memory(std::slice::Iter<'a, Entry>),
    File(Cursor<'a>),
}

impl Iterator for Entries<'_> {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<io::Result<Entry>> {
        match self {
            Self::Memory(entries) => entries.next().map(|entry| Ok(*entry)),
            Self::File(cursor) => cursor.next(),
        }
    }
}

/// Reads entries of a file, a block at a time.
pub(crate) struct Cursor<'a> {
    file: &'a File,
    left: Range<u64>,
    block: Vec<Entry>,
    next: usize,
    block_len: usize,
}

impl<'a> Cursor<'a> {
    fn new(file: &'a File, entries: Range<u64>, block_len: usize) -> Self {
        Self {
            file,
            left: entries,
            block: Vec::new(),
            next: 0,
            block_len,
        }
    }
}

impl Iterator for Cursor<'_> {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<io::Result<Entry>> {
        if self.next == self.block.len() {
            let left = self.left.end - self.left.start;
            let count = usize::try_from(left).map_or(self.block_len, |n| n.min(self.block_len));
            if count == 0 {
                return None;
            }
            if let Err(error) = read(self.file, self.left.start, count, &mut self.block) {
                self.left = 0..0;
                self.block.clear();
                self.next = 0;
                return Some(Err(error));
            }
            self.left.start += count as u64;
            self.next = 0;
        }
        let entry = self.block[self.next];
        self.next += 1;
        Some(Ok(entry))
    }
}

/// An unnamed temporary file in a directory, or in the system's place for them.
pub(crate) fn temporary(dir: Option<&Path>) -> io::Result<File> {
    match dir {
        Some(dir) => tempfile::tempfile_in(dir),
        None => tempfile::tempfile(),
    }
}

fn write_all(file: &mut File, entries: &[Entry]) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(BLOCK * ENTRY_BYTES, file);
    for entry in entries {
        out.write_all(&entry.to_bytes())?;
    }
    out.flush()
}

/// Reads so many entries from this number on in place of what is there.
fn read(file: &File, start: u64, count: usize, entries: &mut Vec<Entry>) -> io::Result<()> {
    entries.clear();
    let mut bytes = vec![0; count.min(BLOCK) * ENTRY_BYTES];
    let mut at = start;
    while entries.len() < count {
        let some = (count - entries.len()).min(BLOCK);
        let bytes = &mut bytes[..some * ENTRY_BYTES];
        file.read_exact_at(bytes, at * ENTRY_BYTES as u64)?;
        let (found, _) = bytes.as_chunks();
        for entry in found {
            entries.push(Entry::from_bytes(entry)?);
        }
        at += some as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::collected::RUN;
    use super::*;
    use crate::error::ReplayError;

    static NEVER: AtomicBool = AtomicBool::new(false);

    /// Entry number n of those that are read.
    fn entry(n: u64, time_unix_nano: u64) -> Entry {
        Entry {
            time_unix_nano,
            offset: n * 7,
            len_bytes: n as u32 % 5,
            items: n as u32,
            copy: n as u16 % 3,
            signal: Signal::ALL[n as usize % 3],
        }
    }

    /// As many entries, at these times, are the same in a file as in memory.
    #[track_caller]
    fn check(count: u64, time: impl Fn(u64) -> u64) {
        let run = RUN as u64;
        let late = [(5..7, Some(3)), (run - 1..run + 2, None)];
        let late: Vec<_> = late
            .into_iter()
            .filter(|(range, _)| range.end <= count)
            .collect();
        let mut collected = Collected::new(None);
        let mut expected = Vec::new();
        for n in 0..count {
            collected.push(entry(n, time(n))).unwrap();
            let found = late.iter().find(|(range, _)| range.contains(&n));
            let time = found.map_or(time(n), |(_, late)| late.unwrap_or(1));
            expected.push(entry(n, time));
        }
        for (range, time) in late {
            collected.set_time(range, time);
        }
        expected.sort_by_key(|entry| entry.time_unix_nano);
        let index = collected.sorted(1, &NEVER).unwrap();
        assert_eq!(index.len(), count);
        assert_eq!(matches!(index, Index::File { .. }), count >= RUN as u64);
        let found: Vec<Entry> = index.entries().map(Result::unwrap).collect();
        assert!(found == expected, "{count}");
        for number in [0, count / 2, count - 1] {
            assert_eq!(index.get(number as u32).unwrap(), expected[number as usize]);
        }
    }

    #[test]
    fn few_stay_in_memory() {
        check(100, |n| n * 31 % 17);
        let none = Collected::new(None).sorted(0, &NEVER).unwrap();
        assert_eq!(none.entries().count(), 0);
    }

    #[test]
    fn many_are_sorted_in_files() {
        let run = RUN as u64;
        // In order already, and not at all.
        check(2 * run + 10, |n| n);
        check(3 * run, |n| (n * 2_654_435_761) % 1_000_003);
        check(run, |n| run - n);
    }
    #[test]
    fn a_stop_ends_sorting() {
        let mut collected = Collected::new(None);
        for n in 0..2 * RUN as u64 {
            collected.push(entry(n, n)).unwrap();
        }
        let stopped = collected.sorted(0, &AtomicBool::new(true));
        assert!(matches!(stopped, Err(ReplayError::Interrupted)));
    }
}
