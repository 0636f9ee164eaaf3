//! The rows of a part, and the address of the item that each belongs to.

use std::marker::PhantomData;

use bumpalo::Bump;
use otolith_otlp::{Attributes, SpanId, TraceId};

use super::attributes::AttributeColumns;
use super::error::{Fault, RestoreError};
use super::reserved::Reserved;
use crate::part::{AttributePlace, Part};
use crate::schema::column::Column;
use crate::schema::{EndingColumns, Rows};

/// The item that a row belongs to.
///
/// Files of one name can be in one lake, so that frame and item number are not always enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Address<'a> {
    pub source: &'a str,
    pub item: i64,
    pub owner: Owner,
}

/// What else rows say of the item that they belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    Span(Option<TraceId>, Option<SpanId>),
    /// Series and time of a point.
    Point(Option<i64>, Option<i64>),
}

/// A part with the columns of its rows.
#[derive(Debug)]
pub(crate) struct RowReader<'a, R> {
    part: &'a Part,
    columns: Vec<Column<'a>>,
    pub ending: EndingColumns<'a>,
    attributes: AttributeColumns<'a>,
    rows: PhantomData<R>,
}

impl<'a, R: Rows> RowReader<'a, R> {
    pub(crate) fn find(part: &'a Part) -> Result<Self, RestoreError> {
        let ending = EndingColumns::find(part)?;
        Ok(Self {
            part,
            columns: R::COLUMNS
                .iter()
                .map(|column| Column::find(part, column.name, column.r#type))
                .collect::<Result<_, _>>()?,
            attributes: AttributeColumns::find(part, AttributePlace::Item, &ending),
            ending,
            rows: PhantomData,
        })
    }

    pub(crate) fn row(&self, row: usize) -> Result<R::Row<'a>, Fault> {
        R::read(&self.columns, row)
    }

    /// The attributes of a row, and what its columns could not hold.
    pub(crate) fn attributes<'b>(
        &self,
        row: usize,
        bump: &'b Bump,
    ) -> Result<(Attributes<'b>, Reserved<'b>), Fault>
    where
        'a: 'b,
    {
        let (attributes, reserved) = self.attributes.read(row, bump)?;
        Ok((
            attributes.into_bump_slice(),
            Reserved::new(reserved, R::COLUMNS)?,
        ))
    }

    /// Puts a fault of a row in its place.
    pub(crate) fn fault(&self, row: usize) -> impl Fn(Fault) -> RestoreError + Copy + use<R> {
        let table = self.part.table;
        move |fault| fault.at(table, row)
    }

    /// The address of a row.
    pub(crate) fn address(&self, row: usize, owner: Owner) -> Result<Address<'a>, Fault> {
        let (source, item) = (&self.ending.source, &self.ending.item);
        Ok(Address {
            source: source.text(row).ok_or_else(|| source.fault("it is null"))?,
            item: item.int(row).ok_or_else(|| item.fault("it is null"))?,
            owner,
        })
    }
}
