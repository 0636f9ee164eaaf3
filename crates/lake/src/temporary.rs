//! The temporary directory of a run, and what killed runs left of theirs.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use crate::disk;
use crate::error::LakeError;
use crate::names;

/// How often another name is tried.
const NAME_ATTEMPTS: usize = 16;
/// What the lock file beside a directory has behind the directory's name.
const LOCK: &str = "lock";

/// A directory that one run has for itself. Removed when dropped.
///
/// The run holds a lock on a file beside it. The system ends the lock with the process, however
/// that ends, and so the next run can tell what nobody needs any more.
#[derive(Debug)]
pub(crate) struct Temporary {
    directory: PathBuf,
    lock_path: PathBuf,
    _lock: File,
    /// Whether it stays when dropped.
    is_kept: bool,
}

impl Temporary {
    /// Makes a directory, after removing those of killed runs but for those that are `wanted`, which
    /// is asked for a name when its run cannot commit any more.
    pub fn new(lake: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<Self, LakeError> {
        let parent = lake.join(names::TEMPORARY);
        disk::create_dir_all(&parent)?;
        remove_leftovers(&parent, wanted);
        let mut attempt = 0;
        loop {
            // The keys of the hasher are random, so that no run on another host has the name.
            let random = RandomState::new().hash_one(attempt);
            let directory = parent.join(format!("run-{}-{random:016x}", process::id()));
            attempt += 1;
            let error = match Self::take(&directory) {
                Ok(taken) => return Ok(taken),
                Err(error) => error,
            };
            let retry = match error.kind() {
                io::ErrorKind::AlreadyExists | io::ErrorKind::WouldBlock => true,
                // Another run ended between the making of `_tmp` and now, and took it away.
                io::ErrorKind::NotFound => fs::create_dir_all(&parent).is_ok(),
                _ => false,
            };
            if !retry || attempt >= NAME_ATTEMPTS {
                return Err(LakeError::io("create", &directory)(error));
            }
        }
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Removes what killed runs left, once the ledger wants nothing of it any more.
    pub fn remove_leftovers(&self, wanted: &dyn Fn(&str) -> bool) {
        if let Some(parent) = self.directory.parent() {
            remove_leftovers(parent, wanted);
        }
    }

    /// Leaves the directory when dropped: the ledger may want what is in it. The next run removes
    /// it if not.
    pub fn keep(&mut self) {
        self.is_kept = true;
    }

    /// Takes [`Self::keep`] back: the ledger wants nothing of it.
    pub fn release(&mut self) {
        self.is_kept = false;
    }

    /// The name of the directory, for the ledger.
    pub fn name(&self) -> String {
        let name = self.directory.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Locks first: a directory that is there has an owner, or had one.
    fn take(directory: &Path) -> io::Result<Self> {
        let lock_path = directory.with_extension(LOCK);
        let lock = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&lock_path)?;
        match lock.try_lock() {
            // A file system without locks: nobody can take the leftovers for such.
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
        }
        fs::create_dir(directory)?;
        Ok(Self {
            directory: directory.to_owned(),
            lock_path,
            _lock: lock,
            is_kept: false,
        })
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        #[cfg(test)]
        if disk::faults::is_dead() {
            return;
        }
        if self.is_kept {
            return;
        }
        // Nobody is left to be told: what stays is below `_tmp`, where no reader looks.
        let _ = fs::remove_dir_all(&self.directory);
        let _ = fs::remove_file(&self.lock_path);
        if let Some(parent) = self.directory.parent() {
            // Fails as long as another run is at work.
            let _ = fs::remove_dir(parent);
        }
    }
}

/// Removes the directories whose owner is gone, as far as that can be told and done.
fn remove_leftovers(parent: &Path, wanted: &dyn Fn(&str) -> bool) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let is_lock = path.extension().is_some_and(|extension| extension == LOCK);
        if !is_lock {
            continue;
        }
        let Ok(lock) = OpenOptions::new().write(true).open(&path) else {
            continue;
        };
        if lock.try_lock().is_ok() && !wanted(&name) {
            let _ = fs::remove_dir_all(path.with_extension(""));
            let _ = fs::remove_file(&path);
        }
    }
}
