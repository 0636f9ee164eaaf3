//! What many rows of a part share: worked out once, then spread over the rows.

use std::collections::HashMap;

use crate::part::{ColumnType, Values};
use crate::schema::ContextValue;
use crate::schema::buffer::{DictionaryBuilder, Gathered, RowRef, validity};

/// The distinct contexts, or frames, of rows, in order of appearance.
#[derive(Debug)]
pub(crate) struct Distinct {
    /// Index of the buffer, and number there.
    pub numbers: Vec<(u32, u32)>,
    /// Index into `numbers` per row.
    pub of_row: Vec<u32>,
}

impl Distinct {
    pub(crate) fn new(rows: &[RowRef], number: impl Fn(&RowRef) -> u32) -> Self {
        let mut seen: HashMap<(u32, u32), u32> = HashMap::new();
        let mut distinct = Self {
            numbers: Vec::new(),
            of_row: Vec::with_capacity(rows.len()),
        };
        let mut last = None;
        for row in rows {
            let number = (row.buffer, number(row));
            let index = match last {
                Some((last, index)) if last == number => index,
                _ => *seen.entry(number).or_insert_with(|| {
                    distinct.numbers.push(number);
                    u32::try_from(distinct.numbers.len() - 1).expect("fewer than rows")
                }),
            };
            last = Some((number, index));
            distinct.of_row.push(index);
        }
        distinct
    }

    /// Spreads values of the distinct contexts over their rows.
    fn spread<T: Copy>(&self, values: &[T]) -> Vec<T> {
        self.of_row
            .iter()
            .map(|index| values[*index as usize])
            .collect()
    }

    /// Spreads the values of a column.
    pub(crate) fn column<'a>(
        &self,
        r#type: ColumnType,
        values: impl Iterator<Item = ContextValue<'a>>,
    ) -> Gathered {
        let mut dictionary = DictionaryBuilder::default();
        let (mut ints, mut doubles, mut truths) = (Vec::new(), Vec::new(), Vec::new());
        let mut indices = Vec::new();
        let mut valid = Vec::new();
        for value in values {
            valid.push(value != ContextValue::Null);
            match r#type {
                ColumnType::String => indices.push(match value {
                    ContextValue::Text(text) => dictionary.index(text),
                    _ => 0,
                }),
                ColumnType::Boolean => truths.push(value == ContextValue::Bool(true)),
                ColumnType::Double => doubles.push(match value {
                    ContextValue::Double(double) => double,
                    _ => 0.0,
                }),
                _ => ints.push(match value {
                    ContextValue::Int(int) => int,
                    _ => 0,
                }),
            }
        }
        let values = match r#type {
            ColumnType::String => Values::Dictionary {
                indices: self.spread(&indices),
                dictionary: dictionary.finish(),
            },
            ColumnType::Boolean => Values::Boolean(self.spread(&truths)),
            ColumnType::Double => Values::Double(self.spread(&doubles)),
            _ => Values::Int64(self.spread(&ints)),
        };
        let valid = if valid.contains(&false) {
            validity(self.spread(&valid))
        } else {
            None
        };
        (values, valid)
    }
}
