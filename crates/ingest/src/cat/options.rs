//! What a caller may decide.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use otolith_capture::{Dialect, ReadOptions, Signal};
use otolith_otlp::Limits;

use super::sample::TraceSample;
use crate::options::Dedup;
use crate::redact::Redaction;

/// Which items are kept. All of it has to fit.
#[derive(Clone, Debug, Default)]
pub struct Slice {
    /// The only signal.
    pub signal: Option<Signal>,
    /// Services by `service.name` as sent, before redaction; an empty text where there is none.
    pub service: Option<ServiceFilter>,
    /// Items at or after this time, in nanoseconds since the Unix epoch: the start of a span, the
    /// time of a data point, that of a log record or else the one it was observed at, or else its
    /// attribute `event.timestamp`. With this or `until`, items without a time are left out.
    pub since: Option<i64>,
    /// Items before this time.
    pub until: Option<i64>,
    /// Spans, and log records with a trace id, of these traces only. What has no trace id stays, and
    /// so do metrics and their exemplars.
    pub traces: Option<TraceSample>,
}

impl Slice {
    /// Whether everything is kept.
    pub fn is_everything(&self) -> bool {
        let Self {
            signal,
            service,
            since,
            until,
            traces,
        } = self;
        signal.is_none()
            && service.is_none()
            && since.is_none()
            && until.is_none()
            && traces.is_none()
    }
}

/// Tells whether a service is meant, by its name.
#[derive(Clone)]
pub struct ServiceFilter(Arc<dyn Fn(&str) -> bool + Send + Sync>);

impl ServiceFilter {
    /// Makes a filter.
    pub fn new(fits: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(fits))
    }

    pub(super) fn fits(&self, service: &str) -> bool {
        (self.0)(service)
    }
}

impl fmt::Debug for ServiceFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceFilter")
    }
}

/// The order of what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortBy {
    /// As it was read: one source after another.
    Input,
    /// By the time of each request: when it arrived, else the newest time inside of what is kept,
    /// else that of the request before it in its file. Equal times keep the order of reading. Takes 24
    /// bytes of memory per request, and room for all of them in a temporary file.
    Time,
}

/// How captures are made of captures.
#[derive(Clone, Debug)]
pub struct CatOptions {
    /// Threads that read, decode and encode. One is the caller's own.
    pub threads: NonZeroUsize,
    /// How captures are read.
    pub read: ReadOptions,
    /// Bounds on what a frame may hold.
    pub decode: Limits,
    /// How requests are written.
    pub dialect: Dialect,
    /// Which items are kept.
    pub slice: Slice,
    /// In which order.
    pub sort: SortBy,
    /// What to do with identical requests.
    pub dedup: Dedup,
    /// Whether the first reject ends it with an error.
    pub strict: bool,
    /// What is redacted; nothing if none.
    pub redact: Option<Arc<Redaction>>,
    /// Where requests wait to be put in order; the system's place for temporary files if none.
    pub spool_dir: Option<PathBuf>,
}

impl CatOptions {
    /// Everything in the order of reading, on one thread, into this dialect.
    pub fn new(dialect: Dialect) -> Self {
        Self {
            threads: NonZeroUsize::MIN,
            read: ReadOptions::default(),
            decode: Limits::DEFAULT,
            dialect,
            slice: Slice::default(),
            sort: SortBy::Input,
            dedup: Dedup::None,
            strict: false,
            redact: None,
            spool_dir: None,
        }
    }
}
