//! Defines the tables once, and turns OTLP visits into typed rows per database.
//!
//! ```text
//! Sink visits -> Batches (rows of one chunk) -> Assembler (chunks in input order)
//!             -> Part (rows of one database, table and date, sorted by time)
//!
//! parts of one database and date -> Children, Restorer -> Sink visits
//! ```
//! The crate knows neither Parquet nor paths.

mod assembler;
mod batch;
mod database;
pub mod dialect;
mod part;
pub mod problems;
#[cfg(test)]
mod properties;
mod restore;
mod schema;
mod table;
mod value;
mod wanted;

pub use assembler::{Assembler, AssemblerOptions, Drain, PartNumber};
pub use batch::{Batches, Counts, log_time_unix_nano};
pub use database::{DatabaseName, normalise};
pub use part::{
    AttributePlace, ColumnOrigin, ColumnType, Field, Layout, Part, PartColumn, Strings, Values,
};
pub use restore::{Children, RestoreError, Restorer};
pub use schema::{base_fields, meaning, tables_markdown};
pub use table::Table;
pub use wanted::{Extract, Times, Wanted, WantedItems};
