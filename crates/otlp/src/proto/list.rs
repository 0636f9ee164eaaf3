//! Lists of numbers, packed or not, or both in turns.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use super::fault::{Fault, FaultKind};
use super::value::wrong_wire_type;
use super::wire::{Message, Slice, Wire, varint};

/// What was seen of a list.
pub(super) enum Found<'b> {
    Nothing,
    /// One occurrence with bytes in it: nearly always it is the whole list, packed.
    Once(Slice<'b>),
    /// Anything else.
    More,
}

impl<'b> Found<'b> {
    /// Takes the next occurrence.
    pub(super) fn push(&mut self, value: Wire<'b>) {
        *self = match (&*self, value) {
            (Self::Nothing, Wire::Len(slice)) => Self::Once(slice),
            _ => Self::More,
        };
    }

    /// The list of fixed64 numbers, packed or not, in field `number` of the message in which it was
    /// seen.
    pub(super) fn fixed64_list<T>(
        self,
        message: Message<'b>,
        number: u32,
        from_bits: fn(u64) -> T,
        bump: &'b Bump,
    ) -> Result<&'b [T], Fault> {
        match self {
            Self::Nothing => Ok(&[]),
            Self::Once(slice) if slice.bytes.len() % 8 == 0 => {
                let (chunks, _) = slice.bytes.as_chunks::<8>();
                let numbers = chunks.iter().map(|c| from_bits(u64::from_le_bytes(*c)));
                Ok(bump.alloc_slice_fill_iter(numbers))
            }
            Self::Once(_) | Self::More => fixed64_list(message, number, from_bits, bump),
        }
    }
}

/// A list of fixed64 numbers, packed or not, in field `number` of a message.
fn fixed64_list<'b, T>(
    message: Message<'b>,
    number: u32,
    from_bits: fn(u64) -> T,
    bump: &'b Bump,
) -> Result<&'b [T], Fault> {
    let mut len = 0;
    let mut fields = message.fields();
    while let Some(field) = fields.next()? {
        if field.number != number {
            continue;
        }
        match field.value {
            Wire::Fixed64(_) => len += 1,
            Wire::Len(s) if s.bytes.len() % 8 == 0 => len += s.bytes.len() / 8,
            Wire::Len(s) => {
                let field = number as u8;
                return Err(FaultKind::Packed { field }.at(s.offset));
            }
            _ => return Err(wrong_wire_type(field)),
        }
    }
    let mut list = BumpVec::with_capacity_in(len, bump);
    let mut fields = message.fields();
    while let Some(field) = fields.next()? {
        match field.value {
            _ if field.number != number => {}
            Wire::Fixed64(bits) => list.push(from_bits(bits)),
            Wire::Len(s) => {
                let (chunks, _) = s.bytes.as_chunks::<8>();
                list.extend(chunks.iter().map(|c| from_bits(u64::from_le_bytes(*c))));
            }
            _ => {}
        }
    }
    Ok(list.into_bump_slice())
}

/// A list of varints, packed or not, in field `number` of a message.
pub(super) fn varint_list<'b>(
    message: Message<'b>,
    number: u32,
    bump: &'b Bump,
) -> Result<&'b [u64], Fault> {
    let mut len = 0;
    let mut fields = message.fields();
    while let Some(field) = fields.next()? {
        match field.value {
            _ if field.number != number => {}
            Wire::Varint(_) => len += 1,
            Wire::Len(s) => len += s.bytes.iter().filter(|&&byte| byte < 0x80).count(),
            _ => return Err(wrong_wire_type(field)),
        }
    }
    let mut list = BumpVec::with_capacity_in(len, bump);
    let mut fields = message.fields();
    while let Some(field) = fields.next()? {
        match field.value {
            _ if field.number != number => {}
            Wire::Varint(value) => list.push(value),
            Wire::Len(s) => {
                let mut pos = 0;
                while pos < s.bytes.len() {
                    let (value, len) =
                        varint(&s.bytes[pos..]).map_err(|kind| kind.at(s.offset + pos))?;
                    list.push(value);
                    pos += len;
                }
            }
            _ => {}
        }
    }
    Ok(list.into_bump_slice())
}
