//! The named reports.

mod group;
mod metrics;
mod points;
mod resources;
mod spending;
mod summary;
mod tools;

pub use metrics::metrics;
pub use resources::{session_resources, trace_resources};
pub use spending::{cost, tokens};
pub use summary::summary;
pub use tools::tools;
