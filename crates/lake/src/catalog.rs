//! What is in a lake: the only module that decides which files belong to a table.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use otolith_tables::{DatabaseName, Field, Table, base_fields};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::statistics::Statistics;

use crate::error::LakeError;
use crate::field::from_arrow;
use crate::names;

/// The column whose statistics give the time range of a file.
const TIME: &str = "time";

/// A table of a database, as its files tell.
#[derive(Clone, Debug)]
pub struct TableInfo {
    /// The database.
    pub database: DatabaseName,
    /// The table.
    pub table: Table,
    /// All columns of all parts: base columns in their order, then attribute columns in the order
    /// in which the parts bring them. Without `date`, which is the directory.
    pub fields: Vec<Field>,
    /// The files, ordered by date and name. At least one.
    pub parts: Vec<PartFile>,
}

/// A file of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartFile {
    /// Where it is: the lake's directory as it was opened, and below.
    pub path: PathBuf,
    /// Days since 1970-01-01 (UTC) of all its rows.
    pub date: i32,
    /// Number of rows.
    pub row_count: u64,
    /// Size of the file in bytes.
    pub len_bytes: u64,
    /// Least and greatest `time` in microseconds since the Unix epoch; `None` if the table has no
    /// such column or no row has one.
    pub time_range: Option<(i64, i64)>,
}

/// The databases of a lake, sorted by name: directories with a name that the rule could have
/// made and at least one table.
pub(crate) fn databases(lake: &Path) -> Result<Vec<DatabaseName>, LakeError> {
    let mut found = Vec::new();
    for (name, path) in directories(lake)? {
        let Some(database) = names::database(&name) else {
            continue;
        };
        let holds_table = |table: &Table| path.join(table.as_str()).is_dir();
        if Table::ALL.iter().any(holds_table) {
            found.push(database);
        }
    }
    Ok(found)
}

/// The tables of a database that hold at least one part, in the order of [`Table::ALL`].
pub(crate) fn tables(lake: &Path, database: &DatabaseName) -> Result<Vec<TableInfo>, LakeError> {
    let mut found = Vec::new();
    for table in Table::ALL {
        let directory = lake.join(names::table_directory(database, table));
        if directory.is_dir() {
            let (fields, parts) = files(&directory, table)?;
            if !parts.is_empty() {
                found.push(TableInfo {
                    database: database.clone(),
                    table,
                    fields,
                    parts,
                });
            }
        }
    }
    Ok(found)
}

/// Database, table and date that the place of a part tells.
pub(crate) fn place(lake: &Path, part: &Path) -> Result<(DatabaseName, Table, i32), LakeError> {
    let outside = || LakeError::OutsideLake {
        path: part.to_owned(),
    };
    let inside = part.strip_prefix(lake).map_err(|_| outside())?;
    let words: Option<Vec<&str>> = inside.iter().map(|word| word.to_str()).collect();
    let Some([database, table, date, _]) = words.as_deref() else {
        return Err(outside());
    };
    let database = names::database(database).ok_or_else(outside)?;
    let table = Table::parse(table).ok_or_else(outside)?;
    let date = names::parse_date_directory(date).ok_or_else(outside)?;
    Ok((database, table, date))
}

/// Looks at a part that a run has just put in its place.
pub(crate) fn part_file(path: PathBuf, date: i32) -> Result<PartFile, LakeError> {
    look(path, date).map(|(part, _)| part)
}

/// The columns of a table, none if it has no part.
pub(crate) fn fields(
    lake: &Path,
    database: &DatabaseName,
    table: Table,
) -> Result<Vec<Field>, LakeError> {
    let directory = lake.join(names::table_directory(database, table));
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    files(&directory, table).map(|(fields, _)| fields)
}

/// The parts of runs with this identity, in all tables.
pub(crate) fn parts_of_run(lake: &Path, identity: u128) -> Result<Vec<PathBuf>, LakeError> {
    let mut found = Vec::new();
    for database in databases(lake)? {
        for table in Table::ALL {
            let directory = lake.join(names::table_directory(&database, table));
            if !directory.is_dir() {
                continue;
            }
            for (name, path) in directories(&directory)? {
                if names::parse_date_directory(&name).is_none() {
                    continue;
                }
                let files = entries(&path)?.into_iter();
                found.extend(
                    files
                        .filter(|(name, _)| names::is_part_of(name, identity))
                        .map(|(_, path)| path),
                );
            }
        }
    }
    Ok(found)
}

fn files(directory: &Path, table: Table) -> Result<(Vec<Field>, Vec<PartFile>), LakeError> {
    let base = base_fields(table);
    let mut attributes = Vec::new();
    let mut seen = Vec::new();
    let mut parts = Vec::new();
    for (name, path) in directories(directory)? {
        let Some(date) = names::parse_date_directory(&name) else {
            continue;
        };
        for (name, path) in entries(&path)? {
            if !names::is_part(&name) || !path.is_file() {
                continue;
            }
            let (part, metadata) = look(path, date)?;
            for field in metadata.schema().fields() {
                let field = from_arrow(field, &base, &part.path)?;
                let is_base = base.iter().any(|base| base.name == field.name);
                let known = if is_base { &mut seen } else { &mut attributes };
                add(known, field, &part.path)?;
            }
            parts.push(part);
        }
    }
    let place = |field: &Field| base.iter().position(|base| base.name == field.name);
    seen.sort_by_key(place);
    seen.extend(attributes);
    Ok((seen, parts))
}

fn add(known: &mut Vec<Field>, field: Field, path: &Path) -> Result<(), LakeError> {
    match known.iter().find(|known| known.name == field.name) {
        None => known.push(field),
        Some(before) if before.r#type == field.r#type => {}
        Some(before) => {
            return Err(LakeError::TypeConflict {
                column: field.name,
                expected: format!("{:?}", before.r#type),
                found: format!("{:?}", field.r#type),
                path: path.to_owned(),
            });
        }
    }
    Ok(())
}

fn look(path: PathBuf, date: i32) -> Result<(PartFile, ArrowReaderMetadata), LakeError> {
    let file = File::open(&path).map_err(LakeError::io("open", &path))?;
    let len_bytes = file
        .metadata()
        .map_err(LakeError::io("look at", &path))?
        .len();
    let metadata =
        ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(|source| {
            LakeError::Read {
                path: path.clone(),
                source,
            }
        })?;
    let rows = metadata.metadata().file_metadata().num_rows();
    let part = PartFile {
        date,
        row_count: u64::try_from(rows).unwrap_or(0),
        len_bytes,
        time_range: time_range(metadata.metadata()),
        path,
    };
    Ok((part, metadata))
}

fn time_range(metadata: &ParquetMetaData) -> Option<(i64, i64)> {
    let mut range: Option<(i64, i64)> = None;
    for group in metadata.row_groups() {
        let time = group
            .columns()
            .iter()
            .find(|column| matches!(column.column_path().parts(), [name] if name == TIME))?;
        let Some(Statistics::Int64(statistics)) = time.statistics() else {
            continue;
        };
        let (Some(first), Some(last)) = (statistics.min_opt(), statistics.max_opt()) else {
            continue;
        };
        range = Some(range.map_or((*first, *last), |(min, max)| {
            (min.min(*first), max.max(*last))
        }));
    }
    range
}

/// Subdirectories of a directory, sorted by name. Names that are not UTF-8 are none of ours.
fn directories(directory: &Path) -> Result<Vec<(String, PathBuf)>, LakeError> {
    let mut found = entries(directory)?;
    found.retain(|(_, path)| path.is_dir());
    Ok(found)
}

fn entries(directory: &Path) -> Result<Vec<(String, PathBuf)>, LakeError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(LakeError::io("list", directory))? {
        let entry = entry.map_err(LakeError::io("list", directory))?;
        if let Ok(name) = entry.file_name().into_string() {
            found.push((name, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}
