//! Rows of several blocks, one after another, into the columns of a row group.

use std::ops::Range;

use otolith_tables::{ColumnType, Field, PartColumn, Strings, Values};

use super::block::BlockColumn;
use crate::encode::ROW_GROUP_ROWS;
use crate::text_codes::TextCodes;

/// Bytes in memory beyond which a piece ends with fewer rows than a row group should have.
const PIECE_BYTES: usize = 32 << 20;
/// No code of the piece is known yet.
pub(super) const UNKNOWN: u32 = u32::MAX;

/// Columns while rows are appended to them.
#[derive(Debug)]
pub(crate) struct Piece {
    builders: Vec<Builder>,
    row_count: usize,
}

impl Piece {
    /// For some of so many rows.
    pub fn new(fields: &[Field], rows: usize) -> Self {
        let rows = rows.min(ROW_GROUP_ROWS);
        Self {
            builders: fields
                .iter()
                .map(|field| Builder::new(field, rows))
                .collect(),
            row_count: 0,
        }
    }

    pub fn row_count(&self) -> usize {
        self.row_count
    }

    /// Rows that may still be added; 0 if the piece is full.
    pub fn room(&self) -> usize {
        let len_bytes: usize = self.builders.iter().map(Builder::len_bytes).sum();
        match len_bytes < PIECE_BYTES {
            true => ROW_GROUP_ROWS - self.row_count,
            false => 0,
        }
    }

    /// Ends a stretch of rows, of which every column has got its share.
    pub fn end_rows(&mut self, count: usize) {
        self.row_count += count;
    }

    /// Appends rows of a block to a column; none stands for a block without the column. `codes` are
    /// the codes in the piece of those of the block, as far as they are known.
    pub fn append(
        &mut self,
        column: usize,
        from: Option<&BlockColumn>,
        rows: Range<usize>,
        codes: &mut Vec<u32>,
    ) {
        let before = self.row_count;
        let builder = &mut self.builders[column];
        match from {
            None | Some(BlockColumn::Nulls) => builder.push_nulls(before, rows.len()),
            Some(BlockColumn::Text(text, valid)) => {
                let valid = valid.as_ref().map(|valid| &valid[rows.clone()]);
                builder.push_validity(before, rows.len(), valid);
                builder.push_text(text, rows.len(), valid, codes);
            }
            Some(BlockColumn::Values(values, valid)) => {
                let valid = valid.as_ref().map(|valid| &valid[rows.clone()]);
                builder.push_validity(before, rows.len(), valid);
                builder.push_values(values, rows, valid, codes);
            }
        }
    }

    /// The columns of the rows.
    pub fn finish(self) -> Vec<PartColumn> {
        self.builders.into_iter().map(Builder::finish).collect()
    }
}

#[derive(Debug)]
struct Builder {
    field: Field,
    values: Values,
    validity: Option<Vec<bool>>,
    codes: TextCodes,
    /// How many rows there will be at most.
    rows: usize,
}

impl Builder {
    fn new(field: &Field, rows: usize) -> Self {
        let offsets = |count| {
            let mut offsets = Vec::with_capacity(count + 1);
            offsets.push(0);
            offsets
        };
        let values = match field.r#type {
            ColumnType::Int64 | ColumnType::Timestamp => Values::Int64(Vec::with_capacity(rows)),
            ColumnType::Double => Values::Double(Vec::with_capacity(rows)),
            ColumnType::Boolean => Values::Boolean(Vec::with_capacity(rows)),
            // Codes as long as no block brings texts without.
            ColumnType::String => Values::Dictionary {
                indices: Vec::with_capacity(rows),
                dictionary: Strings::empty(),
            },
            ColumnType::Int64List => Values::Int64List {
                offsets: offsets(rows),
                items: Vec::new(),
            },
            ColumnType::DoubleList => Values::DoubleList {
                offsets: offsets(rows),
                items: Vec::new(),
            },
        };
        Self {
            field: field.clone(),
            values,
            validity: None,
            codes: TextCodes::default(),
            rows,
        }
    }

    fn len_bytes(&self) -> usize {
        let values = match &self.values {
            Values::Int64(values) => values.len() * size_of::<i64>(),
            Values::Double(values) => values.len() * size_of::<f64>(),
            Values::Boolean(values) => values.len(),
            Values::String(strings) => strings.bytes.len() + strings.offsets.len() * 4,
            Values::Dictionary {
                indices,
                dictionary,
            } => indices.len() * size_of::<i32>() + dictionary.bytes.len() * 2,
            Values::Int64List { offsets, items } => offsets.len() * 4 + items.len() * 8,
            Values::DoubleList { offsets, items } => offsets.len() * 4 + items.len() * 8,
        };
        values + self.validity.as_ref().map_or(0, Vec::len)
    }

    fn push_validity(&mut self, before: usize, count: usize, valid: Option<&[bool]>) {
        match (&mut self.validity, valid) {
            (None, None) => {}
            (None, Some(valid)) => {
                let mut all = vec![true; before];
                all.extend_from_slice(valid);
                self.validity = Some(all);
            }
            (Some(all), None) => all.resize(before + count, true),
            (Some(all), Some(valid)) => all.extend_from_slice(valid),
        }
    }

    fn push_nulls(&mut self, before: usize, count: usize) {
        let all = self.validity.get_or_insert_with(|| vec![true; before]);
        all.resize(before + count, false);
        match &mut self.values {
            Values::Int64(values) => values.resize(before + count, 0),
            Values::Double(values) => values.resize(before + count, 0.0),
            Values::Boolean(values) => values.resize(before + count, false),
            Values::Dictionary { indices, .. } => indices.resize(before + count, 0),
            Values::String(Strings { offsets, .. })
            | Values::Int64List { offsets, .. }
            | Values::DoubleList { offsets, .. } => {
                offsets.resize(offsets.len() + count, last(offsets));
            }
        }
    }

    /// Appends a text for each of so many rows that has one.
    fn push_text(
        &mut self,
        text: &[u8],
        count: usize,
        valid: Option<&[bool]>,
        codes: &mut Vec<u32>,
    ) {
        match &mut self.values {
            Values::Dictionary {
                indices,
                dictionary,
            } => {
                codes.resize(1, UNKNOWN);
                let code = known_code(&mut codes[0], &mut self.codes, dictionary, || text);
                match valid {
                    None => indices.resize(indices.len() + count, code),
                    Some(valid) => {
                        indices.extend(valid.iter().map(|valid| if *valid { code } else { 0 }));
                    }
                }
            }
            Values::String(to) => {
                for row in 0..count {
                    if valid.is_none_or(|valid| valid[row]) {
                        to.bytes.extend_from_slice(text);
                    }
                    to.offsets.push(offset(to.bytes.len()));
                }
            }
            _ => unreachable!("columns of one name have one type"),
        }
    }

    fn push_values(
        &mut self,
        from: &Values,
        rows: Range<usize>,
        valid: Option<&[bool]>,
        codes: &mut Vec<u32>,
    ) {
        if let (Values::Dictionary { .. }, Values::String(_)) = (&self.values, from) {
            self.spell_out();
        }
        match (&mut self.values, from) {
            (Values::Int64(to), Values::Int64(from)) => to.extend_from_slice(&from[rows]),
            (Values::Double(to), Values::Double(from)) => to.extend_from_slice(&from[rows]),
            (Values::Boolean(to), Values::Boolean(from)) => to.extend_from_slice(&from[rows]),
            (Values::String(to), Values::String(from)) => {
                let count = rows.len();
                let range = push_offsets(&mut to.offsets, &from.offsets, rows);
                if to.bytes.is_empty() {
                    // Texts of the rows to come are about as long.
                    let room = range.len().saturating_mul(self.rows) / count.max(1);
                    to.bytes.reserve(room.min(PIECE_BYTES));
                }
                to.bytes.extend_from_slice(&from.bytes[range]);
            }
            (
                Values::Int64List { offsets, items },
                Values::Int64List {
                    offsets: of,
                    items: from,
                },
            ) => items.extend_from_slice(&from[push_offsets(offsets, of, rows)]),
            (
                Values::DoubleList { offsets, items },
                Values::DoubleList {
                    offsets: of,
                    items: from,
                },
            ) => items.extend_from_slice(&from[push_offsets(offsets, of, rows)]),
            (
                Values::String(to),
                Values::Dictionary {
                    indices,
                    dictionary,
                },
            ) => {
                for (row, index) in indices[rows].iter().enumerate() {
                    if valid.is_none_or(|valid| valid[row]) {
                        to.bytes.extend_from_slice(dictionary.get(*index as usize));
                    }
                    to.offsets.push(offset(to.bytes.len()));
                }
            }
            (
                Values::Dictionary {
                    indices: to,
                    dictionary: texts,
                },
                Values::Dictionary {
                    indices,
                    dictionary,
                },
            ) => {
                codes.resize(dictionary.offsets.len() - 1, UNKNOWN);
                let mut code_of = |index: &i32| {
                    let text = || dictionary.get(*index as usize);
                    known_code(&mut codes[*index as usize], &mut self.codes, texts, text)
                };
                match valid {
                    None => to.extend(indices[rows].iter().map(code_of)),
                    Some(valid) => {
                        let indices = indices[rows].iter().zip(valid);
                        let code = |(index, valid): (_, &bool)| match valid {
                            true => code_of(index),
                            false => 0,
                        };
                        to.extend(indices.map(code));
                    }
                }
            }
            _ => unreachable!("columns of one name have one type"),
        }
    }

    /// Turns codes into the texts that they mean.
    fn spell_out(&mut self) {
        let Values::Dictionary {
            indices,
            dictionary,
        } = &self.values
        else {
            return;
        };
        let mut texts = Strings::empty();
        texts.offsets.reserve(self.rows);
        for (row, index) in indices.iter().enumerate() {
            if self.validity.as_ref().is_none_or(|valid| valid[row]) {
                texts
                    .bytes
                    .extend_from_slice(dictionary.get(*index as usize));
            }
            texts.offsets.push(offset(texts.bytes.len()));
        }
        self.values = Values::String(texts);
        self.codes = TextCodes::default();
    }

    fn finish(mut self) -> PartColumn {
        if let Values::Dictionary { dictionary, .. } = &mut self.values
            && dictionary.offsets.len() == 1
        {
            // Code 0 is valid for null rows, too.
            dictionary.offsets.push(0);
        }
        PartColumn {
            field: self.field,
            values: self.values,
            validity: self.validity,
        }
    }
}

/// The code of a text in the piece, which `known` tells once it was asked for.
#[inline(always)]
fn known_code<'a>(
    known: &mut u32,
    codes: &mut TextCodes,
    texts: &mut Strings,
    text: impl FnOnce() -> &'a [u8],
) -> i32 {
    if *known == UNKNOWN {
        let code = codes.intern(texts, text());
        *known = code.expect("a piece is far smaller than 2 GiB");
    }
    known.cast_signed()
}

/// Appends the offsets of rows; gives where their bytes or items are.
fn push_offsets(to: &mut Vec<i32>, from: &[i32], rows: Range<usize>) -> Range<usize> {
    let (start, before) = (from[rows.start], last(to));
    to.extend(
        from[rows.start + 1..=rows.end]
            .iter()
            .map(|end| before + (end - start)),
    );
    start as usize..from[rows.end] as usize
}

fn last(offsets: &[i32]) -> i32 {
    offsets.last().copied().unwrap_or(0)
}

/// An offset. Pieces end long before one outgrows its type: a block is small.
fn offset(len: usize) -> i32 {
    i32::try_from(len).expect("a piece is far smaller than 2 GiB")
}
