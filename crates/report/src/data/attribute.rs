//! Values of attributes, wherever a part holds them.

use super::column::Column;
use super::scalar::{Scalar, member};
use otolith_tables::{AttributePlace, ColumnOrigin, Field, Part};

/// Where a part holds the values of an attribute.
pub(crate) struct Attribute<'k> {
    /// Numbers of its columns that have values, the plain one first.
    columns: Vec<usize>,
    /// The column with the JSON rest, and the key to look for there: so it does not matter which
    /// keys got columns. None if no row has a rest.
    rest: Option<(usize, &'k str)>,
}

impl<'k> Attribute<'k> {
    pub(crate) fn of(part: &Part, place: AttributePlace, key: &'k str) -> Self {
        let columns = part.columns.iter().enumerate();
        let found = columns.filter(|(_, column)| {
            has_column(&column.field, place, key) && Column::new(column).has_values()
        });
        let mut found: Vec<usize> = found.map(|(index, _)| index).collect();
        // A side column's name is the plain one's with a suffix.
        found.sort_by_key(|index| part.columns[*index].field.name.len());
        let mut columns = part.columns.iter();
        let rest = columns
            .position(|column| is_base(&column.field, rest_column(place)))
            .filter(|rest| Column::new(&part.columns[*rest]).has_values());
        Self {
            columns: found,
            rest: rest.map(|rest| (rest, key)),
        }
    }

    /// The value of a row.
    pub(crate) fn get<'p>(&self, part: &'p Part, row: usize) -> Option<Scalar<'p>> {
        let column = |index: &usize| Column::new(&part.columns[*index]);
        let columns = self.columns.iter().map(column);
        let value = columns.filter_map(|column| column.get(row)).next();
        value.or_else(|| {
            let (rest, key) = self.rest?;
            member(column(&rest).text(row)?, key)
        })
    }

    /// The only column that has values, if no other place may have some.
    pub(crate) fn only_column(&self) -> Option<usize> {
        match (self.columns.as_slice(), self.rest) {
            ([column], None) => Some(*column),
            _ => None,
        }
    }

    /// True if no row has a value.
    pub(crate) fn is_empty(&self) -> bool {
        self.columns.is_empty() && self.rest.is_none()
    }
}

/// Whether a column may hold values of an attribute: its own, or the JSON rest.
pub(crate) fn may_hold(field: &Field, place: AttributePlace, key: &str) -> bool {
    has_column(field, place, key) || is_base(field, rest_column(place))
}

/// Whether a column is the base column of a name.
pub(crate) fn is_base(field: &Field, name: &str) -> bool {
    field.origin == ColumnOrigin::Base && field.name == name
}

fn has_column(field: &Field, place: AttributePlace, key: &str) -> bool {
    match &field.origin {
        ColumnOrigin::Attribute { place: p, key: k } => *p == place && k == key,
        _ => false,
    }
}

/// The base column with the JSON of attributes that have no column of their own.
const fn rest_column(place: AttributePlace) -> &'static str {
    match place {
        AttributePlace::Item => "attributes",
        AttributePlace::Resource => "resource_attributes",
        AttributePlace::Scope => "scope_attributes",
    }
}
