//! The protobuf wire format: fields of a message, one after another, nothing allocated.

use super::fault::{Fault, FaultKind, GROUP_DEPTH};

/// A part of the payload and where it begins in there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slice<'a> {
    pub(crate) bytes: &'a [u8],
    /// Byte offset in the payload, for messages.
    pub(crate) offset: usize,
}

/// The bytes of one message: all its occurrences, in the order of the wire.
///
/// Protobuf merges repeated occurrences of an embedded message by decoding them one after
/// another as if they were one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub(crate) first: Slice<'a>,
    pub(crate) more: &'a [Slice<'a>],
}

impl<'a> Message<'a> {
    /// The whole payload.
    pub(crate) fn payload(bytes: &'a [u8]) -> Self {
        Self::from(Slice { bytes, offset: 0 })
    }

    /// The fields, from the first.
    pub(crate) fn fields(self) -> Fields<'a> {
        Fields {
            slice: self.first,
            pos: 0,
            more: self.more,
        }
    }
}

impl<'a> From<Slice<'a>> for Message<'a> {
    fn from(first: Slice<'a>) -> Self {
        Self { first, more: &[] }
    }
}

/// The fields of a message that are not read yet.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    slice: Slice<'a>,
    pos: usize,
    more: &'a [Slice<'a>],
}

/// One field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    pub(crate) value: Wire<'a>,
    /// Byte offset in the payload, of its tag.
    pub(crate) offset: usize,
}

/// The value of a field by its wire type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wire<'a> {
    Varint(u64),
    Fixed64(u64),
    Len(Slice<'a>),
    Fixed32(u32),
    /// A group, already skipped.
    Group,
}

impl<'a> Fields<'a> {
    /// The next field, or `None` at the end of the message.
    // Always: what a field is then decides the way at once and is not written to memory (bench
    // `stages`, `visit`).
    #[inline(always)]
    pub(crate) fn next(&mut self) -> Result<Option<Field<'a>>, Fault> {
        while self.pos == self.slice.bytes.len() {
            let Some((next, rest)) = self.more.split_first() else {
                return Ok(None);
            };
            self.slice = *next;
            self.pos = 0;
            self.more = rest;
        }
        let offset = self.offset();
        let (number, wire_type) = self.tag()?;
        let value = match wire_type {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => Wire::Len(self.len_delimited()?),
            3 => {
                self.skip_group(number, GROUP_DEPTH)?;
                Wire::Group
            }
            4 => return Err(FaultKind::Group.at(offset)),
            5 => Wire::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return Err(FaultKind::UnknownWireType.at(offset)),
        };
        Ok(Some(Field {
            number,
            value,
            offset,
        }))
    }

    /// The value of the next field, if it is the one with this number, which is at most 15, and has eight
    /// bytes.
    #[inline(always)]
    pub(crate) fn fixed64(&mut self, number: u8) -> Option<u64> {
        let field = self.slice.bytes.get(self.pos..)?.first_chunk::<9>()?;
        let [tag, value @ ..] = field;
        if *tag != number << 3 | 1 {
            return None;
        }
        self.pos += field.len();
        Some(u64::from_le_bytes(*value))
    }

    /// The next field, if it is a length-delimited one with this number, which is at most 15.
    #[inline(always)]
    pub(crate) fn another(&mut self, number: u8) -> Result<Option<Slice<'a>>, Fault> {
        if self.slice.bytes.get(self.pos) != Some(&(number << 3 | 2)) {
            return Ok(None);
        }
        self.pos += 1;
        self.len_delimited().map(Some)
    }

    /// Passes over the length-delimited fields that come next, as long as they have this number, which
    /// is at most 15. A list is read again when what stands around it is known.
    pub(crate) fn pass_over(&mut self, number: u8) -> Result<(), Fault> {
        while self.another(number)?.is_some() {}
        Ok(())
    }

    /// The bytes from an offset on to the end of the occurrence of the message that is being read.
    pub(crate) fn since(&self, offset: usize) -> &'a [u8] {
        let bytes = self.slice.bytes;
        bytes.get(offset - self.slice.offset..).unwrap_or_default()
    }

    /// Goes to an offset inside of what [`Self::since`] gave.
    pub(crate) fn go_to(&mut self, offset: usize) {
        self.pos = offset - self.slice.offset;
    }

    /// Byte offset in the payload of what is read next.
    pub(crate) fn offset(&self) -> usize {
        self.slice.offset + self.pos
    }

    #[inline(always)]
    fn tag(&mut self) -> Result<(u32, u8), Fault> {
        let offset = self.offset();
        let tag = self.varint()?;
        let number = tag >> 3;
        if number == 0 || number > 0x1FFF_FFFF {
            return Err(FaultKind::FieldNumber.at(offset));
        }
        Ok((number as u32, (tag & 7) as u8))
    }

    #[inline(always)]
    fn varint(&mut self) -> Result<u64, Fault> {
        let rest = &self.slice.bytes[self.pos..];
        match rest.first() {
            Some(&byte) if byte < 0x80 => {
                self.pos += 1;
                Ok(u64::from(byte))
            }
            _ => match varint(rest) {
                Ok((value, len)) => {
                    self.pos += len;
                    Ok(value)
                }
                Err(kind) => Err(kind.at(self.offset())),
            },
        }
    }

    #[inline(always)]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let rest = &self.slice.bytes[self.pos..];
        let Some(array) = rest.first_chunk::<N>() else {
            return Err(FaultKind::Truncated.at(self.offset()));
        };
        self.pos += N;
        Ok(*array)
    }

    #[inline(always)]
    fn len_delimited(&mut self) -> Result<Slice<'a>, Fault> {
        let offset = self.offset();
        let len = self.varint()?;
        let rest = &self.slice.bytes[self.pos..];
        let Some(bytes) = usize::try_from(len).ok().and_then(|len| rest.get(..len)) else {
            return Err(FaultKind::Truncated.at(offset));
        };
        let slice = Slice {
            bytes,
            offset: self.offset(),
        };
        self.pos += bytes.len();
        Ok(slice)
    }

    /// Skips to behind the end of the group whose start has been read.
    #[cold]
    fn skip_group(&mut self, number: u32, depth: u32) -> Result<(), Fault> {
        if depth == 0 {
            return Err(FaultKind::GroupDepth.at(self.offset()));
        }
        loop {
            let offset = self.offset();
            if self.pos == self.slice.bytes.len() {
                return Err(FaultKind::Truncated.at(offset));
            }
            let (inner, wire_type) = self.tag()?;
            match wire_type {
                0 => drop(self.varint()?),
                1 => drop(self.array::<8>()?),
                2 => drop(self.len_delimited()?),
                3 => self.skip_group(inner, depth - 1)?,
                4 if inner == number => return Ok(()),
                4 => return Err(FaultKind::Group.at(offset)),
                5 => drop(self.array::<4>()?),
                _ => return Err(FaultKind::UnknownWireType.at(offset)),
            }
        }
    }
}

/// The varint at the start of some bytes, and its length.
#[inline(never)]
pub(crate) fn varint(bytes: &[u8]) -> Result<(u64, usize), FaultKind> {
    let mut value = 0u64;
    for (i, &byte) in bytes.iter().take(10).enumerate() {
        // The tenth byte holds the last of 64 bits.
        if i == 9 && byte > 1 {
            return Err(FaultKind::Varint);
        }
        value |= u64::from(byte & 0x7F) << (7 * i);
        if byte < 0x80 {
            return Ok((value, i + 1));
        }
    }
    Err(FaultKind::Truncated)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: Result<&str, FaultKind>) {
        let mut fields = Message::payload(bytes).fields();
        let mut text = String::new();
        let got = loop {
            match fields.next() {
                Ok(None) => break Ok(text.as_str()),
                Ok(Some(field)) => {
                    let value = match field.value {
                        Wire::Varint(v) => format!("v{v}"),
                        Wire::Fixed64(v) => format!("q{v}"),
                        Wire::Fixed32(v) => format!("d{v}"),
                        Wire::Len(s) => format!("{:?}@{}", s.bytes, s.offset),
                        Wire::Group => "group".to_owned(),
                    };
                    text += &format!("{}:{value} ", field.number);
                }
                Err(fault) => break Err(fault.kind),
            }
        };
        assert_eq!(got.map(str::trim), expected, "{bytes:?}");
    }

    #[test]
    fn fields_of_every_wire_type() {
        check(b"", Ok(""));
        check(b"\x08\x96\x01", Ok("1:v150"));
        check(b"\x09\x01\0\0\0\0\0\0\0", Ok("1:q1"));
        check(b"\x0D\x01\0\0\0", Ok("1:d1"));
        check(b"\x12\x02ab\x12\0", Ok("2:[97, 98]@2 2:[]@6"));
        check(
            b"\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01",
            Ok("1:v18446744073709551615"),
        );
        // A group in a group, with a field of each kind inside.
        check(
            b"\x0B\x08\x01\x13\x0D\0\0\0\0\x14\x12\x01x\x0C\x10\x05",
            Ok("1:group 2:v5"),
        );
    }

    #[test]
    fn faults_of_the_wire() {
        check(b"\x08", Err(FaultKind::Truncated));
        check(b"\x08\x80", Err(FaultKind::Truncated));
        check(b"\x09\0\0\0\0\0\0\0", Err(FaultKind::Truncated));
        check(b"\x12\x03ab", Err(FaultKind::Truncated));
        check(
            b"\x12\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01",
            Err(FaultKind::Truncated),
        );
        check(
            b"\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02",
            Err(FaultKind::Varint),
        );
        check(&[0x80; 11], Err(FaultKind::Varint));
        check(b"\x00\x01", Err(FaultKind::FieldNumber));
        check(b"\x0E", Err(FaultKind::UnknownWireType));
        check(b"\x0C", Err(FaultKind::Group));
        check(b"\x0B\x14", Err(FaultKind::Group));
        check(b"\x0B\x08\x01", Err(FaultKind::Truncated));
        check(&[0x0B; 1000], Err(FaultKind::GroupDepth));
    }
}
