//! The run: parts written aside, then put in their places all at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, PoisonError};

use otolith_tables::Part;

use crate::catalog::{self, PartFile};
use crate::encode;
use crate::error::LakeError;
use crate::names;

/// Name of the rejects before the run is committed.
const TEMPORARY_REJECTS: &str = "rejects.jsonl";
/// How often another name is tried for the temporary directory.
const NAME_ATTEMPTS: usize = 16;

/// Parts that become visible together. Dropped without [`Run::commit`] it leaves nothing behind.
///
/// Several threads may write at once. Nothing of the final names and bytes depends on which
/// thread wrote, or when.
#[derive(Debug)]
pub struct Run {
    lake: PathBuf,
    /// Where everything is until the commit.
    directory: PathBuf,
    written: Mutex<BTreeMap<u32, Written>>,
    has_rejects: bool,
}

/// A finished and synced file.
#[derive(Debug)]
struct Written {
    /// The final directory, relative to the lake.
    directory: PathBuf,
    date: i32,
}

impl Run {
    pub(crate) fn begin(lake: &Path) -> Result<Self, LakeError> {
        let parent = lake.join(names::TEMPORARY);
        fs::create_dir_all(&parent).map_err(LakeError::io("create", &parent))?;
        Ok(Self {
            lake: lake.to_owned(),
            directory: new_directory(&parent)?,
            written: Mutex::default(),
            has_rejects: false,
        })
    }

    /// Encodes and writes a part; returns when it is safely stored. `sequence` tells the parts of
    /// a run apart and becomes part of the name: it must depend on the input and options only.
    ///
    /// # Errors
    ///
    /// If the part contradicts itself, `sequence` was used before, or the file cannot be written.
    pub fn write(&self, sequence: u32, part: Part) -> Result<(), LakeError> {
        let table = names::table_directory(&part.database, part.table);
        let path = self.directory.join(names::temporary_part_file(sequence));
        let Some(date_directory) = names::date_directory(part.date) else {
            let source = io::Error::from(io::ErrorKind::InvalidInput);
            return Err(LakeError::io("make a date directory for", &path)(source));
        };
        let written = Written {
            directory: table.join(date_directory),
            date: part.date,
        };
        let file = create_new(&path)?;
        let file = encode::write(part, file, &path)?;
        file.sync_all().map_err(LakeError::io("sync", &path))?;
        self.written
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(sequence, written);
        Ok(())
    }

    /// Makes the file of this run's rejects. It is put into its place by [`Run::commit`], before
    /// the parts; flush it first.
    ///
    /// # Errors
    ///
    /// If it was made before, or cannot be made.
    pub fn create_rejects(&mut self) -> Result<File, LakeError> {
        let file = create_new(&self.directory.join(TEMPORARY_REJECTS))?;
        self.has_rejects = true;
        Ok(file)
    }

    /// Puts everything into its place. Names are made of `identity` and sequence: a run over the
    /// same input replaces its own files and doubles nothing. The files come back in the order of
    /// their sequence.
    ///
    /// # Errors
    ///
    /// If a file cannot be moved. What was moved before stays; the same run again completes it.
    pub fn commit(mut self, identity: u128) -> Result<Vec<PartFile>, LakeError> {
        if self.has_rejects {
            let from = self.directory.join(TEMPORARY_REJECTS);
            let file = File::open(&from).map_err(LakeError::io("open", &from))?;
            file.sync_all().map_err(LakeError::io("sync", &from))?;
            let to = self.lake.join(names::REJECTS);
            fs::create_dir_all(&to).map_err(LakeError::io("create", &to))?;
            rename(&from, &to.join(names::rejects_file(identity)))?;
            sync_directory(&to)?;
        }
        let written = self.written.get_mut();
        let written = std::mem::take(written.unwrap_or_else(PoisonError::into_inner));
        let mut files = Vec::with_capacity(written.len());
        let mut touched = BTreeSet::new();
        for (sequence, Written { directory, date }) in written {
            let from = self.directory.join(names::temporary_part_file(sequence));
            let to = self.lake.join(&directory);
            fs::create_dir_all(&to).map_err(LakeError::io("create", &to))?;
            let path = to.join(names::part_file(identity, sequence));
            rename(&from, &path)?;
            files.push(catalog::part_file(path, date)?);
            touched.extend(directory.ancestors().map(Path::to_owned));
        }
        // Parents last: an entry is durable before the directory that shows it.
        for directory in touched.iter().rev() {
            sync_directory(&self.lake.join(directory))?;
        }
        Ok(files)
    }

    /// The file that the rejects of a run with this identity are in, once committed.
    pub fn rejects_path(&self, identity: u128) -> PathBuf {
        self.lake
            .join(names::REJECTS)
            .join(names::rejects_file(identity))
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // Nobody is left to be told: what stays is below `_tmp`, where no reader looks.
        let _ = fs::remove_dir_all(&self.directory);
        // Fails as long as another run is at work.
        let _ = fs::remove_dir(self.lake.join(names::TEMPORARY));
    }
}

/// Makes a directory that no other run has, on this host or another.
fn new_directory(parent: &Path) -> Result<PathBuf, LakeError> {
    let mut attempt = 0;
    loop {
        // The keys of the hasher are random.
        let random = RandomState::new().hash_one(attempt);
        let path = parent.join(format!("run-{}-{random:016x}", process::id()));
        attempt += 1;
        let Err(error) = fs::create_dir(&path) else {
            return Ok(path);
        };
        let retry = match error.kind() {
            io::ErrorKind::AlreadyExists => true,
            // Another run ended between the making of `_tmp` and now, and took it away.
            io::ErrorKind::NotFound => fs::create_dir_all(parent).is_ok(),
            _ => false,
        };
        if !retry || attempt >= NAME_ATTEMPTS {
            return Err(LakeError::io("create", &path)(error));
        }
    }
}

fn create_new(path: &Path) -> Result<File, LakeError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(LakeError::io("create", path))
}

fn rename(from: &Path, to: &Path) -> Result<(), LakeError> {
    fs::rename(from, to).map_err(LakeError::io("move a finished file to", to))
}

/// Makes the entries of a directory durable.
pub(crate) fn sync_directory(path: &Path) -> Result<(), LakeError> {
    let directory = File::open(path).map_err(LakeError::io("open", path))?;
    directory.sync_all().map_err(LakeError::io("sync", path))
}
