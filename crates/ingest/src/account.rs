//! The account of a run: what was read equals what was written and what was not.

use std::collections::BTreeMap;

use otolith_capture::Reject;
use otolith_otlp::NoteCode;
use serde::Serialize;

use crate::redact::RedactedCount;

/// Examples that are kept of each reject code.
const EXAMPLES: usize = 5;

/// What became of everything that a run read. Serialised, it is the JSON answer of a conversion.
///
/// Frames read = converted + rejected + skipped. Items read (spans, log records, data points of
/// frames that were decoded) = rows of `traces`, `logs`, `metrics`, `histograms` and `summaries`
/// + rejected items.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The files, in the order in which they were read.
    pub sources: Vec<SourceAccount>,
    /// Bytes of the files as stored.
    pub bytes_read: u64,
    /// Bytes of the frames, without compression, framing and envelopes.
    pub payload_bytes: u64,
    /// Frames that were cut out of the files, bad ones included.
    pub frames_read: u64,
    /// Frames that became rows; single items of them may have been rejected.
    pub frames_converted: u64,
    /// Frames that could not be taken as a whole.
    pub frames_rejected: u64,
    /// Frames that repeat an earlier one and were left out as the options ask.
    pub frames_skipped: u64,
    /// Frames that repeat an earlier one, skipped or not.
    pub duplicate_requests: u64,
    /// Spans, log records and data points of the frames that were decoded.
    pub items_read: u64,
    /// Items that were rejected alone.
    pub items_rejected: u64,
    /// Rows of all tables.
    pub rows_written: u64,
    /// Rows by database and table, sorted by both.
    pub tables: Vec<TableAccount>,
    /// Parquet files written.
    pub parts_written: u64,
    /// Their size in bytes.
    pub bytes_written: u64,
    /// Rejects by code, sorted by code.
    pub rejects: Vec<RejectGroup>,
    /// The file with the rejects and their bytes; null if there are none.
    pub rejects_file: Option<String>,
    /// What was tolerated, sorted by code.
    pub notes: Vec<NoteCount>,
    /// What was redacted, one entry for each class and key that was asked for: classes, then
    /// keys, each sorted.
    pub redacted: Vec<RedactedCount>,
}

/// A file of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceAccount {
    /// The file as it was named.
    pub file: String,
    /// What it looks like, such as `gzip > JSON lines (agentic-ci)`.
    pub layout: String,
    /// Bytes as stored.
    pub bytes_read: u64,
    /// Frames that were cut out of it in this run, bad ones included.
    pub frames_read: u64,
    /// Frames at its beginning that the lake had already.
    pub known_frames: u64,
    /// Bytes at its beginning, uncompressed, that the lake had already.
    pub known_bytes: u64,
    /// The cut off end of it, which waits to be completed; null without one.
    pub waiting: Option<WaitingTail>,
}

/// A last record that is cut off: not read, so that it is read whole when the file has grown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaitingTail {
    /// What it would be rejected as.
    pub code: &'static str,
    /// Byte offset in the file, uncompressed.
    pub offset: u64,
    /// How many bytes of it are there.
    pub len_bytes: u64,
    /// Why, for people.
    pub message: String,
}

/// Rows of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableAccount {
    /// The database.
    pub database: String,
    /// The table.
    pub table: &'static str,
    /// Rows that the run wrote.
    pub rows: u64,
}

/// Rejects of one code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RejectGroup {
    /// The stable word.
    pub code: &'static str,
    /// How many there were.
    pub count: u64,
    /// The first ones, at most 5.
    pub examples: Vec<RejectExample>,
}

/// A reject without its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RejectExample {
    /// The file.
    pub file: String,
    /// Number of the frame in its file, from 1.
    pub frame: u64,
    /// Byte offset in the file, uncompressed.
    pub offset: u64,
    /// Why, for people.
    pub message: String,
    /// Size of what was rejected in bytes.
    pub len_bytes: u64,
}

/// Something tolerated, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoteCount {
    /// The stable word.
    pub code: &'static str,
    /// How often.
    pub count: u64,
}

impl Account {
    /// Whether nothing was rejected and nothing skipped.
    pub fn is_clean(&self) -> bool {
        self.frames_rejected == 0 && self.items_rejected == 0 && self.frames_skipped == 0
    }

    /// Whether what was read equals what was written and what was not. Always true for an account
    /// that a run returns.
    pub fn balances(&self) -> bool {
        let frames = self.frames_converted + self.frames_rejected + self.frames_skipped;
        let of_items = ["traces", "logs", "metrics", "histograms", "summaries"];
        let tables = self.tables.iter();
        let items: u64 = tables
            .clone()
            .filter(|table| of_items.contains(&table.table))
            .map(|table| table.rows)
            .sum();
        let rows: u64 = tables.map(|table| table.rows).sum();
        let rejects: u64 = self.rejects.iter().map(|group| group.count).sum();
        let sources: u64 = self.sources.iter().map(|source| source.frames_read).sum();
        self.frames_read == frames
            && self.frames_read == sources
            && self.items_read == items + self.items_rejected
            && self.rows_written == rows
            && rejects == self.frames_rejected + self.items_rejected
    }
}

/// Rejects by code with their first examples.
#[derive(Debug, Default)]
pub(crate) struct RejectGroups(BTreeMap<&'static str, RejectGroup>);

impl RejectGroups {
    pub fn add(&mut self, reject: &Reject) {
        let code = reject.code.0;
        let group = self.0.entry(code).or_insert_with(|| RejectGroup {
            code,
            count: 0,
            examples: Vec::new(),
        });
        group.count += 1;
        if group.examples.len() < EXAMPLES {
            group.examples.push(RejectExample {
                file: reject.origin.file.to_string(),
                frame: reject.origin.frame,
                offset: reject.origin.offset,
                message: reject.message.clone(),
                len_bytes: reject.len_bytes,
            });
        }
    }

    pub fn into_groups(self) -> Vec<RejectGroup> {
        self.0.into_values().collect()
    }
}

pub(crate) fn note_counts(notes: &BTreeMap<NoteCode, u64>) -> Vec<NoteCount> {
    let count = |(code, count): (&NoteCode, &u64)| NoteCount {
        code: code.0,
        count: *count,
    };
    notes.iter().map(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use otolith_capture::{Origin, RejectCode};

    fn reject(code: &'static str, frame: u64) -> Reject {
        Reject {
            origin: Origin {
                file: Arc::from("a.jsonl"),
                frame,
                offset: 7,
            },
            code: RejectCode(code),
            message: "no".to_owned(),
            bytes: Vec::new(),
            len_bytes: 3,
        }
    }

    #[test]
    fn rejects_are_counted_with_their_first_examples() {
        let mut groups = RejectGroups::default();
        groups.add(&reject("torn_tail", 1));
        for frame in 2..10 {
            groups.add(&reject("bad_json", frame));
        }
        let groups = groups.into_groups();
        assert_eq!(groups.len(), 2);
        assert_eq!((groups[0].code, groups[0].count), ("bad_json", 8));
        let frames: Vec<u64> = groups[0].examples.iter().map(|e| e.frame).collect();
        assert_eq!(frames, [2, 3, 4, 5, 6]);
    }

    #[test]
    fn an_account_balances_or_not() {
        let mut account = Account {
            frames_read: 3,
            frames_converted: 1,
            frames_rejected: 1,
            frames_skipped: 1,
            items_read: 4,
            items_rejected: 1,
            rows_written: 5,
            ..Account::default()
        };
        let row = |table, rows| TableAccount {
            database: "a".to_owned(),
            table,
            rows,
        };
        account.tables = vec![row("logs", 3), row("span_events", 2)];
        account.sources = vec![SourceAccount {
            file: "a".to_owned(),
            layout: String::new(),
            bytes_read: 0,
            frames_read: 3,
            known_frames: 0,
            known_bytes: 0,
            waiting: None,
        }];
        let mut groups = RejectGroups::default();
        groups.add(&reject("bad_json", 1));
        groups.add(&reject("bad_value", 2));
        account.rejects = groups.into_groups();
        assert!(account.balances());
        assert!(!account.is_clean());
        for change in [
            (|a| a.frames_read += 1) as fn(&mut Account),
            |a| a.items_read += 1,
            |a| a.rows_written += 1,
            |a| a.tables[0].rows -= 1,
            |a| a.items_rejected -= 1,
            |a| a.sources.clear(),
        ] {
            let mut wrong = account.clone();
            change(&mut wrong);
            assert!(!wrong.balances(), "{wrong:?}");
        }
    }
}
