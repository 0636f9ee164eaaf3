//! Where items lie in captures.

use super::item::Texts;
use super::rows::{Base, Rows};
use std::fmt;
use std::sync::Arc;

/// Where an item lies in a capture: `FILE#FRAME/ITEM`, as the columns `source` and `item` of the
/// tables have it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// Name of the capture file, `#`, number of the frame in it from 1.
    pub frame: Arc<str>,
    /// Number of the item in its frame, from 0.
    pub item: i64,
    /// The series, of a point.
    pub series: Option<i64>,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.frame, self.item)
    }
}

/// What is read of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// What they amount to.
    Amounts,
    /// Also where they lie, which takes reading more columns.
    Addresses,
}

impl Address {
    /// The address of a row; none if it was not read.
    pub(super) fn of(rows: &Rows<'_>, row: usize, texts: &mut Texts) -> Option<Self> {
        let item = rows.base_int(row, Base::Item)?;
        Some(Self {
            frame: texts.get(rows.base_text(row, Base::Source)),
            item,
            series: rows.base_int(row, Base::SeriesId),
        })
    }
}
