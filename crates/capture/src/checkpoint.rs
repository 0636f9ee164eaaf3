//! Checkpoints: how far a capture was read, told by its content.

use twox_hash::XxHash3_128;

use crate::options::InputFormat;

/// How far a capture was read, and what its bytes were up to there.
///
/// A capture is recognised by its decoded bytes (those below gzip or zstd of the whole file), so
/// it may be renamed, rotated, packed or unpacked. Two captures that begin with the same bytes are
/// the same one as far as these go. The hash is fast and not cryptographic: it tells apart what
/// differs by accident, not what was made to collide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Decoded bytes from the beginning to the end of the last record that was read; never 0.
    /// Blanks, padding and framing after that record are not in it.
    pub offset: u64,
    /// Number of the last entry up to there, which is the number of entries so far.
    pub frame: u64,
    /// XXH3-128 of the first `offset` decoded bytes.
    pub hash: u128,
    /// The first of these bytes, by which a checkpoint is looked up.
    pub head: Head,
    /// The format; none if it was not recognised.
    pub format: Option<InputFormat>,
    /// Where the cutter stands if the format is JSON, the default otherwise.
    pub json: JsonState,
    /// How many decoded bytes after `offset` damage or a limit of decompression ended the stream,
    /// if it did and that was rejected. Reading on and ending there again tells nothing new.
    pub broken_after: Option<u64>,
}

/// Where the cutter of JSON text stands between two records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JsonState {
    /// How many arrays are open around records; 0 outside of arrays.
    pub array_depth: u32,
    /// Whether a record of an open array came last, so that a comma or bracket has to follow.
    pub after_element: bool,
}

/// The first bytes of a capture, at most [`Head::MAX_BYTES`] of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Head {
    /// How many bytes, at most [`Head::MAX_BYTES`].
    pub len: u32,
    /// XXH3-128 of these bytes.
    pub hash: u128,
}

impl Head {
    /// The longest head in bytes.
    pub const MAX_BYTES: usize = 4096;

    /// The head of a capture that begins with `bytes`: of all of them, or of the first
    /// [`Head::MAX_BYTES`].
    pub fn of(bytes: &[u8]) -> Self {
        let bytes = &bytes[..bytes.len().min(Self::MAX_BYTES)];
        Self {
            len: bytes.len() as u32,
            hash: XxHash3_128::oneshot(bytes),
        }
    }

    /// Whether a capture that begins with `bytes` has this head. False if `bytes` are fewer than
    /// the head.
    pub fn begins(&self, bytes: &[u8]) -> bool {
        bytes
            .get(..self.len as usize)
            .is_some_and(|bytes| Self::of(bytes) == *self)
    }
}

#[cfg(test)]
mod tests {
    use super::Head;

    #[test]
    fn heads_are_of_the_first_bytes() {
        let bytes = [7; 5000];
        assert_eq!(Head::of(&bytes), Head::of(&bytes[..4096]));
        assert_eq!(Head::of(&bytes).len, 4096);
        assert!(Head::of(&bytes).begins(&bytes[..4096]));
        assert!(!Head::of(&bytes).begins(&bytes[..4095]));
        assert!(Head::of(&bytes[..3]).begins(&bytes));
        assert!(!Head::of(b"abc").begins(b"abd"));
    }
}
