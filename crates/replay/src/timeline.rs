//! All requests of a replay in the order of sending: an index, and the bodies in a file.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::num::NonZeroU16;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use otolith_capture::Signal;

use crate::body::{Body, Buffers};
use crate::error::ReplayError;
use crate::index::{Collected, Entry, Index, temporary};
use crate::payload::Piece;
use crate::spool::SpoolFile;

/// Largest body: what protocol 1.11.0 allows clients to send.
pub(crate) const MAX_BODY_BYTES: usize = 64 << 20;

/// A request to be taken up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) signal: Signal,
    pub(crate) body: &'a [u8],
    pub(crate) items: u32,
    /// Arrival, or the newest time inside; `None` if neither is known.
    pub(crate) time_unix_nano: Option<u64>,
}

/// Collects requests, one capture file after another.
pub(crate) struct TimelineBuilder {
    entries: Collected,
    spool: BufWriter<File>,
    spool_len: u64,
    /// Where the entries of the current file begin.
    file_start: u64,
    /// Entries at the beginning of the current file that have no time yet.
    waiting: u64,
    /// Newest time of the current file; `None` before the first one.
    file_newest: Option<u64>,
    /// Time of the last request of the current file.
    file_last: Option<u64>,
    /// Oldest time of all files.
    oldest: Option<u64>,
    disordered: u64,
    untimed: u64,
}

/// All requests in the order of sending.
#[derive(Debug)]
pub(crate) struct Timeline {
    pub(crate) index: Index,
    spool: Arc<SpoolFile>,
    buffers: Arc<Buffers>,
    /// Requests recorded before one that stands above them in the same file.
    pub(crate) disordered: u64,
    /// Requests without a time of their own.
    pub(crate) untimed: u64,
}

impl TimelineBuilder {
    /// Bodies go to an unnamed temporary file in `dir`, or in the system's place for them.
    pub(crate) fn new(dir: Option<&Path>) -> io::Result<Self> {
        let file = temporary(dir)?;
        Ok(Self {
            entries: Collected::new(dir),
            spool: BufWriter::with_capacity(256 << 10, file),
            spool_len: 0,
            file_start: 0,
            waiting: 0,
            file_newest: None,
            file_last: None,
            oldest: None,
            disordered: 0,
            untimed: 0,
        })
    }

    /// Requests so far.
    pub(crate) fn len(&self) -> u64 {
        self.entries.len()
    }

    /// Takes up a request, which must not be longer than [`MAX_BODY_BYTES`], to be sent as so many
    /// services.
    pub(crate) fn push(&mut self, request: Request<'_>, copies: NonZeroU16) -> io::Result<()> {
        debug_assert!(
            request.body.len() <= MAX_BODY_BYTES,
            "checked by the caller"
        );
        self.spool.write_all(request.body)?;
        if request.time_unix_nano.is_none() {
            self.untimed += 1;
        }
        let time = request.time_unix_nano.or(self.file_last);
        if let Some(time) = time {
            if self.file_last.is_none() {
                let end = self.entries.len();
                self.set_time(end - self.waiting..end, Some(time));
                self.waiting = 0;
            }
            self.file_last = Some(time);
            if self.file_newest.is_some_and(|newest| time < newest) {
                self.disordered += 1;
            }
            self.file_newest = self.file_newest.max(Some(time));
            self.oldest = Some(self.oldest.map_or(time, |oldest| oldest.min(time)));
        } else {
            self.waiting += u64::from(copies.get());
        }
        let offset = self.spool_len;
        let entry = |copy| Entry {
            time_unix_nano: time.unwrap_or(0),
            offset,
            len_bytes: request.body.len() as u32,
            items: request.items,
            copy,
            signal: request.signal,
        };
        for copy in 0..copies.get() {
            self.entries.push(entry(copy))?;
        }
        self.spool_len += request.body.len() as u64;
        Ok(())
    }

    /// Sets the time of entries, if there are any.
    fn set_time(&mut self, entries: Range<u64>, time: Option<u64>) {
        if !entries.is_empty() {
            self.entries.set_time(entries, time);
        }
    }

    /// What follows is of another file.
    pub(crate) fn end_file(&mut self) {
        if self.waiting > 0 {
            self.set_time(self.file_start..self.entries.len(), None);
        }
        self.file_start = self.entries.len();
        self.waiting = 0;
        self.file_newest = None;
        self.file_last = None;
    }

    /// Puts all requests in order: by time; in the order of reading where times are equal. Files
    /// without any time go to the beginning.
    ///
    /// # Errors
    ///
    /// When files fail, or `stop` was set meanwhile.
    pub(crate) fn finish(mut self, stop: &AtomicBool) -> Result<Timeline, ReplayError> {
        self.end_file();
        let index = self.entries.sorted(self.oldest.unwrap_or(0), stop)?;
        let spool = self.spool.into_inner();
        let spool = spool.map_err(|error| ReplayError::Spool(error.into_error()))?;
        Ok(Timeline {
            index,
            spool: Arc::new(SpoolFile::new(spool)),
            buffers: Arc::default(),
            disordered: self.disordered,
            untimed: self.untimed,
        })
    }
}

impl Timeline {
    /// The body of a request. Safe to call from many threads.
    pub(crate) fn body(&self, entry: &Entry) -> io::Result<Body> {
        let mut buffer = self.buffers.take(entry.len_bytes as usize);
        self.spool.read_exact_at(buffer.as_mut(), entry.offset)?;
        Ok(Body::Spooled(buffer))
    }

    /// Where the body of a request lies, for it to be sent from there.
    pub(crate) fn piece(&self, entry: &Entry) -> Piece {
        let spool = Arc::clone(&self.spool);
        Piece::new(spool, entry.offset, entry.len_bytes as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files of requests as (time, body) go in; bodies come out in the order of sending, with
    /// their times.
    #[track_caller]
    fn check(files: &[&[(Option<u64>, &str)]], expected: &[(u64, &str)]) -> Timeline {
        let mut builder = TimelineBuilder::new(None).unwrap();
        for file in files {
            for (time, body) in *file {
                let request = Request {
                    signal: Signal::Logs,
                    body: body.as_bytes(),
                    items: 1,
                    time_unix_nano: *time,
                };
                builder.push(request, NonZeroU16::MIN).unwrap();
            }
            builder.end_file();
        }
        let timeline = builder.finish(&AtomicBool::new(false)).unwrap();
        let entries = timeline.index.entries();
        let found: Vec<(u64, String)> = entries
            .map(|e| {
                let e = &e.unwrap();
                let body = String::from_utf8(timeline.body(e).unwrap().to_vec()).unwrap();
                (e.time_unix_nano, body)
            })
            .collect();
        let found: Vec<(u64, &str)> = found.iter().map(|(t, b)| (*t, b.as_str())).collect();
        assert_eq!(found, expected);
        timeline
    }

    #[test]
    fn files_are_merged_by_time() {
        let timeline = check(
            &[&[(Some(1), "a"), (Some(5), "b")], &[(Some(3), "c")]],
            &[(1, "a"), (3, "c"), (5, "b")],
        );
        assert_eq!((timeline.disordered, timeline.untimed), (0, 0));
    }

    #[test]
    fn equal_times_keep_the_order_of_reading() {
        check(
            &[
                &[(Some(1), "a"), (Some(1), ""), (Some(1), "b")],
                &[(Some(1), "c")],
            ],
            &[(1, "a"), (1, ""), (1, "b"), (1, "c")],
        );
    }

    #[test]
    fn disorder_is_repaired_and_counted() {
        let timeline = check(
            &[&[
                (Some(5), "a"),
                (Some(3), "b"),
                (Some(4), "c"),
                (Some(6), "d"),
            ]],
            &[(3, "b"), (4, "c"), (5, "a"), (6, "d")],
        );
        assert_eq!(timeline.disordered, 2);
    }

    #[test]
    fn there_may_be_more_requests_than_are_held_in_memory() {
        let mut builder = TimelineBuilder::new(None).unwrap();
        let requests = 600_000;
        for number in 0..requests {
            let request = Request {
                signal: Signal::Logs,
                body: b"",
                items: 1,
                // The first ones go with the one after them; the others come in falling order.
                time_unix_nano: (number > 4).then_some(2 * requests - number),
            };
            builder.push(request, NonZeroU16::MIN).unwrap();
        }
        let timeline = builder.finish(&AtomicBool::new(false)).unwrap();
        let entries = timeline.index.entries().map(Result::unwrap);
        let entries: Vec<Entry> = entries.collect();
        assert_eq!(entries.len() as u64, requests);
        assert!(entries.is_sorted_by_key(|entry| entry.time_unix_nano));
        assert_eq!(entries[0].time_unix_nano, requests + 1);
        let newest = entries.iter().rev().take(7);
        let newest: Vec<u64> = newest
            .map(|entry| 2 * requests - entry.time_unix_nano)
            .collect();
        assert_eq!(newest, [5, 5, 5, 5, 5, 5, 6]);
    }

    #[test]
    fn requests_without_time_stay_with_their_neighbours() {
        let timeline = check(
            &[
                &[(None, "a"), (None, "b"), (Some(7), "c"), (None, "d")],
                &[(None, "e")],
                &[(Some(6), "f"), (Some(8), "g")],
            ],
            &[
                (6, "e"),
                (6, "f"),
                (7, "a"),
                (7, "b"),
                (7, "c"),
                (7, "d"),
                (8, "g"),
            ],
        );
        assert_eq!((timeline.disordered, timeline.untimed), (0, 4));
        check(&[&[(None, "a")], &[(None, "b")]], &[(0, "a"), (0, "b")]);
    }
}
