//! What is in a lake, as the logs of its tables say.

use std::fs;
use std::path::{Path, PathBuf};

use otolith_tables::{DatabaseName, Field, Table};

use crate::delta::{DeltaTable, Engine, LogPart, PartStats, footer};
use crate::error::LakeError;
use crate::names;

/// A table of a database, as of the newest version of its log.
#[derive(Clone, Debug)]
pub struct TableInfo {
    /// The database.
    pub database: DatabaseName,
    /// The table.
    pub table: Table,
    /// Number of the newest commit to the table, from 0.
    pub version: u64,
    /// All columns: base columns in their order, then attribute columns in the order in which they
    /// came to exist. Without `date`, which is the directory.
    pub fields: Vec<Field>,
    /// The files, ordered by date and name. None if all rows were dropped.
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
    for entry in fs::read_dir(lake).map_err(LakeError::io("list", lake))? {
        let entry = entry.map_err(LakeError::io("list", lake))?;
        let name = entry.file_name();
        let Some(database) = name.to_str().and_then(names::database) else {
            continue;
        };
        for table in Table::ALL {
            if names::has_log(&entry.path().join(table.as_str()))? {
                found.push(database);
                break;
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The tables of a database, in the order of [`Table::ALL`].
pub(crate) fn tables(
    engine: &Engine,
    lake: &Path,
    database: &DatabaseName,
) -> Result<Vec<TableInfo>, LakeError> {
    let mut found = Vec::new();
    for table in Table::ALL {
        let directory = lake.join(names::table_directory(database, table));
        let Some(opened) = DeltaTable::open(engine, &directory)? else {
            continue;
        };
        let parts = opened.parts(engine)?;
        found.push(TableInfo {
            database: database.clone(),
            table,
            version: opened.version(),
            fields: opened.fields(table)?,
            parts: parts
                .into_iter()
                .map(|part| part_file(&directory, part))
                .collect::<Result<_, _>>()?,
        });
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

fn part_file(directory: &Path, part: LogPart) -> Result<PartFile, LakeError> {
    let path = directory.join(&part.path);
    // Other writers may leave statistics out.
    let (row_count, time_range) = match part.rows {
        Some(rows) => (rows, part.time_range),
        None => {
            let stats = PartStats::of(&footer(&path)?);
            (stats.rows, stats.time_range)
        }
    };
    Ok(PartFile {
        path,
        date: part.date,
        row_count,
        len_bytes: part.len_bytes,
        time_range,
    })
}
