//! Parts back into visits.
//!
//! ```text
//! parts of span_events, span_links, exemplars (one database and date) --> Children
//! a part of traces, logs, metrics, histograms or summaries --> Restorer --visit--> Sink
//! ```
//! What comes back equals what was taken in, field by field; attributes stand in another order. What a
//! lake holds may be from anybody: a value that means nothing is a [`RestoreError`], never a panic.

mod attributes;
mod children;
mod context;
mod error;
mod items;
mod json;
mod points;
mod reserved;
mod restorer;
mod rows;
mod sent_as;
mod value;

pub use children::Children;
pub(crate) use error::Fault;
pub use error::RestoreError;
pub use restorer::Restorer;
