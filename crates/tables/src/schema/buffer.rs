//! Row buffers: one column of one table while its rows are collected, and the gathering of chosen
//! rows out of several buffers into the values of a part.

use crate::part::{ColumnType, Values};

use super::runs::Runs;
use super::validity::Validity;

/// Gathered values and their validity, as in [`crate::PartColumn`].
pub(crate) type Gathered = (Values, Option<Vec<bool>>);

/// A growing column.
pub(crate) trait Buffer: Default {
    /// What a row gives.
    type Value<'a>;
    /// Type of the column.
    const TYPE: ColumnType;

    fn push(&mut self, value: Self::Value<'_>);
    /// Forgets all rows from `rows` on.
    fn truncate(&mut self, rows: usize);
    /// Bytes of all values.
    fn len_bytes(&self) -> usize;
    /// Bytes of variable length in a row.
    fn row_bytes(&self, _row: usize) -> usize {
        0
    }
    /// The values of the rows, in the order of `rows`.
    fn gather(buffers: &[&Self], rows: &Runs) -> Gathered;
}

/// The validity of a part's column: `None` when every row has a value.
pub(crate) fn validity(valid: Vec<bool>) -> Option<Vec<bool>> {
    valid.contains(&false).then_some(valid)
}

/// Fixed-size values that may be null.
#[derive(Debug)]
pub(super) struct Nullable<T> {
    values: Vec<T>,
    valid: Validity,
}

impl<T> Default for Nullable<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            valid: Validity::default(),
        }
    }
}

impl<T: Copy + Default> Nullable<T> {
    #[inline(always)]
    pub(super) fn push(&mut self, value: Option<T>) {
        self.values.push(value.unwrap_or_default());
        self.valid.push(value.is_some());
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
        self.valid.truncate(rows);
    }

    pub(super) fn len_bytes(&self) -> usize {
        self.values.len() * (size_of::<T>() + 1)
    }

    pub(super) fn at(&self, row: usize) -> Option<T> {
        self.valid.at(row).then(|| self.values[row])
    }
}

fn gather_fixed<T: Copy + Default>(
    buffers: &[&Nullable<T>],
    rows: &Runs,
) -> (Vec<T>, Option<Vec<bool>>) {
    let mut values = Vec::with_capacity(rows.row_count());
    for run in rows.iter() {
        values.extend_from_slice(&buffers[run.buffer()].values[run.rows()]);
    }
    let valid = Validity::gather(|buffer| &buffers[buffer].valid, buffers.len(), rows);
    (values, valid)
}

macro_rules! fixed_buffer {
    ($(#[$doc:meta])* $name:ident, $value:ty, $type:ident, $values:ident) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(crate) struct $name(Nullable<$value>);

        impl Buffer for $name {
            type Value<'a> = Option<$value>;
            const TYPE: ColumnType = ColumnType::$type;

            fn push(&mut self, value: Option<$value>) {
                self.0.push(value);
            }
            fn truncate(&mut self, rows: usize) {
                self.0.truncate(rows);
            }
            fn len_bytes(&self) -> usize {
                self.0.len_bytes()
            }
            fn gather(buffers: &[&Self], rows: &Runs) -> Gathered {
                let buffers: Vec<_> = buffers.iter().map(|buffer| &buffer.0).collect();
                let (values, valid) = gather_fixed(&buffers, rows);
                (Values::$values(values), valid)
            }
        }
    };
}

fixed_buffer!(
    /// Microseconds since the epoch.
    Micros, i64, Timestamp, Int64
);
fixed_buffer!(
    /// Integers.
    Int, i64, Int64, Int64
);
fixed_buffer!(
    /// Doubles.
    Double, f64, Double, Double
);
