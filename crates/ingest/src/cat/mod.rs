//! Captures into captures: another dialect, a slice, merged in time order, sampled, redacted.
//!
//! ```text
//! frame -> Judge (what is kept, how new it is) -> unchanged bytes
//!                                              -> decoder -> Chosen -> redaction -> encoder
//!       -> Framer -> Spool (in time order) or at once -> CaptureFiles
//! ```
//! Each frame is decoded once to check and judge it, and a second time only if it has to change.

mod account;
mod choose;
mod error;
mod judge;
mod lake;
mod options;
mod run;
mod sample;
mod spool;
mod transcode;

pub use account::CatAccount;
pub use error::CatError;
pub use lake::cat_lake;
pub use options::{CatOptions, ServiceFilter, Slice, SortBy};
pub use run::cat;
pub use sample::{TraceSample, TraceSampleError};

use otolith_capture::RejectCode;

/// A protobuf request does not show its signal, and the dialect does not name it: read again it would be
/// refused, or taken for another signal.
pub const UNCLEAR_SIGNAL: RejectCode = RejectCode("unclear_signal");
/// A request is longer than its length can be told in the dialect.
pub const REQUEST_TOO_LARGE: RejectCode = RejectCode("request_too_large");
