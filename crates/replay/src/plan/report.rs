//! What a plan holds, as documented JSON. Names end in their unit.

use std::collections::BTreeMap;

use otolith_capture::Origin;
use serde::{Deserialize, Serialize};

/// What would be sent. Numbers of requests, items and bytes are of the captures, which is one loop.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PlanReport {
    /// Export requests.
    pub requests: u64,
    /// Spans, log records and data points in them.
    pub items: u64,
    /// Bytes of their bodies, protobuf, before compression.
    pub bytes: u64,
    /// The same by signal, in the order traces, metrics, logs; signals without requests left out.
    pub signals: Vec<SignalPlan>,
    /// Time of the first request; absent if there is none.
    pub first_time_unix_nano: Option<u64>,
    /// Time of the last request.
    pub last_time_unix_nano: Option<u64>,
    /// From the first to the last request, as recorded.
    pub recorded_seconds: f64,
    /// What the run sends, over all loops; absent where that is not known before it: loops without
    /// an end, and at `max` a run of a given duration.
    pub planned: Option<RunPlan>,
    /// From the start of the run to its last request; absent at `max`, and where `planned` is.
    pub expected_seconds: Option<f64>,
    /// What of that the next run sends, where an earlier one with the same `--resume` has left something;
    /// absent where none has, and where `planned` is.
    pub left: Option<LeftPlan>,
    /// Longest gap between two requests, as recorded.
    pub longest_gap_seconds: f64,
    /// Gaps that the run makes shorter, as they would be longer than the longest that is allowed.
    pub cut_gaps: u64,
    /// What that leaves out of the run.
    pub left_out_seconds: f64,
    /// Requests recorded before one that stands above them in their file. They are put in order.
    pub disordered_requests: u64,
    /// Requests without arrival time and without a time between 1980 and 2200 inside. They go
    /// with the request before them in their file.
    pub untimed_requests: u64,
    /// Frames found: those sent, those that hold nothing to send, those rejected.
    pub frames: u64,
    /// Frames that hold no request, such as `{}`.
    pub empty_frames: u64,
    /// Frames that cannot be sent.
    pub rejected_frames: u64,
    /// Items that cannot be sent, in frames that are.
    pub rejected_items: u64,
    /// Why, by code.
    pub rejects: Vec<RejectCount>,
}

impl PlanReport {
    /// What the next run sends: all of it, or what an earlier one has left. Absent where `planned` is.
    pub fn to_send(&self) -> Option<RunPlan> {
        match self.left {
            None => self.planned,
            Some(left) => Some(RunPlan {
                requests: left.requests,
                items: left.items,
                bytes: left.bytes,
            }),
        }
    }

    /// From the start of the next run to its last request; absent where that is not known.
    pub fn seconds_to_send(&self) -> Option<f64> {
        match self.left {
            None => self.expected_seconds,
            Some(left) => left.expected_seconds,
        }
    }
}

/// What a run sends, over all loops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunPlan {
    /// Export requests.
    pub requests: u64,
    /// Spans, log records and data points in them.
    pub items: u64,
    /// Bytes of their bodies, before compression.
    pub bytes: u64,
}

/// What is left of a run that ended before its time: what had not begun, and what is sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct LeftPlan {
    /// Export requests.
    pub requests: u64,
    /// Spans, log records and data points that are left of them.
    pub items: u64,
    /// Bytes of the bodies, before compression.
    pub bytes: u64,
    /// From the start of the run that goes on to its last request; absent at `max`.
    pub expected_seconds: Option<f64>,
}

/// What is to be sent in a part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RatePart {
    /// When it begins, from the start of the run.
    pub start_seconds: f64,
    /// How long it is.
    pub seconds: f64,
    /// Export requests.
    pub requests: u64,
    /// Spans, log records and data points in them.
    pub items: u64,
    /// Bytes of their bodies, before compression.
    pub bytes: u64,
}

/// The part of one signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignalPlan {
    /// `traces`, `metrics` or `logs`.
    pub signal: &'static str,
    /// Export requests.
    pub requests: u64,
    /// Spans, data points or log records.
    pub items: u64,
    /// Bytes of the bodies.
    pub bytes: u64,
}

/// Frames and items that cannot be sent for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RejectCount {
    /// Why, as a stable word.
    pub code: &'static str,
    /// How many frames.
    pub frames: u64,
    /// How many items in frames that are sent otherwise.
    pub items: u64,
    /// The first few.
    pub examples: Vec<RejectExample>,
}

/// A frame that cannot be sent, or has an item that cannot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RejectExample {
    /// The capture file.
    pub file: String,
    /// Number of the frame in its file, from 1.
    pub frame: u64,
    /// Where the frame begins.
    pub offset: u64,
    /// Why, for people.
    pub message: String,
}

/// Examples kept per code.
const MAX_EXAMPLES: usize = 3;

/// Counts rejects by code.
#[derive(Debug, Default)]
pub(crate) struct Rejects {
    by_code: BTreeMap<&'static str, RejectCount>,
}

impl Rejects {
    pub(crate) fn frame(&mut self, code: &'static str, origin: &Origin, message: &str) {
        self.count(code, origin, message).frames += 1;
    }

    pub(crate) fn item(&mut self, code: &'static str, origin: &Origin, message: &str) {
        self.count(code, origin, message).items += 1;
    }

    fn count(&mut self, code: &'static str, origin: &Origin, message: &str) -> &mut RejectCount {
        let count = self.by_code.entry(code).or_insert_with(|| RejectCount {
            code,
            frames: 0,
            items: 0,
            examples: Vec::new(),
        });
        if count.examples.len() < MAX_EXAMPLES {
            count.examples.push(RejectExample {
                file: origin.file.to_string(),
                frame: origin.frame,
                offset: origin.offset,
                message: message.to_owned(),
            });
        }
        count
    }

    pub(crate) fn into_counts(self) -> Vec<RejectCount> {
        self.by_code.into_values().collect()
    }
}
