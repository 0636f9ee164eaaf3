//! Which rows of several buffers a part has, and in which order.

use std::ops::Range;

/// A row of one of several buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RowRef {
    /// Index of the buffer.
    pub buffer: u32,
    /// Row in the buffer.
    pub row: u32,
}

/// Rows of a buffer, one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    buffer: u32,
    start: u32,
    len: u32,
}

impl Run {
    /// Index of the buffer.
    pub fn buffer(self) -> usize {
        self.buffer as usize
    }

    /// The rows in the buffer.
    pub fn rows(self) -> Range<usize> {
        self.start as usize..self.start as usize + self.len as usize
    }
}

/// Rows of several buffers in order.
///
/// Emitters send in order of time, so most rows follow the one before in its buffer, too: columns are
/// copied run by run (`cargo bench -p otolith-ingest --bench convert`).
#[derive(Debug)]
pub(crate) struct Runs {
    runs: Vec<Run>,
    row_count: usize,
}

impl Runs {
    pub fn of(rows: &[RowRef]) -> Self {
        let follows = |one: &RowRef, next: &RowRef| {
            one.buffer == next.buffer && next.row.checked_sub(1) == Some(one.row)
        };
        let runs = rows.chunk_by(follows).map(|run| Run {
            buffer: run[0].buffer,
            start: run[0].row,
            len: u32::try_from(run.len()).expect("a buffer has fewer rows"),
        });
        Self {
            runs: runs.collect(),
            row_count: rows.len(),
        }
    }

    pub fn row_count(&self) -> usize {
        self.row_count
    }

    pub fn iter(&self) -> impl Iterator<Item = Run> {
        self.runs.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_follow_each_other_are_a_run() {
        let rows = [(0, 3), (0, 4), (1, 5), (1, 5), (1, 4), (0, 5), (0, 6)];
        let rows = rows.map(|(buffer, row)| RowRef { buffer, row });
        let runs = Runs::of(&rows);
        let found: Vec<_> = runs.iter().map(|run| (run.buffer(), run.rows())).collect();
        assert_eq!(
            found,
            [(0, 3..5), (1, 5..6), (1, 5..6), (1, 4..5), (0, 5..7)]
        );
        assert_eq!(runs.row_count(), rows.len());
    }
}
