//! Values and attributes as plain JSON: the kind of a value is that of its JSON.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use crate::Limits;
use crate::attributes::UniqueList;
use crate::json::fault::{Note, Stop};
use crate::json::number::{self, Integer};
use crate::json::reader::Reader;
use crate::model::{Attributes, KeyValue, Value};
use crate::problems::{TOO_DEEP, TOO_MANY_ATTRIBUTES};

/// Room made for an attribute list before its length is known.
const ROOM: usize = 8;

/// Reads attributes, the members of an object. A cut one is empty, with a note.
pub(super) fn attributes<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<Attributes<'b>, Stop> {
    if reader.cut() {
        reader.note(Note::CutReference);
        return Ok(&[]);
    }
    let start = reader.offset();
    if !reader.object()? {
        return Ok(&[]);
    }
    let mut list = List::new(start, bump, limits);
    let mut first = true;
    while let Some(key) = reader.member(&mut first)? {
        let value = value(reader, bump, limits.value_depth)?;
        list.push(KeyValue { key, value }, reader)?;
    }
    Ok(list.finish())
}

/// Attributes with unique keys, no more than the limit.
pub(super) struct List<'b, 'l> {
    unique: UniqueList<'b>,
    start: usize,
    limits: &'l Limits,
}

impl<'b, 'l> List<'b, 'l> {
    /// Makes a list of attributes that begin at `start`.
    pub(super) fn new(start: usize, bump: &'b Bump, limits: &'l Limits) -> Self {
        Self {
            unique: UniqueList::with_capacity(ROOM, bump),
            start,
            limits,
        }
    }

    /// Adds an attribute; the last of a key counts.
    ///
    /// # Errors
    ///
    /// Stops at too many.
    pub(super) fn push(
        &mut self,
        attribute: KeyValue<'b>,
        reader: &mut Reader<'_>,
    ) -> Result<(), Stop> {
        if self.unique.push(attribute) {
            reader.note(Note::DuplicateAttributeKey);
        } else if self.unique.entries.len() > self.limits.attributes {
            return reader.stop(
                TOO_MANY_ATTRIBUTES,
                self.start,
                format!("expected at most {} attributes", self.limits.attributes),
            );
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Attributes<'b> {
        self.unique.entries.into_bump_slice()
    }
}

/// Reads a value. `depth` is how many lists and maps may still open inside each other.
///
/// A number without fraction and exponent is an integer, as the SDK's own exporters have it. A text
/// that may stand for a list or map cut out is kept as it is, with a note.
pub(super) fn value<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    depth: usize,
) -> Result<Value<'b>, Stop> {
    match reader.peek() {
        b'"' => {
            let start = reader.offset();
            if reader.cut() {
                reader.note(Note::CutReference);
                reader.go_to(start);
            }
            Ok(Value::String(reader.string(bump)?))
        }
        b'{' | b'[' if depth == 0 => {
            let start = reader.offset();
            reader.stop(
                TOO_DEEP,
                start,
                "lists and maps inside each other too deeply",
            )
        }
        b'{' => {
            reader.object()?;
            let mut entries = BumpVec::new_in(bump);
            let mut first = true;
            while let Some(key) = reader.member(&mut first)? {
                let value = value(reader, bump, depth - 1)?;
                entries.push(KeyValue { key, value });
            }
            Ok(Value::KeyValueList(entries.into_bump_slice()))
        }
        b'[' => {
            reader.list()?;
            let mut values = BumpVec::new_in(bump);
            let mut first = true;
            while reader.element(&mut first)? {
                values.push(value(reader, bump, depth - 1)?);
            }
            Ok(Value::Array(values.into_bump_slice()))
        }
        b't' | b'f' => Ok(reader.bool_field()?.map_or(Value::Empty, Value::Bool)),
        b'-' | b'0'..=b'9' => number_value(reader),
        _ if reader.null()? => Ok(Value::Empty),
        _ => reader.syntax("a value"),
    }
}

fn number_value<'b>(reader: &mut Reader<'_>) -> Result<Value<'b>, Stop> {
    let start = reader.offset();
    let text = reader.number()?;
    let is_integer = !text.contains(['.', 'e', 'E']);
    if is_integer
        && let Integer::Exact(value) = number::integer(text)
        && let Ok(value) = i64::try_from(value)
    {
        return Ok(Value::Int(value));
    }
    reader.go_to(start);
    if is_integer {
        reader.note(Note::IntOutOfRange);
    }
    Ok(reader.double_field()?.map_or(Value::Empty, Value::Double))
}
