//! Defines the tables once, and turns OTLP visits into typed rows per database.
//!
//! ```text
//! Sink visits -> Batch (rows of one chunk, in columns) -> Assembler (chunks in input order)
//!             -> Part (rows of one database, table and date, sorted by time)
//! ```
//! The crate knows neither Parquet nor paths.

mod database;
mod part;
mod table;

pub use database::{DatabaseName, normalise};
pub use part::{
    AttributePlace, ColumnOrigin, ColumnType, Field, Layout, Part, PartColumn, Strings, Values,
};
pub use table::Table;
