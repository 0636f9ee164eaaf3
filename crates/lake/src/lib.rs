//! Keeps parts as Parquet in tables that any engine reads, all of a run or nothing of it.
//!
//! ```text
//! LAKE/_otolith.json                                    the marker
//! LAKE/<database>/<table>/_delta_log/                   what is in the table (Delta Lake)
//! LAKE/<database>/<table>/date=YYYY-MM-DD/<part>.parquet
//! LAKE/_runs/<number>.json                              the ledger: what every run did
//! LAKE/_rejects/<rejects>.jsonl
//! LAKE/_derived/<name>                                  what was made of the tables as they are
//! LAKE/_tmp/<run>/                                      of runs that are not committed
//! ```
//! What is in a table is known to its log alone; folders are never listed to find it.

mod about;
mod batches;
mod catalog;
mod checksum;
mod chunks;
#[cfg(test)]
mod crash_tests;
mod decode;
mod delta;
mod derived;
mod disk;
mod encode;
mod error;
mod field;
mod ledger;
mod merge;
mod names;
mod open;
mod part_reader;
mod positioned;
mod row_group;
mod run;
mod sheet;
mod spill;
mod staging;
mod syncer;
mod temporary;
mod text_codes;
mod upkeep;
mod watch;
mod writing;

pub use batches::Batches;
pub use catalog::{PartFile, TableInfo};
pub use derived::LakeState;
pub use encode::ROW_GROUP_ROWS;
pub use error::LakeError;
pub use ledger::{Capture, KnownCaptures};
pub use open::Lake;
pub use part_reader::PartReader;
pub use run::{Commit, Rows, Run};
pub use sheet::{SheetCells, SheetColumn, SheetError, sheet};
pub use staging::Partition;
pub use upkeep::{CompactedTable, DropPlan, DroppedTable, Finding, Verification};
pub use watch::{NoWatch, Watch};
