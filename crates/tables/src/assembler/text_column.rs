//! A column of texts while it is written: codes as long as texts repeat.

use crate::batch::cells::{Cell, Cells};
use crate::part::Values;
use crate::schema::ends::offset;
use crate::schema::strings::StringsBuilder;
use crate::value::series::text_hash;
use crate::value::texts::Texts;

use super::distinct::Distinct;

/// No code of the part is known yet.
const UNKNOWN: u32 = u32::MAX;

/// Codes of lists of attributes and the texts that they mean, in the order in which rows come to them:
/// so the result does not depend on how rows came in batches.
#[derive(Debug)]
pub(super) struct TextColumn {
    codes: Vec<i32>,
    texts: Texts,
    /// By buffer: the code in the part of each code of the batch.
    known: Vec<Vec<u32>>,
    /// Bytes of the texts of all rows.
    text_bytes: usize,
}

impl TextColumn {
    pub(super) fn with_capacity(lists: usize) -> Self {
        Self {
            codes: Vec::with_capacity(lists),
            texts: Texts::default(),
            known: Vec::new(),
            text_bytes: 0,
        }
    }

    /// Appends lists without a text until there are `lists`.
    pub(super) fn pad(&mut self, lists: usize) {
        self.codes.resize(lists, 0);
    }

    /// Appends the text of a cell, which so many rows have.
    #[inline(always)]
    pub(super) fn push(&mut self, buffer: u32, cells: &Cells, cell: Cell, rows: u32) {
        self.text_bytes += cell.len_bytes() * rows as usize;
        let code = match cell.code() {
            Some(code) => self.known_code(buffer as usize, cells, cell, code),
            None => {
                let text = cells.text_str(cell);
                let hash = text_hash(cells.key_hash(cell.key()), text);
                self.texts.intern(hash, text.as_bytes())
            }
        };
        self.codes.push(offset(code as usize));
    }

    #[inline(always)]
    fn known_code(&mut self, buffer: usize, cells: &Cells, cell: Cell, code: u32) -> u32 {
        if self.known.len() <= buffer {
            self.known.resize_with(buffer + 1, Vec::new);
        }
        let of_batch = cells.texts(cell.key());
        let known = &mut self.known[buffer];
        if known.is_empty() {
            known.resize(of_batch.len(), UNKNOWN);
        }
        let known = &mut known[code as usize];
        if *known == UNKNOWN {
            *known = self.texts.intern(of_batch.hash(code), of_batch.get(code));
        }
        *known
    }

    /// The column of rows that have the lists: as codes if these are shorter than the texts. `valid`
    /// tells which rows have a text.
    pub(super) fn finish(self, valid: &[bool], lists: &Distinct) -> Values {
        let codes = lists.spread_owned(self.codes);
        let width = usize::BITS - self.texts.len().leading_zeros();
        let coded_bytes = self.texts.text_bytes() + codes.len() * width as usize / 8;
        if coded_bytes <= self.text_bytes {
            return Values::Dictionary {
                indices: codes,
                dictionary: self.texts.into_strings(),
            };
        }
        let mut strings = StringsBuilder::with_capacity(codes.len(), self.text_bytes);
        for (code, valid) in codes.iter().zip(valid) {
            strings.push(match valid {
                true => self.texts.get(code.unsigned_abs()),
                false => b"",
            });
        }
        Values::String(strings.finish())
    }
}
