//! Puts requests in order, in files where they are many.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Cursor, ENTRY_BYTES, Entry, Index, read, temporary, write_all};
use crate::error::ReplayError;
use crate::spool::SpoolFile;

/// Entries that are held and sorted in memory, in 2 MiB; more of them go to files.
pub(super) const RUN: usize = 1 << 16;

/// Memory for merging sorted runs.
const MERGE_BYTES: usize = 2 << 20;

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
    ///
    /// # Errors
    ///
    /// When files fail, or `stop` was set meanwhile.
    pub(crate) fn sorted(mut self, oldest: u64, stop: &AtomicBool) -> Result<Index, ReplayError> {
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
        let dir = self.dir.as_deref();
        let mut file = temporary(dir).map_err(ReplayError::Spool)?;
        let mut run = Vec::new();
        let in_runs = self.len - newest.len() as u64;
        let (mut is_sorted, mut last) = (true, None);
        for start in (0..self.len).step_by(RUN) {
            look(stop)?;
            if start < in_runs {
                read(&unsorted, start, RUN, &mut run).map_err(ReplayError::Spool)?;
            } else {
                std::mem::swap(&mut run, &mut newest);
            }
            times.set(start, &mut run);
            run.sort_unstable_by_key(Entry::key);
            is_sorted &= last <= run.first().map(Entry::key);
            last = run.last().map(Entry::key);
            write_all(&mut file, &run).map_err(ReplayError::Spool)?;
        }
        drop(unsorted);
        if !is_sorted {
            file = merged(&file, self.len, dir, stop)?;
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
fn merged(
    runs: &File,
    len: u64,
    dir: Option<&Path>,
    stop: &AtomicBool,
) -> Result<File, ReplayError> {
    let count = usize::try_from(len.div_ceil(RUN as u64)).unwrap_or(usize::MAX);
    let block = (MERGE_BYTES / ENTRY_BYTES / count).clamp(16, RUN);
    let mut heads = BinaryHeap::with_capacity(count);
    let mut cursors = Vec::with_capacity(count);
    for start in (0..len).step_by(RUN) {
        let mut cursor = Cursor::new(runs, start..len.min(start + RUN as u64), block);
        if let Some(entry) = cursor.next().transpose().map_err(ReplayError::Spool)? {
            heads.push((Reverse(entry.key()), cursors.len(), entry.to_bytes()));
        }
        cursors.push(cursor);
    }
    let mut file = BufWriter::with_capacity(256 << 10, temporary(dir).map_err(ReplayError::Spool)?);
    let mut written = 0;
    while let Some((_, run, bytes)) = heads.pop() {
        if written % RUN == 0 {
            look(stop)?;
        }
        written += 1;
        file.write_all(&bytes).map_err(ReplayError::Spool)?;
        if let Some(entry) = cursors[run]
            .next()
            .transpose()
            .map_err(ReplayError::Spool)?
        {
            heads.push((Reverse(entry.key()), run, entry.to_bytes()));
        }
    }
    let file = file.into_inner();
    file.map_err(|error| ReplayError::Spool(error.into_error()))
}

/// Whether sorting should end.
fn look(stop: &AtomicBool) -> Result<(), ReplayError> {
    match stop.load(Ordering::Relaxed) {
        true => Err(ReplayError::Interrupted),
        false => Ok(()),
    }
}
