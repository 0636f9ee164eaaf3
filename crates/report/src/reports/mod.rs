//! The named reports.

mod group;
mod spending;
mod summary;
mod tools;

pub use spending::{cost, tokens};
pub use summary::summary;
pub use tools::tools;
