//! What was made of all tables as they were at one moment, kept beside them until one of them
//! changes: answers that take long to find and are small.
//!
//! ```text
//! LAKE/_derived/<name>      8 bytes that name the format, the state of the tables and the XXH3-128 of
//!                           the rest (16 bytes each, little-endian), the rest
//! ```
//! It can be deleted at any time, and is as soon as a run changes the lake: nothing that was dropped
//! lives on in it. What other programs write is noticed by the state.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use otolith_tables::Table;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::checksum;
use crate::disk;
use crate::error::LakeError;
use crate::names;
use crate::open::Lake;

/// Begins every file.
const MAGIC: [u8; 8] = *b"otolith\x01";
const NUMBER_BYTES: usize = 16;
const HEADER_BYTES: usize = MAGIC.len() + 2 * NUMBER_BYTES;

/// The state of all tables of a lake. It is another one after every commit to any of them, whoever
/// made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LakeState(u128);

impl Lake {
    /// The state of all tables: their names and the newest commits to their logs. None if the log of
    /// one has only checkpoints, so that its newest commit cannot be looked at.
    ///
    /// # Errors
    ///
    /// If a directory cannot be listed or a commit not be read.
    pub fn state(&self) -> Result<Option<LakeState>, LakeError> {
        let mut hasher = Xxh3::new();
        for database in self.databases()? {
            for table in Table::ALL {
                let directory = self.dir().join(names::table_directory(&database, table));
                let log = directory.join(names::LOG);
                if !names::has_log(&directory)? {
                    continue;
                }
                let Some(version) = newest_commit(&log)? else {
                    return Ok(None);
                };
                let commit = log.join(names::record_file(version));
                let (len_bytes, hash) = checksum::of_file(&commit)?;
                hasher.update(database.as_str().as_bytes());
                hasher.update(&[0]);
                hasher.update(table.as_str().as_bytes());
                hasher.update(&[0]);
                hasher.update(&version.to_le_bytes());
                hasher.update(&len_bytes.to_le_bytes());
                hasher.update(&hash.to_le_bytes());
            }
        }
        Ok(Some(LakeState(hasher.digest128())))
    }

    /// What was kept under a name, if it was made of the tables as they are and is as it was written.
    ///
    /// # Errors
    ///
    /// If a directory or a file cannot be read.
    pub fn derived(&self, name: &'static str) -> Result<Option<Vec<u8>>, LakeError> {
        let path = path(self.dir(), name);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(LakeError::io("open", &path)(error)),
        };
        let Some(state) = self.state()? else {
            return Ok(None);
        };
        let kept = read(file).map_err(LakeError::io("read", &path))?;
        Ok(kept
            .filter(|kept| kept.state == state)
            .map(|kept| kept.bytes))
    }

    /// Keeps bytes under a name: what was made of the tables when they were in a state. False, and
    /// nothing is kept, if they are in another one by now.
    ///
    /// # Errors
    ///
    /// If the lake cannot be read or written.
    pub fn keep_derived(
        &self,
        name: &'static str,
        state: LakeState,
        bytes: &[u8],
    ) -> Result<bool, LakeError> {
        let writing = self.write()?;
        let _no_commit = writing.lock()?;
        if self.state()? != Some(state) {
            return Ok(false);
        }
        disk::create_dir_all(&self.dir().join(names::DERIVED))?;
        let mut content = Vec::with_capacity(HEADER_BYTES + bytes.len());
        content.extend(MAGIC);
        content.extend(state.0.to_le_bytes());
        content.extend(xxh3_128(bytes).to_le_bytes());
        content.extend(bytes);
        writing.files().replace(&path(self.dir(), name), &content)?;
        Ok(true)
    }
}

/// A whole file.
struct Kept {
    state: LakeState,
    bytes: Vec<u8>,
}

/// Reads a file; none if it is not as it was written.
fn read(mut file: File) -> io::Result<Option<Kept>> {
    let mut header = [0; HEADER_BYTES];
    match file.read_exact(&mut header) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let number = |at: usize| {
        let bytes = header[at..at + NUMBER_BYTES].try_into();
        u128::from_le_bytes(bytes.expect("it is as long"))
    };
    let state = LakeState(number(MAGIC.len()));
    let hash = number(MAGIC.len() + NUMBER_BYTES);
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let is_whole = header.starts_with(&MAGIC) && xxh3_128(&bytes) == hash;
    Ok(is_whole.then_some(Kept { state, bytes }))
}

/// The files that are not as they were written.
pub(crate) fn damaged(lake: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let mut damaged = Vec::new();
    for path in files(lake)? {
        let file = File::open(&path).map_err(LakeError::io("open", &path))?;
        let kept = read(file).map_err(LakeError::io("read", &path))?;
        if kept.is_none() {
            damaged.push(path);
        }
    }
    Ok(damaged)
}

/// Removes everything that was kept.
pub(crate) fn remove_all(lake: &Path) -> Result<(), LakeError> {
    for path in files(lake)? {
        disk::remove_file(&path)?;
    }
    Ok(())
}

fn path(lake: &Path, name: &str) -> PathBuf {
    lake.join(names::DERIVED).join(name)
}

fn files(lake: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let entries = names::list(&lake.join(names::DERIVED))?;
    let paths = entries.into_iter().map(|(_, path)| path);
    Ok(paths.filter(|path| path.is_file()).collect())
}

/// Number of the newest commit that has a file of its own.
fn newest_commit(log: &Path) -> Result<Option<u64>, LakeError> {
    let names = names::list(log)?.into_iter();
    // Commits are called as our records are.
    let versions = names.filter_map(|(name, _)| names::parse_record_file(&name));
    Ok(versions.max())
}
