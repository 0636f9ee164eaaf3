//! What becomes of loads whatever is made of their rows: rejects are told, everything is counted.

use std::collections::BTreeMap;

use otolith_capture::Reject;
use otolith_otlp::NoteCode;
use otolith_tables::{DatabaseName, Table};

use crate::account::{Account, RejectGroups, SourceAccount, TableAccount, note_counts};
use crate::decode::DecodedLoad;
use crate::error::ConvertError;
use crate::options::ConvertOptions;
use crate::redact::Tally;
use crate::repeats::{REPEATS_NOT_TRACKED, Repeats};

/// The account of a run while loads come, strictly in input order.
pub(crate) struct Intake<'a> {
    options: &'a ConvertOptions,
    rejects: RejectGroups,
    rows: BTreeMap<(DatabaseName, Table), u64>,
    redacted: Tally,
    account: Account,
}

impl<'a> Intake<'a> {
    pub fn new(options: &'a ConvertOptions) -> Self {
        Self {
            options,
            rejects: RejectGroups::default(),
            rows: BTreeMap::new(),
            redacted: Tally::default(),
            account: Account::default(),
        }
    }

    /// Counts what a load held. Its rejects, as they may be shown, go to `keep` in input order.
    ///
    /// # Errors
    ///
    /// If something was rejected and the options are strict, or an error of `keep`.
    pub fn count(
        &mut self,
        decoded: &DecodedLoad,
        mut keep: impl FnMut(&Reject) -> Result<(), ConvertError>,
    ) -> Result<(), ConvertError> {
        self.redacted.add(&decoded.redacted);
        for reject in &decoded.rejects {
            let withheld = self.options.redact.as_ref().map(|r| r.withhold(reject));
            let reject = withheld.as_ref().unwrap_or(reject);
            if self.options.strict {
                return Err(ConvertError::rejected(reject));
            }
            self.rejects.add(reject);
            keep(reject)?;
        }
        let (account, counts) = (&mut self.account, &decoded.counts);
        account.frames_read += counts.read;
        account.frames_converted += counts.converted;
        account.frames_skipped += counts.skipped;
        account.frames_rejected += counts.rejected;
        account.payload_bytes += counts.payload_bytes;
        account.items_read += counts.items;
        account.items_rejected += decoded.batches.counts().rejected_items;
        for (table, rows) in &decoded.batches.counts().rows {
            *self.rows.entry(table.clone()).or_default() += rows;
        }
        Ok(())
    }

    /// The account, but for what was written where. `notes` are those of the assembler.
    pub fn finish(
        self,
        sources: Vec<SourceAccount>,
        repeats: &Repeats,
        notes: &BTreeMap<NoteCode, u64>,
    ) -> Account {
        let mut account = self.account;
        let mut notes = notes.clone();
        if repeats.untracked > 0 {
            notes.insert(REPEATS_NOT_TRACKED, repeats.untracked);
        }
        account.notes = note_counts(&notes);
        if let Some(redaction) = &self.options.redact {
            account.redacted = redaction.counts(&self.redacted);
        }
        account.bytes_read = sources.iter().map(|source| source.bytes_read).sum();
        account.sources = sources;
        account.duplicate_requests = repeats.repeated;
        account.rejects = self.rejects.into_groups();
        let table = |((database, table), rows): (&(DatabaseName, Table), &u64)| TableAccount {
            database: database.as_str().to_owned(),
            table: table.as_str(),
            rows: *rows,
        };
        account.tables = self.rows.iter().map(table).collect();
        account.rows_written = self.rows.values().sum();
        debug_assert!(account.balances(), "{account:?}");
        account
    }
}
