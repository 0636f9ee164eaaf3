//! Changes of the file system, one function each: what must survive a crash is synced here, and
//! the tests let any of these steps be the last one that happens.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::error::LakeError;

/// Makes a directory and those above it.
pub(crate) fn create_dir_all(path: &Path) -> Result<(), LakeError> {
    step("create", path)?;
    fs::create_dir_all(path).map_err(LakeError::io("create", path))
}

/// Makes a file that must not be there yet.
pub(crate) fn create_new(path: &Path) -> Result<File, LakeError> {
    step("create", path)?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(LakeError::io("create", path))
}

/// Makes a file that must not be there yet, to be written and read again. Nothing in it is durable.
pub(crate) fn create_scratch(path: &Path) -> Result<File, LakeError> {
    step("create", path)?;
    OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(LakeError::io("create", path))
}

/// Whether what is written has to survive a crash of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// It is synced.
    Synced,
    /// It is gone before anybody misses it: nothing waits for the disk.
    Passing,
}

impl Durability {
    /// Makes the content of a file durable.
    pub fn sync(self, file: &File, path: &Path) -> Result<(), LakeError> {
        step("sync", path)?;
        match self {
            Self::Synced => file.sync_all().map_err(LakeError::io("sync", path)),
            Self::Passing => Ok(()),
        }
    }

    /// Makes what is at a path durable: the content of a file, the entries of a directory.
    pub fn sync_path(self, path: &Path) -> Result<(), LakeError> {
        let opened = File::open(path).map_err(LakeError::io("open", path))?;
        self.sync(&opened, path)
    }

    /// Gives a finished and synced file its final name unless something has that name already, and
    /// makes the entry durable; false if the name was taken. `from` is gone afterwards.
    pub fn publish(self, from: &Path, to: &Path) -> Result<bool, LakeError> {
        step("publish", to)?;
        let is_first = match fs::hard_link(from, to) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
            Err(error) => return Err(LakeError::io("publish", to)(error)),
        };
        remove_file(from)?;
        if is_first && let Some(directory) = to.parent() {
            self.sync_path(directory)?;
        }
        Ok(is_first)
    }
}

/// Where this process makes files before they appear.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aside<'a> {
    pub directory: &'a Path,
    pub durability: Durability,
}

impl Aside<'_> {
    /// Writes a file here, then publishes it as [`Durability::publish`] does.
    pub fn write_new(self, to: &Path, bytes: &[u8]) -> Result<bool, LakeError> {
        let from = self.write(to, bytes)?;
        self.durability.publish(&from, to)
    }

    /// Replaces a small file as a whole.
    pub fn replace(self, to: &Path, bytes: &[u8]) -> Result<(), LakeError> {
        let from = self.write(to, bytes)?;
        rename(&from, to)?;
        match to.parent() {
            Some(directory) => self.durability.sync_path(directory),
            None => Ok(()),
        }
    }

    fn write(self, to: &Path, bytes: &[u8]) -> Result<PathBuf, LakeError> {
        let path = self.directory.join(to.file_name().unwrap_or_default());
        remove_file(&path)?;
        let mut file = create_new(&path)?;
        file.write_all(bytes)
            .map_err(LakeError::io("write", &path))?;
        self.durability.sync(&file, &path)?;
        Ok(path)
    }
}

/// Moves a file, replacing what is at its new place.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), LakeError> {
    step("move a finished file to", to)?;
    fs::rename(from, to).map_err(LakeError::io("move a finished file to", to))
}

/// Removes a file; one that is gone already is no error.
pub(crate) fn remove_file(path: &Path) -> Result<(), LakeError> {
    step("remove", path)?;
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(LakeError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(not(test))]
#[expect(clippy::unnecessary_wraps, reason = "the form of it in tests can fail")]
fn step(_: &'static str, _: &Path) -> Result<(), LakeError> {
    Ok(())
}

#[cfg(test)]
pub(crate) use faults::step;

/// Lets the steps of this thread fail from some step on, as if the process were dead by then.
#[cfg(test)]
pub(crate) mod faults {
    use std::cell::Cell;
    use std::io;
    use std::path::Path;

    use crate::error::LakeError;

    thread_local! {
        /// Steps that still succeed; `None` without faults.
        static LEFT: Cell<Option<u64>> = const { Cell::new(None) };
        /// Steps so far.
        static COUNT: Cell<u64> = const { Cell::new(0) };
        /// Whether the process lives on and cleans up.
        static LIVES: Cell<bool> = const { Cell::new(false) };
    }

    pub(crate) fn step(action: &'static str, path: &Path) -> Result<(), LakeError> {
        COUNT.set(COUNT.get() + 1);
        match LEFT.get() {
            None => Ok(()),
            Some(0) => Err(LakeError::io(action, path)(io::Error::other("dead"))),
            Some(left) => {
                LEFT.set(Some(left - 1));
                Ok(())
            }
        }
    }

    /// Whether the process counts as dead: nothing may be cleaned up then.
    pub(crate) fn is_dead() -> bool {
        LEFT.get() == Some(0) && !LIVES.get()
    }

    /// Runs something whose steps fail after `steps` of them, as on a full disk.
    pub(crate) fn failing_after<T>(steps: u64, run: impl FnOnce() -> T) -> T {
        LIVES.set(true);
        let result = dying_after(steps, run);
        LIVES.set(false);
        result
    }

    /// Runs something that dies after `steps` steps.
    pub(crate) fn dying_after<T>(steps: u64, run: impl FnOnce() -> T) -> T {
        LEFT.set(Some(steps));
        let result = run();
        LEFT.set(None);
        result
    }

    /// Counts the steps of something.
    pub(crate) fn count<T>(run: impl FnOnce() -> T) -> (T, u64) {
        let before = COUNT.get();
        let result = run();
        (result, COUNT.get() - before)
    }
}
