//! The run: parts written aside, then put in their places all at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use otolith_tables::{ColumnType, DatabaseName, Part, Table};

use crate::catalog::{self, PartFile};
use crate::encode;
use crate::error::LakeError;
use crate::names;
use crate::temporary::Temporary;

/// Name of the rejects before the run is committed.
const TEMPORARY_REJECTS: &str = "rejects.jsonl";

/// Parts that become visible together. Dropped without [`Run::commit`] it leaves nothing behind.
///
/// Several threads may write at once. Nothing of the final names and bytes depends on which
/// thread wrote, or when.
#[derive(Debug)]
pub struct Run {
    lake: PathBuf,
    /// Where everything is until the commit.
    temporary: Temporary,
    written: Mutex<BTreeMap<u32, Written>>,
    has_rejects: bool,
}

/// A finished and synced file.
#[derive(Debug)]
struct Written {
    /// The final directory, relative to the lake.
    directory: PathBuf,
    date: i32,
    database: DatabaseName,
    table: Table,
    types: Vec<(String, ColumnType)>,
}

impl Run {
    pub(crate) fn begin(lake: &Path) -> Result<Self, LakeError> {
        Ok(Self {
            lake: lake.to_owned(),
            temporary: Temporary::new(lake)?,
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
        let path = self
            .temporary
            .directory()
            .join(names::temporary_part_file(sequence));
        let Some(date_directory) = names::date_directory(part.date) else {
            let source = io::Error::from(io::ErrorKind::InvalidInput);
            return Err(LakeError::io("make a date directory for", &path)(source));
        };
        let written = Written {
            directory: table.join(date_directory),
            date: part.date,
            database: part.database.clone(),
            table: part.table,
            types: types(&part),
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
        let file = create_new(&self.temporary.directory().join(TEMPORARY_REJECTS))?;
        self.has_rejects = true;
        Ok(file)
    }

    /// Puts everything into its place. Names are made of `identity` and sequence: a run over the
    /// same input replaces its own files and doubles nothing. Files that an earlier run with this
    /// identity left and this one did not write again are removed: with columns known beforehand,
    /// rows may be cut into other parts. The files come back in the order of their sequence.
    ///
    /// # Errors
    ///
    /// If another run has meanwhile given a column another type; nothing is moved then. If a file
    /// cannot be moved or removed; what was moved before stays, the same run again completes it.
    pub fn commit(mut self, identity: u128) -> Result<Vec<PartFile>, LakeError> {
        let _one_at_a_time = self.lock()?;
        self.check_types()?;
        self.commit_rejects(identity)?;
        let written = self.written.get_mut();
        let written = std::mem::take(written.unwrap_or_else(PoisonError::into_inner));
        let mut files = Vec::with_capacity(written.len());
        let mut touched = BTreeSet::new();
        for (sequence, part) in written {
            let Written {
                directory, date, ..
            } = part;
            let from = self
                .temporary
                .directory()
                .join(names::temporary_part_file(sequence));
            let to = self.lake.join(&directory);
            fs::create_dir_all(&to).map_err(LakeError::io("create", &to))?;
            let path = to.join(names::part_file(identity, sequence));
            rename(&from, &path)?;
            files.push(catalog::part_file(path, date)?);
            touched.extend(directory.ancestors().map(Path::to_owned));
        }
        let kept: BTreeSet<&PathBuf> = files.iter().map(|file| &file.path).collect();
        for path in catalog::parts_of_run(&self.lake, identity)? {
            if !kept.contains(&path) {
                fs::remove_file(&path).map_err(LakeError::io("remove", &path))?;
            }
        }
        // Parents last: an entry is durable before the directory that shows it.
        for directory in touched.iter().rev() {
            sync_directory(&self.lake.join(directory))?;
        }
        Ok(files)
    }

    /// Keeps other commits away until dropped, on file systems that can.
    fn lock(&self) -> Result<Option<File>, LakeError> {
        let marker = self.lake.join(names::MARKER);
        match File::open(&marker) {
            Ok(file) => Ok(file.lock().is_ok().then_some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LakeError::io("open", &marker)(error)),
        }
    }

    /// A column never changes its type: what was known when the run began may have been overtaken.
    fn check_types(&self) -> Result<(), LakeError> {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tables: BTreeMap<_, BTreeMap<&str, ColumnType>> = BTreeMap::new();
        for part in written.values() {
            let types = part.types.iter();
            tables
                .entry((&part.database, part.table))
                .or_default()
                .extend(types.map(|(name, r#type)| (name.as_str(), *r#type)));
        }
        for ((database, table), ours) in tables {
            for theirs in catalog::fields(&self.lake, database, table)? {
                let ours = ours.get(theirs.name.as_str());
                if let Some(ours) = ours.filter(|ours| **ours != theirs.r#type) {
                    return Err(LakeError::Overtaken {
                        table: format!("{database}.{table}"),
                        column: theirs.name,
                        ours: format!("{ours:?}"),
                        theirs: format!("{:?}", theirs.r#type),
                    });
                }
            }
        }
        Ok(())
    }

    fn commit_rejects(&self, identity: u128) -> Result<(), LakeError> {
        let to = self.rejects_path(identity);
        if !self.has_rejects {
            return match fs::remove_file(&to) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    Err(LakeError::io("remove", &to)(error))
                }
                _ => Ok(()),
            };
        }
        let from = self.temporary.directory().join(TEMPORARY_REJECTS);
        let file = File::open(&from).map_err(LakeError::io("open", &from))?;
        file.sync_all().map_err(LakeError::io("sync", &from))?;
        let directory = self.lake.join(names::REJECTS);
        fs::create_dir_all(&directory).map_err(LakeError::io("create", &directory))?;
        rename(&from, &to)?;
        sync_directory(&directory)
    }

    /// The file that the rejects of a run with this identity are in, once committed.
    pub fn rejects_path(&self, identity: u128) -> PathBuf {
        self.lake
            .join(names::REJECTS)
            .join(names::rejects_file(identity))
    }
}

fn types(part: &Part) -> Vec<(String, ColumnType)> {
    let fields = part.columns.iter().map(|column| &column.field);
    fields
        .map(|field| (field.name.clone(), field.r#type))
        .collect()
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
