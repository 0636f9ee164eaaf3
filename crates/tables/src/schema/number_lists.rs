//! Columns of lists of numbers.

use crate::part::{ColumnType, Values};

use super::buffer::{Buffer, Gathered};
use super::ends::{item_range, push_offsets};
use super::runs::Runs;
use super::validity::Validity;

/// Lists of fixed-size numbers that may be null.
#[derive(Debug)]
struct Lists<T> {
    items: Vec<T>,
    ends: Vec<usize>,
    valid: Validity,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            ends: Vec::new(),
            valid: Validity::default(),
        }
    }
}

impl<T: Copy> Lists<T> {
    fn push(&mut self, value: Option<&[T]>) {
        self.items.extend_from_slice(value.unwrap_or_default());
        self.ends.push(self.items.len());
        self.valid.push(value.is_some());
    }

    fn truncate(&mut self, rows: usize) {
        self.ends.truncate(rows);
        self.valid.truncate(rows);
        self.items.truncate(self.ends.last().copied().unwrap_or(0));
    }

    fn len_bytes(&self) -> usize {
        self.items.len() * size_of::<T>() + self.ends.len() * 9
    }

    fn gather(buffers: &[&Self], rows: &Runs) -> (Vec<i32>, Vec<T>, Option<Vec<bool>>) {
        let mut offsets = Vec::with_capacity(rows.row_count() + 1);
        let mut items = Vec::new();
        offsets.push(0);
        for run in rows.iter() {
            let buffer = buffers[run.buffer()];
            let range = item_range(&buffer.ends, run.rows());
            push_offsets(&mut offsets, range.start, &buffer.ends[run.rows()]);
            items.extend_from_slice(&buffer.items[range]);
        }
        let valid = Validity::gather(|buffer| &buffers[buffer].valid, buffers.len(), rows);
        (offsets, items, valid)
    }
}

macro_rules! list_buffer {
    ($(#[$doc:meta])* $name:ident, $value:ty, $type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(crate) struct $name(Lists<$value>);

        impl Buffer for $name {
            type Value<'a> = Option<&'a [$value]>;
            const TYPE: ColumnType = ColumnType::$type;

            fn push(&mut self, value: Option<&[$value]>) {
                self.0.push(value);
            }
            fn truncate(&mut self, rows: usize) {
                self.0.truncate(rows);
            }
            fn len_bytes(&self) -> usize {
                self.0.len_bytes()
            }
            fn row_bytes(&self, row: usize) -> usize {
                item_range(&self.0.ends, row..row + 1).len() * size_of::<$value>()
            }
            fn gather(buffers: &[&Self], rows: &Runs) -> Gathered {
                let buffers: Vec<_> = buffers.iter().map(|buffer| &buffer.0).collect();
                let (offsets, items, valid) = Lists::gather(&buffers, rows);
                (Values::$type { offsets, items }, valid)
            }
        }
    };
}

list_buffer!(
    /// Lists of integers.
    Ints, i64, Int64List
);
list_buffer!(
    /// Lists of doubles.
    Doubles, f64, DoubleList
);
