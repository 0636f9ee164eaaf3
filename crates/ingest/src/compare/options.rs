//! What a caller may decide.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use otolith_capture::ReadOptions;
use otolith_otlp::Limits;

/// What times mean when items are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// They have to be equal.
    Same,
    /// Those of the right side are all later, or earlier, by one span of time, which is found: that
    /// by which most items differ that are on either side once.
    Shifted,
    /// Of spans and log records only the distances of times inside of an item have to be equal: how
    /// long a span took, when its events were. Of data points only which times there are: where each
    /// request is moved by itself, their start times move with the requests before.
    Ignored,
}

/// What ids of traces and spans mean when items are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// They have to be equal.
    Same,
    /// Only whether there is one has to be equal.
    Ignored,
}

/// How two sides are compared.
#[derive(Clone, Debug)]
pub struct CompareOptions {
    /// Threads that read and decode.
    pub threads: NonZeroUsize,
    /// How captures are read.
    pub read: ReadOptions,
    /// Bounds on what a frame may hold.
    pub decode: Limits,
    /// What times mean.
    pub times: Times,
    /// What ids mean.
    pub ids: Ids,
    /// Most differences of each kind that are listed. All are counted.
    pub limit: usize,
    /// Bytes of items in memory, 48 each, after which they are sorted and set aside on disk; once
    /// for each side.
    pub buffer_bytes: usize,
    /// Where items are set aside; the system's place for temporary files if none.
    pub spool_dir: Option<PathBuf>,
}

impl Default for CompareOptions {
    /// One thread, the same times and ids, 20 differences, 48 MiB.
    fn default() -> Self {
        Self {
            threads: NonZeroUsize::MIN,
            read: ReadOptions::default(),
            decode: Limits::DEFAULT,
            times: Times::Same,
            ids: Ids::Same,
            limit: 20,
            buffer_bytes: 48 << 20,
            spool_dir: None,
        }
    }
}
