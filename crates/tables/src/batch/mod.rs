//! The batches: rows of one chunk of frames, of all databases.

mod cell;
pub(crate) mod cells;
pub(crate) mod context;
mod fields;
pub(crate) mod interner;
pub(crate) mod key_texts;
pub(crate) mod lists;
mod logs;
mod points;
mod seen;
mod sink;
mod spans;
pub(crate) mod tables;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use otolith_capture::{Encoding, Origin, Reject, Signal};
use otolith_otlp::NoteCode;

use crate::database::DatabaseName;
use crate::schema::Rows;
use crate::table::Table;
use crate::value::time::{self, Moment};
use crate::wanted::{Times, Wanted};
use context::{Contexts, ContextsMark};
use interner::Interner;
pub use logs::log_time_unix_nano;

use seen::Seen;
use tables::{DatabaseBatch, RowContext, Stored, TableBatch};

/// What the committed frames of a chunk held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Items with rows: spans, data points, log records, in the order of [`Signal::ALL`].
    pub items: [u64; 3],
    /// Items rejected alone.
    pub rejected_items: u64,
    /// Rows per database and table, those included that nobody wanted.
    pub rows: BTreeMap<(DatabaseName, Table), u64>,
}

/// Rows of one chunk of frames, of all databases.
///
/// A [`otolith_otlp::Sink`]: what an abandoned frame brought leaves no trace.
#[derive(Debug, Default)]
pub struct Batches {
    pub(crate) contexts: Contexts,
    pub(crate) databases: Vec<DatabaseBatch>,
    /// The frames that rows come from.
    pub(crate) frames: Vec<FrameName>,
    numbers: HashMap<DatabaseName, u32>,
    counts: Counts,
    rejects: Vec<Reject>,
    notes: BTreeMap<NoteCode, u64>,
    frame: Option<RunningFrame>,
    scratch: Scratch,
    /// Encoding of the running frame.
    encoding: Option<Encoding>,
    /// Attribute lists of points by the bytes that say them, in frames of one encoding.
    list_names: Interner,
    list_encoding: Option<Encoding>,
    /// The name of the list of the next point, if it is known.
    list: Option<u32>,
    /// The only items that become rows; all if none.
    wanted: Option<Arc<Wanted>>,
    /// When everything happened, if not all is wanted.
    times: Times,
    /// Services of items that left no rows.
    pub(crate) passed_services: BTreeMap<DatabaseName, BTreeSet<String>>,
}

/// What the column `source` tells of a frame.
#[derive(Clone, Debug)]
pub(crate) struct FrameName {
    pub file: Arc<str>,
    pub number: u64,
}

/// The frame between begin and its end.
#[derive(Debug)]
struct RunningFrame {
    origin: Origin,
    /// The frame is too large to be taken.
    oversized: bool,
    signal: Signal,
    resource: u32,
    scope: Option<u32>,
    metric: Option<u32>,
    /// The running metric has a name that is wanted.
    metric_is_wanted: bool,
    /// The table of the points of the running metric.
    table_of_points: Option<Table>,
    items: [u64; 3],
    /// Number of the running item among those taken, from 0.
    item: u32,
    notes: BTreeMap<NoteCode, u64>,
    /// Tables that the frame brought rows to.
    touched: Vec<(u32, Table)>,
    /// What it holds in each table, if not all is wanted.
    seen: Vec<Seen>,
    /// Resources of items that left no rows.
    passed_resources: Vec<u32>,
    // Where to go back to.
    contexts: ContextsMark,
    databases: usize,
    rejects: usize,
    list_names: usize,
}

/// Buffers that are reused from item to item.
#[derive(Debug, Default)]
struct Scratch {
    json: Vec<u8>,
    first: Vec<i64>,
    second: Vec<i64>,
    quantiles: Vec<f64>,
    values: Vec<f64>,
}

impl Batches {
    /// Makes empty batches.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes empty batches that keep only what is wanted.
    pub fn of(wanted: Arc<Wanted>) -> Self {
        Self {
            contexts: Contexts::new(Some(&wanted)),
            wanted: Some(wanted),
            ..Self::default()
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = self.wanted.take().map_or_else(Self::new, Self::of);
    }

    /// What was committed. Exact after the last commit or abandon.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Items rejected alone in committed frames, in input order.
    pub fn rejects(&self) -> &[Reject] {
        &self.rejects
    }

    /// Takes the items rejected so far, between two frames. They stay counted.
    pub fn take_rejects(&mut self) -> Vec<Reject> {
        std::mem::take(&mut self.rejects)
    }

    /// What was noted in committed frames, and how often.
    pub fn notes(&self) -> &BTreeMap<NoteCode, u64> {
        &self.notes
    }

    /// When everything happened in committed frames, wanted or not. Nothing is known where nobody
    /// said what is wanted.
    pub fn times(&self) -> &Times {
        &self.times
    }

    /// Size of the content in bytes, close to the memory it takes. The same for the same content.
    pub fn len_bytes(&self) -> usize {
        let tables: usize = self
            .databases
            .iter()
            .flat_map(DatabaseBatch::tables)
            .map(tables::AnyTable::len_bytes)
            .sum();
        let rejects: usize = self.rejects.iter().map(|reject| reject.bytes.len()).sum();
        self.contexts.len_bytes() + tables + rejects + self.frames.len() * size_of::<FrameName>()
    }

    /// The table of the running resource, and what a row needs beside its own columns: when it
    /// happened, and when the item happened that it belongs to, which decides its date.
    fn place<R: Stored>(
        &mut self,
        moment: Moment,
        of_item: Moment,
    ) -> Option<(&mut TableBatch<R>, RowContext, &Contexts, &mut Scratch)> {
        let frame = self.frame.as_mut()?;
        let context = if R::HEADERS.is_empty() {
            frame.scope
        } else {
            frame.metric
        }?;
        let number = self.contexts.get_scope(frame.scope?).resource;
        let number = self.contexts.get_resource(number).database;
        let table = R::get_mut(self.databases.get_mut(number as usize)?);
        if table.touch() {
            frame.touched.push((number, <R as Rows>::TABLE));
        }
        let row = RowContext {
            frame: u32::try_from(self.frames.len() - 1).expect("a chunk has fewer frames"),
            context,
            item: frame.item,
            nanos: moment.nanos,
            date: time::date(of_item.nanos),
        };
        Some((table, row, &self.contexts, &mut self.scratch))
    }
}
