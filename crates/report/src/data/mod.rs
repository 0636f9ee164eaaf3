//! Where reports read: a lake, or parts in memory.

mod attribute;
mod chosen;
mod column;
mod piece;
mod scalar;

pub(crate) use attribute::{Attribute, is_base, may_hold};
pub(crate) use column::Column;
pub(crate) use piece::{Piece, Rows};

use piece::{Pieces, Tasks};
pub(crate) use scalar::Scalar;

use crate::error::ReportError;
use crate::parallel;
use otolith_lake::{Lake, LakeError, PartFile};
use otolith_tables::{DatabaseName, Extract, Field, Part, Table};
use std::collections::BTreeSet;

/// Date, in days since 1970, of items without a credible time.
const NO_DATE: i32 = 0;

/// What reports are asked of.
#[derive(Clone, Copy, Debug)]
pub enum Data<'a> {
    /// A lake.
    Lake(&'a Lake),
    /// What is wanted of captures.
    Extract(&'a Extract),
}

impl<'a> From<&'a Lake> for Data<'a> {
    fn from(lake: &'a Lake) -> Self {
        Self::Lake(lake)
    }
}

impl<'a> From<&'a Extract> for Data<'a> {
    fn from(extract: &'a Extract) -> Self {
        Self::Extract(extract)
    }
}

impl<'a> Data<'a> {
    /// Time of the newest item in microseconds since the Unix epoch. Items without a credible time
    /// do not count.
    ///
    /// # Errors
    /// When the lake cannot be read.
    pub fn newest_micros(self) -> Result<Option<i64>, ReportError> {
        let databases = self.databases()?;
        Ok(databases.iter().filter_map(|d| d.times).map(|t| t.1).max())
    }

    /// The databases, sorted by name.
    pub(crate) fn databases(self) -> Result<Vec<Database<'a>>, ReportError> {
        Ok(match self {
            Self::Lake(lake) => of_lake(lake)?,
            Self::Extract(extract) => of_extract(extract),
        })
    }
}

/// A database.
pub(crate) struct Database<'a> {
    pub(crate) name: DatabaseName,
    /// When its first and last item happened, in microseconds. Items without a credible time, which
    /// have a date of their own, tell nothing.
    times: Option<(i64, i64)>,
    /// The tables that have rows, in the order of [`Table::ALL`].
    pub(crate) tables: Vec<TableData<'a>>,
}

impl Database<'_> {
    /// The time of the earliest item in nanoseconds: where the capture of the database begins.
    ///
    /// Several captures in one lake count as one that begins with the earliest.
    pub(crate) fn capture_begin(&self) -> Option<i64> {
        self.times?.0.checked_mul(1_000)
    }
}

/// A table of a database.
pub(crate) struct TableData<'a> {
    pub(crate) table: Table,
    /// The columns of all its parts.
    pub(crate) fields: Vec<Field>,
    source: Source<'a>,
}

enum Source<'a> {
    Files(&'a Lake, Vec<PartFile>),
    Parts(Vec<&'a Part>),
}

impl<'a> TableData<'a> {
    /// Hands out the rows piece by piece, in order of date.
    pub(crate) fn each_piece(
        &self,
        mut take: impl FnMut(Piece<'a>) -> Result<(), LakeError>,
    ) -> Result<(), ReportError> {
        for pieces in self.tasks() {
            for piece in pieces?.open()? {
                take(piece)?;
            }
        }
        Ok(())
    }

    /// Reads the rows piece by piece on all processors, and hands out what was made of each, in
    /// order of date.
    pub(crate) fn read_pieces<T: Send>(
        &self,
        read: impl Fn(Piece<'a>) -> Result<T, LakeError> + Sync,
        mut take: impl FnMut(T),
    ) -> Result<(), ReportError> {
        let read = |_, piece| read(piece);
        read_tables(&[self], read, |_, made| take(made))
    }

    /// Number of rows.
    pub(crate) fn row_count(&self) -> usize {
        match &self.source {
            Source::Files(_, files) => {
                let rows: u64 = files.iter().map(|file| file.row_count).sum();
                usize::try_from(rows).unwrap_or(usize::MAX)
            }
            Source::Parts(parts) => parts.iter().map(|part| part.row_count).sum(),
        }
    }

    fn tasks(&self) -> Tasks<'a, '_> {
        match &self.source {
            Source::Files(lake, files) => Tasks::of_files(lake, files),
            Source::Parts(parts) => Tasks::of_parts(parts),
        }
    }
}

/// Reads the rows of tables piece by piece on all processors, and hands out what was made of each,
/// with the place of its table among them, table after table and in order of date.
pub(crate) fn read_tables<'a, T: Send>(
    tables: &[&TableData<'a>],
    read: impl Fn(usize, Piece<'a>) -> Result<T, LakeError> + Sync,
    mut take: impl FnMut(usize, T),
) -> Result<(), ReportError> {
    let tasks = tables.iter().enumerate().flat_map(|(place, table)| {
        let tasks = table.tasks();
        tasks.map(move |pieces| Ok::<_, LakeError>((place, pieces?)))
    });
    let read = |(place, pieces): (usize, Pieces<'a, '_>)| {
        let pieces = pieces.open()?.into_iter();
        let made: Result<Vec<T>, LakeError> = pieces.map(|piece| read(place, piece)).collect();
        Ok((place, made?))
    };
    parallel::in_order(tasks, read, |(place, made)| {
        made.into_iter().for_each(|made| take(place, made));
    })?;
    Ok(())
}

fn of_lake(lake: &Lake) -> Result<Vec<Database<'_>>, LakeError> {
    let databases = parallel::all(lake.databases()?, |name| database(lake, name));
    databases.into_iter().collect()
}

fn database(lake: &Lake, name: DatabaseName) -> Result<Database<'_>, LakeError> {
    let mut times = None;
    let mut tables = Vec::new();
    for info in lake.tables(&name)? {
        let dated = info.parts.iter().filter(|part| part.date != NO_DATE);
        for range in dated.filter_map(|part| part.time_range) {
            join(&mut times, range);
        }
        if !info.parts.is_empty() {
            tables.push(TableData {
                table: info.table,
                fields: info.fields,
                source: Source::Files(lake, info.parts),
            });
        }
    }
    Ok(Database {
        name,
        times,
        tables,
    })
}

fn of_extract(extract: &Extract) -> Vec<Database<'_>> {
    let names = extract.times.keys().map(|(database, _)| database);
    let names: BTreeSet<_> = names
        .chain(extract.parts.iter().map(|p| &p.database))
        .collect();
    let database = |name: &DatabaseName| {
        let mut times = None;
        for ((database, _), range) in &extract.times {
            if database == name {
                join(&mut times, *range);
            }
        }
        let of_table = |table| {
            let parts = extract.parts.iter();
            let parts = parts.filter(|part| part.database == *name && part.table == table);
            let parts: Vec<&Part> = parts.collect();
            (!parts.is_empty()).then(|| TableData {
                table,
                fields: fields(&parts),
                source: Source::Parts(parts),
            })
        };
        Database {
            name: name.clone(),
            times,
            tables: Table::ALL.into_iter().filter_map(of_table).collect(),
        }
    };
    names.into_iter().map(database).collect()
}

fn fields(parts: &[&Part]) -> Vec<Field> {
    let mut names = BTreeSet::new();
    let columns = parts.iter().flat_map(|part| &part.columns);
    let new = columns.filter(|column| names.insert(&column.field.name));
    new.map(|column| column.field.clone()).collect()
}

fn join(times: &mut Option<(i64, i64)>, (first, last): (i64, i64)) {
    let known = times.unwrap_or((first, last));
    *times = Some((first.min(known.0), last.max(known.1)));
}
