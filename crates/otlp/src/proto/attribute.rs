//! Attributes: keys with their values, and lists of them.

use bumpalo::Bump;

use super::fault::{Fault, FaultKind};
use super::value::{Merged, Values, text, utf8, wrong_wire_type};
use super::wire::{self, Fields, Message, Slice, Wire};
use crate::attributes::UniqueList;
use crate::model::{Attributes, KeyValue, Value};

/// Room made for an attribute list before its length is known.
const ROOM: usize = 8;

/// Places in items whose attributes are kept for the next one; others are decoded each time.
const KEPT_PLACES: usize = 64;

/// An attribute list while it is read.
#[derive(Default)]
pub(super) struct AttributeList<'b>(Option<UniqueList<'b>>);

impl<'b> AttributeList<'b> {
    #[inline]
    pub(super) fn finish(self) -> Attributes<'b> {
        self.0.map_or(&[], |list| list.entries.into_bump_slice())
    }
}

impl<'a> Values<'_, 'a> {
    /// Takes the next attribute of a list. All of a usual one is done in here, so that it is not moved
    /// from call to call (bench `decode/protobuf`).
    #[inline(never)]
    pub(super) fn attribute<'b>(
        &mut self,
        list: &mut AttributeList<'b>,
        slice: Slice<'b>,
        bump: &'b Bump,
    ) -> Result<(), Fault> {
        let attribute = self.key_value(slice, self.limits.value_depth, bump)?;
        self.add(list, attribute, slice.offset, bump)
    }

    /// Takes the attributes of an item that stand one after another in fields of this number, at most
    /// 15, of which the first was read: nearly always all. Many say what the item before said in the same
    /// place, and are then compared instead of decoded (bench `decode/protobuf`).
    #[inline(always)]
    pub(super) fn attributes<'b>(
        &mut self,
        list: &mut AttributeList<'b>,
        fields: &mut Fields<'a>,
        (number, first): (u8, Slice<'a>),
        bump: &'b Bump,
    ) -> Result<(), Fault>
    where
        'a: 'b,
    {
        let (mut next, mut place) = (Some(first), 0);
        while let Some(slice) = next {
            match self.before.get(place) {
                Some((bytes, attribute)) if *bytes == slice.bytes => {
                    let attribute = *attribute;
                    self.add(list, attribute, slice.offset, bump)?;
                }
                _ => self.new_attribute(list, place, slice, bump)?,
            }
            place += 1;
            next = fields.another(number)?;
        }
        Ok(())
    }

    #[inline(never)]
    fn new_attribute<'b>(
        &mut self,
        list: &mut AttributeList<'b>,
        place: usize,
        slice: Slice<'a>,
        bump: &'b Bump,
    ) -> Result<(), Fault>
    where
        'a: 'b,
    {
        let Some(attribute) = usual_key_value(slice.bytes) else {
            return self.attribute(list, slice, bump);
        };
        if place < self.before.len() {
            self.before[place] = (slice.bytes, attribute);
        } else if place == self.before.len() && place < KEPT_PLACES {
            self.before.push((slice.bytes, attribute));
        }
        self.add(list, attribute, slice.offset, bump)
    }

    /// Adds an attribute that stands at `offset` to a list.
    #[inline(always)]
    pub(super) fn add<'b>(
        &mut self,
        list: &mut AttributeList<'b>,
        attribute: KeyValue<'b>,
        offset: usize,
        bump: &'b Bump,
    ) -> Result<(), Fault> {
        let list = list
            .0
            .get_or_insert_with(|| UniqueList::with_capacity(ROOM, bump));
        let limit = self.limits.attributes;
        if list.push(attribute) {
            self.notes.duplicate_keys += 1;
        } else if list.entries.len() > limit {
            return Err(FaultKind::Attributes { limit }.at(offset));
        }
        Ok(())
    }

    /// A `KeyValue`. `depth` is how many lists and maps may still open inside each other.
    #[inline(always)]
    pub(super) fn key_value<'b>(
        &mut self,
        slice: Slice<'b>,
        depth: usize,
        bump: &'b Bump,
    ) -> Result<KeyValue<'b>, Fault> {
        match usual_key_value(slice.bytes) {
            Some(attribute) => Ok(attribute),
            None => self.any_key_value(slice, depth, bump),
        }
    }

    fn any_key_value<'b>(
        &mut self,
        slice: Slice<'b>,
        depth: usize,
        bump: &'b Bump,
    ) -> Result<KeyValue<'b>, Fault> {
        let mut key = "";
        let mut value = Merged::new(bump);
        let mut fields = Message::from(slice).fields();
        while let Some(field) = fields.next()? {
            match (field.number, field.value) {
                (1, Wire::Len(s)) => key = text(field, s)?,
                (2, Wire::Len(s)) => value.push(s),
                (3, Wire::Varint(_)) => self.notes.string_indexes += 1,
                (1..=3, _) => return Err(wrong_wire_type(field)),
                _ => {}
            }
        }
        let value = match value.message() {
            Some(message) => self.nested_value(message, depth, bump)?,
            None => Value::Empty,
        };
        Ok(KeyValue { key, value })
    }
}

/// A `KeyValue` as nearly all are written: its key, then its value with one field, every length in
/// one byte. `None` for any other, and for one with a fault. Halves the time of decoding (bench
/// `decode/protobuf`).
#[inline(always)]
fn usual_key_value(bytes: &[u8]) -> Option<KeyValue<'_>> {
    // Tags: the number of the field and its wire type.
    const KEY: u8 = 1 << 3 | 2;
    const VALUE: u8 = 2 << 3 | 2;
    const STRING: u8 = 1 << 3 | 2;
    const BOOL: u8 = 2 << 3;
    const INT: u8 = 3 << 3;
    const DOUBLE: u8 = 4 << 3 | 1;
    const ONE_BYTE: u8 = 0x80;

    let [KEY, key_len, rest @ ..] = bytes else {
        return None;
    };
    let (key, rest_of_key) = rest.split_at_checked(usize::from(*key_len))?;
    let [VALUE, value_len, value @ ..] = rest_of_key else {
        return None;
    };
    if *key_len >= ONE_BYTE || *value_len >= ONE_BYTE || usize::from(*value_len) != value.len() {
        return None;
    }
    let value = match value {
        [STRING, len, text @ ..] if usize::from(*len) == text.len() => {
            // The four bytes between key and text are ASCII, so both are UTF-8 if all is: one
            // check costs less than two.
            let all = utf8(rest).ok()?;
            return Some(KeyValue {
                key: all.get(..key.len())?,
                value: Value::String(all.get(key.len() + 4..)?),
            });
        }
        [BOOL, truth] if *truth < ONE_BYTE => Value::Bool(*truth != 0),
        [INT, varint @ ..] => match wire::varint(varint) {
            Ok((int, len)) if len == varint.len() => Value::Int(int as i64),
            _ => return None,
        },
        [DOUBLE, double @ ..] => Value::Double(f64::from_le_bytes(double.try_into().ok()?)),
        _ => return None,
    };
    let key = utf8(key).ok()?;
    Some(KeyValue { key, value })
}
