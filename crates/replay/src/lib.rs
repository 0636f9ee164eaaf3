//! Plans, paces and sends captures to an OTLP endpoint, and measures the outcome.
//!
//! ```text
//! captures --plan--> Plan { requests in order of time } --run--> Outcome
//! ```
//!
//! A plan is made by reading all captures once; a run sends it over OTLP/HTTP or gRPC. The
//! crate does not print, and knows nothing of tables.

mod ahead;
mod body;
mod canonical;
mod clock;
mod compose;
mod condition;
mod connections;
mod dress;
mod endpoint;
mod environment;
mod error;
mod failed;
mod feed;
mod grpc;
mod halt;
mod hdr;
mod headers;
mod histogram;
mod ids;
mod index;
mod live;
mod measurements;
mod options;
mod outcome;
mod pace;
mod payload;
mod percent;
mod plan;
mod pool;
mod recode;
mod reply;
mod resume;
mod retry;
mod route;
mod run;
mod schedule;
mod sender;
mod series;
mod spool;
mod stream;
mod survey;
mod tally;
mod timeline;
mod tls;
mod transport;
mod watch;

pub use condition::{BadCondition, Condition, Judgement, Verdict};
pub use endpoint::{Endpoint, EndpointError};
pub use environment::{Environment, EnvironmentError, Exporter, ExporterError, Settings};
pub use error::ReplayError;
pub use headers::{HeaderError, Headers};
pub use measurements::{Measurements, Part, Quantile};
pub use options::{Load, ReplayOptions, Times};
pub use outcome::{
    ByteCount, Earlier, Ended, ErrorCount, ItemBalance, Note, Outcome, RequestBalance, Spread,
};
pub use pace::{BadPace, Pace, Profile, RateUnit, Stage};
pub use plan::{
    LeftPlan, Plan, PlanReport, RatePart, RejectCount, RejectExample, RunPlan, SignalPlan, plan,
};
pub use retry::RetryPolicy;
pub use route::{BadCompression, BadProtocol, Compression, HttpVersion, Protocol, Route, TlsFiles};
pub use run::run;
pub use series::Measure;
pub use watch::{NoWatch, Snapshot, Watch};
