//! Why rows cannot be turned back.

use thiserror::Error;

use crate::part::ColumnType;
use crate::table::Table;

/// A part does not hold what its table should.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The rows of the table are no items, but belong to some.
    #[error("failed to restore `{table}`: its rows are no items")]
    NoItems {
        /// The table.
        table: Table,
    },
    /// A column of an older or another writer is not there.
    #[error("failed to restore `{table}`: expected a column `{column}`, found none")]
    MissingColumn {
        /// The table.
        table: Table,
        /// The column.
        column: &'static str,
    },
    /// A base column has another type.
    #[error(
        "failed to restore `{table}`: expected type {expected:?} of column `{column}`, found {found:?}"
    )]
    ColumnType {
        /// The table.
        table: Table,
        /// The column.
        column: &'static str,
        /// Its type by definition.
        expected: ColumnType,
        /// Its type in the part.
        found: ColumnType,
    },
    /// A value means nothing.
    #[error("failed to restore row {row} of `{table}`: column `{column}`: {reason}")]
    Value {
        /// The table.
        table: Table,
        /// The row in its part, from 0.
        row: usize,
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// A value that means nothing, before it is known where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The column.
    pub column: &'static str,
    /// What is wrong.
    pub reason: &'static str,
}

impl Fault {
    pub(crate) fn at(self, table: Table, row: usize) -> RestoreError {
        RestoreError::Value {
            table,
            row,
            column: self.column,
            reason: self.reason,
        }
    }
}
