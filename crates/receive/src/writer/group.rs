//! Writes groups of records to the files that are open.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use otolith_capture::Signal;

use super::directory::Directory;
use super::file::OpenFile;
use super::names::{Name, ending};
use super::{Entry, sync_pause};
use crate::options::{Compression, Durability, FileOptions, Grouping};
use crate::outcome::WrittenFiles;
use crate::record::file_word;

/// The files that are open, and what has been written.
pub(crate) struct Files {
    options: FileOptions,
    directory: Directory,
    names: Name,
    /// One for all, or one for each signal.
    open: [Option<OpenFile>; 3],
    /// When the last sync was that nobody waited for.
    synced: Instant,
    written: Arc<Mutex<WrittenFiles>>,
}

/// Finished files that are listed in the outcome.
const LISTED: usize = 1_000;

impl Files {
    pub(crate) fn new(
        options: FileOptions,
        directory: Directory,
        written: Arc<Mutex<WrittenFiles>>,
    ) -> Self {
        Self {
            options,
            directory,
            names: Name::default(),
            open: [const { None }; 3],
            synced: Instant::now(),
            written,
        }
    }

    /// Writes a group and answers it.
    pub(crate) fn write(&mut self, group: Vec<Entry>) {
        let mut parts: [Vec<Entry>; 3] = Default::default();
        for entry in group {
            parts[self.slot(entry.signal)].push(entry);
        }
        for (slot, part) in parts.into_iter().enumerate() {
            let mut rest = part;
            while !rest.is_empty() {
                let (fitting, behind) = self.split(slot, rest);
                self.write_to(slot, fitting);
                rest = behind;
            }
        }
    }

    fn slot(&self, signal: Signal) -> usize {
        match self.options.grouping {
            Grouping::Together => 0,
            Grouping::PerSignal => signal as usize,
        }
    }

    /// What goes into the file that is open, and what into the next one.
    fn split(&self, slot: usize, mut entries: Vec<Entry>) -> (Vec<Entry>, Vec<Entry>) {
        // How long compressed records are is known afterwards only.
        let limit = match (self.options.rotate_size, self.options.compression) {
            (Some(limit), Compression::None) => limit,
            _ => return (entries, Vec::new()),
        };
        let mut len = self.open[slot].as_ref().map_or(0, OpenFile::len_bytes);
        let mut fits = |entry: &Entry| {
            let fits = len < limit;
            len += entry.record.len() as u64;
            fits
        };
        let end = entries.iter().take_while(|entry| fits(entry)).count();
        // A record goes somewhere, however small the limit.
        let behind = entries.split_off(end.max(1));
        (entries, behind)
    }

    /// Writes records to one file, makes them as durable as told, and answers them.
    fn write_to(&mut self, slot: usize, entries: Vec<Entry>) {
        let result = self.try_write(slot, &entries);
        if let Err(error) = &result {
            self.failed(slot, error);
        }
        for entry in entries {
            let answer = match &result {
                Ok(()) => Ok(()),
                Err(error) => Err(format!("cannot be written now: {error}")),
            };
            // The memory is free before the sender may send again.
            drop((entry.record, entry.reservation));
            // Nobody may wait any more.
            let _ = entry.done.send(answer);
        }
        let is_full = |file: &OpenFile| {
            let limit = self.options.rotate_size;
            limit.is_some_and(|limit| file.len_bytes() >= limit)
        };
        if self.open[slot].as_ref().is_some_and(is_full) {
            self.finish_file(slot);
        }
    }

    fn try_write(&mut self, slot: usize, entries: &[Entry]) -> io::Result<()> {
        let is_always = self.options.durability == Durability::Always;
        let mut is_new = false;
        if self.open[slot].is_none() {
            let name = self.name(slot);
            let file = OpenFile::create(&self.directory, &name, self.options.compression)?;
            self.open[slot] = Some(file);
            is_new = true;
        }
        let Some(file) = &mut self.open[slot] else {
            return Ok(());
        };
        for entry in entries {
            file.push(&entry.record)?;
        }
        let requests = entries.len() as u64;
        let items = entries.iter().map(|entry| entry.items).sum();
        let bytes = file.write()?;
        if is_always {
            file.sync()?;
            if is_new {
                self.directory.sync()?;
            }
        }
        file.keep(requests, items);
        self.count(|written| {
            written.requests += requests;
            written.bytes += bytes;
            written.syncs += u64::from(is_always);
        });
        Ok(())
    }

    fn name(&mut self, slot: usize) -> String {
        let signal = match self.options.grouping {
            Grouping::Together => None,
            Grouping::PerSignal => Some(Signal::ALL[slot]),
        };
        let ending = ending(self.options.dialect);
        let ending = match self.options.compression {
            Compression::None => ending.to_owned(),
            Compression::Gzip => format!("{ending}.gz"),
            Compression::Zstd => format!("{ending}.zst"),
        };
        self.names.next(&self.directory, file_word(signal), &ending)
    }

    /// Gives up a file that could not be written. What it held before is kept; the next record goes to
    /// a new one.
    fn failed(&mut self, slot: usize, error: &io::Error) {
        self.count(|written| {
            written.failures += 1;
            written.failure.get_or_insert_with(|| error.to_string());
        });
        let Some(mut file) = self.open[slot].take() else {
            return;
        };
        // If that fails too, the file ends with records that nobody was told are there.
        let _ = file.take_back();
        self.rename(file);
    }

    /// When to look at the clock, if there is something to do then.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        let pause = sync_pause(&self.options).filter(|_| self.is_dirty());
        let sync = pause.map(|pause| self.synced + pause);
        let every = self.options.rotate_every;
        let open = self.open.iter().flatten();
        let rotate = open.filter_map(|file| file.since.checked_add(every?)).min();
        match (sync, rotate) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    fn is_dirty(&self) -> bool {
        self.open.iter().flatten().any(|file| file.is_dirty)
    }

    /// Does what is due.
    pub(crate) fn look_at_clock(&mut self, now: Instant) {
        if let Some(pause) = sync_pause(&self.options)
            && now >= self.synced + pause
        {
            self.sync_all();
            self.synced = now;
        }
        let Some(every) = self.options.rotate_every else {
            return;
        };
        for slot in 0..self.open.len() {
            let file = self.open[slot].as_ref();
            if file.is_some_and(|file| now.saturating_duration_since(file.since) >= every) {
                self.finish_file(slot);
            }
        }
    }

    /// Makes everything durable that nobody waits for.
    fn sync_all(&mut self) {
        let mut syncs = 0;
        let mut failure = None;
        for slot in 0..self.open.len() {
            if let Some(file) = &mut self.open[slot]
                && file.is_dirty
            {
                syncs += 1;
                if let Err(error) = file.sync() {
                    failure = Some((slot, error));
                }
            }
        }
        let names = if syncs > 0 {
            self.directory.sync()
        } else {
            Ok(())
        };
        self.count(|written| written.syncs += syncs);
        match (failure, names) {
            (Some((slot, error)), _) => self.failed(slot, &error),
            (None, Err(error)) => self.count_failure(&error),
            (None, Ok(())) => {}
        }
    }

    /// Ends a file and gives it its name.
    fn finish_file(&mut self, slot: usize) {
        let Some(mut file) = self.open[slot].take() else {
            return;
        };
        let ended = file.end();
        let synced = match (&ended, self.options.durability) {
            (Ok(_), Durability::Never) | (Err(_), _) => Ok(()),
            (Ok(_), _) => file.sync(),
        };
        match ended {
            Ok(bytes) => self.count(|written| written.bytes += bytes),
            Err(_) => {
                let _ = file.take_back();
            }
        }
        if let Err(error) = ended.and(synced) {
            self.count_failure(&error);
        }
        self.rename(file);
    }

    fn rename(&mut self, file: OpenFile) {
        match file.rename() {
            Ok(Some(file)) => self.count(|written| {
                written.finished += 1;
                if written.list.len() == LISTED {
                    written.list.pop_front();
                }
                written.list.push_back(file);
            }),
            Ok(None) => {}
            Err(error) => self.count_failure(&error),
        }
        if self.options.durability != Durability::Never
            && let Err(error) = self.directory.sync()
        {
            self.count_failure(&error);
        }
    }

    /// Ends all files.
    pub(crate) fn finish(&mut self) {
        for slot in 0..self.open.len() {
            self.finish_file(slot);
        }
    }

    fn count_failure(&self, error: &io::Error) {
        self.count(|written| {
            written.failures += 1;
            written.failure.get_or_insert_with(|| error.to_string());
        });
    }

    fn count(&self, change: impl FnOnce(&mut WrittenFiles)) {
        change(&mut self.written.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
