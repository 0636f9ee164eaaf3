//! The named reports.

mod bucketed;
mod calls;
mod container_tokens;
mod containers;
mod errors;
mod explain;
mod group;
mod host_series;
mod metrics;
mod points;
mod pricing;
mod prompt;
mod rate;
mod reconcile;
mod resources;
mod sessions;
mod spending;
mod summary;
mod tools;
mod types;

pub use calls::tool_calls;
pub use container_tokens::container_tokens;
pub use containers::containers;
pub use errors::errors;
pub use explain::{explain_cost, explain_tokens};
pub use host_series::{cpu, load, memory, processes};
pub use metrics::metrics;
pub use prompt::prompt;
pub use rate::token_rate;
pub use reconcile::reconcile;
pub use resources::{session_resources, trace_resources};
pub use sessions::sessions;
pub use spending::{cost, tokens};
pub use summary::summary;
pub use tools::tools;
pub use types::token_types;
