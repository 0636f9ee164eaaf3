//! Sorted rows of several drains into one sequence.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use otolith_tables::{Field, PartColumn, Values};

use super::block::{Block, BlockColumn};
use super::{Piece, SortedRows, Spill, time_column};
use crate::error::LakeError;

/// Most sequences that are merged at once: each may hold a block in memory.
const FAN_IN: usize = 64;

/// Merges rows into pieces with the columns `fields`, and hands out piece after piece with its number
/// of rows. Rows of the same time keep the order of the sequences; rows without a time come first.
/// Tables without times come one sequence after another.
pub(crate) fn merge(
    spill: &Spill,
    mut sequences: Vec<SortedRows>,
    fields: &[Field],
    take: &mut dyn FnMut(Vec<PartColumn>, usize) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    while sequences.len() > FAN_IN {
        let mut merged = Vec::with_capacity(sequences.len().div_ceil(FAN_IN));
        for some in sequences.chunks(FAN_IN) {
            let fields_of_all = fields.iter().cloned().map(Arc::new);
            let mut all = SortedRows::new(fields_of_all.collect());
            let mut append =
                |columns: Vec<PartColumn>, row_count| spill.append(&mut all, &columns, row_count);
            merge_at_once(spill, some, fields, &mut append)?;
            merged.push(all);
        }
        sequences = merged;
    }
    merge_at_once(spill, &sequences, fields, take)
}

fn merge_at_once(
    spill: &Spill,
    sequences: &[SortedRows],
    fields: &[Field],
    take: &mut dyn FnMut(Vec<PartColumn>, usize) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    let mut cursors: Vec<Cursor<'_>> = sequences
        .iter()
        .map(|rows| Cursor::new(rows, fields))
        .collect();
    let mut next = BinaryHeap::with_capacity(cursors.len());
    for (index, cursor) in cursors.iter().enumerate() {
        if let Some(time) = cursor.time() {
            next.push(Reverse((time, index)));
        }
    }
    let rows = sequences.iter().flat_map(|rows| &rows.blocks);
    let mut rest: usize = rows.map(|block| block.row_count).sum();
    let mut piece = Piece::new(fields, rest);
    let mut bytes = Vec::new();
    while let Some(Reverse((_, index))) = next.pop() {
        let limit = next.peek().map(|Reverse(other)| *other);
        let cursor = &mut cursors[index];
        cursor.load(spill, &mut bytes)?;
        cursor.append_until(index, limit, &mut piece);
        if let Some(time) = cursor.time() {
            next.push(Reverse((time, index)));
        }
        if piece.room() == 0 {
            for cursor in &mut cursors {
                cursor.forget_codes();
            }
            let row_count = piece.row_count();
            rest -= row_count;
            take(piece.finish(), row_count)?;
            // Not before: it is made in the memory of the one that is gone.
            piece = Piece::new(fields, rest);
        }
    }
    let row_count = piece.row_count();
    if row_count > 0 {
        take(piece.finish(), row_count)?;
    }
    Ok(())
}

/// A place in a sequence.
struct Cursor<'a> {
    rows: &'a SortedRows,
    /// The column of the sequence that each column of the result comes from.
    columns: Vec<Option<usize>>,
    time_column: Option<usize>,
    /// Number of the present block, and the block if it was read.
    number: usize,
    block: Option<Block>,
    /// Row in the present block.
    row: usize,
    /// Codes in the piece by column of the result and code in the block.
    codes: Vec<Vec<u32>>,
}

impl<'a> Cursor<'a> {
    fn new(rows: &'a SortedRows, fields: &[Field]) -> Self {
        let place = |name: &str| rows.fields.iter().position(|field| field.name == name);
        Self {
            rows,
            columns: fields.iter().map(|field| place(&field.name)).collect(),
            time_column: time_column(&rows.fields),
            number: 0,
            block: None,
            row: 0,
            codes: vec![Vec::new(); fields.len()],
        }
    }

    /// The time of the present row, if there is a row: `None` inside comes first.
    fn time(&self) -> Option<Option<i64>> {
        match &self.block {
            Some(block) => Some(time(block, self.time_column, self.row)),
            None => Some(self.rows.blocks.get(self.number)?.first_time),
        }
    }

    /// Reads the present block by way of `bytes`, unless it is there.
    fn load(&mut self, spill: &Spill, bytes: &mut Vec<u8>) -> Result<(), LakeError> {
        if self.block.is_none() {
            self.block = Some(spill.read(self.rows, self.number, bytes)?);
            self.row = 0;
            self.forget_codes();
        }
        Ok(())
    }

    /// Appends rows of the present block as long as none of another sequence comes first and there
    /// is room.
    fn append_until(
        &mut self,
        index: usize,
        limit: Option<(Option<i64>, usize)>,
        piece: &mut Piece,
    ) {
        let Some(block) = &self.block else { return };
        let most = block.row_count.min(self.row + piece.room());
        let mut end = self.row + 1;
        while end < most
            && limit.is_none_or(|limit| (time(block, self.time_column, end), index) <= limit)
        {
            end += 1;
        }
        for (column, from) in self.columns.iter().enumerate() {
            let from = from.map(|from| &block.columns[from]);
            piece.append(column, from, self.row..end, &mut self.codes[column]);
        }
        piece.end_rows(end - self.row);
        self.row = end;
        if end == block.row_count {
            self.block = None;
            self.number += 1;
        }
    }

    fn forget_codes(&mut self) {
        for codes in &mut self.codes {
            codes.clear();
        }
    }
}

fn time(block: &Block, column: Option<usize>, row: usize) -> Option<i64> {
    match &block.columns[column?] {
        BlockColumn::Values(Values::Int64(values), valid)
            if valid.as_ref().is_none_or(|valid| valid[row]) =>
        {
            Some(values[row])
        }
        _ => None,
    }
}
