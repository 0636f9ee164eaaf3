//! What many rows of a part share: worked out once, then spread over the rows.

use hashbrown::HashTable;

use crate::batch::lists::{Lists, spread};
use crate::part::{ColumnType, Values};
use crate::schema::ContextValue;
use crate::schema::buffer::{Gathered, validity};
use crate::schema::runs::Runs;
use crate::schema::strings::DictionaryBuilder;

/// The distinct contexts, frames, or lists of attributes of rows, in order of appearance.
#[derive(Debug)]
pub(crate) struct Distinct {
    /// Index of the buffer, and number there.
    pub numbers: Vec<(u32, u32)>,
    /// Index into `numbers` per row.
    pub of_row: Vec<u32>,
}

impl Distinct {
    /// Given what each row of a buffer has, and its number.
    pub(crate) fn new<'a, T: 'a>(
        rows: &Runs,
        all: impl Fn(usize) -> &'a [T],
        number: impl Fn(&T) -> u32,
    ) -> Self {
        // Numbers are given in order, not by who sends: no one chooses what hashes are the same.
        let hash =
            |(buffer, number): (u32, u32)| spread(u64::from(buffer) << 32 | u64::from(number));
        let mut seen = HashTable::new();
        let mut distinct = Self {
            numbers: Vec::new(),
            of_row: Vec::with_capacity(rows.row_count()),
        };
        for run in rows.iter() {
            let mut last = None;
            for row in &all(run.buffer())[run.rows()] {
                let number = (run.buffer() as u32, number(row));
                let index = match last {
                    Some((last, index)) if last == number => index,
                    _ => {
                        let numbers = &mut distinct.numbers;
                        let is_same = |index: &u32| numbers[*index as usize] == number;
                        match seen.find(hash(number), is_same) {
                            Some(index) => *index,
                            None => {
                                let index = u32::try_from(numbers.len()).expect("fewer than rows");
                                numbers.push(number);
                                let rehash = |index: &u32| hash(numbers[*index as usize]);
                                *seen.insert_unique(hash(number), index, rehash).get()
                            }
                        }
                    }
                };
                last = Some((number, index));
                distinct.of_row.push(index);
            }
        }
        distinct
    }

    /// As [`Self::new`], of the lists of attributes of rows, given those of each buffer.
    pub(crate) fn lists(rows: &Runs, lists: &[&Lists]) -> Self {
        const UNKNOWN: u32 = u32::MAX;
        let count: usize = lists.iter().map(|lists| lists.len()).sum();
        if count > rows.row_count() * 8 {
            // A table of all lists is for parts that have many of them.
            return Self::new(rows, |buffer| lists[buffer].of_rows(), |list| *list);
        }
        let mut seen: Vec<Vec<u32>> = lists.iter().map(|all| vec![UNKNOWN; all.len()]).collect();
        let mut distinct = Self {
            numbers: Vec::new(),
            of_row: Vec::with_capacity(rows.row_count()),
        };
        for run in rows.iter() {
            let seen = &mut seen[run.buffer()];
            for list in &lists[run.buffer()].of_rows()[run.rows()] {
                let index = &mut seen[*list as usize];
                if *index == UNKNOWN {
                    *index = distinct.numbers.len() as u32;
                    distinct.numbers.push((run.buffer() as u32, *list));
                }
                distinct.of_row.push(*index);
            }
        }
        distinct
    }

    /// True if no two rows have the same one: index and row are then the same.
    pub(crate) fn is_per_row(&self) -> bool {
        self.numbers.len() == self.of_row.len()
    }

    /// How many rows have each.
    pub(crate) fn counts(&self) -> Vec<u32> {
        let mut counts = vec![0; self.numbers.len()];
        for index in &self.of_row {
            counts[*index as usize] += 1;
        }
        counts
    }

    /// Spreads values of the distinct ones over their rows.
    pub(crate) fn spread<T: Copy>(&self, values: &[T]) -> Vec<T> {
        self.of_row
            .iter()
            .map(|index| values[*index as usize])
            .collect()
    }

    /// As [`Self::spread`], of values that are mostly the same. Not for doubles, of which zeros are equal
    /// and not the same.
    pub(crate) fn spread_equal<T: Copy + Eq>(&self, values: &[T]) -> Vec<T> {
        match values {
            [first, rest @ ..] if rest.iter().all(|value| value == first) => {
                vec![*first; self.of_row.len()]
            }
            _ => self.spread(values),
        }
    }

    /// As [`Self::spread`], of values that may stay where they are.
    pub(crate) fn spread_owned<T: Copy>(&self, values: Vec<T>) -> Vec<T> {
        match self.is_per_row() {
            true => values,
            false => self.spread(&values),
        }
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
                indices: self.spread_equal(&indices),
                dictionary: dictionary.finish(),
            },
            ColumnType::Boolean => Values::Boolean(self.spread_equal(&truths)),
            ColumnType::Double => Values::Double(self.spread(&doubles)),
            _ => Values::Int64(self.spread_equal(&ints)),
        };
        let valid = if valid.contains(&false) {
            validity(self.spread_equal(&valid))
        } else {
            None
        };
        (values, valid)
    }
}
