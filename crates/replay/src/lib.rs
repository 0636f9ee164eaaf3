//! Plans, paces and sends captures to an OTLP endpoint, and measures the outcome.
//!
//! ```text
//! captures --plan--> Plan { requests in order of time } --run--> Outcome
//! ```
//!
//! A plan is made by reading all captures once; a run sends it over OTLP/HTTP with protobuf. The
//! crate does not print, and knows nothing of tables.

mod clock;
mod endpoint;
mod error;
mod failed;
mod halt;
mod options;
mod outcome;
mod pace;
mod plan;
mod reply;
mod retry;
mod run;
mod sender;
mod survey;
mod tally;
mod timeline;
mod transport;
mod watch;

pub use endpoint::{Endpoint, EndpointError, HeaderError, Headers};
pub use error::ReplayError;
pub use options::{BadSpeed, Compression, ReplayOptions, Speed, Times};
pub use outcome::{
    ByteCount, Ended, ErrorCount, ItemBalance, Note, Outcome, PlanReport, RejectCount,
    RejectExample, RequestBalance, SignalPlan, Spread,
};
pub use plan::{Plan, plan};
pub use retry::RetryPolicy;
pub use run::run;
pub use watch::{NoWatch, Watch};
