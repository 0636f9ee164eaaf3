//! The compact protocol of Thrift, as far as footers and page headers need it.
//!
//! Format: <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>.
//! Whatever it does not allow is `None`.

/// How deep structs lie in each other at most, where they are passed over.
const MOST_DEPTH: u32 = 16;

/// What kind of value a field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    True,
    False,
    Byte,
    /// A whole number of 16, 32 or 64 bits.
    Int,
    Double,
    Binary,
    /// A list or a set.
    List,
    Map,
    Struct,
}

impl Kind {
    fn of(nibble: u8) -> Option<Self> {
        Some(match nibble {
            1 => Self::True,
            2 => Self::False,
            3 => Self::Byte,
            4..=6 => Self::Int,
            7 => Self::Double,
            8 => Self::Binary,
            9 | 10 => Self::List,
            11 => Self::Map,
            12 => Self::Struct,
            _ => return None,
        })
    }
}

/// The rest of some bytes.
#[derive(Clone, Debug)]
pub(super) struct Thrift<'a>(&'a [u8]);

impl<'a> Thrift<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What was not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The field after the one of a number, which becomes the number of the new one; the inner
    /// `None` at the end of a struct.
    pub fn field(&mut self, number: &mut i64) -> Option<Option<Kind>> {
        let byte = self.byte()?;
        if byte == 0 {
            return Some(None);
        }
        *number = match byte >> 4 {
            0 => self.int()?,
            delta => number.checked_add(i64::from(delta))?,
        };
        Kind::of(byte & 0x0f).map(Some)
    }

    /// Kind and number of the items of a list.
    pub fn list(&mut self) -> Option<(Kind, usize)> {
        let byte = self.byte()?;
        let count = match byte >> 4 {
            15 => usize::try_from(self.varint()?).ok()?,
            count => usize::from(count),
        };
        // Every item takes a byte at least.
        (count <= self.0.len()).then_some((Kind::of(byte & 0x0f)?, count))
    }

    pub fn int(&mut self) -> Option<i64> {
        let zigzag = self.varint()?;
        Some((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed())
    }

    pub fn binary(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.varint()?).ok()?;
        self.take(len)
    }

    /// Passes over a value.
    pub fn skip(&mut self, kind: Kind) -> Option<()> {
        self.skip_in(kind, MOST_DEPTH)
    }

    fn skip_in(&mut self, kind: Kind, depth: u32) -> Option<()> {
        match kind {
            Kind::True | Kind::False => {}
            Kind::Byte => {
                self.byte()?;
            }
            Kind::Int => {
                self.varint()?;
            }
            Kind::Double => {
                self.take(8)?;
            }
            Kind::Binary => {
                self.binary()?;
            }
            Kind::List => {
                let depth = depth.checked_sub(1)?;
                let (kind, count) = self.list()?;
                for _ in 0..count {
                    match kind {
                        // Truth values in a list take a byte each.
                        Kind::True | Kind::False => {
                            self.byte()?;
                        }
                        kind => self.skip_in(kind, depth)?,
                    }
                }
            }
            Kind::Map => return None,
            Kind::Struct => {
                let depth = depth.checked_sub(1)?;
                let mut number = 0;
                while let Some(kind) = self.field(&mut number)? {
                    self.skip_in(kind, depth)?;
                }
            }
        }
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        varint(&mut self.0)
    }
}

/// Takes a number of seven bits per byte, the least first.
pub(super) fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_and_passed_over() {
        // 1: i32 -3, 2: list of 2 structs of a binary, 17: true, end.
        let bytes = [
            0x15, 5, 0x19, 0x2c, 0x18, 2, b'a', b'b', 0, 0x18, 0, 0, 0x01, 34, 0, 9,
        ];
        let mut thrift = Thrift::new(&bytes);
        let mut number = 0;
        assert_eq!(thrift.field(&mut number), Some(Some(Kind::Int)));
        assert_eq!((number, thrift.int()), (1, Some(-3)));
        assert_eq!(thrift.field(&mut number), Some(Some(Kind::List)));
        thrift.skip(Kind::List).unwrap();
        assert_eq!(thrift.field(&mut number), Some(Some(Kind::True)));
        assert_eq!(number, 17);
        assert_eq!(thrift.field(&mut number), Some(None));
        assert_eq!(thrift.rest(), [9]);
        for end in 0..bytes.len() - 1 {
            assert_eq!(Thrift::new(&bytes[..end]).skip(Kind::Struct), None, "{end}");
        }
    }

    #[test]
    fn depth_and_counts_are_bounded() {
        // Lists in lists, and one that claims more items than there are bytes.
        assert_eq!(Thrift::new(&[0x19; 100]).skip(Kind::List), None);
        assert_eq!(
            Thrift::new(&[0xf1, 0xff, 0xff, 0x7f]).skip(Kind::List),
            None
        );
        assert_eq!(Thrift::new(&[0xff; 11]).int(), None);
    }
}
