//! The thread that writes files.
//!
//! It takes what has come, writes it, makes it durable with one sync for each file, and answers all of
//! it; what comes meanwhile is the next group. So the slower the disk, the larger the groups.

mod directory;
mod encoder;
mod file;
mod group;
mod names;

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use otolith_capture::Signal;
use tokio::sync::oneshot;

use crate::budget::Reservation;
use crate::error::ReceiveError;
use crate::options::{Durability, FileOptions, Grouping, names_signal};
use crate::outcome::WrittenFiles;
use directory::Directory;
use group::Files;

/// A record to write.
pub(crate) struct Entry {
    pub(crate) signal: Signal,
    pub(crate) record: Vec<u8>,
    pub(crate) items: u64,
    /// The memory of the record.
    pub(crate) reservation: Reservation,
    /// Told when the record is as durable as it shall be, or why it is not.
    pub(crate) done: oneshot::Sender<Result<(), String>>,
}

/// The writing thread.
pub(crate) struct Writer {
    entries: Sender<Entry>,
    files: Arc<Mutex<WrittenFiles>>,
    thread: JoinHandle<()>,
}

impl Writer {
    /// Prepares the directory and starts the thread.
    pub(crate) fn start(options: &FileOptions) -> Result<Self, ReceiveError> {
        if options.grouping == Grouping::Together && !names_signal(options.dialect) {
            return Err(ReceiveError::Together);
        }
        let directory = Directory::open(&options.dir)?;
        let files = Arc::new(Mutex::new(WrittenFiles {
            recovered: directory.recovered,
            ..WrittenFiles::default()
        }));
        let mut writing = Files::new(options.clone(), directory, Arc::clone(&files));
        Self::with(files, move |entries| run(&entries, &mut writing))
    }

    /// A writer that does something else with entries.
    pub(crate) fn with(
        files: Arc<Mutex<WrittenFiles>>,
        work: impl FnOnce(Receiver<Entry>) + Send + 'static,
    ) -> Result<Self, ReceiveError> {
        let (entries, incoming) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("otolith-write".to_owned())
            .spawn(move || work(incoming))
            .map_err(ReceiveError::Threads)?;
        Ok(Self {
            entries,
            files,
            thread,
        })
    }

    pub(crate) fn entries(&self) -> Sender<Entry> {
        self.entries.clone()
    }

    pub(crate) fn files(&self) -> Arc<Mutex<WrittenFiles>> {
        Arc::clone(&self.files)
    }

    /// Waits until all is written and files are finished. All others who give entries must be gone.
    pub(crate) fn finish(self) {
        drop(self.entries);
        // A panic of the thread has been printed; its entries were refused.
        let _ = self.thread.join();
    }
}

/// Records of a group, in bytes, after which it is written: so much is pending at most, besides one
/// record.
const GROUP_BYTES: usize = 8 << 20;

fn run(entries: &Receiver<Entry>, files: &mut Files) {
    loop {
        let first = match files.wake_at() {
            None => entries.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(at) => entries.recv_timeout(at.saturating_duration_since(Instant::now())),
        };
        match first {
            Ok(first) => files.write(group(first, entries)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        files.look_at_clock(Instant::now());
    }
    files.finish();
}

/// What has come, up to the size of a group.
fn group(first: Entry, entries: &Receiver<Entry>) -> Vec<Entry> {
    let mut len = first.record.len();
    let mut group = vec![first];
    while len < GROUP_BYTES
        && let Ok(entry) = entries.try_recv()
    {
        len += entry.record.len();
        group.push(entry);
    }
    group
}

/// How long syncs may wait if nobody waits for them.
pub(crate) const fn sync_pause(options: &FileOptions) -> Option<Duration> {
    match options.durability {
        Durability::Every(time) => Some(time),
        _ => None,
    }
}
