//! Two sides of telemetry, captures or lakes, compared item by item.
//!
//! ```text
//! frames, rows -> ItemHasher (128 bits per item, and its time) -> Sorter (spills) -+
//!                                                                                  +-> join -> Comparison
//! the same of the other side ------------------------------------------------------+
//! ```

mod error;
mod hasher;
mod identity;
mod join;
mod options;
mod record;
mod report;
mod run;
mod side;
mod sorter;

pub use error::CompareError;
pub use options::{CompareOptions, Ids, Times};
pub use report::{Comparison, Difference, DifferenceKind, GroupComparison, SideSummary};
pub use run::compare;
pub use side::Side;
