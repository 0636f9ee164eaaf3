//! A record as it is stored. The only place that knows its JSON.

use std::fmt;
use std::path::Path;

use otolith_tables::{DatabaseName, Table};
use serde::{Deserialize, Serialize};

use super::captures::Capture;
use crate::error::LakeError;
use crate::names;

/// The format of records that this version reads and writes.
pub(crate) const FORMAT: u32 = 1;

/// A change of the lake.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    pub format: u32,
    pub action: Action,
    /// What tells the run from others: part of the names of its parts.
    #[serde(with = "hex")]
    pub identity: u128,
    /// The directory below `_tmp` where the parts are until they are put in their places.
    pub staging: Option<String>,
    /// How far captures were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captures: Vec<Capture>,
    /// Numbers of the runs whose rows this one converted anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaces: Vec<u64>,
    /// The rejects of the run.
    pub rejects: Option<FileRecord>,
    /// Files of rejects that are no longer wanted, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed_rejects: Vec<String>,
    pub tables: Vec<TableRecord>,
    /// What the run reports, for people and for the check that it balances. Only of records that were
    /// read: one that is published has it as a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<serde_json::Value>,
}

/// What a record does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    Convert,
    Compact,
    Drop,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Convert => "convert",
            Self::Compact => "compact",
            Self::Drop => "drop",
        })
    }
}

/// What a record changes in one table.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TableRecord {
    pub database: String,
    pub table: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<PartRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<RemovedRecord>,
}

/// A part that a record adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartRecord {
    /// Relative to the table: directory of the date and name.
    pub path: String,
    /// Name in the staging directory.
    pub staged: String,
    pub rows: u64,
    pub len_bytes: u64,
    /// XXH3-128 of the file.
    #[serde(with = "hex")]
    pub xxh3: u128,
}

/// A part that a record removes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemovedRecord {
    pub path: String,
    pub rows: u64,
}

/// A file that is no part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileRecord {
    pub name: String,
    pub len_bytes: u64,
    #[serde(with = "hex")]
    pub xxh3: u128,
}

impl Record {
    /// Reads a record and checks every name in it that becomes a path.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, LakeError> {
        let bad = |why: String| LakeError::BadRecord {
            why,
            path: path.to_owned(),
        };
        let record: Self = serde_json::from_slice(bytes).map_err(|error| bad(error.to_string()))?;
        if record.format != FORMAT {
            return Err(bad(format!(
                "expected format {FORMAT}, found {}",
                record.format
            )));
        }
        if let Some(name) = record.names().find(|name| !names::is_plain(name)) {
            return Err(bad(format!(
                "not a name of ours: `{}`",
                name.escape_debug()
            )));
        }
        for table in &record.tables {
            table
                .place()
                .ok_or_else(|| bad("no such table".to_owned()))?;
            let added = table.add.iter().map(|part| &part.path);
            let removed = table.remove.iter().map(|part| &part.path);
            if let Some(path) = added.chain(removed).find(|path| !names::is_part_path(path)) {
                return Err(bad(format!("not a part: `{}`", path.escape_debug())));
            }
        }
        Ok(record)
    }

    /// The record as it is stored, with an account that is JSON text already: that of ten thousand
    /// captures is megabytes, and many times of it as a tree.
    pub fn to_json(&self, account: Option<&str>) -> Vec<u8> {
        let mut json = serde_json::to_vec(self).expect("records have text keys");
        if let Some(account) = account {
            debug_assert!(self.account.is_none(), "a record has one account");
            json.pop();
            json.extend_from_slice(b",\"account\":");
            json.extend_from_slice(account.as_bytes());
            json.push(b'}');
        }
        json.push(b'\n');
        json
    }

    /// Rows of the parts that it adds.
    pub fn rows_added(&self) -> u64 {
        let parts = self.tables.iter().flat_map(|table| &table.add);
        parts.map(|part| part.rows).sum()
    }

    /// Rows of the parts that it removes.
    pub fn rows_removed(&self) -> u64 {
        let parts = self.tables.iter().flat_map(|table| &table.remove);
        parts.map(|part| part.rows).sum()
    }

    /// Names of files and directories that stand alone.
    fn names(&self) -> impl Iterator<Item = &String> {
        let staged = self.tables.iter().flat_map(|table| &table.add);
        self.staging
            .iter()
            .chain(self.rejects.iter().map(|file| &file.name))
            .chain(&self.removed_rejects)
            .chain(staged.map(|part| &part.staged))
    }
}

impl TableRecord {
    /// No change of a table yet.
    pub fn new((database, table): &(DatabaseName, Table)) -> Self {
        Self {
            database: database.as_str().to_owned(),
            table: table.as_str().to_owned(),
            add: Vec::new(),
            remove: Vec::new(),
        }
    }

    /// The table, which [`Record::parse`] has checked.
    pub fn place(&self) -> Option<(DatabaseName, Table)> {
        Some((names::database(&self.database)?, Table::parse(&self.table)?))
    }
}

/// Hashes as 32 hex digits.
pub(crate) mod hex {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(hash: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{hash:032x}"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            format: FORMAT,
            action: Action::Convert,
            identity: 0xab,
            staging: Some("run-1-00".to_owned()),
            captures: Vec::new(),
            replaces: vec![3],
            rejects: Some(FileRecord {
                name: "rejects-ab.jsonl".to_owned(),
                len_bytes: 3,
                xxh3: 1,
            }),
            removed_rejects: Vec::new(),
            tables: vec![TableRecord {
                database: "a".to_owned(),
                table: "logs".to_owned(),
                add: vec![PartRecord {
                    path: "date=2026-11-20/part-x.parquet".to_owned(),
                    staged: "part-0.parquet".to_owned(),
                    rows: 1,
                    len_bytes: 10,
                    xxh3: u128::MAX,
                }],
                remove: vec![RemovedRecord {
                    path: "date=2026-11-20/part-y.parquet".to_owned(),
                    rows: 2,
                }],
            }],
            account: None,
        }
    }

    #[test]
    fn records_are_read_back() {
        let record = record();
        let account = r#"{"frames_read":1}"#;
        for account in [None, Some(account)] {
            let json = record.to_json(account);
            let again = Record::parse(&json, Path::new("x")).unwrap();
            assert_eq!(again.account.is_some(), account.is_some());
            assert_eq!(again.to_json(None), json);
        }
    }

    #[test]
    fn what_could_leave_the_lake_is_refused() {
        let check = |change: fn(&mut Record), why: &str| {
            let mut bad = record();
            change(&mut bad);
            let error = Record::parse(&bad.to_json(None), Path::new("x")).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        };
        check(|r| r.format = 2, "expected format 1, found 2");
        check(
            |r| r.staging = Some("../x".to_owned()),
            "not a name of ours",
        );
        check(
            |r| r.removed_rejects = vec!["/etc/x".to_owned()],
            "not a name",
        );
        check(
            |r| r.tables[0].add[0].staged = "..".to_owned(),
            "not a name",
        );
        check(|r| r.tables[0].database = "..".to_owned(), "no such table");
        check(|r| r.tables[0].table = "x".to_owned(), "no such table");
        check(
            |r| r.tables[0].remove[0].path = "date=2026-11-20/../../x.parquet".to_owned(),
            "not a part",
        );
        check(
            |r| r.tables[0].add[0].path = "x.parquet".to_owned(),
            "not a part",
        );
        let error = Record::parse(b"{}", Path::new("x")).unwrap_err();
        assert!(error.to_string().contains("missing field"), "{error}");
    }
}
