//! Sorts records, more than fit into memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::record::{RECORD_BYTES, Record};

/// Records of a run that are in memory while runs are merged: 44 KiB.
const READ_RECORDS: usize = 1024;

/// Collects records.
pub(super) struct Sorter<'a> {
    buffer: Vec<Record>,
    capacity: usize,
    dir: Option<&'a Path>,
    spilled: Option<Spilled>,
}

struct Spilled {
    out: BufWriter<File>,
    /// Numbers of records up to the end of each run.
    ends: Vec<u64>,
}

/// Sorted records, in memory or in runs of a file. Can be gone through several times.
pub(super) struct Sorted {
    buffer: Vec<Record>,
    runs: Option<(File, Vec<u64>)>,
}

impl<'a> Sorter<'a> {
    /// Holds so many bytes in memory; the rest goes to an unnamed file in `dir`, or in the system's place
    /// for them.
    pub fn new(buffer_bytes: usize, dir: Option<&'a Path>) -> Self {
        Self {
            buffer: Vec::new(),
            capacity: (buffer_bytes / size_of::<Record>()).max(1),
            dir,
            spilled: None,
        }
    }

    pub fn push(&mut self, record: Record) -> io::Result<()> {
        if self.buffer.len() >= self.capacity {
            self.spill()?;
        }
        self.buffer.push(record);
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        let spilled = match &mut self.spilled {
            Some(spilled) => spilled,
            none => {
                let file = match self.dir {
                    Some(dir) => tempfile::tempfile_in(dir)?,
                    None => tempfile::tempfile()?,
                };
                none.insert(Spilled {
                    out: BufWriter::with_capacity(256 << 10, file),
                    ends: Vec::new(),
                })
            }
        };
        self.buffer.sort_unstable();
        for record in &self.buffer {
            spilled.out.write_all(&record.to_bytes())?;
        }
        let before = spilled.ends.last().copied().unwrap_or(0);
        spilled.ends.push(before + self.buffer.len() as u64);
        self.buffer.clear();
        Ok(())
    }

    pub fn finish(mut self) -> io::Result<Sorted> {
        let runs = match self.spilled {
            None => {
                self.buffer.sort_unstable();
                None
            }
            Some(_) => {
                self.spill()?;
                self.buffer = Vec::new();
                let spilled = self.spilled.take();
                spilled
                    .map(|spilled| match spilled.out.into_inner() {
                        Ok(file) => Ok((file, spilled.ends)),
                        Err(error) => Err(error.into_error()),
                    })
                    .transpose()?
            }
        };
        Ok(Sorted {
            buffer: self.buffer,
            runs,
        })
    }
}

impl Sorted {
    /// The records in order.
    pub fn records(&self) -> io::Result<Records<'_>> {
        let Some((file, ends)) = &self.runs else {
            return Ok(Records::Memory(self.buffer.iter()));
        };
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let mut runs: Vec<Run<'_>> = starts
            .zip(ends)
            .map(|(next, end)| Run {
                file,
                next,
                end: *end,
                buffer: Vec::new(),
            })
            .collect();
        let mut heads = BinaryHeap::with_capacity(runs.len());
        for (number, run) in runs.iter_mut().enumerate() {
            if let Some(record) = run.next()? {
                heads.push(Reverse((record, number)));
            }
        }
        Ok(Records::Runs { runs, heads })
    }
}

/// Records in order.
pub(super) enum Records<'a> {
    Memory(std::slice::Iter<'a, Record>),
    Runs {
        runs: Vec<Run<'a>>,
        heads: BinaryHeap<Reverse<(Record, usize)>>,
    },
}

impl Records<'_> {
    pub fn next(&mut self) -> io::Result<Option<Record>> {
        match self {
            Self::Memory(records) => Ok(records.next().copied()),
            Self::Runs { runs, heads } => {
                let Some(Reverse((record, number))) = heads.pop() else {
                    return Ok(None);
                };
                if let Some(next) = runs[number].next()? {
                    heads.push(Reverse((next, number)));
                }
                Ok(Some(record))
            }
        }
    }
}

/// The rest of a run.
pub(super) struct Run<'a> {
    file: &'a File,
    /// Number of the record behind those in the buffer.
    next: u64,
    end: u64,
    /// Records that were read, the next one last.
    buffer: Vec<Record>,
}

impl Run<'_> {
    fn next(&mut self) -> io::Result<Option<Record>> {
        if self.buffer.is_empty() && self.next < self.end {
            let count = (self.end - self.next).min(READ_RECORDS as u64);
            let mut bytes = vec![0; count as usize * RECORD_BYTES];
            let offset = self.next * RECORD_BYTES as u64;
            self.file.read_exact_at(&mut bytes, offset)?;
            let (records, _) = bytes.as_chunks::<RECORD_BYTES>();
            self.buffer
                .extend(records.iter().rev().map(Record::from_bytes));
            self.next += count;
        }
        Ok(self.buffer.pop())
    }
}

#[cfg(test)]
mod tests {
    use otolith_capture::Signal;
    use proptest::prelude::*;

    use super::super::record::Class;
    use super::*;

    fn sorted(hashes: &[u8], buffer_records: usize) -> Vec<Record> {
        let mut sorter = Sorter::new(buffer_records * size_of::<Record>(), None);
        for (number, hash) in (0..).zip(hashes) {
            let class = Class {
                signal: Signal::Metrics,
                service: 0,
            };
            let record = Record::new(u128::from(*hash) << 100, 1, (0, number, 0), class);
            sorter.push(record).unwrap();
        }
        let sorted = sorter.finish().unwrap();
        let collect = || {
            let mut records = sorted.records().unwrap();
            std::iter::from_fn(|| records.next().unwrap()).collect::<Vec<_>>()
        };
        let first = collect();
        assert_eq!(collect(), first);
        first
    }

    proptest! {
        #[test]
        fn what_is_set_aside_is_merged_in_order(
            hashes in proptest::collection::vec(any::<u8>(), 0..200),
            buffer in 1..50_usize,
        ) {
            let all = sorted(&hashes, 1_000);
            prop_assert!(all.is_sorted());
            prop_assert_eq!(all.len(), hashes.len());
            prop_assert_eq!(sorted(&hashes, buffer), all);
        }
    }

    #[test]
    fn long_runs_are_read_in_pieces() {
        let hashes: Vec<u8> = (0..5_000_u32).map(|n| (n * 7 % 251) as u8).collect();
        assert_eq!(sorted(&hashes, 2_100), sorted(&hashes, 10_000));
    }
}
