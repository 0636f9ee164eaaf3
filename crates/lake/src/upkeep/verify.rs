//! Whether a lake is what its ledger and its logs say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use otolith_tables::{DatabaseName, Table};

use crate::catalog;
use crate::checksum;
use crate::delta::{DeltaTable, Engine, LogPart, PartStats, footer};
use crate::derived;
use crate::error::LakeError;
use crate::ledger::{Action, Ledger, Origin, Origins, Record};
use crate::names;
use crate::open::Lake;
use crate::watch::Watch;

/// What a look at everything in a lake has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Runs in the ledger.
    pub runs: u64,
    /// Tables with a log.
    pub tables: u64,
    /// Parts that were read whole.
    pub parts: u64,
    /// Rows in them.
    pub rows: u64,
    /// Bytes that were read.
    pub bytes_read: u64,
    /// What is wrong, sorted by place. Empty for a sound lake.
    pub findings: Vec<Finding>,
}

/// Something that is wrong with a lake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What it is about, relative to the lake where it lies inside.
    pub path: PathBuf,
    /// What kind of thing is wrong, a stable word.
    pub code: &'static str,
    /// What is wrong, and what helps.
    pub message: String,
}

/// Codes of findings.
mod code {
    /// The ledger cannot be read.
    pub const BAD_LEDGER: &str = "bad_ledger";
    /// A run is in the ledger and not in all of its tables: the next run finishes it.
    pub const UNFINISHED_RUN: &str = "unfinished_run";
    /// What a run read is not what it wrote and rejected.
    pub const BAD_ACCOUNT: &str = "bad_account";
    /// The log of a table cannot be read.
    pub const BAD_LOG: &str = "bad_log";
    /// A part of a table is not there.
    pub const PART_MISSING: &str = "part_missing";
    /// A part is not what was written.
    pub const PART_DAMAGED: &str = "part_damaged";
    /// A part is in the log and not in the ledger: another program wrote it.
    pub const PART_UNKNOWN: &str = "part_unknown";
    /// A part is in the ledger and not in the log: another program removed it.
    pub const PART_REMOVED: &str = "part_removed";
    /// A file lies among the parts that is none: who reads without the log reads its rows too.
    pub const STRAY_FILE: &str = "stray_file";
    /// The rejects of a run are not there, or not what was written.
    pub const REJECTS_DAMAGED: &str = "rejects_damaged";
    /// What was made of the tables is not as it was written.
    pub const DERIVED_DAMAGED: &str = "derived_damaged";
}

impl Lake {
    /// Reads everything: the ledger, the logs, every part with its checksum, the rejects, and the
    /// account of every run. Changes nothing.
    ///
    /// # Errors
    ///
    /// If a directory cannot be listed. Everything else is a finding.
    pub fn verify(&self, watch: &dyn Watch) -> Result<Verification, LakeError> {
        let mut verifier = Verifier {
            lake: self.dir(),
            engine: self.engine(),
            watch,
            result: Verification::default(),
        };
        verifier.run()?;
        let mut result = verifier.result;
        result.findings.sort();
        Ok(result)
    }
}

struct Verifier<'a> {
    lake: &'a Path,
    engine: &'a Engine,
    watch: &'a dyn Watch,
    result: Verification,
}

/// What the ledger knows of the parts.
struct Known {
    /// With the runs that are in all of their tables.
    finished: Origins,
    /// With all runs. What differs from `finished` may have happened or not.
    all: Origins,
}

impl Known {
    fn get(&self, table: &(String, String), path: &str) -> Option<&Origin> {
        let [all, finished] = [&self.all, &self.finished].map(|of| of.parts_of(table).get(path));
        all.or(finished)
    }

    /// Whether it depends on an unfinished run if a part is in a table.
    fn is_uncertain(&self, table: &(String, String), path: &str) -> bool {
        let known = [&self.finished, &self.all].map(|of| of.parts_of(table).contains_key(path));
        known[0] != known[1]
    }

    /// The parts that must be in a table, whatever became of unfinished runs.
    fn certain(&self, table: &(String, String)) -> impl Iterator<Item = &String> {
        let all = self.all.parts_of(table);
        let finished = self.finished.parts_of(table).keys();
        finished.filter(|path| all.contains_key(*path))
    }
}

impl Verifier<'_> {
    fn run(&mut self) -> Result<(), LakeError> {
        let known = match Ledger::read_all(self.lake) {
            Ok(ledger) => Some(self.ledger(&ledger)),
            Err(error) => {
                self.find(self.lake.join(names::RUNS), code::BAD_LEDGER, &told(&error));
                None
            }
        };
        let tables = known.iter().flat_map(|known| known.all.tables());
        let parts = tables.flat_map(|(_, parts)| parts.values());
        self.watch.begun(parts.map(|part| part.len_bytes).sum());
        let mut seen = BTreeSet::new();
        for database in catalog::databases(self.lake)? {
            for table in Table::ALL {
                if self.table(&database, table, known.as_ref())? {
                    seen.insert((database.as_str().to_owned(), table.as_str().to_owned()));
                }
            }
        }
        for (table, parts) in known.iter().flat_map(|known| known.finished.tables()) {
            if !parts.is_empty() && !seen.contains(table) {
                let path = self.lake.join(&table.0).join(&table.1);
                self.find(
                    path,
                    code::BAD_LOG,
                    "the ledger knows parts, but there is no log",
                );
            }
        }
        for path in derived::damaged(self.lake)? {
            let message = "it is not as it was written, so that nobody reads it: delete it; \
                           `otolith compact` makes it again";
            self.find(path, code::DERIVED_DAMAGED, message);
        }
        Ok(())
    }

    fn ledger(&mut self, ledger: &Ledger) -> Known {
        self.result.runs = ledger.last();
        for (number, record) in ledger.records() {
            self.account(number, record);
        }
        let unfinished: BTreeSet<u64> = ledger.pending().map(|(number, _)| number).collect();
        for number in &unfinished {
            let message = format!(
                "run {number} was cut off before its rows were in all tables; the next run that \
                 writes finishes it"
            );
            let path = self
                .lake
                .join(names::RUNS)
                .join(names::record_file(*number));
            self.find(path, code::UNFINISHED_RUN, &message);
        }
        let finished = || {
            let records = ledger.records();
            records.filter(|(number, _)| !unfinished.contains(number))
        };
        self.rejects(
            finished().map(|(_, record)| record),
            ledger.pending().map(|(_, record)| record),
        );
        Known {
            finished: Origins::of(finished()),
            all: Origins::of(ledger.records()),
        }
    }

    /// Looks at a table; false if there is none.
    fn table(
        &mut self,
        database: &DatabaseName,
        table: Table,
        known: Option<&Known>,
    ) -> Result<bool, LakeError> {
        let directory = self.lake.join(names::table_directory(database, table));
        let opened = DeltaTable::open(self.engine, &directory);
        let read = opened.and_then(|opened| match opened {
            None => Ok(None),
            Some(opened) => {
                opened.fields(table)?;
                opened.parts(self.engine).map(Some)
            }
        });
        let parts = match read {
            Ok(None) => return Ok(false),
            Ok(Some(parts)) => parts,
            Err(error) => {
                self.find(directory, code::BAD_LOG, &told(&error));
                return Ok(true);
            }
        };
        self.result.tables += 1;
        let key = (database.as_str().to_owned(), table.as_str().to_owned());
        let live: BTreeSet<&str> = parts.iter().map(|part| part.path.as_str()).collect();
        for part in &parts {
            let origin = known.map(|known| known.get(&key, &part.path));
            self.part(&directory, part, origin);
        }
        for path in known.iter().flat_map(|known| known.certain(&key)) {
            if !live.contains(path.as_str()) {
                let message = "a run wrote it, and the log does not name it: another program has \
                               removed it";
                self.find(directory.join(path), code::PART_REMOVED, message);
            }
        }
        let expected = |path: &str| {
            live.contains(path) || known.is_some_and(|known| known.is_uncertain(&key, path))
        };
        self.strays(&directory, &expected)?;
        Ok(true)
    }

    /// `origin` is what the ledger knows of the part, if there is a ledger.
    fn part(&mut self, directory: &Path, part: &LogPart, origin: Option<Option<&Origin>>) {
        let path = directory.join(&part.path);
        if !path.is_file() {
            let message = "the log names it, and it is not there: restore it from a backup, or \
                           convert its captures into a new lake";
            return self.find(path, code::PART_MISSING, message);
        }
        self.result.parts += 1;
        match origin {
            None => {}
            Some(None) => {
                let message = "the log names it, and no run of otolith wrote it";
                self.find(path.clone(), code::PART_UNKNOWN, message);
            }
            Some(Some(origin)) => {
                let expected = (origin.len_bytes, origin.xxh3);
                if let Err(message) = self.checksum(&path, expected) {
                    return self.find(path, code::PART_DAMAGED, &message);
                }
            }
        }
        let rows = match footer(&path) {
            Ok(footer) => PartStats::of(&footer).rows,
            Err(error) => return self.find(path, code::PART_DAMAGED, &told(&error)),
        };
        self.result.rows += rows;
        if part.rows.is_some_and(|expected| expected != rows) {
            let expected = part.rows.unwrap_or_default();
            let message = format!("the log names {expected} rows, and it has {rows}");
            self.find(path, code::PART_DAMAGED, &message);
        }
    }

    fn checksum(&mut self, path: &Path, expected: (u64, u128)) -> Result<(), String> {
        let (len_bytes, xxh3) = checksum::of_file(path).map_err(|error| told(&error))?;
        self.result.bytes_read += len_bytes;
        self.watch.bytes_read(self.result.bytes_read);
        if len_bytes != expected.0 {
            return Err(format!(
                "expected {} bytes as they were written, found {len_bytes}",
                expected.0
            ));
        }
        if xxh3 != expected.1 {
            return Err(format!(
                "expected the checksum {:032x} as it was written, found {xxh3:032x}",
                expected.1
            ));
        }
        Ok(())
    }

    /// Looks for files among the parts that nobody expects there.
    fn strays(
        &mut self,
        directory: &Path,
        expected: &dyn Fn(&str) -> bool,
    ) -> Result<(), LakeError> {
        for (name, path) in names::list(directory)? {
            if names::parse_date_directory(&name).is_none() {
                continue;
            }
            for (file, path) in names::list(&path)? {
                if names::is_part(&file) && !expected(&format!("{name}/{file}")) {
                    let message = "it lies among the parts, and the log does not name it: who \
                                   reads the files without the log reads its rows too";
                    self.find(path, code::STRAY_FILE, message);
                }
            }
        }
        Ok(())
    }

    /// Whether the account of a run balances, and its rows are those of its parts.
    fn account(&mut self, number: u64, record: &Record) {
        let path = self.lake.join(names::RUNS).join(names::record_file(number));
        let added: u64 = record.rows_added();
        if record.action == Action::Compact && added != record.rows_removed() {
            let message = format!("{} rows were compacted to {added}", record.rows_removed());
            return self.find(path, code::BAD_ACCOUNT, &message);
        }
        let Some(account) = &record.account else {
            return;
        };
        let number = |name: &str| account[name].as_u64();
        let (Some(read), Some(converted), Some(rejected), Some(skipped), Some(rows)) = (
            number("frames_read"),
            number("frames_converted"),
            number("frames_rejected"),
            number("frames_skipped"),
            number("rows_written"),
        ) else {
            return self.find(path, code::BAD_ACCOUNT, "the account is not whole");
        };
        if read != converted + rejected + skipped {
            let message = format!(
                "{read} frames were read, but {converted} converted, {rejected} rejected and \
                 {skipped} skipped"
            );
            self.find(path, code::BAD_ACCOUNT, &message);
        } else if rows != added {
            let message = format!("{rows} rows were written, but the parts have {added}");
            self.find(path, code::BAD_ACCOUNT, &message);
        }
    }

    /// Looks at the rejects of finished runs that are still wanted.
    fn rejects<'r>(
        &mut self,
        finished: impl Iterator<Item = &'r Record>,
        unfinished: impl Iterator<Item = &'r Record>,
    ) {
        let mut wanted = BTreeMap::new();
        for record in finished {
            for name in &record.removed_rejects {
                wanted.remove(name);
            }
            if let Some(file) = &record.rejects {
                wanted.insert(&file.name, (file.len_bytes, file.xxh3));
            }
        }
        for name in unfinished.flat_map(|record| &record.removed_rejects) {
            wanted.remove(name);
        }
        for (name, expected) in wanted {
            let path = self.lake.join(names::REJECTS).join(name);
            if let Err(message) = self.checksum(&path, expected) {
                self.find(path, code::REJECTS_DAMAGED, &message);
            }
        }
    }

    fn find(&mut self, path: PathBuf, code: &'static str, message: &str) {
        let path = match path.strip_prefix(self.lake) {
            Ok(inside) => inside.to_owned(),
            Err(_) => path,
        };
        self.result.findings.push(Finding {
            path,
            code,
            message: message.to_owned(),
        });
    }
}

/// An error with its causes on one line.
fn told(error: &LakeError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
