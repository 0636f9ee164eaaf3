//! Where a part holds the values of a key of the mapping.

use super::mapping::Key;
use crate::data::{Attribute, Column, Scalar, is_base};
use otolith_tables::Part;

/// Where a part holds the values of a key.
pub(super) enum KeyCells<'a> {
    /// Number of the column.
    Base(Option<usize>),
    Attribute(Attribute<'a>),
    /// Not in columns at all.
    Nowhere,
}

impl<'a> KeyCells<'a> {
    pub(super) fn of(part: &Part, key: &'a Key) -> Self {
        match key {
            Key::Column(name) => {
                let mut columns = part.columns.iter();
                Self::Base(columns.position(|column| is_base(&column.field, name)))
            }
            Key::Attribute(place, key) => Self::Attribute(Attribute::of(part, *place, key)),
            Key::Class(_) | Key::Time => Self::Nowhere,
        }
    }

    pub(super) fn get<'p>(&self, part: &'p Part, row: usize) -> Option<Scalar<'p>> {
        match self {
            Self::Base(index) => Column::new(&part.columns[(*index)?]).get(row),
            Self::Attribute(attribute) => attribute.get(part, row),
            Self::Nowhere => None,
        }
    }

    /// The only column that has values, if no other place may have some.
    pub(super) fn only_column(&self) -> Option<usize> {
        match self {
            Self::Base(index) => *index,
            Self::Attribute(attribute) => attribute.only_column(),
            Self::Nowhere => None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Base(index) => index.is_none(),
            Self::Attribute(attribute) => attribute.is_empty(),
            Self::Nowhere => true,
        }
    }
}
