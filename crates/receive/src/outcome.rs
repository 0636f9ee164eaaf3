//! What became of requests, as documented JSON. Names end in their unit.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

/// What was received, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// Addresses that were listened on.
    pub listen: Vec<String>,
    /// From the first listening to this count.
    pub duration_seconds: f64,
    /// Requests.
    pub requests: RequestCounts,
    /// Spans, data points, log records.
    pub items: ItemCounts,
    /// Bytes.
    pub bytes: BytesReceived,
    /// Why requests were not taken, by a stable word, in alphabetical order.
    pub refusals: BTreeMap<&'static str, AnswerCount>,
    /// Connections.
    pub connections: Connections,
    /// Faults made on purpose.
    pub injected: InjectedFaults,
    /// What was written; absent if requests are only counted.
    pub files: Option<WrittenFiles>,
}

/// What became of requests: received = accepted + partly_rejected + empty + rejected + refused +
/// injected + broken_off + under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RequestCounts {
    /// Requests of HTTP whose head arrived.
    pub received: u64,
    /// Taken as a whole, and acknowledged.
    pub accepted: u64,
    /// Taken without some items, and acknowledged so.
    pub partly_rejected: u64,
    /// Acknowledged, but without an item: there is nothing to keep.
    pub empty: u64,
    /// Not taken for what they are: sending them again makes no sense.
    pub rejected: u64,
    /// Not taken for want of memory, disk or time: to be sent again.
    pub refused: u64,
    /// Not taken as a fault was made on purpose.
    pub injected: u64,
    /// Not there as a whole, or nobody waited for the answer. What was already on its way to the disk
    /// is kept.
    pub broken_off: u64,
}

impl RequestCounts {
    /// Requests that are not finished yet.
    pub fn under_way(&self) -> u64 {
        self.received.saturating_sub(self.finished())
    }

    fn finished(&self) -> u64 {
        self.accepted
            + self.partly_rejected
            + self.empty
            + self.rejected
            + self.refused
            + self.injected
            + self.broken_off
    }
}

/// What became of items.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ItemCounts {
    /// Acknowledged.
    pub accepted: u64,
    /// Told to be rejected, in requests that were taken otherwise.
    pub rejected: u64,
    /// What was acknowledged by signal, in the order traces, metrics, logs.
    pub signals: [SignalItems; 3],
}

/// The part of one signal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SignalItems {
    /// `traces`, `metrics` or `logs`.
    pub signal: &'static str,
    /// Requests with items.
    pub requests: u64,
    /// Their spans, data points or log records, without rejected ones.
    pub items: u64,
}

/// Bytes of bodies of requests that were acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BytesReceived {
    /// As sent.
    pub received: u64,
    /// Decompressed.
    pub decompressed: u64,
}

/// Requests that were not taken for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AnswerCount {
    /// The status that answers have over HTTP; the code over gRPC corresponds.
    pub http_status: u16,
    /// How many requests.
    pub requests: u64,
    /// What the first one was told.
    pub message: String,
}

/// Connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Connections {
    /// Accepted.
    pub opened: u64,
    /// Ended before a request as no encryption came about.
    pub tls_failed: u64,
    /// Ended as no request came in time.
    pub timed_out: u64,
    /// Open at this moment.
    pub open: u64,
}

/// Faults made on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InjectedFaults {
    /// Requests that had to wait.
    pub delayed: u64,
    /// Answered with 429.
    pub too_many: u64,
    /// Answered with 503.
    pub unavailable: u64,
    /// Answered with a partial success.
    pub partial: u64,
    /// Not answered: the connection was cut.
    pub dropped: u64,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WrittenFiles {
    /// Files that are finished.
    pub finished: u64,
    /// Requests in all files.
    pub requests: u64,
    /// Bytes of all files, as compressed.
    pub bytes: u64,
    /// How often the disk was waited for.
    pub syncs: u64,
    /// Files that a run before had left open, and that were finished at the start.
    pub recovered: u64,
    /// How often writing failed; senders were answered with 503.
    pub failures: u64,
    /// Why the first time.
    pub failure: Option<String>,
    /// The finished files, at most the newest thousand.
    pub list: VecDeque<WrittenFile>,
}

/// A finished file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WrittenFile {
    /// Its path.
    pub path: String,
    /// Requests in it.
    pub requests: u64,
    /// Items in them.
    pub items: u64,
    /// Its length.
    pub bytes: u64,
}

impl Outcome {
    /// Whether every request was taken, apart from faults made on purpose, and everything written.
    pub fn is_clean(&self) -> bool {
        let RequestCounts {
            partly_rejected,
            rejected,
            refused,
            ..
        } = self.requests;
        let partly = partly_rejected - self.injected.partial.min(partly_rejected);
        let failures = self.files.as_ref().map_or(0, |files| files.failures);
        partly + rejected + refused + failures == 0
    }

    /// Whether every request that was received is counted once. True once a receiver has been
    /// stopped; before, some may be under way.
    pub fn balances(&self) -> bool {
        self.requests.received == self.requests.finished()
            && self.items.accepted == self.items.signals.iter().map(|s| s.items).sum::<u64>()
    }
}
