//! The named reports.

mod group;
mod metrics;
mod points;
mod pricing;
mod rate;
mod resources;
mod spending;
mod summary;
mod tools;
mod types;

pub use metrics::metrics;
pub use rate::token_rate;
pub use resources::{session_resources, trace_resources};
pub use spending::{cost, tokens};
pub use summary::summary;
pub use tools::tools;
pub use types::token_types;
