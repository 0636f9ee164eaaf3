//! The account: what was read equals what was written and what was not.

use std::collections::BTreeMap;

use otolith_capture::Reject;
use otolith_otlp::NoteCode;
use serde::Serialize;

use crate::account::{NoteCount, RejectGroup, RejectGroups, SourceAccount, note_counts};
use crate::redact::{RedactedCount, Redaction, Tally};

/// What became of everything that was read. Serialised, it is the JSON summary of the command.
///
/// Frames read = written + left out + empty + rejected + skipped. Items read = written + left out +
/// rejected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CatAccount {
    /// The files, in the order in which they were read; none of a lake.
    pub sources: Vec<SourceAccount>,
    /// Bytes of the files as stored.
    pub bytes_read: u64,
    /// Bytes of the frames, without compression, framing and envelopes.
    pub payload_bytes: u64,
    /// Frames that were cut out of the files, bad ones included; requests that were made of a lake.
    pub frames_read: u64,
    /// Frames of which something was written.
    pub frames_written: u64,
    /// Those of them whose bytes passed unchanged.
    pub frames_unchanged: u64,
    /// Frames none of whose items was selected.
    pub frames_left_out: u64,
    /// Frames without items, which are not written.
    pub frames_empty: u64,
    /// Frames that could not be taken as a whole.
    pub frames_rejected: u64,
    /// Frames that repeat an earlier one and were left out as the options ask.
    pub frames_skipped: u64,
    /// Frames that repeat an earlier one, skipped or not.
    pub duplicate_requests: u64,
    /// Requests written; a frame of several signals may give several.
    pub requests: u64,
    /// Written requests that were recorded before one that stands above them in the same file, and
    /// were put in order; null if the order is that of reading.
    pub disordered_requests: Option<u64>,
    /// Items of frames that were decoded.
    pub items_read: u64,
    /// Items written.
    pub items_written: u64,
    /// Items that were not selected.
    pub items_left_out: u64,
    /// Items that are bad, or of a request that cannot be written. In frames whose bytes pass
    /// unchanged, bad ones are written all the same.
    pub items_rejected: u64,
    /// Spans written.
    pub spans: u64,
    /// Data points written.
    pub data_points: u64,
    /// Log records written.
    pub log_records: u64,
    /// Rows of `span_events`, `span_links` and `exemplars` of a lake whose span or point is not in it: they
    /// are in no request.
    pub orphan_rows: u64,
    /// Times of arrival that the dialect has no place for.
    pub arrivals_lost: u64,
    /// Rejects by code, sorted by code.
    pub rejects: Vec<RejectGroup>,
    /// What was tolerated, sorted by code.
    pub notes: Vec<NoteCount>,
    /// What was redacted.
    pub redacted: Vec<RedactedCount>,
    /// Bytes written, before compression.
    pub bytes_written: u64,
    /// The files written; none for a stream.
    pub files: Vec<String>,
}

impl CatAccount {
    /// Whether nothing was rejected and nothing skipped. What was not selected is no loss.
    pub fn is_clean(&self) -> bool {
        self.frames_rejected == 0
            && self.items_rejected == 0
            && self.frames_skipped == 0
            && self.orphan_rows == 0
    }

    /// Whether what was read equals what was written and what was not. Always true for an account
    /// that is returned.
    pub fn balances(&self) -> bool {
        let frames = self.frames_written
            + self.frames_left_out
            + self.frames_empty
            + self.frames_rejected
            + self.frames_skipped;
        self.frames_read == frames
            && self.items_read == self.items_written + self.items_left_out + self.items_rejected
            && self.items_written == self.spans + self.data_points + self.log_records
    }
}

/// What is counted of a run of frames.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub frames_read: u64,
    pub frames_written: u64,
    pub frames_unchanged: u64,
    pub frames_left_out: u64,
    pub frames_empty: u64,
    pub frames_rejected: u64,
    pub frames_skipped: u64,
    pub payload_bytes: u64,
    pub requests: u64,
    pub arrivals_lost: u64,
    /// Good items, by signal.
    pub read: [u64; 3],
    /// Items written, by signal.
    pub written: [u64; 3],
    /// Bad items, and good ones of requests that cannot be written.
    pub items_rejected: u64,
    /// The latter alone.
    pub good_rejected: u64,
    pub notes: BTreeMap<NoteCode, u64>,
}

impl Counts {
    pub fn add(&mut self, more: &Self) {
        self.frames_read += more.frames_read;
        self.frames_written += more.frames_written;
        self.frames_unchanged += more.frames_unchanged;
        self.frames_left_out += more.frames_left_out;
        self.frames_empty += more.frames_empty;
        self.frames_rejected += more.frames_rejected;
        self.frames_skipped += more.frames_skipped;
        self.payload_bytes += more.payload_bytes;
        self.requests += more.requests;
        self.arrivals_lost += more.arrivals_lost;
        self.items_rejected += more.items_rejected;
        self.good_rejected += more.good_rejected;
        for signal in 0..3 {
            self.read[signal] += more.read[signal];
            self.written[signal] += more.written[signal];
        }
        for (code, count) in &more.notes {
            *self.notes.entry(*code).or_default() += count;
        }
    }

    pub fn into_account(
        self,
        rejects: RejectGroups,
        redaction: Option<(&Redaction, &Tally)>,
    ) -> CatAccount {
        let read: u64 = self.read.iter().sum();
        let written: u64 = self.written.iter().sum();
        let [spans, data_points, log_records] = self.written;
        CatAccount {
            payload_bytes: self.payload_bytes,
            frames_read: self.frames_read,
            frames_written: self.frames_written,
            frames_unchanged: self.frames_unchanged,
            frames_left_out: self.frames_left_out,
            frames_empty: self.frames_empty,
            frames_rejected: self.frames_rejected,
            frames_skipped: self.frames_skipped,
            requests: self.requests,
            items_read: read + self.items_rejected - self.good_rejected,
            items_written: written,
            items_left_out: read - written - self.good_rejected,
            items_rejected: self.items_rejected,
            spans,
            data_points,
            log_records,
            arrivals_lost: self.arrivals_lost,
            rejects: rejects.into_groups(),
            notes: note_counts(&self.notes),
            redacted: redaction.map_or_else(Vec::new, |(redaction, tally)| redaction.counts(tally)),
            ..CatAccount::default()
        }
    }
}

/// A reject as it may be told.
pub(super) fn shown(reject: &Reject, redaction: Option<&Redaction>) -> Reject {
    match redaction {
        Some(redaction) => redaction.withhold(reject),
        None => reject.clone(),
    }
}
