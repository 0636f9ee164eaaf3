//! The assembler: batches in input order into parts.
//!
//! Everything that depends on more than one batch is decided here, in the order in which the
//! batches are pushed, so that chunks can be decoded on any number of threads.

mod columns;
mod distinct;
mod drain;
mod part_builder;
mod sent_as;
mod store;
mod text_column;
mod writer;

use std::collections::BTreeMap;

use otolith_otlp::{NoteCode, Sink as _};

use crate::batch::context::Contexts;
use crate::batch::{Batches, FrameName};
use crate::database::DatabaseName;
use crate::part::Field;
use crate::problems::SERVICE_NAME_COLLISION;
use crate::table::Table;
use columns::TableColumns;
pub use drain::{Drain, PartNumber};
use store::DatabaseStore;

/// Bounds of the assembler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssemblerOptions {
    /// Most columns that a table may have, base columns counted. Base columns and the columns that
    /// a lake has already are kept even beyond it.
    pub columns_per_table: usize,
}

impl AssemblerOptions {
    /// The documented default: 512 columns.
    pub const DEFAULT: Self = Self {
        columns_per_table: 512,
    };
}

/// Collects batches in input order and builds parts.
///
/// How the input was split into batches never changes the parts between two drains.
#[derive(Debug)]
pub struct Assembler {
    options: AssemblerOptions,
    existing: BTreeMap<(DatabaseName, Table), Vec<Field>>,
    databases: BTreeMap<DatabaseName, DatabaseStore>,
    chunks: Vec<Chunk>,
    notes: BTreeMap<NoteCode, u64>,
    len_bytes: usize,
}

/// What the rows of all tables of a batch share.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub contexts: Contexts,
    pub frames: Vec<FrameName>,
}

impl Assembler {
    /// Makes an empty assembler that knows the columns which the lake has already; those keep their
    /// types and come first.
    pub fn new(
        options: AssemblerOptions,
        existing: BTreeMap<(DatabaseName, Table), Vec<Field>>,
    ) -> Self {
        Self {
            options,
            existing,
            databases: BTreeMap::new(),
            chunks: Vec::new(),
            notes: BTreeMap::new(),
            len_bytes: 0,
        }
    }

    /// Takes the next batches in input order. A frame that is neither committed nor abandoned is
    /// abandoned.
    pub fn push(&mut self, mut batches: Batches) {
        batches.abandon();
        self.len_bytes += batches.len_bytes();
        for (code, count) in batches.notes() {
            *self.notes.entry(*code).or_default() += count;
        }
        let number = self.chunks.len();
        for mut database in std::mem::take(&mut batches.databases) {
            let store = self.databases.entry(database.name.clone()).or_default();
            let (limit, existing) = (self.options.columns_per_table, &self.existing);
            let name = database.name.clone();
            let new_columns = |table| {
                let existing = existing.get(&(name.clone(), table));
                TableColumns::new(table, limit, existing.map_or(&[], Vec::as_slice))
            };
            let collisions = store.push_all(&mut database, number, &batches.contexts, new_columns);
            if collisions > 0 {
                *self.notes.entry(SERVICE_NAME_COLLISION).or_default() += collisions;
            }
        }
        for (database, services) in std::mem::take(&mut batches.passed_services) {
            let collisions = self
                .databases
                .entry(database)
                .or_default()
                .add_services(services);
            if collisions > 0 {
                *self.notes.entry(SERVICE_NAME_COLLISION).or_default() += collisions;
            }
        }
        self.chunks.push(Chunk {
            contexts: std::mem::take(&mut batches.contexts),
            frames: std::mem::take(&mut batches.frames),
        });
    }

    /// Size in bytes of what was pushed since the last drain: [`Batches::len_bytes`] added up.
    pub fn len_bytes(&self) -> usize {
        self.len_bytes
    }

    /// Takes out everything pushed since the last drain. Columns keep what was decided before.
    pub fn drain(&mut self) -> Drain<'_> {
        self.len_bytes = 0;
        let mut tables = Vec::new();
        for (name, store) in &mut self.databases {
            store.drain(name, &mut tables);
        }
        Drain::new(std::mem::take(&mut self.chunks), tables)
    }

    /// What was noted in all batches, and across them (`service_name_collision`), and how often.
    pub fn notes(&self) -> &BTreeMap<NoteCode, u64> {
        &self.notes
    }
}
