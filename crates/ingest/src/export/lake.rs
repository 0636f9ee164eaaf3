//! The way through a lake: databases by name, dates, signals.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use otolith_capture::Signal;
use otolith_lake::{Lake, PartFile, TableInfo};
use otolith_otlp::{JsonRequestEncoder, RequestEncoder, Sink};
use otolith_tables::{Children, DatabaseName, Part, Restorer, Table};

use super::error::ExportError;
use super::options::{ExportFormat, ExportOptions};
use super::requests::{Encode, Exported, Requests};
use crate::watch::Watch;

/// Writes the items of a lake as requests, equal field by field to those that were converted; how items
/// are grouped into requests, and the order of attributes, are not kept.
///
/// The order is that of the databases' names, then dates, then traces, metrics, logs, then tables and
/// parts, then pieces of about 64 MiB of a part, then `source` and `item`. Takes memory for one piece
/// of items, and for all span events and links, or exemplars, of its database and date.
///
/// # Errors
///
/// If the lake cannot be read or holds something else than its tables should, a protobuf request
/// would not show its signal, `out` fails, or the watch asks to stop.
pub fn export(
    lake: &Lake,
    options: &ExportOptions,
    out: impl Write,
    watch: &dyn Watch,
) -> Result<Exported, ExportError> {
    match options.format {
        ExportFormat::JsonLines => run::<JsonRequestEncoder>(lake, options, out, watch),
        ExportFormat::LengthPrefixed => run::<RequestEncoder>(lake, options, out, watch),
    }
}

fn run<E: Encode>(
    lake: &Lake,
    options: &ExportOptions,
    out: impl Write,
    watch: &dyn Watch,
) -> Result<Exported, ExportError> {
    let mut requests = Requests {
        options,
        out,
        exported: Exported::default(),
    };
    let visit = Visit {
        lake,
        options,
        keeps_date: &|_| true,
        watch,
    };
    let orphan_rows = visit.requests::<E, ExportError>(&mut |request| requests.write(&request))?;
    requests.exported.orphan_rows = orphan_rows;
    requests.out.flush().map_err(ExportError::Write)?;
    Ok(requests.exported)
}

/// A request made of a lake.
pub(crate) struct LakeRequest<'a> {
    pub database: &'a DatabaseName,
    pub signal: Signal,
    pub payload: Vec<u8>,
    pub items: u64,
}

/// What to make requests of.
pub(crate) struct Visit<'a> {
    pub lake: &'a Lake,
    /// Signal and size of requests.
    pub options: &'a ExportOptions,
    /// Whether items of a date are wanted, in days since 1970-01-01.
    pub keeps_date: &'a dyn Fn(i32) -> bool,
    pub watch: &'a dyn Watch,
}

/// Takes a request.
type TakeRequest<'a, F> = &'a mut dyn FnMut(LakeRequest<'_>) -> Result<(), F>;

/// Looks at a sink after a visit: what came of which database and signal, and how many items.
type Visited<'a, S, F> = &'a mut dyn FnMut(&mut S, VisitOf<'_>) -> Result<(), F>;

/// What was visited.
#[derive(Clone, Copy)]
pub(crate) struct VisitOf<'a> {
    pub database: &'a DatabaseName,
    pub signal: Signal,
    pub items: u64,
}

impl Visit<'_> {
    /// Makes requests in an encoding, in the order of [`export`]. Gives the number of rows of events,
    /// links and exemplars that belong to nothing.
    pub fn requests<E: Encode, F: From<ExportError>>(
        &self,
        take: TakeRequest<'_, F>,
    ) -> Result<u64, F> {
        let options = self.options;
        let is_full = |encoder: &E, items| {
            items >= options.request_items || encoder.len_bytes() >= options.request_bytes
        };
        let mut encoder = E::default();
        self.items(&mut encoder, &is_full, &mut |encoder: &mut E, of| {
            for (signal, payload) in encoder.take() {
                debug_assert_eq!(signal, of.signal);
                take(LakeRequest {
                    database: of.database,
                    signal,
                    payload,
                    items: of.items,
                })?;
            }
            Ok(())
        })
    }

    /// Visits items in the order of [`export`], as frames that end when `is_full` says so of the sink
    /// and the number of items. Gives the number of rows that belong to nothing.
    pub fn items<S: Sink, F: From<ExportError>>(
        &self,
        sink: &mut S,
        is_full: &dyn Fn(&S, u64) -> bool,
        visited: Visited<'_, S, F>,
    ) -> Result<u64, F> {
        let mut exporter = Exporter {
            visit: self,
            sink,
            is_full,
            orphan_rows: 0,
            visited,
        };
        let lake = self.lake;
        for database in lake.databases().map_err(ExportError::from)? {
            let tables = lake.tables(&database).map_err(ExportError::from)?;
            let dates: BTreeSet<i32> = tables
                .iter()
                .flat_map(|table| &table.parts)
                .map(|part| part.date)
                .filter(|date| (self.keeps_date)(*date))
                .collect();
            for date in dates {
                for signal in Signal::ALL {
                    if self.options.signal.is_none_or(|only| only == signal) {
                        exporter.export_date(&database, &tables, date, signal)?;
                    }
                }
            }
        }
        Ok(exporter.orphan_rows)
    }
}

/// The tables of a signal: those with items, and those with what belongs to them.
const fn tables_of(signal: Signal) -> (&'static [Table], &'static [Table]) {
    match signal {
        Signal::Traces => (&[Table::Traces], &[Table::SpanEvents, Table::SpanLinks]),
        Signal::Metrics => (
            &[Table::Metrics, Table::Histograms, Table::Summaries],
            &[Table::Exemplars],
        ),
        Signal::Logs => (&[Table::Logs], &[]),
    }
}

/// The parts of tables on a date.
fn parts_of<'a>(
    tables: &'a [TableInfo],
    wanted: &'a [Table],
    date: i32,
) -> impl Iterator<Item = &'a PartFile> {
    let of_table = |wanted: &'a Table| tables.iter().filter(move |info| info.table == *wanted);
    wanted
        .iter()
        .flat_map(of_table)
        .flat_map(|info| &info.parts)
        .filter(move |part| part.date == date)
}

struct Exporter<'a, S, F> {
    visit: &'a Visit<'a>,
    sink: &'a mut S,
    is_full: &'a dyn Fn(&S, u64) -> bool,
    orphan_rows: u64,
    visited: Visited<'a, S, F>,
}

impl<S: Sink, F: From<ExportError>> Exporter<'_, S, F> {
    fn export_date(
        &mut self,
        database: &DatabaseName,
        tables: &[TableInfo],
        date: i32,
        signal: Signal,
    ) -> Result<(), F> {
        let (of_items, of_children) = tables_of(signal);
        let lake = self.visit.lake;
        let mut parts = Vec::new();
        for part in parts_of(tables, of_children, date) {
            for piece in lake.pieces(part).map_err(ExportError::from)? {
                parts.push(piece.map_err(ExportError::from)?);
            }
        }
        let mut children = Children::new(&parts).map_err(|source| ExportError::Children {
            database: database.as_str().to_owned(),
            date,
            signal,
            source,
        })?;
        for part in parts_of(tables, of_items, date) {
            for piece in lake.pieces(part).map_err(ExportError::from)? {
                let piece = piece.map_err(ExportError::from)?;
                self.export_piece(&part.path, &piece, signal, &mut children)?;
            }
        }
        self.orphan_rows += children.orphan_count();
        Ok(())
    }

    fn export_piece(
        &mut self,
        path: &Path,
        piece: &Part,
        signal: Signal,
        children: &mut Children<'_>,
    ) -> Result<(), F> {
        let failed = |source| ExportError::Part {
            path: path.to_owned(),
            source,
        };
        let mut restorer = Restorer::new(piece).map_err(failed)?;
        loop {
            if self.visit.watch.is_stopped() {
                return Err(ExportError::Interrupted.into());
            }
            let items = restorer
                .visit(children, self.sink, self.is_full)
                .map_err(failed)?;
            if items == 0 {
                return Ok(());
            }
            let of = VisitOf {
                database: &piece.database,
                signal,
                items,
            };
            (self.visited)(self.sink, of)?;
        }
    }
}
