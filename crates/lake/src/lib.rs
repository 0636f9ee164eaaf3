//! Writes parts as Parquet into a lake, all of a run or nothing, and finds them again.
//!
//! ```text
//! LAKE/_otolith.json                                    the marker
//! LAKE/<database>/<table>/date=YYYY-MM-DD/<part>.parquet
//! LAKE/_rejects/<rejects>.jsonl
//! LAKE/_tmp/<run>/                                      of runs that are not committed
//! ```
//! What is in a table is known to `catalog` alone.

mod catalog;
mod decode;
mod encode;
mod error;
mod field;
mod names;
mod open;
mod run;
mod temporary;

pub use catalog::{PartFile, TableInfo};
pub use error::LakeError;
pub use open::Lake;
pub use run::Run;
