//! Converts captures into a lake, every frame accounted for, and back, or into other captures;
//! inspects and compares captures.
//!
//! ```text
//! sources -> chunks -> batches (on several threads) -> parts (in input order) -> lake
//! sources -> chunks -> batches of what is wanted -> parts in memory
//! lake -> parts -> requests
//! ```
//! The same sources and options give the same files, whatever the number of threads. The crate
//! prints nothing: progress goes to a [`Watch`], the result is an [`Account`].

mod account;
mod captures;
mod cat;
mod collect;
mod compare;
mod convert;
mod decode;
mod error;
mod export;
mod identity;
mod inspect;
mod intake;
mod options;
mod pipeline;
mod reader;
mod redact;
mod rejects;
mod repeats;
mod sequencer;
mod watch;
mod workers;

pub use account::{
    Account, NoteCount, RejectExample, RejectGroup, SourceAccount, TableAccount, WaitingTail,
};
pub use cat::{
    CatAccount, CatError, CatOptions, REQUEST_TOO_LARGE, ServiceFilter, Slice, SortBy, TraceSample,
    TraceSampleError, UNCLEAR_SIGNAL, cat, cat_lake,
};
pub use collect::{Collected, collect};
pub use compare::{
    CompareError, CompareOptions, Comparison, Difference, DifferenceKind, GroupComparison, Ids,
    Side, SideSummary, Times, compare,
};
pub use convert::convert;
pub use error::ConvertError;
pub use export::{ExportError, ExportFormat, ExportOptions, Exported, export};
pub use inspect::{
    Disorder, Gap, Inspection, MetricInspection, ScopeInspection, ServiceInspection,
    SignalInspection, SourceInspection, TimeRange, inspect,
};
pub use options::{ConvertOptions, Dedup, InspectOptions, Known};
pub use redact::{
    KeyPattern, RedactClass, RedactTarget, RedactTargetError, Redacted, RedactedCount,
    RedactedKind, Redaction, RedactionKey, RedactionKeyError, redaction_keys_markdown,
};
pub use watch::{NoWatch, Watch};
