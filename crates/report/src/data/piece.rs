//! Rows of a table that lie together.

use otolith_lake::{Lake, LakeError, PartFile, PartReader};
use otolith_tables::Part;
use std::borrow::Cow;
use std::slice;
use std::sync::Arc;

/// Rows of a table that lie together: a part in memory, or a row group of a file.
pub(crate) enum Piece<'a> {
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

impl<'a> Piece<'a> {
    /// Some columns of all rows, and maybe other columns.
    pub(crate) fn columns(&self, columns: &[&str]) -> Result<Cow<'a, Part>, LakeError> {
        match self {
            Self::Part(part) => Ok(Cow::Borrowed(part)),
            Self::Group(reader, group) => reader.read(*group, columns, None).map(Cow::Owned),
        }
    }

    /// Some columns of the rows that are chosen.
    pub(crate) fn rows(&self, columns: &[&str], chosen: &[bool]) -> Result<Rows<'a>, LakeError> {
        Ok(match self {
            Self::Part(part) => Rows {
                part: Cow::Borrowed(part),
                rows: (0..)
                    .zip(chosen)
                    .filter(|(_, c)| **c)
                    .map(|(row, _)| row)
                    .collect(),
            },
            Self::Group(reader, group) => {
                let chosen = chosen.contains(&false).then_some(chosen);
                let part = reader.read(*group, columns, chosen)?;
                Rows {
                    rows: (0..).take(part.row_count).collect(),
                    part: Cow::Owned(part),
                }
            }
        })
    }
}

/// The pieces of a table, in order of date.
pub(super) struct Pieces<'a, 't> {
    rest: Rest<'a, 't>,
    /// The file that is being read, and the row groups of it that come next.
    open: Option<(Arc<PartReader>, std::ops::Range<usize>)>,
}

enum Rest<'a, 't> {
    Files(&'a Lake, slice::Iter<'t, PartFile>),
    Parts(slice::Iter<'t, &'a Part>),
}

impl<'a, 't> Pieces<'a, 't> {
    pub(super) fn of_files(lake: &'a Lake, files: &'t [PartFile]) -> Self {
        Self {
            rest: Rest::Files(lake, files.iter()),
            open: None,
        }
    }

    pub(super) fn of_parts(parts: &'t [&'a Part]) -> Self {
        Self {
            rest: Rest::Parts(parts.iter()),
            open: None,
        }
    }
}

impl<'a> Iterator for Pieces<'a, '_> {
    type Item = Result<Piece<'a>, LakeError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((reader, groups)) = &mut self.open
                && let Some(group) = groups.next()
            {
                return Some(Ok(Piece::Group(Arc::clone(reader), group)));
            }
            match &mut self.rest {
                Rest::Files(lake, files) => match lake.reader(files.next()?) {
                    Ok(reader) => {
                        let groups = 0..reader.group_count();
                        self.open = Some((Arc::new(reader), groups));
                    }
                    Err(error) => return Some(Err(error)),
                },
                Rest::Parts(parts) => return parts.next().map(|part| Ok(Piece::Part(part))),
            }
        }
    }
}
