//! A writer of the lake: a staging directory, the ledger, and how a record becomes true.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use otolith_tables::{DatabaseName, Field, Table};

use crate::delta::{DeltaTable, Engine};
use crate::derived;
use crate::disk::{Aside, Durability};
use crate::error::LakeError;
use crate::ledger::{Action, Capture, Ledger, Place, Published, Record, TableRecord, apply};
use crate::names;
use crate::run::differing;
use crate::temporary::Temporary;

/// A writer that has finished what runs before it left undone.
#[derive(Debug)]
pub(crate) struct Writing {
    lake: PathBuf,
    application: String,
    temporary: Temporary,
    engine: Arc<Engine>,
    ledger: Ledger,
    /// Last record that this writer has taken into account.
    seen: u64,
}

/// Columns by table.
pub(crate) type Fields = BTreeMap<(DatabaseName, Table), Vec<Field>>;

impl Writing {
    pub fn begin(lake: &Path, application: &str, engine: Arc<Engine>) -> Result<Self, LakeError> {
        let ledger = Ledger::read(lake)?;
        let is_wanted = |staging: &str| is_wanted(lake, staging);
        let mut writing = Self {
            lake: lake.to_owned(),
            application: application.to_owned(),
            temporary: Temporary::new(lake, &is_wanted)?,
            engine,
            seen: 0,
            ledger,
        };
        if writing.ledger.pending().next().is_some() {
            let _one_at_a_time = writing.lock()?;
            writing.ledger.read_on()?;
            writing.apply_pending()?;
            writing.temporary.remove_leftovers(&is_wanted);
        }
        writing.seen = writing.ledger.last();
        Ok(writing)
    }

    pub fn lake(&self) -> &Path {
        &self.lake
    }

    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The staging directory.
    pub fn aside(&self) -> &Path {
        self.temporary.directory()
    }

    /// Its name, for records.
    pub fn staging(&self) -> String {
        self.temporary.name()
    }

    /// Whether what is written has to survive a crash.
    pub fn durability(&self) -> Durability {
        self.engine.durability()
    }

    /// Where small files are made before they appear.
    pub fn files(&self) -> Aside<'_> {
        Aside {
            directory: self.temporary.directory(),
            durability: self.durability(),
        }
    }

    pub fn fields(&self, database: &DatabaseName, table: Table) -> Result<Vec<Field>, LakeError> {
        let directory = self.lake.join(names::table_directory(database, table));
        match DeltaTable::open(&self.engine, &directory)? {
            Some(opened) => opened.fields(table),
            None => Ok(Vec::new()),
        }
    }

    /// Publishes a record, whose parts have these columns, and applies it. For `account` see
    /// [`Record::to_json`], for `overlap` [`Run::commit`](crate::Run::commit).
    pub fn commit(
        &mut self,
        mut record: Record,
        account: Option<&str>,
        fields: &Fields,
        overlap: &dyn Fn(&[Capture]) -> Option<String>,
    ) -> Result<(), LakeError> {
        let _one_at_a_time = self.lock()?;
        loop {
            self.ledger.read_on()?;
            self.apply_pending()?;
            self.check(&record, fields, overlap)?;
            // From here on the record may be there, whatever becomes of this process.
            self.temporary.keep();
            let aside = Aside {
                directory: self.temporary.directory(),
                durability: self.durability(),
            };
            match self.ledger.publish(aside, record, account)? {
                Published::Last => {
                    self.apply_pending()?;
                    self.temporary.release();
                    return Ok(());
                }
                // Without locks another run may have been faster: its record is looked at then.
                Published::Overtaken(ours) => {
                    self.temporary.release();
                    record = *ours;
                }
            }
        }
    }

    fn apply_pending(&mut self) -> Result<(), LakeError> {
        let place = Place {
            lake: &self.lake,
            engine: &self.engine,
            application: &self.application,
            aside: self.temporary.directory(),
        };
        let mut any = false;
        for (number, record) in self.ledger.pending() {
            apply(&place, number, record)?;
            any = true;
        }
        if any {
            // Nothing that a run dropped lives on in what was made of it before.
            derived::remove_all(&self.lake)?;
            self.ledger.all_applied(Aside {
                directory: self.temporary.directory(),
                durability: self.engine.durability(),
            })?;
        }
        Ok(())
    }

    /// Whether what the record rests on still holds, with all records before it applied.
    fn check(
        &self,
        record: &Record,
        fields: &Fields,
        overlap: &dyn Fn(&[Capture]) -> Option<String>,
    ) -> Result<(), LakeError> {
        let others = self.ledger.after(self.seen);
        let theirs: Vec<Capture> = others.flat_map(|(_, r)| r.captures.clone()).collect();
        if record.action == Action::Convert
            && !theirs.is_empty()
            && let Some(file) = overlap(&theirs)
        {
            return Err(LakeError::ConvertedMeanwhile { file });
        }
        for ((database, table), ours) in fields {
            let theirs = self.fields(database, *table)?;
            if let Some((ours, theirs)) = differing(ours, &theirs) {
                return Err(LakeError::Overtaken {
                    table: format!("{database}.{table}"),
                    column: ours.name.clone(),
                    ours: format!("{:?}", ours.r#type),
                    theirs: format!("{:?}", theirs.r#type),
                });
            }
        }
        for changed in &record.tables {
            self.check_parts(changed)?;
        }
        Ok(())
    }

    /// Whether the parts that are to be removed are still there, and the new ones are not.
    fn check_parts(&self, changed: &TableRecord) -> Result<(), LakeError> {
        let (database, table) = changed.place().expect("our own record");
        let directory = self.lake.join(names::table_directory(&database, table));
        let paths = changed.add.iter().map(|part| directory.join(&part.path));
        if let Some(path) = paths.into_iter().find(|path| path.exists()) {
            return Err(LakeError::PartExists { path });
        }
        if changed.remove.is_empty() {
            return Ok(());
        }
        let live = match DeltaTable::open(&self.engine, &directory)? {
            Some(opened) => opened.parts(&self.engine)?,
            None => Vec::new(),
        };
        let live: BTreeSet<String> = live.into_iter().map(|part| part.path).collect();
        match changed.remove.iter().all(|part| live.contains(&part.path)) {
            true => Ok(()),
            false => Err(LakeError::ChangedMeanwhile {
                table: format!("{database}.{table}"),
            }),
        }
    }

    /// Keeps other commits away until dropped, on file systems that can.
    pub fn lock(&self) -> Result<Option<File>, LakeError> {
        let marker = self.lake.join(names::MARKER);
        match File::open(&marker) {
            Ok(file) => Ok(file.lock().is_ok().then_some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LakeError::io("open", &marker)(error)),
        }
    }
}

/// Whether the ledger names a staging directory whose parts may not all be in their places. Read
/// anew: a run may have committed a moment ago, and died.
fn is_wanted(lake: &Path, staging: &str) -> bool {
    let is_named = |ledger: Ledger| {
        let mut pending = ledger.pending();
        pending.any(|(_, record)| record.staging.as_deref() == Some(staging))
    };
    Ledger::read(lake).map_or(true, is_named)
}
