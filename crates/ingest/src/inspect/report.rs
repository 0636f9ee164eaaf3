//! The answer of an inspection.

use serde::Serialize;

use crate::account::{NoteCount, RejectGroup, RejectGroups, SourceAccount};

/// What is in captures. Serialised, it is the JSON answer of an inspection.
///
/// Times are nanoseconds since the Unix epoch. Times before 1980 or after 2199 count as none.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Inspection {
    /// The files, in the order in which they were read.
    pub sources: Vec<SourceInspection>,
    /// Frames that were cut out of the files, bad ones included.
    pub frames_read: u64,
    /// Frames that could not be taken as a whole.
    pub frames_rejected: u64,
    /// Items that were rejected alone.
    pub items_rejected: u64,
    /// The signals that occur, in the order traces, metrics, logs.
    pub signals: Vec<SignalInspection>,
    /// Services by name.
    pub services: Vec<ServiceInspection>,
    /// Instrumentation scopes by name and version.
    pub scopes: Vec<ScopeInspection>,
    /// Metrics by name and type.
    pub metrics: Vec<MetricInspection>,
    /// Whether there were more than 1000 services, scopes or versions of a service, or 10 000
    /// metrics: those beyond are not listed.
    pub is_cut: bool,
    /// First and last time of an item (spans from start to end).
    pub item_time: Option<TimeRange>,
    /// First and last time at which the capture received a request, where envelopes tell.
    pub arrival_time: Option<TimeRange>,
    /// The longest times of 10 seconds or more without a request, longest first, at most 5. The
    /// time of a request is its arrival, else its newest item.
    pub gaps: Vec<Gap>,
    /// How far requests are from being in order of time within their files.
    pub disorder: Disorder,
    /// Requests that repeat an earlier one byte for byte.
    pub duplicate_requests: u64,
    /// Seconds from the first to the last request: the length of a replay at recorded speed.
    pub replay_seconds: Option<f64>,
    /// Rejects of all files by code.
    pub rejects: Vec<RejectGroup>,
    /// What was tolerated, sorted by code.
    pub notes: Vec<NoteCount>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceInspection {
    /// The file as it was named.
    pub file: String,
    /// What it looks like, such as `gzip > JSON lines (agentic-ci)`.
    pub layout: String,
    /// Bytes as stored.
    pub bytes_read: u64,
    /// Frames that were cut out of it, bad ones included.
    pub frames_read: u64,
    /// Rejects by code.
    pub rejects: Vec<RejectGroup>,
}

/// A signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignalInspection {
    /// `traces`, `metrics` or `logs`.
    pub signal: &'static str,
    /// Requests with this signal.
    pub requests: u64,
    /// Spans, data points or log records.
    pub items: u64,
    /// Bytes of its requests, without compression and envelopes. A request of several signals
    /// counts for the first.
    pub payload_bytes: u64,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceInspection {
    /// `service.name`; null where resources have none.
    pub service_name: Option<String>,
    /// Values of `service.version`, sorted.
    pub service_versions: Vec<String>,
    /// Names of the AI coding agents that its items are from, sorted.
    pub agents: Vec<String>,
    /// Its spans, data points and log records.
    pub items: u64,
}

/// An instrumentation scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScopeInspection {
    /// Its name, possibly empty.
    pub scope_name: String,
    /// Its version, possibly empty.
    pub scope_version: String,
    /// Its spans, data points and log records.
    pub items: u64,
}

/// A metric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MetricInspection {
    /// Its name.
    pub metric_name: String,
    /// `gauge`, `sum`, `histogram`, `exponential_histogram` or `summary`.
    pub metric_type: &'static str,
    /// Points with delta temporality.
    pub delta_points: u64,
    /// Points with cumulative temporality.
    pub cumulative_points: u64,
    /// Points without temporality (gauges and summaries have none) or with an unknown one.
    pub unspecified_points: u64,
}

/// A range of time, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TimeRange {
    /// Nanoseconds since the Unix epoch.
    pub first_unix_nano: u64,
    /// Nanoseconds since the Unix epoch.
    pub last_unix_nano: u64,
}

/// A time without requests.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Gap {
    /// Time of the request before, in nanoseconds since the Unix epoch.
    pub from_unix_nano: u64,
    /// Time of the request after.
    pub to_unix_nano: u64,
    /// Length in seconds.
    pub seconds: f64,
}

/// Requests out of order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Disorder {
    /// Requests whose time is before that of an earlier request of the same file.
    pub requests: u64,
    /// The farthest that one of them is behind, in seconds.
    pub largest_step_seconds: f64,
}

impl Inspection {
    /// Whether nothing was rejected.
    pub fn is_clean(&self) -> bool {
        self.frames_rejected == 0 && self.items_rejected == 0
    }
}

impl SourceInspection {
    pub(crate) fn new(account: SourceAccount, rejects: RejectGroups) -> Self {
        Self {
            file: account.file,
            layout: account.layout,
            bytes_read: account.bytes_read,
            frames_read: account.frames_read,
            rejects: rejects.into_groups(),
        }
    }
}

impl TimeRange {
    /// The range, widened to hold a time.
    pub(crate) fn widened(range: Option<Self>, unix_nano: u64) -> Option<Self> {
        let range = range.unwrap_or(Self {
            first_unix_nano: unix_nano,
            last_unix_nano: unix_nano,
        });
        Some(Self {
            first_unix_nano: range.first_unix_nano.min(unix_nano),
            last_unix_nano: range.last_unix_nano.max(unix_nano),
        })
    }
}
