//! One attribute of a row.

/// How the value of a cell is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Text, in the bytes.
    String = 0,
    /// A truth value.
    Boolean = 1,
    /// An integer.
    Int64 = 2,
    /// A double.
    Double = 3,
    /// JSON text in the bytes, for the JSON rest.
    Json = 4,
    /// As [`Self::Json`], but of a column of ours that could not hold its value.
    Reserved = 5,
}

impl Kind {
    /// Kinds that can have columns of their own, by number.
    pub(crate) const COLUMNS: [Self; 4] = [Self::String, Self::Boolean, Self::Int64, Self::Double];

    const ALL: [Self; 6] = [
        Self::String,
        Self::Boolean,
        Self::Int64,
        Self::Double,
        Self::Json,
        Self::Reserved,
    ];
}

/// Bits of [`Cell::key_and_kind`] that hold the kind.
const KIND_BITS: u32 = 3;

/// An attribute of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    /// The number itself; of a text the offset in the bytes, or its code and [`CODED`].
    value: u64,
    key_and_kind: u32,
    /// Length of a text; of any other kind how it was sent, one of the numbers below.
    len: u32,
}

/// The text of a cell is one of the texts of its key.
pub(super) const CODED: u64 = 1 << 63;

pub(super) const SENT_AS_IS: u32 = 0;
pub(super) const SENT_STRING: u32 = 1;
pub(super) const SENT_INT: u32 = 2;
pub(super) const SENT_DOUBLE: u32 = 3;
/// From here on: sent as a text, the number less this is its index in the texts as sent.
pub(super) const SENT_TEXT: u32 = 4;

impl Cell {
    pub(super) const fn new(key: u32, kind: Kind, value: u64, len: u32) -> Self {
        Self {
            value,
            key_and_kind: key << KIND_BITS | kind as u32,
            len,
        }
    }

    pub(crate) const fn key(self) -> u32 {
        self.key_and_kind >> KIND_BITS
    }

    pub(crate) const fn kind(self) -> Kind {
        Kind::ALL[(self.key_and_kind & ((1 << KIND_BITS) - 1)) as usize]
    }

    pub(crate) const fn int(self) -> i64 {
        self.value.cast_signed()
    }

    pub(crate) const fn double(self) -> f64 {
        f64::from_bits(self.value)
    }

    pub(crate) const fn boolean(self) -> bool {
        self.value != 0
    }

    /// Bytes of a text, 0 for any other kind.
    pub(crate) const fn len_bytes(self) -> usize {
        if self.is_text() { self.len as usize } else { 0 }
    }

    /// Code of a text among those of its key, if it is one of them.
    pub(crate) const fn code(self) -> Option<u32> {
        if self.is_text() && self.value & CODED != 0 {
            Some(self.value as u32)
        } else {
            None
        }
    }

    /// Where a text that has no code begins in the bytes.
    pub(super) const fn start(self) -> usize {
        self.value as usize
    }

    /// True if the value was converted.
    pub(crate) const fn is_converted(self) -> bool {
        !self.is_text() && self.len != SENT_AS_IS
    }

    /// The key, and a number for how the value was sent: equal numbers of a key in one list of cells
    /// mean the same.
    pub(crate) const fn key_and_sent(self) -> (u32, u32) {
        (self.key(), self.len)
    }

    pub(super) const fn is_text(self) -> bool {
        matches!(self.kind(), Kind::String | Kind::Json | Kind::Reserved)
    }
}
