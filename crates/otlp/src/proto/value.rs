//! Values, ids and texts: what resources, scopes and items are made of.

use std::str::Utf8Error;

use ascii::AsAsciiStr as _;
use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use super::fault::{Fault, FaultKind};
use super::wire::{Field, Message, Slice, Wire};
use crate::Limits;
use crate::known_lists::KnownLists;
use crate::model::{KeyValue, Number, SpanId, TraceId, Value};
use crate::sink::NoteCode;
use crate::{problems, sink::Sink};

/// Decodes values under the limits, and counts what it tolerated.
pub(super) struct Values<'l, 'a> {
    pub(super) limits: &'l Limits,
    pub(super) lists: &'l mut KnownLists,
    pub(super) notes: Notes,
    /// Attributes of the span or log record before, by their place in it, as far as they are usual.
    pub(super) before: Vec<(&'a [u8], KeyValue<'a>)>,
}

/// Counts of what was tolerated since they were last taken.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Notes {
    pub(super) duplicate_keys: u64,
    pub(super) string_indexes: u64,
}

impl Notes {
    /// True if nothing was tolerated.
    pub(super) fn is_empty(self) -> bool {
        self.duplicate_keys == 0 && self.string_indexes == 0
    }

    /// Hands the notes to the sink and begins anew.
    pub(super) fn flush<S: Sink>(&mut self, sink: &mut S) {
        let notes = std::mem::take(self);
        let mut send = |code: NoteCode, count: u64| (0..count).for_each(|_| sink.note(code));
        send(problems::DUPLICATE_ATTRIBUTE_KEY, notes.duplicate_keys);
        send(problems::STRING_INDEX_IGNORED, notes.string_indexes);
    }
}

/// The occurrences of an embedded message that may occur once, and is merged if it does not.
pub(super) struct Merged<'b> {
    first: Option<Slice<'b>>,
    more: BumpVec<'b, Slice<'b>>,
}

impl<'b> Merged<'b> {
    pub(super) fn new(bump: &'b Bump) -> Self {
        Self {
            first: None,
            more: BumpVec::new_in(bump),
        }
    }

    #[inline]
    pub(super) fn push(&mut self, slice: Slice<'b>) {
        if self.first.is_none() {
            self.first = Some(slice);
        } else {
            self.more.push(slice);
        }
    }

    /// The message, if it occurred.
    #[inline]
    pub(super) fn message(self) -> Option<Message<'b>> {
        let more = if self.more.is_empty() {
            &[]
        } else {
            self.more.into_bump_slice()
        };
        self.first.map(|first| Message { first, more })
    }
}

/// The oneof of an `AnyValue` while its fields are read: the last one set wins, and a message
/// set several times in a row is merged.
enum Chosen<'b> {
    Done(Value<'b>),
    Array(Merged<'b>),
    Map(Merged<'b>),
}

impl<'l, 'a> Values<'l, 'a> {
    pub(super) fn new(limits: &'l Limits, lists: &'l mut KnownLists) -> Self {
        Self {
            limits,
            lists,
            notes: Notes::default(),
            before: Vec::new(),
        }
    }

    /// An `AnyValue`.
    pub(super) fn value<'b>(
        &mut self,
        message: Message<'b>,
        bump: &'b Bump,
    ) -> Result<Value<'b>, Fault> {
        self.nested_value(message, self.limits.value_depth, bump)
    }

    pub(super) fn nested_value<'b>(
        &mut self,
        message: Message<'b>,
        depth: usize,
        bump: &'b Bump,
    ) -> Result<Value<'b>, Fault> {
        let mut chosen = Chosen::Done(Value::Empty);
        let mut fields = message.fields();
        while let Some(field) = fields.next()? {
            let value = match (field.number, field.value) {
                (1, Wire::Len(s)) => Value::String(text(field, s)?),
                (2, Wire::Varint(v)) => Value::Bool(v != 0),
                (3, Wire::Varint(v)) => Value::Int(v as i64),
                (4, Wire::Fixed64(v)) => Value::Double(f64::from_bits(v)),
                (5, Wire::Len(s)) => {
                    if !matches!(chosen, Chosen::Array(_)) {
                        chosen = Chosen::Array(Merged::new(bump));
                    }
                    if let Chosen::Array(occurrences) = &mut chosen {
                        occurrences.push(s);
                    }
                    continue;
                }
                (6, Wire::Len(s)) => {
                    if !matches!(chosen, Chosen::Map(_)) {
                        chosen = Chosen::Map(Merged::new(bump));
                    }
                    if let Chosen::Map(occurrences) = &mut chosen {
                        occurrences.push(s);
                    }
                    continue;
                }
                (7, Wire::Len(s)) => Value::Bytes(s.bytes),
                (8, Wire::Varint(_)) => {
                    self.notes.string_indexes += 1;
                    Value::Empty
                }
                (1..=8, _) => return Err(wrong_wire_type(field)),
                _ => continue,
            };
            chosen = Chosen::Done(value);
        }
        match chosen {
            Chosen::Done(value) => Ok(value),
            Chosen::Array(occurrences) => self.array(occurrences, depth, bump),
            Chosen::Map(occurrences) => self.map(occurrences, depth, bump),
        }
    }

    fn array<'b>(
        &mut self,
        occurrences: Merged<'b>,
        depth: usize,
        bump: &'b Bump,
    ) -> Result<Value<'b>, Fault> {
        let Some(message) = occurrences.message() else {
            return Ok(Value::Array(&[]));
        };
        let depth = self.deeper(depth, message)?;
        let mut values = BumpVec::with_capacity_in(count(message, 1)?, bump);
        let mut fields = message.fields();
        while let Some(field) = fields.next()? {
            if let Some(slice) = numbered(field, 1)? {
                values.push(self.nested_value(slice.into(), depth, bump)?);
            }
        }
        Ok(Value::Array(values.into_bump_slice()))
    }

    fn map<'b>(
        &mut self,
        occurrences: Merged<'b>,
        depth: usize,
        bump: &'b Bump,
    ) -> Result<Value<'b>, Fault> {
        let Some(message) = occurrences.message() else {
            return Ok(Value::KeyValueList(&[]));
        };
        let depth = self.deeper(depth, message)?;
        let mut values = BumpVec::with_capacity_in(count(message, 1)?, bump);
        let mut fields = message.fields();
        while let Some(field) = fields.next()? {
            if let Some(slice) = numbered(field, 1)? {
                values.push(self.key_value(slice, depth, bump)?);
            }
        }
        Ok(Value::KeyValueList(values.into_bump_slice()))
    }

    fn deeper(&self, depth: usize, message: Message<'_>) -> Result<usize, Fault> {
        let limit = self.limits.value_depth;
        depth
            .checked_sub(1)
            .ok_or(FaultKind::ValueDepth { limit }.at(message.first.offset))
    }
}

/// How often the embedded message `number` occurs in a message.
fn count(message: Message<'_>, number: u32) -> Result<usize, Fault> {
    let mut found = 0;
    let mut fields = message.fields();
    while let Some(field) = fields.next()? {
        found += usize::from(field.number == number);
    }
    Ok(found)
}

/// The bytes of a length-delimited field if it is field `number`.
#[inline]
pub(super) fn numbered(field: Field<'_>, number: u32) -> Result<Option<Slice<'_>>, Fault> {
    match field.value {
        Wire::Len(slice) if field.number == number => Ok(Some(slice)),
        _ if field.number == number => Err(wrong_wire_type(field)),
        _ => Ok(None),
    }
}

/// A known field came with a wire type that it cannot have.
#[cold]
pub(super) fn wrong_wire_type(field: Field<'_>) -> Fault {
    // Known fields have small numbers.
    let number = field.number as u8;
    FaultKind::WrongWireType { field: number }.at(field.offset)
}

/// The text of a string field.
#[inline]
pub(super) fn text<'b>(field: Field<'_>, slice: Slice<'b>) -> Result<&'b str, Fault> {
    utf8(slice.bytes).map_err(|error| {
        let number = field.number as u8;
        FaultKind::Utf8 { field: number }.at(slice.offset + error.valid_up_to())
    })
}

/// Bytes as a text. Nearly all are short ASCII, of which the standard library's check of UTF-8 takes
/// most one by one (bench `decode/protobuf`).
#[inline]
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, Utf8Error> {
    match bytes.as_ascii_str() {
        Ok(text) => Ok(text.as_str()),
        Err(_) => std::str::from_utf8(bytes),
    }
}

/// A trace id; empty or all zero is none.
#[inline]
pub(super) fn trace_id(slice: Slice<'_>) -> Result<Option<TraceId>, Fault> {
    id(slice)
}

/// A span id; empty or all zero is none.
#[inline]
pub(super) fn span_id(slice: Slice<'_>) -> Result<Option<SpanId>, Fault> {
    id(slice)
}

#[inline]
fn id<const N: usize>(slice: Slice<'_>) -> Result<Option<[u8; N]>, Fault> {
    match <[u8; N]>::try_from(slice.bytes) {
        Ok(id) => Ok((id != [0; N]).then_some(id)),
        Err(_) if slice.bytes.is_empty() => Ok(None),
        Err(_) => Err(FaultKind::IdLength {
            expected: N as u8,
            actual: slice.bytes.len(),
        }
        .at(slice.offset)),
    }
}

/// A double as a [`Number`].
pub(super) fn double(bits: u64) -> Number {
    Number::Double(f64::from_bits(bits))
}
