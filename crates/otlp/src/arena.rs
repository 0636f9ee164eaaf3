//! The memory that decoded values live in: one arena per frame, one per item; and lists that are known.

use bumpalo::Bump;

use crate::known_lists::KnownLists;

/// A reset arena keeps its memory for the next frame or item, up to this many bytes.
const RETAINED_BYTES: usize = 4 << 20;

/// Two arenas, reused from frame to frame.
///
/// ```text
/// let Arena { header, item, .. } = arena;          // take them apart: they live differently long
/// let resource = resource(.., header)?;        // borrows `header` for the whole frame
/// for bytes in items {
///     let span = span(bytes, item)?;           // borrows `item` ..
///     sink.span(&span);                        // .. until here
///     arena::reset(item);                      // `&mut Bump`: nothing can still borrow it
/// }
/// ```
#[derive(Debug, Default)]
pub(crate) struct Arena {
    /// Values of the resources, scopes and metrics of one frame.
    pub(crate) header: Bump,
    /// Values of one item (span, log record, data point).
    pub(crate) item: Bump,
    /// Attribute lists of points of all frames, which stay when values are forgotten.
    pub(crate) lists: KnownLists,
}

impl Arena {
    /// Makes an arena that has allocated nothing yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Forgets all values; to be called between two frames.
    pub(crate) fn reset(&mut self) {
        reset(&mut self.header);
        reset(&mut self.item);
    }
}

/// Forgets the values of one arena. Keeps its largest block for reuse unless it is larger than
/// a few MiB, so that one huge item does not hold its memory for the rest of the run.
pub(crate) fn reset(bump: &mut Bump) {
    bump.reset();
    if bump.allocated_bytes() > RETAINED_BYTES {
        *bump = Bump::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_arena_keeps_little_memory() {
        let mut arena = Arena::new();
        arena.item.alloc_slice_fill_copy(1000, 0u8);
        arena.reset();
        let small = arena.item.allocated_bytes();
        assert!(small >= 1000, "kept {small} bytes for reuse");
        arena.item.alloc_slice_fill_copy(RETAINED_BYTES * 2, 0u8);
        assert!(arena.item.allocated_bytes() > RETAINED_BYTES);
        arena.reset();
        assert_eq!(arena.item.allocated_bytes(), 0);
    }
}
