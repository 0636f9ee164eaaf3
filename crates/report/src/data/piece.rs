//! Rows of a table that lie together.

use otolith_lake::{LakeError, PartReader};
use otolith_tables::Part;
use std::borrow::Cow;
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
