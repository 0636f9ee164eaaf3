//! The lake: a directory of databases.

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use otolith_tables::{DatabaseName, Part};
use serde::{Deserialize, Serialize};

use crate::about::Schemas;
use crate::catalog::{self, PartFile, TableInfo};
use crate::decode;
use crate::delta::Engine;
use crate::disk::Durability;
use crate::error::LakeError;
use crate::names;
use crate::part_reader::PartReader;
use crate::run::Run;
use crate::writing::Writing;

/// The format of lakes that this version reads and writes.
const FORMAT: u32 = 2;
/// Longest marker that is read.
const MARKER_BYTES: u64 = 4096;
/// Begins the name under which the logs of tables know the lake as their writer.
const APPLICATION: &str = "otolith-";

/// A directory of databases.
#[derive(Clone, Debug)]
pub struct Lake {
    dir: PathBuf,
    engine: Arc<Engine>,
    schemas: Arc<Schemas>,
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
        Self::make(dir, Durability::Synced)
    }

    /// Makes a lake that nobody keeps, in a directory that must not be there yet: what is written
    /// does not wait for the disk, and may not survive a crash of the machine. It reads and writes
    /// like any other.
    ///
    /// # Errors
    ///
    /// If the directory is there, or cannot be made or written.
    pub fn create_temporary(dir: &Path) -> Result<Self, LakeError> {
        fs::create_dir(dir).map_err(LakeError::io("create", dir))?;
        Self::make(dir, Durability::Passing)
    }

    fn make(dir: &Path, durability: Durability) -> Result<Self, LakeError> {
        let lake = Self::at(dir, durability)?;
        write_marker(dir, durability)?;
        Ok(lake)
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
        if marker(dir)?.is_none() && catalog::databases(dir)?.is_empty() {
            return Err(LakeError::NotALake { path });
        }
        Self::at(dir, Durability::Synced)
    }

    fn at(dir: &Path, durability: Durability) -> Result<Self, LakeError> {
        Ok(Self {
            dir: dir.to_owned(),
            engine: Arc::new(Engine::new(dir, durability)?),
            schemas: Arc::default(),
        })
    }

    /// The directory as it was given.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where rejects are kept. The directory is there as soon as something was rejected.
    pub fn rejects_directory(&self) -> PathBuf {
        self.dir.join(names::REJECTS)
    }

    /// The databases, sorted by name.
    ///
    /// # Errors
    ///
    /// If a directory cannot be listed.
    pub fn databases(&self) -> Result<Vec<DatabaseName>, LakeError> {
        catalog::databases(&self.dir)
    }

    /// The tables of a database, in the order of [`otolith_tables::Table::ALL`], as of the newest
    /// versions of their logs. A database that is not there has no tables.
    ///
    /// # Errors
    ///
    /// If a log cannot be read.
    pub fn tables(&self, database: &DatabaseName) -> Result<Vec<TableInfo>, LakeError> {
        catalog::tables(&self.engine, &self.dir, database)
    }

    /// Begins a run of writing, after finishing what a killed run left undone.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read, a run cannot be finished, or the lake not be written.
    pub fn begin(&self) -> Result<Run, LakeError> {
        self.write().map(Run::new)
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Begins to write.
    pub(crate) fn write(&self) -> Result<Writing, LakeError> {
        let id = match marker(&self.dir)? {
            Some(id) => id,
            // A database that was copied here: the runs that it knows are not of this lake.
            None => write_marker(&self.dir, self.engine.durability())?,
        };
        let application = format!("{APPLICATION}{id}");
        Writing::begin(&self.dir, &application, Arc::clone(&self.engine))
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

    /// Opens a file, to read some of its columns.
    ///
    /// # Errors
    ///
    /// If the file is not one of a table of this lake, or cannot be opened.
    pub fn reader(&self, part: &PartFile) -> Result<PartReader, LakeError> {
        let place = catalog::place(&self.dir, &part.path)?;
        PartReader::open(&part.path, place, &self.schemas)
    }

    /// Reads the rows of a file in their order, in pieces of about 64 MiB in memory: a small file
    /// may hold many texts that repeat. Texts come back without dictionary.
    ///
    /// # Errors
    ///
    /// If the file is not one of a table of this lake, or cannot be opened; a piece, if it cannot be
    /// read.
    pub fn pieces(
        &self,
        part: &PartFile,
    ) -> Result<impl Iterator<Item = Result<Part, LakeError>> + use<>, LakeError> {
        let (database, table, date) = catalog::place(&self.dir, &part.path)?;
        decode::Pieces::open(&part.path, database, table, date)
    }
}

/// What the marker says.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Marker {
    otolith_lake: u32,
    /// Tells the lake from all others.
    id: String,
}

/// Makes a directory a lake, and gives the id of it.
fn write_marker(dir: &Path, durability: Durability) -> Result<String, LakeError> {
    // The keys of a hasher are random: the only source of randomness in the standard library.
    let word = || RandomState::new().hash_one(dir);
    let marker = Marker {
        otolith_lake: FORMAT,
        id: format!("{:016x}{:016x}", word(), word()),
    };
    let path = dir.join(names::MARKER);
    let text = serde_json::to_string(&marker).expect("the marker is plain");
    let aside = dir.join(format!(".{}.{:016x}", names::MARKER, word()));
    let written = fs::write(&aside, format!("{text}\n"))
        .map_err(LakeError::io("write", &aside))
        .and_then(|()| durability.sync_path(&aside));
    if let Err(error) = written {
        // A full disk: half a marker shall not stay. If it cannot go, its name means nothing.
        let _ = fs::remove_file(&aside);
        return Err(error);
    }
    // Of two that make a lake at once, both then go by the marker that stands.
    durability.publish(&aside, &path)?;
    match self::marker(dir)? {
        Some(id) => Ok(id),
        None => Err(LakeError::NotALake {
            path: dir.to_owned(),
        }),
    }
}

/// The id of the lake, if a directory has the marker of our format.
fn marker(dir: &Path) -> Result<Option<String>, LakeError> {
    let path = dir.join(names::MARKER);
    let file = match fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(LakeError::io("open", &path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(MARKER_BYTES)
        .read_to_end(&mut bytes)
        .map_err(LakeError::io("read", &path))?;
    let marker: Option<Marker> = serde_json::from_slice(&bytes).ok();
    let is_id = |id: &str| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    match marker {
        Some(marker) if marker.otolith_lake == FORMAT && is_id(&marker.id) => Ok(Some(marker.id)),
        _ => {
            let text = String::from_utf8_lossy(&bytes);
            Err(LakeError::Format {
                expected: FORMAT,
                found: text.trim().chars().take(60).collect(),
                path,
            })
        }
    }
}
