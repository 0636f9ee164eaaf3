//! What the upkeep of a lake did and found.

use std::io::{self, Write};

use jiff::civil::Date;
use otolith_lake::{CompactedTable, DropPlan, Verification};
use serde::Serialize;

use super::facts::{counted, detail, fact};
use super::numbers::{bytes, count};
use super::table::{Grid, Look};

/// `otolith compact --json`.
#[derive(Debug, Serialize)]
pub struct Compaction {
    tables: Vec<Compacted>,
    /// Size of what is kept for questions about usage; null if it was not kept.
    usage_bytes: Option<u64>,
    #[serde(skip)]
    usage: Usage,
}

/// What became of keeping what was spent.
#[derive(Clone, Copy, Debug)]
pub enum Usage {
    /// It takes so many bytes.
    Kept(u64),
    /// It could not be kept.
    NotKept,
    /// Nobody asked for it.
    Unwanted,
}

/// Small parts of a table that were rewritten, before and after.
#[derive(Debug, Serialize)]
struct Compacted {
    database: String,
    table: &'static str,
    parts_before: u64,
    parts_after: u64,
    bytes_before: u64,
    bytes_after: u64,
}

impl Compaction {
    /// Describes what was compacted.
    pub fn new(tables: &[CompactedTable], usage: Usage) -> Self {
        let compacted = |table: &CompactedTable| Compacted {
            database: table.database.as_str().to_owned(),
            table: table.table.as_str(),
            parts_before: table.parts_before,
            parts_after: table.parts_after,
            bytes_before: table.bytes_before,
            bytes_after: table.bytes_after,
        };
        Self {
            tables: tables.iter().map(compacted).collect(),
            usage_bytes: match usage {
                Usage::Kept(bytes) => Some(bytes),
                Usage::NotKept | Usage::Unwanted => None,
            },
            usage,
        }
    }

    /// Writes one line per table, and what was kept.
    pub fn write(&self, look: Look, out: &mut impl Write) -> io::Result<()> {
        self.write_tables(look, out)?;
        match self.usage {
            Usage::Kept(kept) => fact(out, "usage kept", bytes(kept)),
            Usage::NotKept => fact(
                out,
                "usage",
                "not kept: the lake may have changed meanwhile",
            ),
            Usage::Unwanted => Ok(()),
        }
    }

    fn write_tables(&self, look: Look, out: &mut impl Write) -> io::Result<()> {
        if self.tables.is_empty() {
            return Ok(());
        }
        let mut grid = Grid::new(&["database", "table", ">parts", ">now", ">size", ">now"]);
        for table in &self.tables {
            grid.row([
                table.database.clone(),
                table.table.to_owned(),
                count(table.parts_before),
                count(table.parts_after),
                bytes(table.bytes_before),
                bytes(table.bytes_after),
            ]);
        }
        grid.write(look, out)
    }
}

/// `otolith drop --json`.
#[derive(Debug, Serialize)]
pub struct Dropped {
    /// The first date that stays.
    before: String,
    /// Nothing was removed.
    dry_run: bool,
    tables: Vec<DroppedRows>,
    /// Rows without a plausible time, which stay.
    undated_rows: u64,
    /// Files of `_rejects` that go.
    rejects_files: Vec<String>,
}

/// What a table loses.
#[derive(Debug, Serialize)]
struct DroppedRows {
    database: String,
    table: &'static str,
    rows: u64,
    parts: u64,
    bytes: u64,
}

impl Dropped {
    /// Describes what goes.
    pub fn new(plan: &DropPlan, before: Date, dry_run: bool) -> Self {
        let tables = plan.tables.iter().map(|table| DroppedRows {
            database: table.database.as_str().to_owned(),
            table: table.table.as_str(),
            rows: table.rows,
            parts: table.parts,
            bytes: table.len_bytes,
        });
        Self {
            before: before.to_string(),
            dry_run,
            tables: tables.collect(),
            undated_rows: plan.undated_rows,
            rejects_files: plan.rejects_files.clone(),
        }
    }

    /// Writes one line per table, and the files of rejects.
    pub fn write(&self, look: Look, out: &mut impl Write) -> io::Result<()> {
        if !self.tables.is_empty() {
            let mut grid = Grid::new(&["database", "table", ">rows", ">parts", ">size"]);
            for table in &self.tables {
                grid.row([
                    table.database.clone(),
                    table.table.to_owned(),
                    count(table.rows),
                    count(table.parts),
                    bytes(table.bytes),
                ]);
            }
            grid.write(look, out)?;
        }
        for name in &self.rejects_files {
            fact(out, "rejects", name)?;
        }
        Ok(())
    }
}

/// `otolith verify --json`.
#[derive(Debug, Serialize)]
pub struct Verified {
    /// Whether there are no findings.
    sound: bool,
    runs: u64,
    tables: u64,
    parts: u64,
    rows: u64,
    bytes_read: u64,
    findings: Vec<FoundFault>,
}

/// Something wrong.
#[derive(Debug, Serialize)]
struct FoundFault {
    code: &'static str,
    /// Relative to the lake.
    path: String,
    message: String,
}

impl Verified {
    /// Describes what was found, and whether the usage that the lake keeps is not what its tables tell.
    pub fn new(result: &Verification, is_usage_wrong: bool) -> Self {
        let findings = result.findings.iter().map(|finding| FoundFault {
            code: finding.code,
            path: finding.path.to_string_lossy().into_owned(),
            message: finding.message.clone(),
        });
        let wrong_usage = is_usage_wrong.then(|| FoundFault {
            code: "usage_wrong",
            path: "_derived/usage".to_owned(),
            message: "it is not what the tables tell: delete it; `otolith compact` makes it again"
                .to_owned(),
        });
        let findings: Vec<FoundFault> = findings.chain(wrong_usage).collect();
        Self {
            sound: findings.is_empty(),
            runs: result.runs,
            tables: result.tables,
            parts: result.parts,
            rows: result.rows,
            bytes_read: result.bytes_read,
            findings,
        }
    }

    /// Whether all is well.
    pub fn is_sound(&self) -> bool {
        self.sound
    }

    /// Writes what was looked at, and what is wrong.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let read = format!(
            "{}, {}, {} with {}, {}",
            counted(self.runs, "run"),
            counted(self.tables, "table"),
            counted(self.parts, "part"),
            counted(self.rows, "row"),
            bytes(self.bytes_read)
        );
        fact(out, "read", read)?;
        for finding in &self.findings {
            fact(out, finding.code, format_args!(" {}", finding.path))?;
            detail(out, &finding.message)?;
        }
        match self.sound {
            true => fact(out, "sound", "everything is as it was written"),
            false => fact(out, "findings", count(self.findings.len() as u64)),
        }
    }
}
