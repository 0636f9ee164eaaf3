//! Redaction: values that shall not be in a lake are replaced before anything is made of them.
//!
//! ```text
//! Decoder -> RedactingSink (keys, bodies, texts) -> Batches -> ...
//! ```
//! Everything that a lake holds is made of what the sink passes on, hashes such as `series_id`
//! included. Rejects do not go that way; [`Redaction`] withholds their bytes and messages.

mod counts;
mod docs;
mod email;
mod matcher;
mod reasons;
mod redaction;
mod rewrite;
mod secret;
mod sink;
mod table;
mod target;

pub(crate) use counts::Tally;
pub use counts::{Redacted, RedactedCount, RedactedKind};
pub use docs::redaction_keys_markdown;
pub use redaction::Redaction;
pub use secret::{RedactionKey, RedactionKeyError};
pub(crate) use sink::Redactor;
pub use target::{KeyPattern, RedactClass, RedactTarget, RedactTargetError};
