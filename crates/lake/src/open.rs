//! The lake: a directory of databases.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use otolith_tables::{DatabaseName, Part};

use crate::catalog::{self, PartFile, TableInfo};
use crate::error::LakeError;
use crate::names;
use crate::run::Run;
use crate::{decode, run};

/// The format of lakes that this version reads and writes.
const FORMAT: u32 = 1;
/// Longest marker that is read.
const MARKER_BYTES: u64 = 4096;

/// A directory of databases.
#[derive(Clone, Debug)]
pub struct Lake {
    dir: PathBuf,
}

impl Lake {
    /// Opens the lake in a directory, or makes one where the directory is missing or empty.
    ///
    /// # Errors
    ///
    /// If the directory holds something else, or a lake of another format, or cannot be written.
    pub fn create_or_open(dir: &Path) -> Result<Self, LakeError> {
        fs::create_dir_all(dir).map_err(LakeError::io("create", dir))?;
        match Self::open(dir) {
            Err(LakeError::NotALake { .. }) => {}
            opened => return opened,
        }
        for entry in fs::read_dir(dir).map_err(LakeError::io("list", dir))? {
            let name = entry.map_err(LakeError::io("list", dir))?.file_name();
            // What desktops and version control leave behind does no harm.
            if !name.as_encoded_bytes().starts_with(b".") {
                return Err(LakeError::Occupied {
                    path: dir.to_owned(),
                });
            }
        }
        let marker = dir.join(names::MARKER);
        fs::write(&marker, marker_text()).map_err(LakeError::io("write", &marker))?;
        run::sync_directory(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    /// Opens the lake in a directory.
    ///
    /// # Errors
    ///
    /// If there is no such directory, if it holds neither a marker nor a database, or if the
    /// marker tells of another format.
    pub fn open(dir: &Path) -> Result<Self, LakeError> {
        let path = dir.to_owned();
        match dir.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(LakeError::Missing { path });
            }
            Err(error) => return Err(LakeError::io("look at", dir)(error)),
            Ok(metadata) if !metadata.is_dir() => return Err(LakeError::NotALake { path }),
            Ok(_) => {}
        }
        if !has_marker(dir)? && catalog::databases(dir)?.is_empty() {
            return Err(LakeError::NotALake { path });
        }
        Ok(Self { dir: path })
    }

    /// The directory as it was given.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The databases, sorted by name.
    ///
    /// # Errors
    ///
    /// If a directory cannot be listed.
    pub fn databases(&self) -> Result<Vec<DatabaseName>, LakeError> {
        catalog::databases(&self.dir)
    }

    /// The tables of a database that hold rows, in the order of [`otolith_tables::Table::ALL`].
    /// Reads the footer of every file. A database that is not there has no tables.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, or two files disagree on the type of a column.
    pub fn tables(&self, database: &DatabaseName) -> Result<Vec<TableInfo>, LakeError> {
        catalog::tables(&self.dir, database)
    }

    /// Begins a run of writing.
    ///
    /// # Errors
    ///
    /// If its temporary directory cannot be made.
    pub fn begin(&self) -> Result<Run, LakeError> {
        Run::begin(&self.dir)
    }

    /// Reads all rows of a file in their order. Texts come back without dictionary.
    ///
    /// # Errors
    ///
    /// If the file is not one of a table of this lake, or cannot be read.
    pub fn read(&self, part: &PartFile) -> Result<Part, LakeError> {
        let (database, table, date) = catalog::place(&self.dir, &part.path)?;
        decode::read(&part.path, database, table, date)
    }
}

fn marker_text() -> String {
    format!("{{\"otolith_lake\":{FORMAT}}}\n")
}

/// Whether the marker is there and of our format.
fn has_marker(dir: &Path) -> Result<bool, LakeError> {
    let path = dir.join(names::MARKER);
    let file = match fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(LakeError::io("open", &path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(MARKER_BYTES)
        .read_to_end(&mut bytes)
        .map_err(LakeError::io("read", &path))?;
    if bytes == marker_text().as_bytes() {
        return Ok(true);
    }
    let text = String::from_utf8_lossy(&bytes);
    Err(LakeError::Format {
        expected: FORMAT,
        found: text.trim().chars().take(60).collect(),
        path,
    })
}
