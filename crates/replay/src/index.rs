//! The requests of a replay in the order of sending: in memory where they are few, else in a file.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use otolith_capture::Signal;

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

/// Entries that are held and sorted in memory, in 2 MiB; more of them go to files.
const RUN: usize = 1 << 16;

/// Memory for merging sorted runs.
const MERGE_BYTES: usize = 2 << 20;

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

/// Collects entries in the order of reading.
pub(crate) struct Collected {
    dir: Option<PathBuf>,
    /// Those that are in no file yet.
    newest: Vec<Entry>,
    /// Those before, as many as fit into runs.
    file: Option<File>,
    len: u64,
    /// Entries whose times were found out later; none for the oldest time of all. In their order.
    times: Vec<(Range<u64>, Option<u64>)>,
}

impl Collected {
    /// Files are unnamed ones in `dir`, or in the system's place for them.
    pub(crate) fn new(dir: Option<&Path>) -> Self {
        Self {
            dir: dir.map(Path::to_owned),
            newest: Vec::new(),
            file: None,
            len: 0,
            times: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn push(&mut self, entry: Entry) -> io::Result<()> {
        self.newest.push(entry);
        self.len += 1;
        if self.newest.len() == RUN {
            let file = match &mut self.file {
                Some(file) => file,
                none => none.insert(temporary(self.dir.as_deref())?),
            };
            write_all(file, &self.newest)?;
            self.newest.clear();
        }
        Ok(())
    }

    /// Sets the time of some entries, which are after those whose times were set before; none for
    /// the oldest time of all.
    pub(crate) fn set_time(&mut self, entries: Range<u64>, time_unix_nano: Option<u64>) {
        self.times.push((entries, time_unix_nano));
    }

    /// Puts all in order.
    pub(crate) fn sorted(mut self, oldest: u64) -> io::Result<Index> {
        let mut times = Times {
            times: self.times.into_iter().peekable(),
            oldest,
        };
        let Some(unsorted) = self.file.take() else {
            times.set(0, &mut self.newest);
            self.newest.sort_unstable_by_key(Entry::key);
            return Ok(Index::Memory(self.newest));
        };
        let mut newest = std::mem::take(&mut self.newest);
        let mut file = temporary(self.dir.as_deref())?;
        let mut run = Vec::new();
        let in_runs = self.len - newest.len() as u64;
        let (mut is_sorted, mut last) = (true, None);
        for start in (0..self.len).step_by(RUN) {
            if start < in_runs {
                read(&unsorted, start, RUN, &mut run)?;
            } else {
                std::mem::swap(&mut run, &mut newest);
            }
            times.set(start, &mut run);
            run.sort_unstable_by_key(Entry::key);
            is_sorted &= last <= run.first().map(Entry::key);
            last = run.last().map(Entry::key);
            write_all(&mut file, &run)?;
        }
        drop(unsorted);
        if !is_sorted {
            file = merged(&file, self.len, self.dir.as_deref())?;
        }
        Ok(Index::File {
            file: SpoolFile::new(file),
            len: self.len,
        })
    }
}

/// Times that were found out later.
struct Times {
    times: std::iter::Peekable<std::vec::IntoIter<(Range<u64>, Option<u64>)>>,
    oldest: u64,
}

impl Times {
    /// Sets them in the entries from this number on, which follow those of the last call.
    fn set(&mut self, start: u64, entries: &mut [Entry]) {
        let end = start + entries.len() as u64;
        while let Some((range, time)) = self.times.peek() {
            let time = time.unwrap_or(self.oldest);
            for number in range.start.max(start)..range.end.min(end) {
                entries[(number - start) as usize].time_unix_nano = time;
            }
            if range.end > end {
                return;
            }
            self.times.next();
        }
    }
}

/// The entries of sorted runs in one order.
fn merged(runs: &File, len: u64, dir: Option<&Path>) -> io::Result<File> {
    let count = usize::try_from(len.div_ceil(RUN as u64)).unwrap_or(usize::MAX);
    let block = (MERGE_BYTES / ENTRY_BYTES / count).clamp(16, RUN);
    let mut heads = BinaryHeap::with_capacity(count);
    let mut cursors = Vec::with_capacity(count);
    for start in (0..len).step_by(RUN) {
        let mut cursor = Cursor::new(runs, start..len.min(start + RUN as u64), block);
        if let Some(entry) = cursor.next().transpose()? {
            heads.push((Reverse(entry.key()), cursors.len(), entry.to_bytes()));
        }
        cursors.push(cursor);
    }
    let mut file = BufWriter::with_capacity(256 << 10, temporary(dir)?);
    while let Some((_, run, bytes)) = heads.pop() {
        file.write_all(&bytes)?;
        if let Some(entry) = cursors[run].next().transpose()? {
            heads.push((Reverse(entry.key()), run, entry.to_bytes()));
        }
    }
    file.into_inner().map_err(|error| error.into_error())
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
    use super::*;

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
        let index = collected.sorted(1).unwrap();
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
        assert_eq!(Collected::new(None).sorted(0).unwrap().entries().count(), 0);
    }

    #[test]
    fn many_are_sorted_in_files() {
        let run = RUN as u64;
        // In order already, and not at all.
        check(2 * run + 10, |n| n);
        check(3 * run, |n| (n * 2_654_435_761) % 1_000_003);
        check(run, |n| run - n);
    }
}
