//! What is drained: parts that are still to be built, each on its own.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::part::Part;

use super::Chunk;
use super::store::DrainedTable;

/// Rows that were taken out of an assembler, divided into parts: ordered by database, table and date.
pub struct Drain<'a> {
    chunks: Vec<Chunk>,
    tables: Vec<Slot<'a>>,
}

/// A table until its last part is built.
struct Slot<'a> {
    table: RwLock<Option<Box<dyn DrainedTable + 'a>>>,
    left: AtomicUsize,
}

/// One of the parts of a [`Drain`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartNumber {
    table: usize,
    part: usize,
    /// Its rows.
    pub row_count: usize,
}

impl<'a> Drain<'a> {
    pub(super) fn new(chunks: Vec<Chunk>, tables: Vec<Box<dyn DrainedTable + 'a>>) -> Self {
        let slot = |table: Box<dyn DrainedTable + 'a>| Slot {
            left: AtomicUsize::new(table.part_count()),
            table: RwLock::new(Some(table)),
        };
        Self {
            chunks,
            tables: tables.into_iter().map(slot).collect(),
        }
    }

    /// The parts in order, of tables that are not built.
    pub fn parts(&self) -> Vec<PartNumber> {
        let mut parts = Vec::new();
        for (number, slot) in self.tables.iter().enumerate() {
            let guard = slot.table.read().unwrap_or_else(PoisonError::into_inner);
            let Some(table) = &*guard else { continue };
            parts.extend((0..table.part_count()).map(|part| PartNumber {
                table: number,
                part,
                row_count: table.row_count(part),
            }));
        }
        parts
    }

    /// Builds a part, which can be done once. Several threads may build at once. The rows of a table
    /// are forgotten when its last part is built.
    ///
    /// # Panics
    ///
    /// If all parts of the table were built before.
    pub fn build(&self, number: PartNumber) -> Part {
        let slot = &self.tables[number.table];
        let guard = slot.table.read().unwrap_or_else(PoisonError::into_inner);
        let table = guard.as_ref().expect("a part is built once");
        let part = table.build(number.part, &self.chunks);
        drop(guard);
        if slot.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            let mut table = slot.table.write().unwrap_or_else(PoisonError::into_inner);
            *table = None;
        }
        part
    }

    /// Builds all parts in order, and hands out each as soon as it is built, so that only one is in
    /// memory.
    ///
    /// # Errors
    ///
    /// The first error of `take`; the parts that would follow are lost.
    pub fn each<E>(self, mut take: impl FnMut(Part) -> Result<(), E>) -> Result<(), E> {
        let parts = self.parts();
        parts
            .into_iter()
            .try_for_each(|part| take(self.build(part)))
    }
}

impl fmt::Debug for Drain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain")
            .field("parts", &self.parts().len())
            .finish()
    }
}
