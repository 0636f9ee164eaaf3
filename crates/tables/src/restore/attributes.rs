//! Attributes out of their columns and the JSON rest.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use otolith_otlp::{KeyValue, Value};

use super::error::Fault;
use super::json::{Json, parse_object};
use super::{sent_as, value};
use crate::part::{AttributePlace, ColumnOrigin, Part, PartColumn};
use crate::schema::EndingColumns;
use crate::schema::column::{self, Cell, Column};
use crate::value::json::{ESCAPE_PREFIX, RESERVED_PREFIX};

/// The columns with the attributes of a place.
#[derive(Debug)]
pub(crate) struct AttributeColumns<'a> {
    place: AttributePlace,
    columns: Vec<(&'a str, &'a PartColumn)>,
    rest: Column<'a>,
    sent_as: Column<'a>,
}

/// Attributes of a row, and what base columns could not hold: name of the column and JSON.
pub(crate) type Found<'b> = (BumpVec<'b, KeyValue<'b>>, BumpVec<'b, (&'b str, Json<'b>)>);

impl<'a> AttributeColumns<'a> {
    pub(crate) fn find(part: &'a Part, place: AttributePlace, ending: &EndingColumns<'a>) -> Self {
        let columns = part.columns.iter();
        Self {
            place,
            columns: columns
                .filter_map(|column| match &column.field.origin {
                    ColumnOrigin::Attribute { place: of, key } if *of == place => {
                        Some((key.as_str(), column))
                    }
                    _ => None,
                })
                .collect(),
            rest: match place {
                AttributePlace::Item => ending.attributes,
                AttributePlace::Resource => ending.resource_attributes,
                AttributePlace::Scope => ending.scope_attributes,
            },
            sent_as: ending.sent_as,
        }
    }

    /// The attributes of a row as sent, in the order of the columns, then of the JSON rest.
    pub(crate) fn read<'b>(&self, row: usize, bump: &'b Bump) -> Result<Found<'b>, Fault>
    where
        'a: 'b,
    {
        let mut attributes = BumpVec::new_in(bump);
        let mut reserved = BumpVec::new_in(bump);
        for (key, column) in &self.columns {
            if let Some(cell) = column::cell(column, row) {
                attributes.push(KeyValue {
                    key,
                    value: of_cell(cell, bump),
                });
            }
        }
        if let Some(text) = self.rest.text(row) {
            let fault = |reason| self.rest.fault(reason);
            for (key, json) in parse_object(text, bump).map_err(fault)? {
                let key = match key.strip_prefix(ESCAPE_PREFIX) {
                    Some(key) => key,
                    None => match key.strip_prefix(RESERVED_PREFIX) {
                        Some(column) => {
                            reserved.push((column, *json));
                            continue;
                        }
                        None => key,
                    },
                };
                let value = value::plain(*json, bump).map_err(fault)?;
                attributes.push(KeyValue { key, value });
            }
        }
        let fault = |reason| self.sent_as.fault(reason);
        let converted =
            sent_as::of_place(self.sent_as.text(row), self.place, bump).map_err(fault)?;
        sent_as::undo(&mut attributes, converted, bump).map_err(fault)?;
        Ok((attributes, reserved))
    }

    /// True if two rows have the same attributes, written in the same way.
    pub(crate) fn is_same(&self, one: usize, other: usize, bump: &Bump) -> bool {
        let same_sent = || {
            let [one, other] = [one, other].map(|row| self.sent_as.text(row));
            let of_place = |text| sent_as::of_place(text, self.place, bump);
            one == other || of_place(one) == of_place(other)
        };
        self.rest.is_same(one, other)
            && self
                .columns
                .iter()
                .all(|(_, column)| column::is_same(column, one, other))
            && same_sent()
    }
}

fn of_cell<'b>(cell: Cell<'b>, bump: &'b Bump) -> Value<'b> {
    match cell {
        Cell::Int(int) => Value::Int(int),
        Cell::Double(double) => Value::Double(double),
        Cell::Bool(truth) => Value::Bool(truth),
        Cell::Text(text) => Value::String(text),
        // Only columns of other tools hold lists.
        Cell::Ints(ints) => {
            Value::Array(bump.alloc_slice_fill_iter(ints.iter().map(|int| Value::Int(*int))))
        }
        Cell::Doubles(doubles) => Value::Array(
            bump.alloc_slice_fill_iter(doubles.iter().map(|double| Value::Double(*double))),
        ),
    }
}
