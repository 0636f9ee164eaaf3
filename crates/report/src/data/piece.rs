//! Rows of a table that lie together.

use super::chosen;
use otolith_lake::{Batches, Lake, LakeError, PartFile, PartReader, ROW_GROUP_ROWS};
use otolith_tables::Part;
use std::borrow::Cow;
use std::collections::HashMap;
use std::slice;
use std::sync::Arc;

/// Rows that are read at once where they are not kept: their columns fit the cache.
const BATCH_ROWS: usize = 8 * 1024;

/// Rows of a table that lie together: a part in memory, or a row group of a file.
pub(crate) struct Piece<'a> {
    from: From<'a>,
    /// No other piece of its table has rows of its date.
    pub(crate) is_alone: bool,
}

enum From<'a> {
    Part(&'a Part),
    Group(Arc<PartReader>, usize),
}

/// Rows of a part.
pub(crate) struct Rows<'a> {
    /// Has the columns that were asked for, as far as they exist, and maybe others.
    pub(crate) part: Cow<'a, Part>,
    /// Which rows of the part, in rising order.
    pub(crate) rows: Vec<u32>,
}

/// Rows of a piece, some after the other.
pub(crate) enum Batched<'a> {
    Part(Option<Rows<'a>>),
    Group(Batches),
}

impl<'a> Iterator for Batched<'a> {
    type Item = Result<Rows<'a>, LakeError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Part(rows) => rows.take().map(Ok),
            Self::Group(batches) => Some(batches.next()?.map(|part| Rows {
                rows: (0..).take(part.row_count).collect(),
                part: Cow::Owned(part),
            })),
        }
    }
}

impl<'a> Piece<'a> {
    /// The text that every row has in a column, if that is known without reading.
    pub(crate) fn only_text(&self, column: &str) -> Option<&str> {
        match &self.from {
            From::Part(_) => None,
            From::Group(reader, group) => reader.only_text(*group, column),
        }
    }

    /// Some columns of the rows that are chosen, all if none are, some rows after the other: for rows
    /// that are not kept.
    pub(crate) fn batches(
        &self,
        columns: &[&str],
        chosen: Option<&[bool]>,
    ) -> Result<Batched<'a>, LakeError> {
        Ok(match &self.from {
            From::Part(part) => {
                let is_chosen = |row: &u32| chosen.is_none_or(|chosen| chosen[*row as usize]);
                Batched::Part(Some(Rows {
                    rows: (0..).take(part.row_count).filter(is_chosen).collect(),
                    part: Cow::Borrowed(part),
                }))
            }
            From::Group(reader, group) => {
                let chosen = chosen.filter(|chosen| chosen.contains(&false));
                Batched::Group(reader.batches(*group, columns, chosen, BATCH_ROWS)?)
            }
        })
    }

    /// Some columns of all rows, and maybe other columns.
    pub(crate) fn columns(&self, columns: &[&str]) -> Result<Cow<'a, Part>, LakeError> {
        match &self.from {
            From::Part(part) => Ok(Cow::Borrowed(part)),
            From::Group(reader, group) => reader.read(*group, columns, None).map(Cow::Owned),
        }
    }

    /// Some columns of the rows that are chosen; those that [`Self::columns`] gave are not read again.
    pub(crate) fn rows(
        &self,
        known: Cow<'a, Part>,
        columns: &[&str],
        chosen: &[bool],
    ) -> Result<Rows<'a>, LakeError> {
        let From::Group(reader, group) = &self.from else {
            let rows = (0..).zip(chosen).filter(|(_, chosen)| **chosen);
            return Ok(Rows {
                rows: rows.map(|(row, _)| row).collect(),
                part: known,
            });
        };
        let is_known = |name: &str| known.columns.iter().any(|c| c.field.name == name);
        let rest: Vec<&str> = columns.iter().copied().filter(|c| !is_known(c)).collect();
        let some = chosen.contains(&false).then_some(chosen);
        let rest = reader.read(*group, &rest, some)?;
        let mut part = known.into_owned();
        if let Some(chosen) = some {
            part = chosen::rows(part, chosen);
        }
        part.columns.extend(rest.columns);
        Ok(Rows {
            rows: (0..).take(part.row_count).collect(),
            part: Cow::Owned(part),
        })
    }
}

/// What pieces come of.
pub(super) enum Pieces<'a, 't> {
    One(Piece<'a>),
    /// A file that is not open yet, with few rows.
    File(&'a Lake, &'t PartFile, bool),
}

impl<'a> Pieces<'a, '_> {
    pub(super) fn open(self) -> Result<Vec<Piece<'a>>, LakeError> {
        match self {
            Self::One(piece) => Ok(vec![piece]),
            Self::File(lake, file, is_alone) => {
                let reader = Arc::new(lake.reader(file)?);
                let groups = reader.group_count();
                let piece = |group| Piece {
                    from: From::Group(Arc::clone(&reader), group),
                    is_alone: is_alone && groups == 1,
                };
                Ok((0..groups).map(piece).collect())
            }
        }
    }
}

/// The pieces of a table, in order of date.
pub(super) struct Tasks<'a, 't> {
    rest: Rest<'a, 't>,
    /// Number of files or parts by date.
    dates: HashMap<i32, usize>,
    /// The file that is being read, and the row groups of it that come next.
    open: Option<(Arc<PartReader>, std::ops::Range<usize>)>,
}

enum Rest<'a, 't> {
    Files(&'a Lake, slice::Iter<'t, PartFile>),
    Parts(slice::Iter<'t, &'a Part>),
}

impl<'a, 't> Tasks<'a, 't> {
    pub(super) fn of_files(lake: &'a Lake, files: &'t [PartFile]) -> Self {
        Self::new(
            Rest::Files(lake, files.iter()),
            files.iter().map(|f| f.date),
        )
    }

    pub(super) fn of_parts(parts: &'t [&'a Part]) -> Self {
        Self::new(Rest::Parts(parts.iter()), parts.iter().map(|p| p.date))
    }

    fn new(rest: Rest<'a, 't>, all: impl Iterator<Item = i32>) -> Self {
        let mut dates = HashMap::new();
        for date in all {
            *dates.entry(date).or_default() += 1;
        }
        Self {
            rest,
            dates,
            open: None,
        }
    }
}

impl<'a, 't> Iterator for Tasks<'a, 't> {
    type Item = Result<Pieces<'a, 't>, LakeError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((reader, groups)) = &mut self.open
                && let Some(group) = groups.next()
            {
                return Some(Ok(Pieces::One(Piece {
                    from: From::Group(Arc::clone(reader), group),
                    is_alone: false,
                })));
            }
            match &mut self.rest {
                Rest::Files(lake, files) => {
                    let file = files.next()?;
                    // A file of one row group is opened where it is read.
                    if file.row_count <= ROW_GROUP_ROWS as u64 {
                        let is_alone = self.dates.get(&file.date) == Some(&1);
                        return Some(Ok(Pieces::File(lake, file, is_alone)));
                    }
                    match lake.reader(file) {
                        Ok(reader) => {
                            let groups = 0..reader.group_count();
                            self.open = Some((Arc::new(reader), groups));
                        }
                        Err(error) => return Some(Err(error)),
                    }
                }
                Rest::Parts(parts) => {
                    let part = parts.next()?;
                    return Some(Ok(Pieces::One(Piece {
                        from: From::Part(part),
                        is_alone: self.dates.get(&part.date) == Some(&1),
                    })));
                }
            }
        }
    }
}
