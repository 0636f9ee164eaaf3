//! Puts records in the order of their times: an index in memory, the bytes in a temporary file.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

/// Neighbours in the file are read together up to so many bytes.
const READ_BYTES: u64 = 1 << 20;

/// A record as the index knows it. There may be a hundred million of them.
#[derive(Clone, Copy, Debug)]
struct Entry {
    time_unix_nano: u64,
    /// Where it begins in the file. Grows in the order of reading.
    offset: u64,
    len_bytes: u64,
}

const _: () = assert!(
    size_of::<Entry>() == 24,
    "the documentation states the size"
);

/// Collects records, one file after another.
pub(super) struct Spool {
    entries: Vec<Entry>,
    out: BufWriter<File>,
    len_bytes: u64,
    /// The file of the last record, and where its records begin.
    file: Option<Arc<str>>,
    file_start: usize,
    /// Records at the beginning of the file that have no time yet.
    waiting: usize,
    /// Time of the last record of the file, and the newest one.
    last: Option<u64>,
    newest: Option<u64>,
    /// Files without any time, as ranges of entries.
    timeless: Vec<(usize, usize)>,
    oldest: Option<u64>,
    disordered: u64,
}

impl Spool {
    /// Bytes go to an unnamed temporary file in `dir`, or in the system's place for them.
    pub fn new(dir: Option<&Path>) -> io::Result<Self> {
        let file = match dir {
            Some(dir) => tempfile::tempfile_in(dir)?,
            None => tempfile::tempfile()?,
        };
        Ok(Self {
            entries: Vec::new(),
            out: BufWriter::with_capacity(256 << 10, file),
            len_bytes: 0,
            file: None,
            file_start: 0,
            waiting: 0,
            last: None,
            newest: None,
            timeless: Vec::new(),
            oldest: None,
            disordered: 0,
        })
    }

    /// Takes up a record, which is not empty. Without a time it has that of the record before it in
    /// its file, or else of the first one behind it that has one.
    pub fn push(&mut self, record: &[u8], time: Option<u64>, file: &Arc<str>) -> io::Result<()> {
        if !self
            .file
            .as_ref()
            .is_some_and(|last| Arc::ptr_eq(last, file))
        {
            self.end_file();
            self.file = Some(Arc::clone(file));
        }
        self.out.write_all(record)?;
        let time = time.or(self.last);
        match time {
            None => self.waiting += 1,
            Some(time) => {
                let end = self.entries.len();
                for entry in &mut self.entries[end - self.waiting..] {
                    entry.time_unix_nano = time;
                }
                self.waiting = 0;
                self.disordered += u64::from(self.newest.is_some_and(|newest| time < newest));
                self.newest = self.newest.max(Some(time));
                self.last = Some(time);
                self.oldest = Some(self.oldest.map_or(time, |oldest| oldest.min(time)));
            }
        }
        self.entries.push(Entry {
            time_unix_nano: time.unwrap_or(0),
            offset: self.len_bytes,
            len_bytes: record.len() as u64,
        });
        self.len_bytes += record.len() as u64;
        Ok(())
    }

    fn end_file(&mut self) {
        if self.waiting > 0 {
            self.timeless.push((self.file_start, self.entries.len()));
        }
        self.file_start = self.entries.len();
        self.waiting = 0;
        self.last = None;
        self.newest = None;
    }

    /// Gives the records by time; in the order of reading where times are equal. Files without any time
    /// come first. Tells how many were recorded before one that stood above them in their file.
    pub fn finish<E>(
        mut self,
        failed: impl Fn(io::Error) -> E,
        mut write: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<u64, E> {
        self.end_file();
        for (from, to) in self.timeless {
            for entry in &mut self.entries[from..to] {
                entry.time_unix_nano = self.oldest.unwrap_or(0);
            }
        }
        // Offsets differ and grow: a stable sort by time without its memory.
        self.entries
            .sort_unstable_by_key(|entry| (entry.time_unix_nano, entry.offset));
        let file = self.out.into_inner();
        let file = file.map_err(|error| failed(error.into_error()))?;
        let mut buffer = Vec::new();
        let mut rest = &*self.entries;
        while let Some(first) = rest.first() {
            let mut end = first.offset + first.len_bytes;
            let mut count = 1;
            while let Some(next) = rest.get(count)
                && next.offset == end
                && end + next.len_bytes - first.offset <= READ_BYTES
            {
                end += next.len_bytes;
                count += 1;
            }
            let (run, behind) = rest.split_at(count);
            buffer.resize((end - first.offset) as usize, 0);
            file.read_exact_at(&mut buffer, first.offset)
                .map_err(&failed)?;
            for entry in run {
                let start = (entry.offset - first.offset) as usize;
                write(&buffer[start..start + entry.len_bytes as usize])?;
            }
            buffer.shrink_to(8 * READ_BYTES as usize);
            rest = behind;
        }
        Ok(self.disordered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files of records as (time, text) go in; texts come out in order.
    #[track_caller]
    fn check(files: &[&[(Option<u64>, &str)]], expected: &[&str], disordered: u64) {
        let mut spool = Spool::new(None).unwrap();
        for records in files {
            // Names may be equal: files are told apart all the same.
            let file: Arc<str> = Arc::from("f");
            for (time, text) in *records {
                spool.push(text.as_bytes(), *time, &file).unwrap();
            }
        }
        let mut found = Vec::new();
        let result: io::Result<u64> = spool.finish(
            |error| error,
            |record| {
                found.push(String::from_utf8(record.to_vec()).unwrap());
                Ok(())
            },
        );
        assert_eq!(result.unwrap(), disordered);
        assert_eq!(found, expected);
    }

    #[test]
    fn files_are_merged_by_time_and_equal_times_keep_their_order() {
        check(
            &[
                &[(Some(1), "a"), (Some(5), "b"), (Some(5), "c")],
                &[(Some(3), "d"), (Some(5), "e"), (Some(2), "f")],
            ],
            &["a", "f", "d", "b", "c", "e"],
            1,
        );
    }

    #[test]
    fn what_has_no_time_stays_by_its_neighbour() {
        check(
            &[
                &[(Some(9), "z")],
                &[(None, "a"), (Some(4), "b"), (None, "c"), (Some(8), "d")],
                &[(None, "x"), (None, "y")],
            ],
            &["a", "b", "c", "x", "y", "d", "z"],
            0,
        );
        check(&[&[(None, "x"), (None, "y")]], &["x", "y"], 0);
        check(&[], &[], 0);
    }

    #[test]
    fn long_records_and_long_runs_are_read_whole() {
        let long = "x".repeat(3 << 20);
        let middle = "y".repeat(700 << 10);
        check(
            &[&[
                (Some(2), &long),
                (Some(3), &middle),
                (Some(4), &middle),
                (Some(1), "a"),
            ]],
            &["a", &long, &middle, &middle],
            1,
        );
    }
}
