//! From sources to files.

use std::sync::Arc;

use otolith_capture::{CaptureFiles, Framer, Source};

use super::account::{CatAccount, Counts, shown};
use super::error::CatError;
use super::options::{CatOptions, SortBy};
use super::spool::Spool;
use super::transcode::{Transcoded, Transcoder};
use crate::account::RejectGroups;
use crate::error::ConvertError;
use crate::identity::Identity;
use crate::options::{ConvertOptions, Dedup};
use crate::pipeline::{self, Take};
use crate::reader::{Order, ReadEnd, Reader};
use crate::redact::Tally;
use crate::repeats::{REPEATS_NOT_TRACKED, Repeats};
use crate::watch::Watch;
use crate::workers::Workers;

/// Writes captures as another capture, and accounts for every frame and item.
///
/// Payloads pass byte for byte where nothing has to change. Else they are decoded and encoded, which
/// keeps all that the protocol defines and drops fields that it does not, repeated attribute keys but
/// for the last, and bad items. The same sources and options give the same bytes, whatever the number
/// of threads. Memory is bounded by the options, but for 24 bytes per request when sorting.
///
/// # Errors
///
/// If a source cannot be read, the output not be written, or something is rejected and the options are
/// strict. Files are then not there, or as they were before.
pub fn cat(
    sources: &[Source],
    options: &CatOptions,
    out: CaptureFiles,
    watch: &dyn Watch,
) -> Result<CatAccount, CatError> {
    let options = Arc::new(options.clone());
    let workers = Workers::new(options.threads)?;
    let order = Order {
        identity: Identity::new(&ConvertOptions::default()),
        repeats: Repeats::new(),
        skip_repeats: options.dedup == Dedup::Requests,
    };
    let reader = Reader::new(sources, &options.read, watch, order, None);
    let mut framers = Vec::new();
    for _ in 0..options.threads.get() {
        framers.push(Framer::new(options.dialect)?);
    }
    let mut transcoders: Vec<Transcoder> = framers
        .into_iter()
        .map(|framer| Transcoder::new(&options, framer))
        .collect();
    let mut writer = Writer::new(&options, out)?;
    let decoders = || transcoders.pop().expect("there is one per thread");
    let ReadEnd {
        accounts, order, ..
    } = pipeline::run(reader, &workers, decoders, &mut writer)?;
    let mut account = writer.finish(&order.repeats, watch)?;
    account.bytes_read = accounts.iter().map(|source| source.bytes_read).sum();
    account.sources = accounts;
    watch.finished();
    Ok(account)
}

/// Takes loads in input order and writes their records, at once or in the end.
pub(super) struct Writer<'a> {
    options: &'a CatOptions,
    out: CaptureFiles,
    spool: Option<Spool>,
    counts: Counts,
    rejects: RejectGroups,
    redacted: Tally,
}

impl<'a> Writer<'a> {
    pub fn new(options: &'a CatOptions, out: CaptureFiles) -> Result<Self, CatError> {
        let spool = match options.sort {
            SortBy::Input => None,
            SortBy::Time => {
                Some(Spool::new(options.spool_dir.as_deref()).map_err(CatError::Spool)?)
            }
        };
        Ok(Self {
            options,
            out,
            spool,
            counts: Counts::default(),
            rejects: RejectGroups::default(),
            redacted: Tally::default(),
        })
    }

    /// Writes what waits, ends the files, closes the account.
    pub fn finish(mut self, repeats: &Repeats, watch: &dyn Watch) -> Result<CatAccount, CatError> {
        let mut disordered = None;
        if let Some(spool) = self.spool.take() {
            let out = &mut self.out;
            disordered = Some(spool.finish(CatError::Spool, |record| {
                if watch.is_stopped() {
                    return Err(ConvertError::Interrupted.into());
                }
                Ok(out.write(record)?)
            })?);
        }
        let written = self.out.finish()?;
        if repeats.untracked > 0 {
            let notes = &mut self.counts.notes;
            notes.insert(REPEATS_NOT_TRACKED, repeats.untracked);
        }
        let redaction = self.options.redact.as_deref();
        let redaction = redaction.map(|redaction| (redaction, &self.redacted));
        let account = CatAccount {
            duplicate_requests: repeats.repeated,
            disordered_requests: disordered,
            bytes_written: written.bytes,
            files: written
                .files
                .iter()
                .map(|path| path.to_string_lossy().into_owned())
                .collect(),
            ..self.counts.into_account(self.rejects, redaction)
        };
        debug_assert!(account.balances(), "{account:?}");
        Ok(account)
    }
}

impl Take<Transcoded> for Writer<'_> {
    type Error = CatError;

    fn take(&mut self, load: Transcoded) -> Result<(), CatError> {
        if let Some(failure) = load.failure {
            return Err(failure.into());
        }
        for reject in &load.rejects {
            let reject = shown(reject, self.options.redact.as_deref());
            if self.options.strict {
                return Err(ConvertError::rejected(&reject).into());
            }
            self.rejects.add(&reject);
        }
        let mut start = 0;
        for record in &load.records {
            let bytes = &load.bytes[start..record.end];
            match &mut self.spool {
                None => self.out.write(bytes)?,
                Some(spool) => spool
                    .push(bytes, record.time_unix_nano, &record.file)
                    .map_err(CatError::Spool)?,
            }
            start = record.end;
        }
        self.counts.add(&load.counts);
        self.redacted.add(&load.redacted);
        Ok(())
    }
}
