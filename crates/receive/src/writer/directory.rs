//! The directory that captures are written into.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::names::{Name, OPEN};
use crate::error::ReceiveError;

/// The directory, held by this process alone.
pub(crate) struct Directory {
    path: PathBuf,
    /// Gives up the directory when dropped, however the process ends.
    _lock: File,
    /// Files of earlier runs that were finished.
    pub(crate) recovered: u64,
}

/// Hidden, so that who reads the directory does not take it for a capture.
const LOCK: &str = ".otolith-capture.lock";

impl Directory {
    /// Makes the directory if it is missing, takes it for this process, and finishes the files that an
    /// earlier run left open.
    pub(crate) fn open(path: &Path) -> Result<Self, ReceiveError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| ReceiveError::Directory { path, source }
        };
        fs::create_dir_all(path).map_err(failed(path))?;
        let lock_path = path.join(LOCK);
        let lock = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(failed(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(ReceiveError::Occupied {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed(&lock_path)(source)),
        }
        let mut directory = Self {
            path: path.to_owned(),
            _lock: lock,
            recovered: 0,
        };
        directory.recover().map_err(failed(path))?;
        if let Some(parent) = path.parent().filter(|parent| *parent != Path::new("")) {
            // The entry of the directory itself. Not all file systems sync directories.
            let _ = sync(parent);
        }
        Ok(directory)
    }

    /// Gives the files that were left open their names. Their bytes stay as they are.
    fn recover(&mut self) -> io::Result<()> {
        let mut open = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            let name = name.to_str().and_then(|name| name.strip_suffix(OPEN));
            if let Some(name) = name.filter(|name| Name::is_one(name)) {
                open.push(name.to_owned());
            }
        }
        open.sort();
        for name in open {
            let path = self.path.join(format!("{name}{OPEN}"));
            if path.metadata()?.len() == 0 {
                // It was made and nothing was written.
                fs::remove_file(&path)?;
                continue;
            }
            // Finished files have names of their own: nothing is there.
            fs::rename(&path, self.path.join(&name))?;
            self.recovered += 1;
        }
        self.sync()
    }

    /// Whether there is a file of this name, finished or open.
    pub(crate) fn has(&self, name: &str) -> bool {
        let is_there = |name: &str| self.path.join(name).symlink_metadata().is_ok();
        is_there(name) || is_there(&format!("{name}{OPEN}"))
    }

    /// The path of a file.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Makes names durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        sync(&self.path)
    }
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_owner() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        let owner = Directory::open(&path).unwrap();
        let other = Directory::open(&path).map(|_| ());
        assert!(
            matches!(other, Err(ReceiveError::Occupied { .. })),
            "{other:?}"
        );
        drop(owner);
        Directory::open(&path).unwrap();
    }

    #[test]
    fn files_that_were_left_open_get_their_names() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        write("logs-2026-11-28T10-00-00.000.jsonl.zst.open", "x");
        write("logs-2026-11-28T10-00-00.001.jsonl.open", "");
        write("mine.open", "y");
        let directory = Directory::open(dir.path()).unwrap();
        assert_eq!(directory.recovered, 1);
        assert!(directory.has("logs-2026-11-28T10-00-00.000.jsonl.zst"));
        let mut names: Vec<String> = fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let expected = [LOCK, "logs-2026-11-28T10-00-00.000.jsonl.zst", "mine.open"];
        assert_eq!(names, expected);
    }
}
