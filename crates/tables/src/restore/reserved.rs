//! Numbers of the protocol out of base columns, or out of the JSON rest where they do not fit.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use super::error::Fault;
use super::json::Json;
use crate::schema::ColumnDefinition;

/// What base columns of a row could not hold.
#[derive(Debug)]
pub(crate) struct Reserved<'b> {
    values: BumpVec<'b, (&'b str, Json<'b>)>,
}

impl<'b> Reserved<'b> {
    /// # Errors
    ///
    /// If a value is of none of the table's columns.
    pub(crate) fn new(
        values: BumpVec<'b, (&'b str, Json<'b>)>,
        columns: &[ColumnDefinition],
    ) -> Result<Self, Fault> {
        let is_known = |name: &str| columns.iter().any(|column| column.name == name);
        if values.iter().all(|(name, _)| is_known(name)) {
            Ok(Self { values })
        } else {
            Err(Fault {
                column: "attributes",
                reason: "a key begins with `otolith.` and names no column",
            })
        }
    }

    fn get(&self, column: &str) -> Option<Json<'b>> {
        let found = self.values.iter().find(|(name, _)| *name == column);
        found.map(|(_, json)| *json)
    }

    /// A time or count, 0 where there is none.
    pub(crate) fn unsigned(&self, value: Option<i64>, column: &'static str) -> Result<u64, Fault> {
        match (value, self.get(column)) {
            (Some(int), _) => narrow(Some(int), column),
            (None, None) => Ok(0),
            (None, Some(json)) => unsigned(json, column),
        }
    }

    /// A list of counts.
    pub(crate) fn counts(
        &self,
        counts: Option<&[i64]>,
        column: &'static str,
        bump: &'b Bump,
    ) -> Result<Option<&'b [u64]>, Fault> {
        let mut list = BumpVec::new_in(bump);
        match (counts, self.get(column)) {
            (Some(counts), _) => {
                for count in counts {
                    list.push(narrow(Some(*count), column)?);
                }
            }
            (None, Some(Json::List(counts))) => {
                for count in counts {
                    list.push(unsigned(*count, column)?);
                }
            }
            (None, Some(_)) => return Err(not_unsigned(column)),
            (None, None) => return Ok(None),
        }
        Ok(Some(list.into_bump_slice()))
    }
}

fn unsigned(json: Json<'_>, column: &'static str) -> Result<u64, Fault> {
    match json {
        Json::Text(text) => text.parse().map_err(|_| not_unsigned(column)),
        _ => Err(not_unsigned(column)),
    }
}

const fn not_unsigned(column: &'static str) -> Fault {
    Fault {
        column,
        reason: "expected an unsigned number in `attributes`",
    }
}

/// An integer of a column in the type of its field, 0 where there is none.
pub(crate) fn narrow<T: TryFrom<i64> + Default>(
    value: Option<i64>,
    column: &'static str,
) -> Result<T, Fault> {
    let Some(value) = value else {
        return Ok(T::default());
    };
    T::try_from(value).map_err(|_| Fault {
        column,
        reason: "the number is beyond the range of its field",
    })
}
