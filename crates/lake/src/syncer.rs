//! Makes finished parts durable behind the threads that write them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crate::disk::Durability;
use crate::error::LakeError;

/// Most files that wait for the thread that syncs: each of them is open. Who writes more of them waits
/// for the disk itself.
const WAITING: usize = 16;

/// Syncs files. In a pool of threads it has a thread of its own for that, so that those of the pool
/// encode the next part while the disk is at work, 2 to 3 ms a part (docs/limits.md, Two threads).
#[derive(Debug)]
pub(crate) struct Syncer {
    durability: Durability,
    behind: Mutex<Option<Behind>>,
}

/// The thread that syncs.
#[derive(Debug)]
struct Behind {
    files: SyncSender<(File, PathBuf)>,
    thread: JoinHandle<Result<(), LakeError>>,
}

impl Syncer {
    pub fn new(durability: Durability) -> Self {
        Self {
            durability,
            behind: Mutex::new(None),
        }
    }

    /// Makes the content of a finished file durable, until [`Self::finish`] at the latest.
    pub fn sync(&self, file: File, path: &Path) -> Result<(), LakeError> {
        if rayon::current_thread_index().is_none() {
            return self.durability.sync(&file, path);
        }
        let Some(files) = self.waiting_files() else {
            return self.durability.sync(&file, path);
        };
        match files.try_send((file, path.to_owned())) {
            Ok(()) => Ok(()),
            // Disconnected is the thread after an error, which `finish` tells.
            Err(TrySendError::Full((file, path)) | TrySendError::Disconnected((file, path))) => {
                self.durability.sync(&file, &path)
            }
        }
    }

    /// Where files wait for the thread, which begins if there is none. A handle of its own: who has to
    /// sync a file itself must not keep others from leaving theirs.
    fn waiting_files(&self) -> Option<SyncSender<(File, PathBuf)>> {
        let behind = self.behind.lock();
        let mut behind = behind.unwrap_or_else(PoisonError::into_inner);
        if behind.is_none() {
            *behind = Behind::start(self.durability);
        }
        behind.as_ref().map(|behind| behind.files.clone())
    }

    /// Waits until every file is durable. Nobody may sync one meanwhile.
    ///
    /// # Errors
    ///
    /// If one could not be made so: the first, of those that were left to the thread.
    pub fn finish(&self) -> Result<(), LakeError> {
        let behind = self.behind.lock();
        let mut behind = behind.unwrap_or_else(PoisonError::into_inner);
        match behind.take() {
            None => Ok(()),
            Some(Behind { files, thread }) => {
                drop(files);
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            }
        }
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        // A run that commits has finished it before; nobody asks for the files of another one.
        let _ = self.finish();
    }
}

impl Behind {
    /// None if the system has no thread to give.
    fn start(durability: Durability) -> Option<Self> {
        let (files, waiting): (_, Receiver<(File, PathBuf)>) = sync_channel(WAITING);
        let sync = move || {
            let mut waiting = waiting.into_iter();
            waiting.try_for_each(|(file, path)| durability.sync(&file, &path))
        };
        let thread = thread::Builder::new().name("syncer".to_owned()).spawn(sync);
        thread.ok().map(|thread| Self { files, thread })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk;

    fn in_pool(sync: impl FnOnce() + Send) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build();
        pool.unwrap().install(sync);
    }

    #[test]
    fn more_files_than_may_wait_are_synced() {
        let dir = tempfile::tempdir().unwrap();
        in_pool(|| {
            let syncer = Syncer::new(Durability::Synced);
            for number in 0..3 * WAITING {
                let path = dir.path().join(number.to_string());
                syncer
                    .sync(disk::create_new(&path).unwrap(), &path)
                    .unwrap();
            }
            syncer.finish().unwrap();
            // It begins anew.
            let path = dir.path().join("later");
            syncer
                .sync(disk::create_new(&path).unwrap(), &path)
                .unwrap();
            syncer.finish().unwrap();
            syncer.finish().unwrap();
        });
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_cannot_be_synced_is_told_at_the_end() {
        let path = Path::new("/dev/null");
        in_pool(|| {
            let syncer = Syncer::new(Durability::Synced);
            // The first goes to the thread; whether a later one does depends on how fast it fails.
            syncer.sync(File::open(path).unwrap(), path).unwrap();
            let error = syncer.finish().unwrap_err().to_string();
            assert!(error.contains("/dev/null"), "{error}");
        });
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn outside_a_pool_it_is_told_at_once() {
        let path = Path::new("/dev/null");
        let syncer = Syncer::new(Durability::Synced);
        assert!(syncer.sync(File::open(path).unwrap(), path).is_err());
        syncer.finish().unwrap();
    }
}
