//! What a caller may decide.

use std::num::NonZeroUsize;
use std::sync::Arc;

use otolith_capture::ReadOptions;
use otolith_otlp::Limits;
use otolith_tables::AssemblerOptions;

use crate::redact::Redaction;

/// What to do with exactly identical requests (same payload bytes, same signal) of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dedup {
    /// They are counted and converted like all others.
    None,
    /// The first one is converted, the others are counted as skipped. The first 3 500 000
    /// different requests of a run are remembered (about 75 MB); later ones are converted even
    /// if they repeat, with the note `repeats_not_tracked`.
    Requests,
}

/// What to do with captures, or beginnings of captures, that a lake has already. They are known by
/// content: a file may have been renamed, rotated, packed or unpacked, and may have grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Only what is new is converted.
    PassOver,
    /// They are converted anew, and the rows that they gave before are replaced. All captures of
    /// the runs that read them have to be among the sources.
    Replace,
}

/// How captures are converted.
#[derive(Clone, Debug)]
pub struct ConvertOptions {
    /// Threads that read, decode, and encode parts. One is the caller's own.
    pub threads: NonZeroUsize,
    /// How captures are read.
    pub read: ReadOptions,
    /// Bounds on what a frame may hold.
    pub decode: Limits,
    /// Most columns of a table; keys beyond it share a JSON column.
    pub columns_per_table: usize,
    /// Bytes of rows after which they are sorted and set aside on disk, to be merged in the end.
    /// Bounds the memory of a run, to about 50 MiB more than this, and 45 MiB for each further thread.
    pub buffer_bytes: usize,
    /// What to do with identical requests.
    pub dedup: Dedup,
    /// What to do with captures, or beginnings of them, that the lake has already.
    pub known: Known,
    /// Whether the first reject ends the run with an error.
    pub strict: bool,
    /// What is redacted before anything is made of it; nothing if none. The bytes of rejects are
    /// then not kept, and their messages quote nothing.
    pub redact: Option<Arc<Redaction>>,
}

impl Default for ConvertOptions {
    /// One thread, the defaults of reading and decoding, 512 columns, 8 MiB of rows, all requests
    /// converted, rejects kept and the run continued, nothing redacted.
    fn default() -> Self {
        Self {
            threads: NonZeroUsize::MIN,
            read: ReadOptions::default(),
            decode: Limits::DEFAULT,
            columns_per_table: AssemblerOptions::DEFAULT.columns_per_table,
            buffer_bytes: 8 << 20,
            dedup: Dedup::None,
            known: Known::PassOver,
            strict: false,
            redact: None,
        }
    }
}

/// How captures are inspected.
#[derive(Clone, Debug)]
pub struct InspectOptions {
    /// How captures are read.
    pub read: ReadOptions,
    /// Bounds on what a frame may hold.
    pub decode: Limits,
}

impl Default for InspectOptions {
    fn default() -> Self {
        Self {
            read: ReadOptions::default(),
            decode: Limits::DEFAULT,
        }
    }
}
