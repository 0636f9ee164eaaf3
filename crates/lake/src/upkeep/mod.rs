//! Upkeep of a lake that is written in many runs: few parts instead of many, an end to what is
//! too old, and the proof that everything is as it should be.

mod compact;
mod retention;
mod verify;

pub use compact::CompactedTable;
pub use retention::{DropPlan, DroppedTable};
pub use verify::{Finding, Verification};
