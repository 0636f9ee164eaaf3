//! The ledger: every change of the lake as a numbered record, `_runs/00000000000000000001.json`
//! and so on.
//!
//! A run changes several tables, and the log of one table knows nothing of the others. So a run
//! first publishes its record, at one instant: from then on it has happened. Whoever writes next
//! applies what records say and tables lack. The record also keeps which captures were read how
//! far, the account of the run, and checksums of the parts.

mod apply;
mod captures;
mod origins;
mod read;
mod record;
mod summary;

pub(crate) use apply::{Place, apply};
pub use captures::{Capture, KnownCaptures};
pub(crate) use origins::{Origin, Origins};
pub(crate) use read::{Ledger, Published};
pub(crate) use record::{
    Action, FORMAT, FileRecord, PartRecord, Record, RemovedRecord, TableRecord,
};
