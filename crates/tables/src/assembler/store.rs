//! What is collected of each database until the parts are built.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::batch::context::Contexts;
use crate::batch::tables::{DatabaseBatch, Stored, TableBatch};
use crate::database::DatabaseName;
use crate::part::{AttributePlace, Part};
use crate::schema::runs::{RowRef, Runs};
use crate::schema::{
    ExemplarRows, HistogramRows, LogRows, MetricRows, Rows, SpanEventRows, SpanLinkRows,
    SummaryRows, TraceRows, base_columns,
};
use crate::table::Table;

use super::Chunk;
use super::columns::{NO_SLOTS, Slots, TableColumns};
use super::part_builder::PartBuilder;

/// Service names that are remembered per database to tell collisions.
const SERVICE_NAMES: usize = 100;
/// How large a part may be.
#[derive(Clone, Copy, Debug)]
struct PartLimits {
    /// Text of all its columns, far below what offsets can tell. A single row may have more.
    text_bytes: usize,
    /// Rows times columns, so that many columns with few values each do not fill the memory.
    cells: usize,
}

const PART_LIMITS: PartLimits = PartLimits {
    text_bytes: 1 << 30,
    cells: 1 << 25,
};

/// How much longer JSON text can be than what it tells.
const JSON_GROWTH: usize = 6;
/// Bytes that a converted attribute takes in `sent_as` at most, before [`JSON_GROWTH`].
const CONVERTED_BYTES: usize = 24;
/// Bytes of a row in text columns of fixed length, roughly.
const ROW_BYTES: usize = 128;

/// The rows of one batch in one table, with the columns of its attributes.
#[derive(Debug)]
pub(crate) struct Pushed<R> {
    /// Number of the chunk.
    pub chunk: usize,
    pub table: Box<TableBatch<R>>,
    /// By number of the key.
    pub item_slots: Vec<Slots>,
    pub context_slots: HashMap<(AttributePlace, u32), Slots>,
}

/// One table of one database.
#[derive(Debug)]
struct TableStore<R> {
    columns: TableColumns,
    pushed: Vec<Pushed<R>>,
}

impl<R: Stored> TableStore<R> {
    fn push(&mut self, chunk: usize, mut table: Box<TableBatch<R>>, contexts: &Contexts) {
        table.attributes.lists.forget_names();
        let mut item_slots = vec![NO_SLOTS; table.attributes.key_count()];
        let mut context_slots: HashMap<_, Slots> = HashMap::new();
        for announced in &table.announced {
            let (keys, slots) = match announced.place {
                AttributePlace::Item => {
                    (&table.attributes, &mut item_slots[announced.key as usize])
                }
                place => (
                    contexts.attributes(place),
                    context_slots
                        .entry((place, announced.key))
                        .or_insert(NO_SLOTS),
                ),
            };
            let key = keys.key_text(announced.key);
            slots[announced.kind as usize] =
                self.columns.slot(announced.place, key, announced.kind);
        }
        self.pushed.push(Pushed {
            chunk,
            table,
            item_slots,
            context_slots,
        });
    }

    fn drain(&mut self, name: &DatabaseName) -> DrainedRows<'_, R> {
        let pushed = std::mem::take(&mut self.pushed);
        let columns = base_columns(<R as Rows>::TABLE).len() + self.columns.fields().len();
        let mut parts = Vec::new();
        for (date, mut rows) in rows_by_date(&pushed) {
            rows.sort_by_key(|(nanos, _)| *nanos);
            let rows: Vec<RowRef> = rows.into_iter().map(|(_, row)| row).collect();
            let pieces = rows.chunks((PART_LIMITS.cells / columns).max(1));
            for rows in pieces.flat_map(|rows| split(&pushed, rows, PART_LIMITS.text_bytes)) {
                parts.push((date, Runs::of(rows)));
            }
        }
        DrainedRows {
            name: name.clone(),
            columns: &self.columns,
            pushed,
            parts,
        }
    }
}

/// The rows of a table that are taken out, and how they are divided into parts.
struct DrainedRows<'a, R> {
    name: DatabaseName,
    columns: &'a TableColumns,
    pushed: Vec<Pushed<R>>,
    /// Date and rows of each part.
    parts: Vec<(i32, Runs)>,
}

/// [`DrainedRows`] of any table.
pub(super) trait DrainedTable: Send + Sync {
    fn part_count(&self) -> usize;
    fn row_count(&self, part: usize) -> usize;
    fn build(&self, part: usize, chunks: &[Chunk]) -> Part;
}

impl<R: Stored> DrainedTable for DrainedRows<'_, R> {
    fn part_count(&self) -> usize {
        self.parts.len()
    }

    fn row_count(&self, part: usize) -> usize {
        self.parts[part].1.row_count()
    }

    fn build(&self, part: usize, chunks: &[Chunk]) -> Part {
        let (date, rows) = &self.parts[part];
        Part {
            database: self.name.clone(),
            table: <R as Rows>::TABLE,
            date: *date,
            row_count: rows.row_count(),
            columns: PartBuilder::new(&self.pushed, chunks, self.columns).build(rows),
        }
    }
}

fn rows_by_date<R: Rows>(pushed: &[Pushed<R>]) -> BTreeMap<i32, Vec<(i64, RowRef)>> {
    let mut dates: BTreeMap<i32, Vec<(i64, RowRef)>> = BTreeMap::new();
    for (buffer, pushed) in (0..).zip(pushed) {
        let mut row = 0;
        // Runs of one date, so that the map is asked once per run.
        let contexts = &pushed.table.contexts;
        for run in contexts.chunk_by(|one, next| one.date == next.date) {
            let rows = dates.entry(run[0].date).or_default();
            rows.extend(
                run.iter()
                    .zip(row..)
                    .map(|(context, row)| (context.nanos, RowRef { buffer, row })),
            );
            row += u32::try_from(run.len()).expect("a chunk has fewer rows");
        }
    }
    dates
}

/// Splits rows where a part could have more than `text_bytes` of text.
fn split<'a, R: Rows>(
    pushed: &[Pushed<R>],
    rows: &'a [RowRef],
    text_bytes: usize,
) -> Vec<&'a [RowRef]> {
    let most: usize = pushed
        .iter()
        .map(|pushed| pushed.table.rows.len_bytes() + pushed.table.attributes.text_bytes())
        .sum();
    if most.saturating_mul(JSON_GROWTH) + rows.len() * ROW_BYTES < text_bytes {
        return vec![rows];
    }
    let mut parts = Vec::new();
    let (mut start, mut len_bytes) = (0, 0);
    for (index, row) in rows.iter().enumerate() {
        let table = &pushed[row.buffer as usize].table;
        let attributes: usize = table
            .attributes
            .row(row.row)
            .iter()
            .map(|cell| cell.len_bytes() + usize::from(cell.is_converted()) * CONVERTED_BYTES)
            .sum();
        let row_bytes =
            table.rows.row_bytes(row.row as usize) + attributes * JSON_GROWTH + ROW_BYTES;
        if len_bytes + row_bytes > text_bytes && index > start {
            parts.push(&rows[start..index]);
            (start, len_bytes) = (index, 0);
        }
        len_bytes += row_bytes;
    }
    parts.push(&rows[start..]);
    parts
}

macro_rules! stores {
    ($($field:ident $rows:ty;)*) => {
        /// One database.
        #[derive(Debug, Default)]
        pub(crate) struct DatabaseStore {
            service_names: BTreeSet<String>,
            $($field: Option<TableStore<$rows>>,)*
        }

        impl DatabaseStore {
            /// Takes the rows of a batch; gives the number of service names that came new to a
            /// database that had one already.
            pub(crate) fn push_all(
                &mut self,
                database: &mut DatabaseBatch,
                chunk: usize,
                contexts: &Contexts,
                new_columns: impl Fn(Table) -> TableColumns,
            ) -> u64 {
                let mut collisions = 0;
                $(if let Some(table) = <$rows>::take(database)
                    && table.row_count() > 0
                {
                    collisions += add_service_names(&mut self.service_names, &table, contexts);
                    self.$field
                        .get_or_insert_with(|| TableStore {
                            columns: new_columns(<$rows as Rows>::TABLE),
                            pushed: Vec::new(),
                        })
                        .push(chunk, table, contexts);
                })*
                collisions
            }

            /// Takes out what was pushed, table by table, but not the columns.
            pub(super) fn drain<'a>(
                &'a mut self,
                name: &DatabaseName,
                drained: &mut Vec<Box<dyn DrainedTable + 'a>>,
            ) {
                $(if let Some(store) = &mut self.$field {
                    drained.push(Box::new(store.drain(name)));
                })*
            }
        }
    };
}

stores! {
    traces TraceRows;
    span_events SpanEventRows;
    span_links SpanLinkRows;
    logs LogRows;
    metrics MetricRows;
    histograms HistogramRows;
    summaries SummaryRows;
    exemplars ExemplarRows;
}

impl DatabaseStore {
    /// Takes names of services whose items left no rows; gives the number of those that came new to
    /// a database that had one already.
    pub(crate) fn add_services(&mut self, services: BTreeSet<String>) -> u64 {
        let names = &mut self.service_names;
        services.iter().map(|name| add_service(names, name)).sum()
    }
}

fn add_service_names<R: Rows>(
    names: &mut BTreeSet<String>,
    table: &TableBatch<R>,
    contexts: &Contexts,
) -> u64 {
    let used = table.used_contexts.iter();
    used.filter_map(|context| {
        let view = TableBatch::<R>::view(contexts, *context);
        view.resource.service_name.as_deref()
    })
    .map(|name| add_service(names, name))
    .sum()
}

fn add_service(names: &mut BTreeSet<String>, name: &str) -> u64 {
    if names.len() >= SERVICE_NAMES || names.contains(name) {
        return 0;
    }
    names.insert(name.to_owned());
    u64::from(names.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Batches;
    use otolith_capture::{Encoding, Frame, Origin, Signal, SignalHint};
    use otolith_otlp::{LogRecord, Resource, Scope, Sink as _, Value};

    /// Log records with bodies of these lengths.
    fn store(bodies: &[usize]) -> TableStore<LogRows> {
        let mut batches = Batches::new();
        batches.begin(&Frame {
            bytes: b"",
            origin: Origin {
                file: "f".into(),
                frame: 1,
                offset: 0,
            },
            encoding: Encoding::Json,
            signal: SignalHint::Unknown,
            arrival_unix_nano: None,
        });
        batches.resource(
            Signal::Logs,
            &Resource {
                attributes: &[],
                dropped_attributes_count: 0,
                entity_refs: &[],
                schema_url: "",
            },
        );
        batches.scope(&Scope {
            name: "",
            version: "",
            attributes: &[],
            dropped_attributes_count: 0,
            schema_url: "",
        });
        for len in bodies {
            batches.log_record(&LogRecord {
                time_unix_nano: 1,
                observed_time_unix_nano: 0,
                severity_number: 0,
                severity_text: "",
                body: Some(Value::String(&"x".repeat(*len))),
                attributes: &[],
                dropped_attributes_count: 0,
                flags: 0,
                trace_id: None,
                span_id: None,
                event_name: "",
            });
        }
        batches.commit();
        let mut store = TableStore {
            columns: TableColumns::new(Table::Logs, 512, &[]),
            pushed: Vec::new(),
        };
        let table = LogRows::take(&mut batches.databases[0]).expect("there are logs");
        store.push(0, table, &batches.contexts);
        store
    }

    fn check(bodies: &[usize], text_bytes: usize, expected: &[usize]) {
        let store = store(bodies);
        let rows: Vec<RowRef> = (0..)
            .take(bodies.len())
            .map(|row| RowRef { buffer: 0, row })
            .collect();
        let pieces = split(&store.pushed, &rows, text_bytes);
        assert_eq!(pieces.concat(), rows);
        let lens: Vec<usize> = pieces.iter().map(|piece| piece.len()).collect();
        assert_eq!(lens, expected);
    }

    #[test]
    fn parts_are_split_before_they_have_too_much_text() {
        check(&[1_000, 1_000, 1_000], 1 << 30, &[3]);
        check(&[1_000, 1_000, 1_000], 2_500, &[2, 1]);
        check(&[1_000, 9_000, 10, 10], 2_500, &[1, 1, 2]);
    }
}
