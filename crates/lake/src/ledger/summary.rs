//! The summary: what many records together say, in one file, so that beginning a run does not take
//! longer with every run before it. The records stay the truth; a summary that cannot be read is
//! passed over.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::captures::{Capture, KnownCaptures};
use super::origins::{Origin, Origins};
use super::record::hex;
use crate::names;

/// The format of summaries that this version reads and writes.
const FORMAT: u32 = 1;

/// What all records up to a number say, all of them applied to the tables.
#[derive(Clone, Debug, Default)]
pub(super) struct Summary {
    /// Number of the last record.
    pub last: u64,
    pub captures: KnownCaptures,
    pub origins: Origins,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u32,
    last: u64,
    captures: Vec<StoredCapture>,
    parts: Vec<StoredPart>,
}

#[derive(Serialize, Deserialize)]
struct StoredCapture {
    run: u64,
    capture: Capture,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredPart {
    database: String,
    table: String,
    path: String,
    rows: u64,
    len_bytes: u64,
    #[serde(with = "hex")]
    xxh3: u128,
    runs: BTreeSet<u64>,
}

impl Summary {
    /// The newest summary in the directory of the ledger that can be read.
    pub fn newest(directory: &Path) -> Option<Self> {
        let entries = fs::read_dir(directory).ok()?;
        let numbers = entries.filter_map(|entry| {
            let name = entry.ok()?.file_name();
            names::parse_summary_file(name.to_str()?)
        });
        let mut numbers: Vec<u64> = numbers.collect();
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        numbers.into_iter().find_map(|number| {
            let bytes = fs::read(directory.join(names::summary_file(number))).ok()?;
            Self::parse(&bytes).filter(|summary| summary.last == number)
        })
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let stored: Stored = serde_json::from_slice(bytes).ok()?;
        if stored.format != FORMAT {
            return None;
        }
        let mut captures = KnownCaptures::default();
        for StoredCapture { run, capture } in stored.captures {
            captures.add(run, capture);
        }
        let mut tables: BTreeMap<(String, String), BTreeMap<String, Origin>> = BTreeMap::new();
        for part in stored.parts {
            let is_ours = names::is_part_path(&part.path)
                && names::database(&part.database).is_some()
                && otolith_tables::Table::parse(&part.table).is_some();
            if !is_ours {
                return None;
            }
            let origin = Origin {
                rows: part.rows,
                len_bytes: part.len_bytes,
                xxh3: part.xxh3,
                runs: part.runs,
            };
            let table = tables.entry((part.database, part.table)).or_default();
            table.insert(part.path, origin);
        }
        Some(Self {
            last: stored.last,
            captures,
            origins: Origins::new(tables),
        })
    }

    pub fn to_json(&self) -> Vec<u8> {
        let mut captures: Vec<StoredCapture> = self
            .captures
            .all()
            .map(|(run, capture)| StoredCapture {
                run,
                capture: capture.clone(),
            })
            .collect();
        captures.sort_by_key(|stored| (stored.run, stored.capture.content));
        let parts = self
            .origins
            .tables()
            .flat_map(|((database, table), parts)| {
                parts.iter().map(|(path, origin)| StoredPart {
                    database: database.clone(),
                    table: table.clone(),
                    path: path.clone(),
                    rows: origin.rows,
                    len_bytes: origin.len_bytes,
                    xxh3: origin.xxh3,
                    runs: origin.runs.clone(),
                })
            });
        let stored = Stored {
            format: FORMAT,
            last: self.last,
            captures,
            parts: parts.collect(),
        };
        serde_json::to_vec(&stored).expect("summaries have text keys")
    }
}
