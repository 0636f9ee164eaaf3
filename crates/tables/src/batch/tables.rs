//! The rows of one database, table by table.

use std::collections::HashSet;
use std::sync::Arc;

use otolith_otlp::KeyValue;

use crate::database::DatabaseName;
use crate::part::AttributePlace;
use crate::schema::{
    ExemplarRows, HistogramRows, LogRows, MetricRows, Rows, SpanEventRows, SpanLinkRows,
    SummaryRows, TraceRows,
};
use crate::table::Table;
use crate::value::series::AttributesHash;
use crate::wanted::Wanted;

use super::cells::{Cells, CellsMark, Kind};
use super::context::{Contexts, View};

/// An attribute key and kind that can have a column, with the place of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Announced {
    pub place: AttributePlace,
    /// Number of the key among the keys of its place.
    pub key: u32,
    pub kind: Kind,
}

/// Rows of one table of one database.
#[derive(Debug, Default)]
pub(crate) struct TableBatch<R> {
    pub rows: R,
    /// Beside the own columns of each row. One list, as to append to five costs more than to look
    /// for one of the five in it (`cargo bench -p otolith-ingest --bench convert`).
    pub contexts: Vec<RowContext>,
    pub attributes: Cells,
    /// Everything that can have a column, in the order in which the rows brought it.
    pub announced: Vec<Announced>,
    announced_set: HashSet<Announced>,
    /// Contexts that rows have, in the order in which they came.
    pub used_contexts: Vec<u32>,
    used_set: HashSet<u32>,
    /// Where the running frame began, if it has brought rows.
    mark: Option<Mark>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    rows: usize,
    attributes: CellsMark,
    announced: usize,
    used_contexts: usize,
}

/// What each row has beside its own columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowContext {
    /// Number of the frame.
    pub frame: u32,
    /// Number of the scope, or in tables with [`Rows::HEADERS`] of the metric.
    pub context: u32,
    /// Number of the item in its frame.
    pub item: u32,
    /// The partition of the row: the date of the item that it belongs to.
    pub date: i32,
    /// What the row is sorted by, see [`crate::value::time::Moment::nanos`].
    pub nanos: i64,
}

impl<R: Rows> TableBatch<R> {
    fn new(wanted: Option<&Arc<Wanted>>) -> Self {
        Self {
            attributes: Cells::new(wanted, AttributePlace::Item),
            ..Self::default()
        }
    }

    /// Notes where the frame begins; true if this is its first row in the table.
    pub(crate) fn touch(&mut self) -> bool {
        if self.mark.is_some() {
            return false;
        }
        self.mark = Some(Mark {
            rows: self.row_count(),
            attributes: self.attributes.mark(),
            announced: self.announced.len(),
            used_contexts: self.used_contexts.len(),
        });
        true
    }

    pub(crate) fn row_count(&self) -> usize {
        self.contexts.len()
    }

    /// Appends all of a row but its own columns. `reserved` are own columns that cannot hold their
    /// value: name and JSON.
    pub(crate) fn append(
        &mut self,
        row: RowContext,
        contexts: &Contexts,
        attributes: &[KeyValue<'_>],
        reserved: &[(&str, String)],
    ) {
        self.attributes.push(attributes);
        self.finish(row, contexts, reserved);
    }

    /// As [`Self::append`], with the hash of the attributes, which may have a name (see
    /// [`Cells::push_hashed`]). [`Self::finish`] has to follow.
    pub(crate) fn append_hashed(
        &mut self,
        attributes: &[KeyValue<'_>],
        name: Option<u32>,
    ) -> AttributesHash {
        self.attributes.push_hashed(attributes, name)
    }

    /// Ends a row.
    pub(crate) fn finish(
        &mut self,
        row: RowContext,
        contexts: &Contexts,
        reserved: &[(&str, String)],
    ) {
        self.attributes.end_row(reserved);
        for &(key, kind) in self.attributes.fresh() {
            self.announced.push(Announced {
                place: AttributePlace::Item,
                key,
                kind,
            });
        }
        self.attributes.forget_fresh();
        let last = self.contexts.last().map(|last| last.context);
        if last != Some(row.context) && self.used_set.insert(row.context) {
            self.used_contexts.push(row.context);
            self.announce_context(row.context, contexts);
        }
        self.contexts.push(row);
    }

    /// The contexts of a number in [`Self::contexts`].
    pub(crate) fn view(contexts: &Contexts, context: u32) -> View<'_> {
        if R::HEADERS.is_empty() {
            contexts.of_scope(context)
        } else {
            contexts.of_metric(context)
        }
    }

    fn announce_context(&mut self, context: u32, contexts: &Contexts) {
        let scope = if R::HEADERS.is_empty() {
            context
        } else {
            contexts.get_metric(context).scope
        };
        let resource = contexts.get_scope(scope).resource;
        let places = [
            (
                AttributePlace::Resource,
                contexts.resource_attributes.row(resource),
            ),
            (AttributePlace::Scope, contexts.scope_attributes.row(scope)),
        ];
        for (place, cells) in places {
            for cell in cells {
                let announced = Announced {
                    place,
                    key: cell.key(),
                    kind: cell.kind(),
                };
                if Kind::COLUMNS.contains(&announced.kind) && self.announced_set.insert(announced) {
                    self.announced.push(announced);
                }
            }
        }
    }
}

/// A table of one database, whatever its columns.
pub(crate) trait AnyTable {
    fn len_bytes(&self) -> usize;
    /// Whether rows have a list of attributes of this name, which others may then share.
    fn knows_list(&self, name: u32) -> bool;
    /// Keeps what the frame brought; gives the number of its rows.
    fn commit(&mut self) -> usize;
    /// Forgets what the frame brought.
    fn abandon(&mut self);
}

impl<R: Rows> AnyTable for TableBatch<R> {
    fn len_bytes(&self) -> usize {
        let contexts = self.row_count() * size_of::<RowContext>();
        self.rows.len_bytes() + self.attributes.len_bytes() + contexts
    }

    fn knows_list(&self, name: u32) -> bool {
        self.attributes.lists.find(name).is_some()
    }

    fn commit(&mut self) -> usize {
        let mark = self.mark.take();
        mark.map_or(0, |mark| self.row_count() - mark.rows)
    }

    fn abandon(&mut self) {
        let Some(mark) = self.mark.take() else { return };
        self.rows.truncate(mark.rows);
        self.contexts.truncate(mark.rows);
        self.attributes.truncate(mark.attributes);
        for announced in self.announced.drain(mark.announced..) {
            self.announced_set.remove(&announced);
        }
        for context in self.used_contexts.drain(mark.used_contexts..) {
            self.used_set.remove(&context);
        }
    }
}

/// The tables of one database, made when a row comes.
#[derive(Debug)]
pub(crate) struct DatabaseBatch {
    pub name: DatabaseName,
    wanted: Option<Arc<Wanted>>,
    traces: Option<Box<TableBatch<TraceRows>>>,
    span_events: Option<Box<TableBatch<SpanEventRows>>>,
    span_links: Option<Box<TableBatch<SpanLinkRows>>>,
    logs: Option<Box<TableBatch<LogRows>>>,
    metrics: Option<Box<TableBatch<MetricRows>>>,
    histograms: Option<Box<TableBatch<HistogramRows>>>,
    summaries: Option<Box<TableBatch<SummaryRows>>>,
    exemplars: Option<Box<TableBatch<ExemplarRows>>>,
}

/// Rows that have a place in a [`DatabaseBatch`].
pub(crate) trait Stored: Rows {
    /// Takes the rows out of the database.
    fn take(database: &mut DatabaseBatch) -> Option<Box<TableBatch<Self>>>;
    fn get_mut(database: &mut DatabaseBatch) -> &mut TableBatch<Self>;
}

macro_rules! stored {
    ($($table:ident $field:ident $rows:ty;)*) => {
        $(impl Stored for $rows {
            fn take(database: &mut DatabaseBatch) -> Option<Box<TableBatch<Self>>> {
                database.$field.take()
            }
            fn get_mut(database: &mut DatabaseBatch) -> &mut TableBatch<Self> {
                let wanted = database.wanted.as_ref();
                let table = || Box::new(TableBatch::new(wanted));
                database.$field.get_or_insert_with(table)
            }
        })*

        impl DatabaseBatch {
            pub(crate) fn new(name: DatabaseName, wanted: Option<Arc<Wanted>>) -> Self {
                Self { name, wanted, $($field: None,)* }
            }

            /// A table that has been used.
            pub(crate) fn table_mut(&mut self, table: Table) -> Option<&mut dyn AnyTable> {
                match table {
                    $(Table::$table => self.$field.as_deref_mut().map(|table| table as _),)*
                }
            }

            /// As [`Self::table_mut`], to look at.
            pub(crate) fn table(&self, table: Table) -> Option<&dyn AnyTable> {
                match table {
                    $(Table::$table => self.$field.as_deref().map(|table| table as _),)*
                }
            }

            /// The tables that have been used, in the order of [`Table::ALL`].
            pub(crate) fn tables(&self) -> impl Iterator<Item = &dyn AnyTable> {
                [$(self.$field.as_deref().map(|table| table as &dyn AnyTable)),*]
                    .into_iter()
                    .flatten()
            }
        }
    };
}

stored! {
    Traces traces TraceRows;
    SpanEvents span_events SpanEventRows;
    SpanLinks span_links SpanLinkRows;
    Logs logs LogRows;
    Metrics metrics MetricRows;
    Histograms histograms HistogramRows;
    Summaries summaries SummaryRows;
    Exemplars exemplars ExemplarRows;
}
