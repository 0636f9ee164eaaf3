//! Which runs the rows of a part come from: what the records say, played through.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{Action, Record, RemovedRecord};
use crate::names;

/// The parts that the ledger knows, by table and path.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins {
    /// `(database, table)`, then the path in the table.
    tables: BTreeMap<(String, String), BTreeMap<String, Origin>>,
}

/// A part that is in the lake as far as the ledger knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub rows: u64,
    pub len_bytes: u64,
    pub xxh3: u128,
    /// Numbers of the runs whose rows it has.
    pub runs: BTreeSet<u64>,
}

impl Origins {
    pub fn new(tables: BTreeMap<(String, String), BTreeMap<String, Origin>>) -> Self {
        Self { tables }
    }

    /// Plays records through, in their order.
    pub fn of<'a>(records: impl IntoIterator<Item = (u64, &'a Record)>) -> Self {
        let mut origins = Self::default();
        for (number, record) in records {
            origins.apply(number, record);
        }
        origins
    }

    /// Takes in a record that stands in the ledger under a number.
    pub fn apply(&mut self, number: u64, record: &Record) {
        for changed in &record.tables {
            let key = (changed.database.clone(), changed.table.clone());
            let table = self.tables.entry(key).or_default();
            let mut taken: BTreeMap<Option<i32>, BTreeSet<u64>> = BTreeMap::new();
            for part in &changed.remove {
                if let Some(origin) = table.remove(&part.path) {
                    let date = names::date_of_part(&part.path);
                    taken.entry(date).or_default().extend(origin.runs);
                }
            }
            for part in &changed.add {
                let runs = match record.action {
                    Action::Compact => {
                        let date = names::date_of_part(&part.path);
                        taken.get(&date).cloned().unwrap_or_default()
                    }
                    Action::Convert | Action::Drop => BTreeSet::from([number]),
                };
                let origin = Origin {
                    rows: part.rows,
                    len_bytes: part.len_bytes,
                    xxh3: part.xxh3,
                    runs,
                };
                table.insert(part.path.clone(), origin);
            }
        }
    }

    /// The tables with their parts.
    pub fn tables(&self) -> impl Iterator<Item = (&(String, String), &BTreeMap<String, Origin>)> {
        self.tables.iter()
    }

    /// The parts of a table.
    pub fn parts_of(&self, table: &(String, String)) -> &BTreeMap<String, Origin> {
        static NONE: BTreeMap<String, Origin> = BTreeMap::new();
        self.tables.get(table).unwrap_or(&NONE)
    }

    /// The parts with rows of these runs, by table. The error is a run that shares a part with
    /// them and is not among them.
    pub fn of_runs(
        &self,
        runs: &BTreeSet<u64>,
    ) -> Result<BTreeMap<(String, String), Vec<RemovedRecord>>, u64> {
        let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (table, parts) in &self.tables {
            for (path, origin) in parts {
                if origin.runs.is_disjoint(runs) {
                    continue;
                }
                if let Some(other) = origin.runs.difference(runs).next() {
                    return Err(*other);
                }
                found.entry(table.clone()).or_default().push(RemovedRecord {
                    path: path.clone(),
                    rows: origin.rows,
                });
            }
        }
        Ok(found)
    }
}
